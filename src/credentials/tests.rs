//! Who counts, and that no secret goes to a server that it is not meant for. No service is asked
//! here.

use super::*;
use crate::config::GithubApp;
use crate::net::{Dialer, Proxies, Trust};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::runtime;
use tokio::runtime::Runtime;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

fn secret(text: &str) -> PasswordSource {
    PasswordSource::Value(Secret::new(text))
}

fn entry(url: &str, username: &str, password: &str) -> Credential {
    let url = url.parse().unwrap();
    Credential { url, username: username.to_owned(), password: secret(password) }
}

fn login_at(credentials: &mut Credentials, repo: &RepoUrl) -> Result<Login, CredentialsError> {
    let (_runtime, client, stop) = surroundings();
    credentials.current(repo, &client, &stop)
}

fn surroundings() -> (Runtime, Client, Stop) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let inside = runtime.enter();
    let stop = Stop::new(CancellationToken::new(), Instant::now() + Duration::from_mins(1));
    let dialer = Dialer::new(Proxies::new(None, &[]), Trust::new(Vec::new(), Vec::new()));
    let client = Client::new(dialer, Arc::default());
    drop(inside);
    (runtime, client, stop)
}

/// Compares who somebody is, as `user:password`; nothing if nobody.
#[track_caller]
fn check(access: &Access, home: &str, repo: &str, who: Option<&str>) {
    let mut credentials = Credentials::new(access, &home.parse().unwrap(), &Services::default());
    let found = match login_at(&mut credentials, &repo.parse().unwrap()).unwrap() {
        Login::Anonymous => None,
        Login::Basic { user, password } => Some(format!("{user}:{}", password.reveal())),
    };
    assert_eq!(found.as_deref(), who, "{repo}");
}

#[test]
fn options_come_before_the_url() {
    let access = |username: Option<&str>, password: Option<&str>| Access {
        username: username.map(str::to_owned),
        password: password.map(secret),
        ..Access::default()
    };
    let check = |username, password, repo: &str, who| {
        check(&access(username, password), repo, repo, who);
    };
    check(None, None, "https://h/r", None);
    check(None, None, "https://a:b@h/r", Some("a:b"));
    check(None, None, "https://token@h/r", Some("token:"));
    check(None, None, "https://:token@h/r", Some("git:token"));
    check(Some("c"), None, "https://h/r", Some("c:"));
    check(Some("c"), Some("d"), "https://a:b@h/r", Some("c:d"));
    check(None, Some("d"), "https://a@h/r", Some("a:d"));
    check(None, Some("d: \u{fc}"), "https://h/r", Some("git:d: \u{fc}"));
    check(Some("c"), Some("d"), "git://h/r", None);
    check(Some("c"), Some("d"), "/r", None);
}

#[test]
fn what_is_for_one_server_does_not_go_to_another() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("password"), "mounted").unwrap();
    let own = Access {
        username: Some("me".to_owned()),
        password: Some(secret("own")),
        ..Access::default()
    };
    let mounted = Access { auth_dirs: vec![dir.path().to_owned()], ..Access::default() };
    let named = Access { username: Some("me".to_owned()), ..Access::default() };
    // Nobody answers there: whoever is asked anything fails.
    let askpass = Access { askpass_url: "http://127.0.0.1:1".parse().ok(), ..Access::default() };
    let app = Access {
        github_app: Some(GithubApp {
            base_url: "http://127.0.0.1:1".parse().unwrap(),
            id: "1".to_owned(),
            installation_id: "2".to_owned(),
            private_key: PasswordSource::File("/nowhere".into()),
        }),
        ..Access::default()
    };
    for access in [&own, &mounted, &named, &askpass, &app] {
        for repo in ["https://g/r", "http://h/r", "https://h:8443/r", "https://h.g/r", "git://h/r"]
        {
            check(access, "https://h/r", repo, None);
        }
        check(access, "https://h/r", "https://a:b@g/r", Some("a:b"));
        for home in ["/r", "git://h/r"] {
            check(access, home, "https://h/r", None);
        }
    }
    check(&own, "https://h/r", "https://h:443/another", Some("me:own"));
    check(&mounted, "https://h/r", "https://h/another", Some("git:mounted"));
}

