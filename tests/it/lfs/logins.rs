//! Who is told who we are: the server of the repository, those that `credential` names, and nobody
//! else, whatever a repository or a server says.

use serde_json::json;
use std::net::SocketAddr;
use tempfile::TempDir;

use crate::lfs::{assert_published, trying, with_server};
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Finished, Root, Setup};
use crate::support::http::{self, Http};
use crate::support::lfs::{self, Server, kept, told};
use crate::support::service::{Asked, answer, answer_with};
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

const USER: &str = "ada";
const PASSWORD: &str = "hush";

/// What a login looks like on the wire.
fn basic(user: &str, password: &str) -> String {
    use base64::Engine;
    let text = base64::prelude::BASE64_STANDARD.encode(format!("{user}:{password}"));
    format!("Basic {text}")
}

/// A server of the repository that wants a login, and which sends what concerns LFS to another.
fn git_server(upstream: &Upstream, lfs: SocketAddr) -> Http {
    let forward = format!(
        "location ~ /info/lfs/ {{ proxy_set_header Host $http_host; \
         proxy_pass http://{lfs}; }}"
    );
    http::over(upstream).login(USER, PASSWORD).line(&forward).start()
}

fn logged_in(setup: Setup) -> Setup {
    setup.flag(format!("--username={USER}")).variable("GITSYNC_PASSWORD", PASSWORD)
}

/// Lets the repository name a server, and adds a file.
fn pointing_to(upstream: &Upstream, url: &str) -> String {
    let config = format!("[lfs]\n\turl = {url}\n");
    upstream.change().file(".lfsconfig", config).file("a.bin", "content\n").commit()
}

fn authorizations(asked: &[Asked]) -> Vec<Option<&str>> {
    asked.iter().map(|asked| asked.header("authorization")).collect()
}

#[test]
fn the_server_of_the_repository_is_told_who_we_are() {
    let upstream = lfs::upstream();
    let commit = upstream.commit("a.bin", "content\n");
    let (server, root) = (Server::start(&kept(&upstream)), Root::new());
    let git = git_server(&upstream, server.addr());
    logged_in(trying(&git.url(), &root)).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    let login = basic(USER, PASSWORD);
    assert_eq!(authorizations(&server.asked()), [Some(login.as_str()); 2]);
    assert_eq!(lfs::path(&server.batches()[0]), "/repo.git/info/lfs/objects/batch");
}

#[test]
fn a_server_that_the_repository_names_is_not_told_who_we_are() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let stranger = Server::start(&kept(&upstream));
    let commit = pointing_to(&upstream, &stranger.url());
    let git = git_server(&upstream, stranger.addr());
    let setup = logged_in(trying(&git.url(), &root))
        .flag("--git-config=http.extraHeader:\"X-Token: hush\"");
    setup.once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(authorizations(&stranger.asked()), [None; 2]);
    assert!(stranger.asked().iter().all(|asked| asked.header("x-token").is_none()));
}

#[test]
fn a_server_that_wants_a_login_which_is_not_for_it_does_not_get_it() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let stranger = Server::with(&kept(&upstream), |_asked| {
        let wants = ["WWW-Authenticate: Basic realm=\"x\"", "LFS-Authenticate: Basic"];
        Some(answer_with("401 Unauthorized", &wants, ""))
    });
    pointing_to(&upstream, &stranger.url());
    let git = git_server(&upstream, stranger.addr());
    let finished = logged_in(trying(&git.url(), &root)).once();
    let failure = only_failure(&finished);
    failure.expect("auth", &format!("authentication failed for '{}'", stranger.url()));
    assert_eq!(refused(&finished), 0, "the repository let us in");
    assert!(failure.hint.contains("`credential`"), "{failure:?}");
    assert_eq!(authorizations(&stranger.asked()), [None]);
    assert_eq!(root.published(), None);
}

/// How often the audit log tells that the server of the repository did not believe us.
fn refused(finished: &Finished) -> usize {
    finished.log.iter().filter(|line| line.contains("a login was refused")).count()
}

#[test]
fn the_server_of_the_repository_may_refuse_us_its_files() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    upstream.commit("a.bin", "content\n");
    let server = Server::with(&kept(&upstream), |_| Some(answer("403 Forbidden", "")));
    let git = git_server(&upstream, server.addr());
    let finished = logged_in(trying(&git.url(), &root)).once();
    only_failure(&finished).expect("auth", "/info/lfs");
    assert_eq!(refused(&finished), 1);
}

