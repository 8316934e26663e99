//! One writer per root: a second instance waits, and then either takes over or gives up.

use rustix::process::Signal;

use crate::contract::{assert_published, ended, polling, trying};
use crate::support::daemon::{Daemon, Root, events, following};
use crate::support::git_daemon;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A daemon that holds the root and looks again only when a ref of the repository changes.
fn holding(upstream: &Upstream, root: &Root) -> Daemon {
    holding_at(upstream.repo().to_str().unwrap(), root)
}

/// The same; over a network it looks only once.
fn holding_at(url: &str, root: &Root) -> Daemon {
    let daemon = following(url, root).flag("--period=off").start();
    eventually("the first has synced", SOON, || (ended(&daemon) == 1).then_some(()));
    daemon
}

#[test]
fn the_second_waits_and_then_says_locked() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut first = holding(&upstream, &root);
    let status = Some(eventually("the first has written its status", SOON, || root.status()));
    let setup = trying(upstream.repo().to_str().unwrap(), &root).flag("--sync-timeout=400ms");
    let finished = setup.finish();
    finished.expect_code(1);
    assert_eq!(events(&finished.log, "waiting for another instance").len(), 1);
    let failed = events(&finished.log, "attempt failed");
    assert_eq!(failed[0]["class"], "locked", "{failed:?}");
    let words = failed[0]["error"].as_str().unwrap();
    assert!(words.contains("another instance is using the root"), "{words}");
    assert_eq!(root.status(), status, "the status is the first one's to write");
    assert!(first.running());
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn the_second_takes_over_when_the_first_ends() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut first = holding(&upstream, &root);
    let second = polling(upstream.repo().to_str().unwrap(), &root).start();
    second.eventually_logs("waiting for another instance");
    // What the first has published counts for both.
    second.eventually_ready();
    let commit = upstream.commit("a", "1");
    first.signal(Signal::TERM);
    assert_eq!(first.exit(SOON).code(), Some(0));
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit);
    assert!(second.events("attempt failed").is_empty());
}

#[test]
fn the_second_takes_over_from_one_that_was_killed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = holding(&upstream, &root);
    let _second = polling(upstream.repo().to_str().unwrap(), &root).start();
    let commit = upstream.commit("a", "1");
    first.kill();
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit);
}

#[test]
fn a_one_time_run_is_content_with_what_the_other_has_published() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.annotated_tag("v1");
    let server = git_daemon::serve(&upstream);
    let _first = holding_at(&server.url(), &root);
    let url = upstream.repo().display().to_string();
    let head = upstream.head();
    for name in ["HEAD", "main", "v1", &head] {
        let finished = trying(&url, &root).flag(format!("--ref={name}")).once();
        finished.expect_code(0);
        assert!(events(&finished.log, "waiting for another instance").is_empty(), "{name}");
    }
    let elsewhere = trying("/nowhere", &root).flag(format!("--fallback-repo={url}"));
    elsewhere.once().expect_code(0);
    upstream.commit("a", "1");
    let finished = trying(&url, &root).flag("--sync-timeout=300ms").once();
    finished.expect_code(1);
    assert_eq!(events(&finished.log, "attempt failed")[0]["class"], "locked");
}

#[test]
fn a_one_time_run_waits_until_it_may_publish_itself() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let first = holding_at(&server.url(), &root);
    let commit = upstream.commit("a", "1");
    let url = upstream.repo().display().to_string();
    let mut second = trying(&url, &root).flag("--one-time").spawn();
    second.eventually_logs("waiting for another instance");
    assert_ne!(root.published(), Some(commit.clone()));
    drop(first);
    assert_eq!(second.exit(SOON).code(), Some(0));
    assert_published(&root, &upstream, &commit);
}
