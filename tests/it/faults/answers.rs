//! Servers that answer, but not with what was asked for.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use tempfile::TempDir;

use crate::faults::course::{Driven, eventually_fails, fails, patient, single, succeeds};
use crate::support::authority::Authority;
use crate::support::daemon::{Root, following};
use crate::support::git_daemon;
use crate::support::http::{self, Answer};
use crate::support::listener::{Listener, Port};
use crate::support::nginx::RETRY_AFTER;
use crate::support::oracle;
use crate::support::told::failures;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// The class that an answer means, and words that people look for.
fn meaning(answer: Answer) -> (&'static str, &'static str) {
    match answer {
        Answer::Unauthorized | Answer::Forbidden => ("auth", "authentication failed for 'http://"),
        Answer::Missing => ("not_found", "repository not found: 'http://"),
        Answer::TooMany | Answer::Broken | Answer::Unavailable => {
            ("network", "unable to access 'http://")
        }
    }
}

#[test]
fn each_bad_answer_has_its_class_and_its_words_and_is_outlived() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for answer in Answer::ALL {
        let root = Root::new();
        let (class, words) = meaning(answer);
        server.answer(answer);
        let mut driven = Driven::start(&server.url(), &root);
        let first = driven.first().expect("the first attempt fails");
        first.expect(class, words);
        first.expect(class, &answer.status().to_string());
        assert_eq!((first.step.as_str(), root.published()), ("resolve", None));
        server.heal();
        driven.succeeds();
        let old = upstream.head();
        assert_eq!(root.published().as_deref(), Some(&*old));

        server.answer(answer);
        let new = upstream.commit("a", format!("{answer:?}\n"));
        driven.fails().expect(class, words);
        assert_eq!(root.published(), Some(old));
        server.heal();
        driven.succeeds();
        oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), &new);
    }
}

#[test]
fn a_server_that_asks_to_be_left_alone_is_left_alone() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    server.answer(Answer::TooMany);
    let daemon = patient(&server.url(), &root).start();
    eventually_fails(&daemon, 0, &["network"]);
    let before = server.requests().len();
    let status = eventually("the status tells when it goes on", SOON, || {
        root.status().filter(|status| status["next_attempt_at"].is_string())
    });
    server.heal();
    root.eventually_publishes(&upstream.head());
    assert!(server.requests().len() > before);
    let time =
        |text: &serde_json::Value| -> jiff::Timestamp { text.as_str().unwrap().parse().unwrap() };
    let second = eventually("the status tells of the second attempt", SOON, || {
        root.status().filter(|status| status["last_attempt"]["number"] != 1)
    });
    let first = &status["last_attempt"];
    assert_eq!((&first["number"], &first["error"]["class"]), (&1.into(), &"network".into()));
    let rest = time(&second["last_attempt"]["started_at"])
        .duration_since(time(&first["started_at"]))
        .as_millis();
    // The next one may have begun meanwhile.
    assert!(rest >= i128::from(RETRY_AFTER) * 1000, "{status}\n{second}");
    assert_eq!(failures(&daemon.log()).len(), 1);
}

/// A server that says the same to everybody.
fn says(answer: impl Into<String>) -> (Port, Listener) {
    let port = Port::take();
    let answer = answer.into();
    let listener = port.listen(move |mut stream| {
        if heard(&mut stream) {
            // The client may have hung up.
            drop(stream.write_all(answer.as_bytes()));
        }
    });
    (port, listener)
}

/// Reads a question to its end.
fn heard(stream: &mut TcpStream) -> bool {
    let mut question = Vec::new();
    let mut byte = [0];
    while !question.ends_with(b"\r\n\r\n") {
        if !matches!(stream.read(&mut byte), Ok(1)) {
            return false;
        }
        question.push(byte[0]);
    }
    true
}

/// What a run says that asks a server which always answers this.
fn told(answer: &str) -> crate::support::told::Failure {
    let (port, _listener) = says(answer);
    let root = Root::new();
    let failure = fails(single(&format!("http://{}/repo.git", port.addr()), &root));
    assert_eq!(root.published(), None);
    failure
}