#[test]
fn the_longest_address_counts_and_of_equals_the_one_for_the_user() {
    let access = Access {
        credentials: vec![
            entry("https://h", "all", "1"),
            entry("https://h/a/b", "some", "2"),
            entry("https://h/a/b", "other", "3"),
            entry("https://g/", "there", "4"),
        ],
        auth_dirs: vec![PathBuf::from("/nowhere")],
        ..Access::default()
    };
    for (repo, who) in [
        ("https://h/r", Some("all:1")),
        ("https://h/a/b.git", Some("some:2")),
        ("https://other@h/a/b/c", Some("other:3")),
        ("https://nobody@h/a/b/c", Some("some:2")),
        ("https://g/r", Some("there:4")),
        ("http://g/r", None),
    ] {
        check(&access, "https://h/r", repo, who);
    }
    let both = Access { password: Some(secret("own")), ..access.clone() };
    check(&both, "https://h/r", "https://h/a/b", Some("git:own"));
    check(&both, "https://h/r", "https://g/r", Some("there:4"));
}

#[test]
fn a_mounted_secret_may_lack_the_name_or_the_password() {
    let dir = TempDir::new().unwrap();
    let (empty, full) = (dir.path().join("empty"), dir.path().join("full"));
    fs::create_dir(&empty).unwrap();
    fs::create_dir(&full).unwrap();
    let access = Access { auth_dirs: vec![empty.clone(), full.clone()], ..Access::default() };
    let named = Access { username: Some("me".to_owned()), ..access.clone() };
    let check = |access: &Access, who| check(access, "https://h/r", "https://u:v@h/r", who);
    check(&access, Some("u:v"));
    fs::write(full.join("username"), "name\n").unwrap();
    check(&access, Some("name:"));
    fs::write(full.join("password"), "proof\n").unwrap();
    check(&access, Some("name:proof"));
    check(&named, Some("me:proof"));
    fs::remove_file(full.join("username")).unwrap();
    check(&access, Some("u:proof"));
    fs::write(empty.join("password"), "first").unwrap();
    check(&access, Some("u:first"));
}

#[test]
fn what_is_wrong_is_told_without_showing_it() {
    let dir = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).unwrap();
        PasswordSource::File(dir.path().join(name))
    };
    let own = |password| Access { password: Some(password), ..Access::default() };
    let mut of_entry = entry("https://h", "me", "");
    of_entry.password = file("lines", "hush\nhush");
    file("username", "hush:hush");
    let here = "https://h/r".parse().unwrap();
    for (access, words) in [
        (own(file("a", "\n")), "(password-file) is empty"),
        (own(PasswordSource::File("/nowhere/b".into())), "could not read /nowhere/b"),
        (own(PasswordSource::File(dir.path().to_owned())), "(password-file) is a directory"),
        (own(secret("")), "what password gives is empty"),
        (
            Access { username: Some("hush:hush".to_owned()), ..own(secret("hush")) },
            "what username gives holds a colon",
        ),
        (
            Access { credentials: vec![of_entry], ..Access::default() },
            "(credential) holds more than one line",
        ),
        (
            Access { auth_dirs: vec![dir.path().to_owned()], ..Access::default() },
            "username (auth-dir) holds a colon",
        ),
    ] {
        let mut credentials = Credentials::new(&access, &here, &Services::default());
        let error = login_at(&mut credentials, &here).unwrap_err();
        assert!(error.to_string().contains(words), "{error}, not {words}");
        let all = format!("{error} {error:?} {credentials:?} {}", error.hint());
        // A name may be shown, as it was given in the open.
        let shown = all.replace("username: Some(\"hush:hush\")", "");
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!(error.class(), crate::model::Class::Auth);
    }
}

#[test]
fn a_file_that_changed_is_worth_another_try() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("password");
    fs::write(&path, "one").unwrap();
    let access = Access { password: Some(PasswordSource::File(path.clone())), ..Access::default() };
    let here = "https://h/r".parse().unwrap();
    let mut credentials = Credentials::new(&access, &here, &Services::default());
    login_at(&mut credentials, &here).unwrap();
    assert!(!credentials.refused());
    fs::write(&path, "other").unwrap();
    assert!(credentials.refused());
    login_at(&mut credentials, &here).unwrap();
    assert!(!credentials.refused());
}

#[test]
fn the_hint_about_a_service_names_what_is_in_its_way() {
    use crate::model::Cause;
    use crate::net::NetError;
    let hint = |source| CredentialsError::Unreachable { option: "askpass-url", source }.hint();
    let (url, cause) = ("http://h/".to_owned(), Cause::new("no"));
    let proxy = NetError::Proxy {
        url: url.clone(),
        proxy: "p".to_owned(),
        class: crate::model::Class::Network,
        source: cause.clone(),
    };
    assert!(hint(proxy).contains("proxy logs"));
    let file =
        NetError::Certificates { path: "f".into(), option: "ca-file", source: cause.clone() };
    assert!(hint(file).contains("check the file"));
    assert!(hint(NetError::Connect { url, source: cause }).contains("askpass-url"));
}
