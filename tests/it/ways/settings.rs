//! Settings of Git that say how servers are spoken to, and where sources are.

use std::fs;
use tempfile::TempDir;

use crate::contract::assert_published;
use crate::faults::course::{fails, single, succeeds};
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Root, Setup};
use crate::support::faults::{Fault, in_front_of};
use crate::support::http;
use crate::support::proxies::tinyproxy;
use crate::support::told::of_settings;
use crate::support::upstream::Upstream;

const SECRET: &str = "hush-hush";

fn add(setup: Setup, key: &str, value: &str) -> Setup {
    setup.flag(format!("--git-config-add=\"{key}\":\"{value}\""))
}

#[test]
fn a_server_that_proves_nothing_is_believed_only_on_request_and_loudly() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).start();
    let run = |key: &str, value: &str| add(single(&server.url(), &Root::new()), key, value);
    fails(run("http.sslVerify", "true")).expect("tls", "certificate");
    fails(run("http.https://elsewhere.sslVerify", "false")).expect("tls", "certificate");
    let finished = run("http.sslVerify", "false").once();
    finished.expect_code(0);
    let told = of_settings(&finished).concat();
    assert!(told.contains("any server is believed"), "{told}");
    let here = server.url().replace("/repo.git", "/");
    succeeds(run(&format!("http.{here}.sslVerify"), "false"));
    // What says more counts more.
    let both = add(run("http.sslVerify", "false"), &format!("http.{here}.sslVerify"), "true");
    fails(both).expect("tls", "certificate");
}

#[test]
fn authorities_and_our_certificate_are_found_where_settings_say() {
    let (upstream, authority, dir) = (Upstream::new(), Authority::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).tls(&authority).clients_of(&authority).start();
    let leaf = Leaf { subject: "ada".to_owned(), ..Leaf::default() };
    authority.certify(&leaf, dir.path());
    let authorities = TempDir::new().unwrap();
    fs::copy(authority.certificate(), authorities.path().join("some.pem")).unwrap();
    fs::write(authorities.path().join("README"), "no certificate").unwrap();
    let text = |path: &std::path::Path| path.display().to_string();
    for (key, value) in [
        ("http.sslCAInfo", text(&authority.certificate())),
        ("http.sslCAPath", text(authorities.path())),
    ] {
        let setup = add(single(&server.url(), &Root::new()), key, &value);
        let setup = add(setup, "http.sslCert", &text(&dir.path().join("tls.crt")));
        succeeds(add(setup, "http.sslKey", &text(&dir.path().join("tls.key"))));
    }
    assert!(server.requests().iter().all(|request| request.client == "CN=ada"));
}

#[test]
fn each_source_has_its_own_headers_and_proxies() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (broken, server) = (http::serve(&upstream), http::serve(&upstream));
    broken.answer(http::Answer::Missing);
    let proxy = tinyproxy(None, false);
    let base = server.url().replace("/repo.git", "");
    let setup = single(&broken.url(), &root).flag(format!("--fallback-repo={}", server.url()));
    let setup = add(setup, &format!("http.{base}.extraHeader"), &format!("X-Extra: {SECRET}"));
    let setup = add(setup, &format!("http.{base}.proxy"), &proxy.addr().to_string()).flag("-v9");
    let finished = setup.once();
    finished.expect_code(0);
    assert!(broken.requests().iter().all(|request| request.extra.is_empty()));
    assert!(server.requests().iter().all(|request| request.extra == SECRET));
    assert!(!finished.log.concat().contains(SECRET));
    assert!(proxy.log().contains(&server.addr().port().to_string()), "{}", proxy.log());
    assert!(!proxy.log().contains(&broken.addr().port().to_string()), "{}", proxy.log());
}

#[test]
fn redirects_are_refused_where_settings_say() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for value in ["initial", "true"] {
        let setup = single(&server.moved_url(), &Root::new());
        succeeds(add(setup, "http.followRedirects", value));
    }
    let setup = add(single(&server.moved_url(), &Root::new()), "http.followRedirects", "false");
    fails(setup).expect("protocol", "http.followRedirects forbids it");
}

#[test]
fn a_server_that_is_too_slow_is_given_up() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for fault in [Fault::Silent, Fault::StallAfter(100)] {
        let mut between = in_front_of(server.addr());
        between.break_with(fault);
        let setup = single(&server.url_at(between.addr()), &Root::new());
        let setup = setup.flag("--git-config=http.lowSpeedLimit:1000,http.lowSpeedTime:1");
        fails(setup).expect("network", "for too slow");
    }
    let setup = single(&server.url(), &Root::new());
    succeeds(setup.flag("--git-config=http.lowSpeedLimit:1000,http.lowSpeedTime:1"));
}

#[test]
fn another_base_takes_the_place_of_what_was_written() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let base = server.url().replace("repo.git", "");
    let setup = add(single("work:repo.git", &root), &format!("url.{base}.insteadOf"), "work:");
    let setup = add(setup, &format!("url.http://nowhere.{base}.pushInsteadOf"), "work:");
    let finished = setup.once();
    finished.expect_code(0);
    assert_published(&root, &upstream, &upstream.head());
    assert_eq!(of_settings(&finished), [""; 0]);
    assert_eq!(root.status().unwrap()["source"], server.url());
}

#[test]
fn a_file_of_the_helper_store_says_who_we_are() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login("ada", "p@ss/1").start();
    let host = server.url().replace("http://", "").replace("/repo.git", "");
    let file = dir.path().join("credentials");
    let lines =
        format!("https://x:y@{host}\nhttp://bob:no@{host}\nhttp://ada:p%40ss%2F1@{host}/any\n");
    fs::write(&file, lines).unwrap();
    let helper = format!("store --file={}", file.display());
    let run = || {
        let setup = add(single(&server.url(), &Root::new()), "credential.helper", &helper);
        setup.flag("-v9")
    };
    let finished = add(run(), "credential.username", "ada").once();
    finished.expect_code(0);
    assert!(!finished.log.concat().contains("p@ss/1"));
    let scoped = add(run(), &format!("credential.http://{host}.username"), "ada");
    succeeds(add(scoped, "credential.username", "bob"));
    // The first line for the server counts, if nobody says who to be.
    fails(run()).expect("auth", "authentication failed");
    let by_url = single(&server.url().replace("://", "://ada@"), &Root::new());
    succeeds(add(by_url, "credential.helper", &helper));
    // One that is not there says nothing.
    let missing = add(run_with_missing(&server.url()), "credential.helper", &helper);
    succeeds(add(missing, "credential.username", "ada"));
}

fn run_with_missing(url: &str) -> Setup {
    add(single(url, &Root::new()), "credential.helper", "store --file=/nowhere/credentials")
}

#[test]
fn a_protocol_that_is_forbidden_is_refused_before_anything_is_asked() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let setup = add(single(&server.url(), &Root::new()), "protocol.http.allow", "never");
    let finished = setup.once();
    finished.expect_code(2);
    assert!(finished.log.concat().contains("transport 'http' not allowed"));
    assert_eq!(server.requests().len(), 0);
}