#[test]
fn a_certificate_for_its_address_is_shown_to_it() {
    let (upstream, root, authority) = (lfs::upstream(), Root::new(), Authority::new());
    let commit = upstream.commit("a.bin", "content\n");
    let (server, card) = (Server::start(&kept(&upstream)), TempDir::new().unwrap());
    let leaf = Leaf { subject: "ada".to_owned(), ..Leaf::default() };
    authority.certify(&leaf, card.path());
    let forward = format!(
        "location ~ /info/lfs/ {{ proxy_set_header Host $http_host; \
         proxy_set_header X-Scheme https; proxy_pass http://{}; }}",
        server.addr()
    );
    let front = http::over(&upstream).tls(&authority).clients_of(&authority).line(&forward).start();
    let base = front.url().replace("/repo.git", "");
    let url = format!("{}/info/lfs", front.url());
    let file = |name: &str| card.path().join(name).display().to_string();
    let setup = |place: &str| {
        let setting =
            |key, name| format!("--git-config-add=\"http.{place}{key}\":\"{}\"", file(name));
        with_server(trying(&upstream.repo().display().to_string(), &root), &url)
            .flag(format!("--ca-file={}", authority.certificate().display()))
            .flag(setting("sslCert", "tls.crt"))
            .flag(setting("sslKey", "tls.key"))
    };
    let failure = only_failure(&setup("").once());
    failure.expect("auth", "authentication failed for 'https://");
    setup(&format!("{base}/.")).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_credential_for_its_address_is_for_it() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let other = Server::start(&kept(&upstream));
    let commit = pointing_to(&upstream, &other.url());
    let git = git_server(&upstream, other.addr());
    let credential = json!({"url": other.url(), "username": "lfs", "password": "other"});
    let setup = logged_in(trying(&git.url(), &root)).flag(format!("--credential={credential}"));
    setup.once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    let login = basic("lfs", "other");
    assert_eq!(authorizations(&other.asked()), [Some(login.as_str()); 2]);
}

#[test]
fn where_files_are_elsewhere_only_what_is_said_of_them_goes_along() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let shelf = Server::start(&kept(&upstream));
    let base = format!("http://{}/objects", shelf.addr());
    let server = Server::with(&kept(&upstream), move |asked| {
        let link =
            |oid: &str| json!({"href": format!("{base}/{oid}"), "header": {"X-Key": "signed"}});
        let is_question = asked.line.starts_with("POST ");
        is_question.then(|| told(asked, |oid| json!({"actions": {"download": link(oid)}})))
    });
    let git = git_server(&upstream, server.addr());
    logged_in(trying(&git.url(), &root)).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(authorizations(&shelf.asked()), [None]);
    assert_eq!(shelf.asked()[0].header("x-key"), Some("signed"));
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn what_is_said_to_one_host_is_not_said_to_one_that_it_sends_us_to() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let stranger = Server::start(&kept(&upstream));
    let base = format!("http://{}", stranger.addr());
    let server = Server::with(&kept(&upstream), move |asked| {
        let to = format!("Location: {base}{}", lfs::path(asked));
        let header = json!({"Authorization": "Basic c2VjcmV0", "X-Key": "signed"});
        if asked.line.starts_with("POST ") {
            let host = asked.header("host").unwrap();
            let href = |oid: &str| format!("http://{host}/repo.git/info/lfs/objects/{oid}");
            let link = |oid: &str| json!({"href": href(oid), "header": header});
            return Some(told(asked, |oid| json!({"actions": {"download": link(oid)}})));
        }
        Some(answer_with("302 Found", &[&to], ""))
    });
    let git = git_server(&upstream, server.addr());
    logged_in(trying(&git.url(), &root)).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(authorizations(&stranger.asked()), [None]);
    assert_eq!(stranger.asked()[0].header("x-key"), None);
    assert_eq!(server.downloads()[0].header("authorization"), Some("Basic c2VjcmV0"));
}

#[test]
fn a_question_that_is_sent_elsewhere_goes_without_a_login() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    let commit = upstream.commit("a.bin", "content\n");
    let other = Server::start(&kept(&upstream));
    let base = format!("http://{}", other.addr());
    let server = Server::with(&kept(&upstream), move |asked| {
        let to = format!("Location: {base}{}", lfs::path(asked));
        Some(answer_with("307 Temporary Redirect", &[&to], ""))
    });
    let git = git_server(&upstream, server.addr());
    logged_in(trying(&git.url(), &root)).once().expect_code(0);
    assert_published(&root, &upstream, &commit);
    assert_eq!(authorizations(&other.asked()), [None; 2]);
    assert_eq!(other.batches()[0].body, server.batches()[0].body);
    assert!(authorizations(&server.asked())[0].is_some());
}

#[test]
fn no_secret_is_in_the_log() {
    let (upstream, root) = (lfs::upstream(), Root::new());
    upstream.commit("a.bin", "content\n");
    let server = Server::with(&kept(&upstream), |asked| {
        if asked.line.starts_with("POST ") {
            let href = format!("http://{}/x?signature=hush", asked.header("host").unwrap());
            let link = json!({"href": href, "header": {"Authorization": "Bearer hush"}});
            return Some(told(asked, |_| json!({"actions": {"download": link}})));
        }
        Some(answer_with("403 Forbidden", &[], ""))
    });
    let url = format!("http://me:hush@{}/lfs", server.addr());
    let finished =
        with_server(trying(&upstream.repo().display().to_string(), &root), &url).flag("-v9").once();
    only_failure(&finished).expect("auth", "a.bin");
    let log = finished.log.join("\n");
    assert!(!log.contains("hush"), "{log}");
    assert_eq!(authorizations(&server.asked())[0], Some(basic("me", "hush").as_str()));
}
