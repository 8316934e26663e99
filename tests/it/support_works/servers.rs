//! Each server serves, refuses and answers as it was told.

use std::fs;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

use crate::support::authority::Authority;
use crate::support::git::{attempt, git, run};
use crate::support::http::{self, Answer};
use crate::support::nginx::RETRY_AFTER;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{get, git_daemon, skip};

fn remote_head(client: &mut Command, url: &str) -> Result<String, String> {
    attempt(client.args(["ls-remote", "--quiet", url, "HEAD"]))
        .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
}

fn clone(url: &str) -> String {
    let dir = TempDir::new().unwrap();
    run(git(dir.path()).args(["clone", "--quiet", "--depth=1", url, "copy"]));
    run(git(&dir.path().join("copy")).args(["rev-parse", "HEAD"]))
}

#[test]
fn nginx_serves_the_repository_and_counts_requests_and_connections() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    assert!(server.requests().is_empty());
    assert_eq!(clone(&server.url()), upstream.head());
    let requests = server.requests();
    let methods: Vec<_> = requests.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["GET", "POST", "POST"]);
    assert_eq!(requests[0].target, "/repo.git/info/refs?service=git-upload-pack");
    assert!(requests.iter().all(|request| request.connection == requests[0].connection));
    assert!(requests.iter().all(|request| request.status == 200 && request.sent > 100));
    assert!(requests.iter().all(|request| request.protocol == "version=2"));
    clone(&server.url());
    let requests = server.requests();
    assert_eq!(requests.len(), 6);
    assert_ne!(requests[5].connection, requests[0].connection);
    assert_eq!(server.complaints(), "");
}

#[test]
fn nginx_serves_a_new_commit_at_once_and_in_the_old_protocol_too() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).old_protocol().start();
    clone(&server.url());
    let commit = upstream.commit("a", "new\n");
    assert_eq!(clone(&server.url()), commit);
    let before = server.requests().len();
    assert_eq!(remote_head(&mut git(Path::new("/")), &server.url()), Ok(commit));
    assert_eq!(server.requests().len(), before + 1, "the first answer lists the refs");
}

#[test]
fn nginx_asks_for_the_password() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", "p@ss word").start();
    let head = |login: &str| {
        let url = server.url().replace("://", &format!("://{login}"));
        remote_head(&mut git(Path::new("/")), &url)
    };
    assert_eq!(head("ada:p%40ss%20word@"), Ok(upstream.head()));
    assert_eq!(server.requests().last().unwrap().user, "ada");
    assert!(head("ada:wrong@").unwrap_err().contains("Authentication failed"));
    assert!(head("").unwrap_err().contains("could not read Username"));
    assert_eq!(server.requests().last().unwrap().status, 401);
}

#[test]
fn nginx_speaks_tls_to_those_who_trust_the_authority() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).start();
    assert!(server.url().starts_with("https://127.0.0.1:"));
    let head = |trusted: &Authority| {
        let mut client = git(Path::new("/"));
        client.env("GIT_SSL_CAINFO", trusted.certificate());
        remote_head(&mut client, &server.url())
    };
    assert_eq!(head(&authority), Ok(upstream.head()));
    assert!(head(&Authority::new()).unwrap_err().contains("certificate"));
}

#[test]
fn nginx_gives_the_answer_it_was_told_until_it_is_healed() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for answer in Answer::ALL {
        server.answer(answer);
        let reply = get::get(server.addr(), "/repo.git/info/refs").unwrap();
        assert_eq!(reply.status, answer.status());
        let retry = reply.head.contains(&format!("Retry-After: {RETRY_AFTER}"));
        assert_eq!(retry, answer == Answer::TooMany, "{}", reply.head);
        let asks = reply.head.contains("WWW-Authenticate: Basic");
        assert_eq!(asks, answer == Answer::Unauthorized, "{}", reply.head);
        remote_head(&mut git(Path::new("/")), &server.url()).unwrap_err();
    }
    server.heal();
    assert_eq!(clone(&server.url()), upstream.head());
}

#[test]
fn nginx_redirects_to_itself_and_elsewhere() {
    let (upstream, other) = (Upstream::new(), Upstream::new());
    let elsewhere = http::serve(&other);
    other.commit("a", "elsewhere\n");
    let base = elsewhere.url().replace("/repo.git", "");
    let server = http::over(&upstream).away(&base).start();
    assert_eq!(clone(&server.moved_url()), upstream.head());
    assert_eq!(server.requests()[0].status, 301);
    assert_eq!(clone(&server.away_url()), other.head());
    assert_eq!(server.requests().last().unwrap().status, 302);
    assert_eq!(elsewhere.requests().len(), 3);
}

#[test]
fn git_daemon_serves_the_repository_and_counts_connections() {
    let upstream = Upstream::new();
    let server = git_daemon::serve(&upstream);
    assert_eq!(server.connections(), 0);
    assert_eq!(clone(&server.url()), upstream.head());
    let commit = upstream.commit("a", "new\n");
    assert_eq!(clone(&server.url()), commit);
    assert_eq!(server.connections(), 2);
}

#[test]
fn servers_allow_filters_and_hidden_commits_only_when_asked_to() {
    let upstream = Upstream::new();
    let hidden = upstream.commit("a", "one\n");
    upstream.force_push("a", "two\n");
    let (server, dir) = (git_daemon::serve(&upstream), TempDir::new().unwrap());
    run(git(dir.path()).args(["init", "--quiet"]));
    let fetch = || {
        // Version 2 lets every client ask for any commit.
        let old = ["-c", "protocol.version=0", "fetch", "--quiet", "--depth=1"];
        attempt(git(dir.path()).args(old).args([server.url(), hidden.clone()]))
    };
    assert!(fetch().unwrap_err().contains("unadvertised object"));
    upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    fetch().unwrap();
}

#[test]
fn servers_that_are_dropped_leave_no_process_behind() {
    let upstream = Upstream::new();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let marker = upstream.dir().to_str().unwrap().to_owned();
    // A client that never hangs up keeps a `git daemon` of its own alive.
    let _client = std::net::TcpStream::connect(daemon.addr()).unwrap();
    let sockets = [web.addr(), daemon.addr()];
    drop((web, daemon));
    for addr in sockets {
        assert!(get::get(addr, "/").is_err());
    }
    // A process that was killed needs a moment to go.
    eventually("no process is left", SOON, || {
        let mut places = fs::read_dir("/proc")
            .unwrap()
            .filter_map(|entry| fs::read_link(entry.ok()?.path().join("cwd")).ok());
        (!places.any(|dir| dir.starts_with(&marker))).then_some(())
    });
}

#[test]
fn servers_show_a_repository_that_somebody_else_owns() {
    if skip::unless_root("servers_show_a_repository_that_somebody_else_owns") {
        return;
    }
    let upstream = Upstream::new();
    run(Command::new("chown").args(["-R", "12345:12345"]).arg(upstream.repo()));
    assert_eq!(clone(&http::serve(&upstream).url()), upstream.head());
    assert_eq!(clone(&git_daemon::serve(&upstream).url()), upstream.head());
}

#[test]
fn long_servers_start_and_stop_again_and_again() {
    if skip::unless_long("long_servers_start_and_stop_again_and_again") {
        return;
    }
    let upstream = Upstream::new();
    for _ in 0..100 {
        assert_eq!(clone(&http::serve(&upstream).url()), upstream.head());
    }
}
