//! The same repository elsewhere, for when it cannot be had where it should be.

use crate::contract::{assert_published, polling, trying};
use crate::support::daemon::{Root, events};
use crate::support::faults::{self, Fault};
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::oracle;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use std::path::Path;
use tempfile::TempDir;

/// A mirror as it is now.
fn mirror(upstream: &Upstream) -> TempDir {
    let dir = TempDir::new().unwrap();
    run(git(dir.path()).args(["clone", "--quiet", "--mirror"]).arg(upstream.repo()).arg("."));
    dir
}

fn renew(mirror: &Path) {
    run(git(mirror).args(["fetch", "--quiet", "--prune"]));
}

#[test]
fn the_first_that_serves_counts_and_the_status_says_which() {
    let upstream = Upstream::new();
    let commit = upstream.commit("a", "1");
    let mirror = mirror(&upstream);
    let root = Root::new();
    let finished = trying("http://127.0.0.1:1/a.git", &root)
        .flag("--fallback-repo=/nowhere/at/all")
        .flag(format!("--fallback-repo={}", mirror.path().display()))
        .once();
    finished.expect_code(0);
    assert_published(&root, &upstream, &commit);
    let status = root.status().unwrap();
    assert_eq!(status["source"], mirror.path().to_str().unwrap());
    assert_eq!(status["failures"], 0);
    let told = events(&finished.log, "a fallback served, as the repository did not");
    assert!(told[0]["error"].as_str().unwrap().contains("http://127.0.0.1:1/a.git"), "{told:?}");
}

#[test]
fn if_none_serves_the_repository_itself_is_named() {
    let root = Root::new();
    let finished =
        trying("http://127.0.0.1:1/a.git", &root).flag("--fallback-repo=/nowhere").once();
    finished.expect_code(1);
    let failed = events(&finished.log, "attempt failed");
    assert!(failed[0]["error"].as_str().unwrap().contains("127.0.0.1:1"), "{failed:?}");
    assert_eq!(failed[0]["class"], "network");
}

#[test]
fn it_takes_over_and_gives_back_and_never_goes_to_an_older_commit() {
    let upstream = Upstream::new();
    let one = upstream.commit("a", "1");
    let mirror = mirror(&upstream);
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    let root = Root::new();
    let daemon = polling(&server.url_at(proxy.addr()), &root)
        .flag(format!("--fallback-repo={}", mirror.path().display()))
        .start();
    root.eventually_publishes(&one);
    let two = upstream.commit("a", "2");
    root.eventually_publishes(&two);
    let source = |wanted: &str| {
        eventually(&format!("{wanted} serves"), SOON, || {
            let source = root.status()?["source"].as_str().map(str::to_owned);
            source.filter(|source| source.contains(wanted))
        });
    };
    source("http://");
    // The mirror still has the commit before.
    proxy.break_with(Fault::Refuse);
    proxy.cut();
    source(mirror.path().to_str().unwrap());
    assert_eq!(root.published().as_ref(), Some(&two));
    let three = upstream.commit("a", "3");
    renew(mirror.path());
    root.eventually_publishes(&three);
    proxy.heal();
    source("http://");
    let four = upstream.commit("a", "4");
    root.eventually_publishes(&four);
    let failures = daemon.events("attempt failed");
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn a_server_that_stalls_leaves_time_for_the_next() {
    let upstream = Upstream::new();
    let commit = upstream.commit("a", "1");
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Silent);
    let root = Root::new();
    trying(&server.url_at(proxy.addr()), &root)
        .flag("--sync-timeout=4s")
        .flag(format!("--fallback-repo={}", server.url()))
        .once()
        .expect_code(0);
    assert_published(&root, &upstream, &commit);
}

#[test]
fn a_ref_that_the_repository_does_not_have_is_not_looked_for_elsewhere() {
    let upstream = Upstream::new();
    upstream.switch("gone");
    let commit = upstream.commit("a", "1");
    let mirror = mirror(&upstream);
    upstream.delete_branch("gone");
    let root = Root::new();
    let sync = |reference: &str| {
        trying(upstream.repo().to_str().unwrap(), &root)
            .flag(format!("--fallback-repo={}", mirror.path().display()))
            .flag(format!("--ref={reference}"))
            .once()
    };
    let finished = sync("gone");
    finished.expect_code(1);
    assert_eq!(events(&finished.log, "attempt failed")[0]["class"], "ref");
    // A commit is the same wherever it is.
    run(git(&upstream.repo()).args(["gc", "--quiet", "--prune=now"]));
    sync(&commit).expect_code(0);
    oracle::assert_published(&root.path(), &root.link(), mirror.path(), &commit);
}
