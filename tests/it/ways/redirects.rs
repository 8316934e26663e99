//! What goes along when a server sends us elsewhere: nothing that is not meant for whoever is there.

use std::fs;
use tempfile::TempDir;

use crate::faults::course::{single, succeeds};
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Root, Setup};
use crate::support::http::{self, Http};
use crate::support::upstream::Upstream;

const SECRET: &str = "hush-hush";

/// A server that asks for everything that can be shown, and another one to which it sends us.
struct Scene {
    upstream: Upstream,
    authority: Authority,
    card: TempDir,
    there: Http,
    here: Http,
}

impl Scene {
    fn new() -> Self {
        let (upstream, authority) = (Upstream::new(), Authority::new());
        let card = TempDir::new().unwrap();
        authority.certify(&Leaf { subject: "ada".to_owned(), ..Leaf::default() }, card.path());
        let optional = format!(
            "ssl_client_certificate {}; ssl_verify_client optional;",
            authority.certificate().display()
        );
        let there = http::over(&upstream).tls(&authority).line(&optional).start();
        let base = there.url().replace("/repo.git", "");
        let here = http::over(&upstream).tls(&authority).line(&optional).away(&base).start();
        Self { upstream, authority, card, there, here }
    }

    fn run(&self, url: &str, root: &Root) -> Setup {
        let file = |name: &str| self.card.path().join(name).display().to_string();
        single(&url.replace("://", &format!("://ada:{SECRET}@")), root)
            .flag(format!("--ca-file={}", self.authority.certificate().display()))
            .flag(format!("--client-cert={}", file("tls.crt")))
            .flag(format!("--client-key={}", file("tls.key")))
    }
}

#[test]
fn who_we_are_is_told_to_the_host_of_the_repository_only() {
    let (scene, root) = (Scene::new(), Root::new());
    let setup = scene.run(&scene.here.away_url(), &root);
    succeeds(setup.flag(format!("--git-config=http.extraHeader:X-Extra: {SECRET}")));
    assert_eq!(root.published(), Some(scene.upstream.head()));
    let first = &scene.here.requests()[0];
    assert_eq!((first.status, &*first.client), (302, "CN=ada"));
    assert_eq!(first.extra, SECRET);
    assert!(first.authorization.starts_with("Basic "), "{first:?}");
    let requests = scene.there.requests();
    assert!(!requests.is_empty());
    for request in requests {
        assert_eq!(request.status, 200);
        let told = [&request.extra, &request.authorization, &request.client];
        assert_eq!(told, ["", "", ""], "{request:?}");
    }
}

#[test]
fn within_the_host_all_of_it_goes_along() {
    let (scene, root) = (Scene::new(), Root::new());
    let setup = scene.run(&scene.here.moved_url(), &root);
    succeeds(setup.flag(format!("--git-config=http.extraHeader:X-Extra: {SECRET}")));
    for request in scene.here.requests() {
        assert_eq!((&*request.extra, &*request.client), (SECRET, "CN=ada"), "{request:?}");
        assert!(request.authorization.starts_with("Basic "), "{request:?}");
    }
}

#[test]
fn an_extra_header_for_a_server_goes_there_and_nowhere_else() {
    let (scene, root) = (Scene::new(), Root::new());
    let base = scene.there.url().replace("/repo.git", "");
    let setup = scene.run(&scene.here.away_url(), &root);
    let extra = |base: &str, line: &str| format!("--git-config=\"http.{base}.extraHeader\":{line}");
    let setup = setup.flag(extra(&base, &format!("Authorization: Bearer {SECRET}")));
    succeeds(setup);
    let first = &scene.here.requests()[0];
    assert!(first.authorization.starts_with("Basic "), "{first:?}");
    for request in scene.there.requests() {
        assert_eq!(request.authorization, format!("Bearer {SECRET}"), "{request:?}");
    }
}

#[test]
fn an_extra_authorization_takes_the_place_of_ours() {
    let (scene, root) = (Scene::new(), Root::new());
    let setup = scene.run(&scene.here.url(), &root);
    let line = format!("Authorization: Bearer {SECRET}");
    let finished = setup.flag("-v9").flag(format!("--git-config=http.extraHeader:{line}")).once();
    finished.expect_code(0);
    for request in scene.here.requests() {
        assert_eq!(request.authorization, format!("Bearer {SECRET}"));
    }
    let written = format!("{:?} {:?}", finished.log, finished.stdout);
    assert!(!written.contains(SECRET), "{written}");
    let status = fs::read_to_string(root.path().join(".git-sync")).unwrap();
    assert!(!status.contains(SECRET), "{status}");
}

#[test]
fn a_chain_of_redirects_ends() {
    let upstream = Upstream::new();
    let server = http::over(&upstream)
        .line("location /round { return 302 /again$request_uri; } location /again { return 302 /round/repo.git/info/refs$is_args$args; }")
        .start();
    let url = server.url().replace("/repo.git", "/round/repo.git");
    let failure = crate::faults::course::fails(single(&url, &Root::new()));
    failure.expect("protocol", "the server redirects");
    assert!(server.requests().len() <= 11, "{}", server.requests().len());
}

#[test]
fn a_redirect_to_what_is_not_http_is_not_followed() {
    let (upstream, other) = (Upstream::new(), Upstream::new());
    let target = http::over(&other).start();
    let away = target.url().replace("http://", "ftp://");
    let server = http::over(&upstream)
        .line(&format!("location /away {{ return 302 {away}/info/refs$is_args$args; }}"))
        .start();
    let url = server.url().replace("/repo.git", "/away");
    let failure = crate::faults::course::fails(single(&url, &Root::new()));
    failure.expect("protocol", "the server redirects to something that is not HTTP");
    assert_eq!(target.requests().len(), 0);
}
