//! What a change costs does not follow the length of the history, or the size of the tree.

use serde_json::Value;

use crate::contract::{after_more_attempts, assert_published, metric, polling, publishes, trying};
use crate::support::daemon::{Daemon, Root, events, field};
use crate::support::git::run;
use crate::support::objects::ends;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{git_daemon, http};

/// How many commits each look at the history was about.
fn looks(log: &[String]) -> Vec<u64> {
    let looks = events(log, "looked at the history");
    looks.iter().filter_map(|event| field(event, "commits").and_then(Value::as_u64)).collect()
}

#[test]
fn a_long_history_is_looked_at_once_and_then_only_what_is_new() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let head = upstream.long_history(20_000);
    let server = git_daemon::serve(&upstream);
    let start = || polling(&server.url(), &root).flag("--depth=0").flag("-v1").start();
    let daemon = start();
    eventually("all of it is fetched", 5 * SOON, || {
        (root.published().as_ref() == Some(&head)).then_some(())
    });
    assert_eq!(looks(&daemon.log()), [20_001]);
    for n in 0..6 {
        let commit = upstream.commit("a", n.to_string());
        root.eventually_publishes(&commit);
    }
    // What is published is trusted at the next start if this one came to its end.
    eventually("the status tells the commit", SOON, || {
        (root.status()?["commit"]["id"] == upstream.head()).then_some(())
    });
    let log = daemon.log();
    assert!(looks(&log)[1..].iter().all(|commits| *commits <= 3), "{:?}", looks(&log));
    drop(daemon);
    // A start looks at all of it once, although five commits are kept.
    let again = start();
    let commit = upstream.commit("a", "again");
    root.eventually_publishes(&commit);
    let looks = looks(&again.log());
    assert_eq!(looks[0], 20_007);
    assert!(looks.len() >= 6 && looks[1..].iter().sum::<u64>() < 60, "{looks:?}");
    assert_published(&root, &upstream, &commit);
}

#[test]
fn a_merge_of_an_old_branch_is_found_whole() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.long_history(300);
    upstream.switch("side");
    upstream.commit("side", "1");
    upstream.switch("main");
    let head = upstream.long_history(300);
    let server = http::serve(&upstream);
    let setup = || trying(&server.url(), &root).flag("--depth=0");
    publishes(setup(), &root, &upstream, &head);
    run(upstream.git().args(["merge", "--quiet", "--no-edit", "side"]));
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD"]));
    publishes(setup(), &root, &upstream, &upstream.head());
}

fn received(daemon: &Daemon) -> u64 {
    metric(daemon, "gitsyncd_received_bytes_total")
}

#[test]
fn a_change_of_one_file_brings_little() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().files(3000, "f").commit();
    let server = http::serve(&upstream);
    let daemon = polling(&server.url(), &root).flag("--stale-worktree-timeout=0").start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 1);
    let first = received(&daemon);
    for n in 0..5 {
        let before = received(&daemon);
        let commit = upstream.commit("f/010/001000.txt", n.to_string());
        root.eventually_publishes(&commit);
        after_more_attempts(&daemon, 1);
        let change = received(&daemon) - before;
        // Blob, two trees, commit, and what a few polls say.
        assert!(change < 8000 && change * 10 < first, "{change} bytes after {first}");
    }
    assert_eq!(ends(&root), 6);
    assert_published(&root, &upstream, &upstream.head());
}
