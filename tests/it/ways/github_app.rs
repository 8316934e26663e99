//! A GitHub App: a local API checks what it is told as GitHub does, and gives out tokens that the
//! Git server takes.

use serde_json::json;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

use crate::contract::polling;
use crate::support::daemon::Root;
use crate::support::github::{APP, INSTALLATION, app, github, token};
use crate::support::http;
use crate::support::leaks::Secrets;
use crate::support::rsa::{self, Kind};
use crate::support::service::{Service, answer, answer_with};
use crate::support::told::{Failure, failures, metric, only_failure};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::ways::trying;

fn secrets(pems: &[&str]) -> Secrets {
    let tokens = (1..9).map(token).collect::<Vec<_>>();
    let tokens: Vec<_> = tokens.iter().map(String::as_str).collect();
    let mut secrets = Secrets::of("x-access-token", &tokens);
    for pem in pems {
        pem.lines().filter(|line| !line.starts_with("---")).for_each(|line| secrets.add(line));
    }
    // How every statement begins.
    secrets.add("eyJhbGciOiJSUzI1NiIs");
    secrets
}

#[test]
fn a_token_is_given_for_a_key_in_each_form() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("x-access-token", &token(1)).start();
    for kind in [Kind::Pkcs1, Kind::Pkcs8] {
        let dir = TempDir::new().unwrap();
        let (pem, file) = (rsa::key(kind), dir.path().join("key.pem"));
        fs::write(&file, &pem).unwrap();
        let known = pem.clone();
        let api = Service::start(move |asked| github(asked, &known, 1, 3600));
        let root = Root::new();
        let finished = app(trying(&server.url(), &root), &api, &file).once();
        finished.expect_code(0);
        secrets(&[&pem]).assert_not_told(&finished);
        secrets(&[&pem]).assert_not_below(&root.path());
        for value in [pem.clone(), pem.replace('\n', "\\n")] {
            let root = Root::new();
            let finished = trying(&server.url(), &root)
                .flag(format!("--github-app-client-id={APP}"))
                .flag(format!("--github-app-installation-id={INSTALLATION}"))
                .flag(format!("--github-base-url={}", api.url("/api/v3")))
                .variable("GITSYNC_GITHUB_APP_PRIVATE_KEY", value)
                .once();
            finished.expect_code(0);
            secrets(&[&pem]).assert_not_told(&finished);
        }
    }
    assert!(server.requests().iter().all(|request| request.user == "x-access-token"));
}

#[test]
fn a_token_is_kept_and_renewed_when_it_is_not_believed() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login("x-access-token", &token(1)).start();
    let (pem, file) = (rsa::key(Kind::Pkcs1), dir.path().join("key.pem"));
    fs::write(&file, &pem).unwrap();
    let (number, known) = (Arc::new(AtomicUsize::new(1)), pem.clone());
    let now = Arc::clone(&number);
    let api = Service::start(move |asked| github(asked, &known, now.load(Ordering::SeqCst), 3600));
    let root = Root::new();
    let daemon = app(polling(&server.url(), &root).flag("-v9"), &api, &file).start();
    root.eventually_publishes(&upstream.head());
    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
    assert_eq!(api.asked().len(), 1);
    // It was revoked.
    number.store(2, Ordering::SeqCst);
    server.admit("x-access-token", &token(2));
    let commit = upstream.commit("a", "2");
    root.eventually_publishes(&commit);
    assert!(failures(&daemon.log()).is_empty(), "{:?}", failures(&daemon.log()));
    assert_eq!(api.asked().len(), 2);
    let count = |status| {
        metric(&daemon, &format!("git_sync_refresh_github_app_token_count{{status=\"{status}\"}}"))
    };
    assert_eq!((count("success"), count("error")), (Some(2), Some(0)));
    let end = metric(&daemon, "gitsyncd_token_expiry_timestamp_seconds").unwrap();
    let left = i64::try_from(end).unwrap() - jiff::Timestamp::now().as_second();
    assert!((3500..=3600).contains(&left), "{left}");
    secrets(&[&pem]).assert_not_shown(&daemon);
}

#[test]
fn a_token_that_ends_soon_is_renewed_before() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login("x-access-token", &token(1)).start();
    let (pem, file) = (rsa::key(Kind::Pkcs8), dir.path().join("key.pem"));
    fs::write(&file, &pem).unwrap();
    let api = Service::start(move |asked| github(asked, &pem, 1, 3));
    let root = Root::new();
    let daemon = app(polling(&server.url(), &root), &api, &file).start();
    root.eventually_publishes(&upstream.head());
    eventually("a new token is asked for", SOON, || (api.asked().len() > 2).then_some(()));
    assert!(failures(&daemon.log()).is_empty());
    assert!(server.requests().iter().all(|request| request.status == 200));
}