fn whole(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

#[test]
fn a_gateway_without_a_server_behind_it_is_a_failure_of_the_network() {
    for status in ["502 Bad Gateway", "504 Gateway Timeout"] {
        told(&whole(status, "", "<html>sorry</html>"))
            .expect("network", "unable to access 'http://");
    }
}

#[test]
fn what_is_no_git_server_is_told_so() {
    let html = "Content-Type: text/html\r\n";
    let page = "<!DOCTYPE html><html><title>Sign in</title></html>";
    told(&whole("200 OK", html, page)).expect("protocol", "http://");
    told(&whole("200 OK", "", "")).expect("protocol", "http://");
    let kind = "Content-Type: application/x-git-upload-pack-advertisement\r\n";
    for body in ["", "0000", "001e# service=git-upload-pack\n", "zzzz", "ffff", "0003", page] {
        let failure = told(&whole("200 OK", kind, body));
        assert!(["protocol", "network", "ref"].contains(&failure.class.as_str()), "{failure:?}");
    }
    told("SSH-2.0-OpenSSH_9.2\r\n").expect("network", "unable to access 'http://");
}

#[test]
fn redirects_that_lead_nowhere_are_refused() {
    for location in ["", "Location: http://\r\n", "Location: /login?next=/repo.git\r\n"] {
        told(&whole("302 Found", location, "")).expect("protocol", "unable to access 'http://");
    }
    let circle = "Location: /repo.git/info/refs?service=git-upload-pack\r\n";
    told(&whole("302 Found", circle, "")).expect("protocol", "without end");
}

#[test]
fn a_wrong_password_is_refused_until_it_is_right() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login("ada", "p@ss word").start();
    let file = dir.path().join("password");
    fs::write(&file, "hunter2").unwrap();
    let setup = following(&server.url(), &root).flag("--username=ada");
    let mut driven = Driven::of(setup.flag(format!("--password-file={}", file.display())));
    let failure = driven.first().unwrap();
    failure.expect("auth", "authentication failed for 'http://127.0.0.1:");
    assert!(!failure.error.contains("hunter2"), "{failure:?}");
    fs::write(&file, "p@ss word\n").unwrap();
    driven.succeeds();
    let old = upstream.head();
    oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), &old);
    // It expires.
    fs::write(&file, "hunter2").unwrap();
    let new = upstream.commit("a", "1");
    driven.fails().expect("auth", "authentication failed");
    assert_eq!(root.published(), Some(old));
    fs::remove_file(&file).unwrap();
    driven.fails().expect("auth", "(password-file)");
    fs::write(&file, "p@ss word").unwrap();
    driven.succeeds();
    assert_eq!(root.published(), Some(new));
}

#[test]
fn a_ref_that_is_not_there_is_found_once_it_is() {
    let upstream = Upstream::new();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let path = upstream.repo().display().to_string();
    for (number, url) in [web.url(), daemon.url(), path].into_iter().enumerate() {
        let (root, branch) = (Root::new(), format!("later-{number}"));
        let setup = following(&url, &root).flag(format!("--ref={branch}"));
        let mut driven = Driven::of(setup);
        let failure = driven.first().unwrap();
        failure.expect("ref", &format!("couldn't find remote ref {branch}"));
        upstream.switch(&branch);
        driven.succeeds();
        let old = upstream.head();
        assert_eq!(root.published().as_deref(), Some(&*old));
        upstream.delete_branch(&branch);
        driven.fails().expect("ref", "couldn't find remote ref");
        assert_eq!(root.published(), Some(old));
        upstream.switch("main");
        let absent = "1234567890123456789012345678901234567890";
        let setup = single(&url, &Root::new()).flag(format!("--ref={absent}"));
        fails(setup).expect("ref", &format!("couldn't find remote ref {absent}"));
    }
}

#[test]
fn an_empty_repository_is_followed_once_it_has_a_commit() {
    let upstream = Upstream::empty();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let path = upstream.repo().display().to_string();
    let roots = [Root::new(), Root::new(), Root::new()];
    let mut all: Vec<_> = [web.url(), daemon.url(), path]
        .iter()
        .zip(&roots)
        .map(|(url, root)| Driven::start(url, root))
        .collect();
    for driven in &all {
        driven.first().unwrap().expect("ref", "couldn't find remote ref HEAD");
    }
    let commit = upstream.commit("a", "1");
    for (driven, root) in all.iter_mut().zip(&roots) {
        driven.succeeds();
        assert_eq!(root.published().as_deref(), Some(&*commit));
    }
}