#[test]
fn what_is_wrong_is_told() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("x-access-token", &token(1)).start();
    let dir = TempDir::new().unwrap();
    let (pem, stranger) = (rsa::key(Kind::Pkcs1), rsa::key(Kind::Pkcs1));
    let file = |name: &str, text: &str| {
        fs::write(dir.path().join(name), text).unwrap();
        dir.path().join(name)
    };
    let good = file("good", &pem);
    let known = pem.clone();
    let api = Service::start(move |asked| github(asked, &known, 1, 3600));
    let fails = |key: &Path, more: &str, class: &str, words: &str| -> Failure {
        let root = Root::new();
        let finished = app(trying(&server.url(), &root), &api, key).flag(more).once();
        let failure = only_failure(&finished);
        println!("{failure:?}");
        assert_eq!((failure.class.as_str(), failure.step.as_str()), (class, "credentials"));
        assert!(failure.error.contains(words), "{words:?} is not in {failure:?}");
        secrets(&[&pem, &stranger]).assert_not_told(&finished);
        failure
    };
    fails(&dir.path().join("missing"), "-v1", "auth", "could not read ");
    fails(dir.path(), "-v1", "auth", "(github-app-private-key-file) is a directory");
    fails(&file("empty", "\n"), "-v1", "auth", "(github-app-private-key-file) is empty");
    fails(&file("text", "hush"), "-v1", "config", "no private key in PEM form");
    let encrypted = file("encrypted", &rsa::key(Kind::Encrypted));
    fails(&encrypted, "-v1", "config", "it is encrypted");
    let elliptic = file("elliptic", &rsa::key(Kind::Elliptic));
    fails(&elliptic, "-v1", "config", "is no RSA key that can sign");
    let failure =
        fails(&file("other", &stranger), "-v1", "auth", "answered 401 Unauthorized: A JSON");
    assert!(failure.hint.contains("private key") && failure.hint.contains("clock"), "{failure:?}");
    let failure =
        fails(&good, "--github-app-installation-id=1", "auth", "404 Not Found: Not Found");
    assert!(failure.hint.contains("github-app-installation-id"), "{failure:?}");
    let failure = fails(&good, "--github-app-client-id=other", "auth", "answered 401");
    assert!(failure.error.contains("is not right"), "{failure:?}");
    let nobody = Service::not_yet();
    let flag = format!("--github-base-url={}", nobody.url(""));
    let failure = fails(&good, &flag, "network", "could not ask the service of github-base-url");
    assert!(failure.hint.contains("github-base-url"), "{failure:?}");
    for (body, words) in [
        ("<html>", "holds no token"),
        ("{\"token\":\"ghs_hush0001\"}", "holds no token"),
        ("{\"token\":\"\",\"expires_at\":\"2099-01-01T00:00:00Z\"}", "an empty token"),
        ("{\"token\":\"ghs_hush0001\",\"expires_at\":\"soon\"}", "holds no token"),
    ] {
        let odd = Service::start(move |_| answer("201 Created", body));
        fails(&good, &format!("--github-base-url={}", odd.url("")), "protocol", words);
    }
}

#[test]
fn a_limit_of_the_api_is_no_matter_of_who_we_are() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("x-access-token", &token(1)).start();
    let dir = TempDir::new().unwrap();
    let key = dir.path().join("key");
    fs::write(&key, rsa::key(Kind::Pkcs1)).unwrap();
    let reset = format!("X-RateLimit-Reset: {}", jiff::Timestamp::now().as_second() + 600);
    let body = json!({"message": "API rate limit exceeded"}).to_string();
    for (status, head) in [
        ("403 Forbidden", vec!["X-RateLimit-Remaining: 0", &reset]),
        ("429 Too Many Requests", vec!["X-RateLimit-Remaining: 0", &reset]),
        ("403 Forbidden", vec!["Retry-After: 600"]),
    ] {
        let reply = answer_with(status, &head, &body);
        let api = Service::start(move |_| reply.clone());
        let failure = only_failure(&app(trying(&server.url(), &Root::new()), &api, &key).once());
        assert_eq!((failure.class.as_str(), failure.step.as_str()), ("network", "credentials"));
        assert!(failure.error.contains("wants to be left alone for "), "{failure:?}");
        assert!(failure.error.ends_with(" s: API rate limit exceeded"), "{failure:?}");
        assert!(failure.hint.contains("how often"), "{failure:?}");
        assert_eq!(api.asked().len(), 1);
    }
}

#[test]
fn a_key_that_comes_late_and_is_replaced_is_read_again() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login("x-access-token", &token(1)).start();
    let (first, second) = (rsa::key(Kind::Pkcs1), rsa::key(Kind::Pkcs8));
    let file = dir.path().join("key.pem");
    let known = Arc::new(Mutex::new(first.clone()));
    let number = Arc::new(AtomicUsize::new(1));
    let (at_github, now) = (Arc::clone(&known), Arc::clone(&number));
    let api = Service::start(move |asked| {
        let pem = at_github.lock().unwrap_or_else(PoisonError::into_inner);
        github(asked, &pem, now.load(Ordering::SeqCst), 3600)
    });
    let root = Root::new();
    let daemon = app(polling(&server.url(), &root), &api, &file).start();
    eventually("it fails", SOON, || failures(&daemon.log()).pop());
    fs::write(&file, &first).unwrap();
    root.eventually_publishes(&upstream.head());
    // The key and with it all its tokens are replaced.
    known.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&second);
    number.store(2, Ordering::SeqCst);
    server.admit("x-access-token", &token(2));
    fs::write(&file, &second).unwrap();
    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
    secrets(&[&first, &second]).assert_not_shown(&daemon);
}