#[test]
fn a_repository_that_is_not_there_is_found_once_it_is() {
    let upstream = Upstream::new();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let path = upstream.repo().display().to_string();
    for url in [web.url(), daemon.url(), path.clone(), format!("file://{path}")] {
        let (root, away) = (Root::new(), upstream.dir().join("away.git"));
        fs::rename(upstream.repo(), &away).unwrap();
        let mut driven = Driven::start(&url, &root);
        driven.first().unwrap().expect("not_found", "repository not found: '");
        fs::rename(&away, upstream.repo()).unwrap();
        driven.succeeds();
        fs::rename(upstream.repo(), &away).unwrap();
        driven.fails().expect("not_found", "repository not found: '");
        assert_eq!(root.published().as_deref(), Some(&*upstream.head()));
        fs::rename(&away, upstream.repo()).unwrap();
        driven.succeeds();
    }
    for nothing in ["/dev/null", "/proc", "/nonexistent/repo"] {
        fails(single(nothing, &Root::new())).expect("not_found", nothing);
    }
}

#[test]
fn a_certificate_that_nobody_signed_is_not_trusted() {
    let (upstream, authority, root) = (Upstream::new(), Authority::new(), Root::new());
    let server = http::over(&upstream).tls(&authority).login("ada", "secret").start();
    let url = server.url().replace("://", "://ada:secret@");
    let trusting = |authority: &Authority| {
        single(&url, &root).flag(format!("--ca-file={}", authority.certificate().display()))
    };
    fails(trusting(&Authority::new())).expect("tls", "unable to access 'https://127.0.0.1:");
    fails(single(&url, &root)).expect("tls", "unable to access 'https://127.0.0.1:");
    assert!(server.requests().is_empty(), "nothing is said to a stranger");
    let elsewhere = url.replace("127.0.0.1", "127.0.0.2");
    assert_ne!(fails(single(&elsewhere, &root)).class, "auth");
    succeeds(trusting(&authority));
    assert_eq!(root.published(), Some(upstream.head()));
}

#[test]
fn tls_to_a_plain_port_and_the_reverse_are_told_apart() {
    let (upstream, authority, root) = (Upstream::new(), Authority::new(), Root::new());
    let plain = http::serve(&upstream);
    let safe = http::over(&upstream).tls(&authority).start();
    let url = plain.url().replace("http:", "https:");
    fails(single(&url, &root)).expect("tls", "unable to access 'https://");
    let url = safe.url().replace("https:", "http:");
    fails(single(&url, &root)).expect("protocol", "400");
    let daemon = git_daemon::serve(&upstream);
    let url = format!("git://{}/repo.git", plain.addr());
    let class = fails(single(&url, &root)).class;
    assert!(class == "protocol" || class == "network", "{class}");
    let url = format!("http://{}/repo.git", daemon.addr());
    fails(single(&url, &root)).expect("network", "unable to access 'http://");
}

#[test]
fn a_redirect_within_the_server_is_followed_with_the_login() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::over(&upstream).login("ada", "secret").start();
    let url = server.moved_url().replace("://", "://ada:secret@");
    succeeds(single(&url, &root));
    oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), &upstream.head());
    let requests = server.requests();
    assert_eq!(requests[0].status, 301);
    assert!(requests[1..].iter().all(|request| request.user == "ada" && request.status == 200));
}

#[test]
fn a_login_does_not_follow_a_redirect_to_another_server() {
    let (upstream, root, other) = (Upstream::new(), Root::new(), Upstream::new());
    let commit = other.commit("a", "elsewhere\n");
    let elsewhere = http::serve(&other);
    let base = elsewhere.url().replace("/repo.git", "");
    let server = http::over(&upstream).login("ada", "secret").away(&base).start();
    let url = server.away_url().replace("://", "://ada:secret@");
    succeeds(single(&url, &root));
    assert_eq!(root.published(), Some(commit));
    assert_eq!(server.requests()[0].user, "ada");
    let requests = elsewhere.requests();
    assert!(!requests.is_empty());
    assert!(requests.iter().all(|request| request.user.is_empty()), "{requests:?}");
}

#[test]
fn a_redirect_from_https_to_http_is_refused() {
    let (upstream, authority, root) = (Upstream::new(), Authority::new(), Root::new());
    let plain = http::serve(&upstream);
    let base = plain.url().replace("/repo.git", "");
    let server = http::over(&upstream).tls(&authority).away(&base).start();
    let trusted = format!("--ca-file={}", authority.certificate().display());
    let setup = single(&server.away_url(), &root).flag(trusted);
    fails(setup).expect("protocol", "less safe");
    assert!(plain.requests().is_empty());
    assert!(!Path::new(&root.link()).exists());
}
