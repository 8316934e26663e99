//! As much history is kept as was asked for.

use crate::contract::{after_more_attempts, assert_published, polling, publishes, trying};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http};

/// How many commits stock Git finds below the published one.
#[track_caller]
fn history(root: &Root) -> usize {
    run(git(&root.link()).args(["rev-list", "--count", "HEAD"])).parse().unwrap()
}

/// A history of eight commits with a merge in it.
fn eight_commits() -> Upstream {
    let upstream = Upstream::new();
    (1..5).for_each(|n| drop(upstream.commit("a", n.to_string())));
    upstream.switch("side");
    upstream.commit("side", "1");
    upstream.switch("main");
    upstream.commit("a", "5");
    run(upstream.git().args(["merge", "--quiet", "--no-edit", "side"]));
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD"]));
    assert_eq!(run(upstream.git().args(["rev-list", "--count", "HEAD"])), "8");
    upstream
}

/// How many commits stock Git itself gets at this depth.
fn expected(upstream: &Upstream, depth: u32) -> usize {
    let dir = tempfile::TempDir::new().unwrap();
    let url = format!("file://{}", upstream.repo().display());
    let mut clone = git(dir.path());
    clone.args(["clone", "--quiet", "--bare", "--single-branch"]);
    if depth > 0 {
        clone.arg(format!("--depth={depth}"));
    }
    run(clone.args([&url, "copy"]));
    run(git(&dir.path().join("copy")).args(["rev-list", "--count", "HEAD"])).parse().unwrap()
}

#[track_caller]
fn keeps_its_depth(upstream: &Upstream, url: &str) {
    for depth in [1, 2, 3, 7, 100, 0] {
        let root = Root::new();
        let setup = trying(url, &root).flag(format!("--depth={depth}"));
        publishes(setup, &root, upstream, &upstream.head());
        assert_eq!(history(&root), expected(upstream, depth), "depth {depth}");
    }
}

#[test]
fn over_http() {
    let upstream = eight_commits();
    keeps_its_depth(&upstream, &http::serve(&upstream).url());
}

#[test]
fn over_http_in_the_old_protocol() {
    let upstream = eight_commits();
    keeps_its_depth(&upstream, &http::over(&upstream).old_protocol().start().url());
}

#[test]
fn over_git_daemon() {
    let upstream = eight_commits();
    keeps_its_depth(&upstream, &git_daemon::serve(&upstream).url());
}

#[test]
fn from_a_path() {
    let upstream = eight_commits();
    keeps_its_depth(&upstream, upstream.repo().to_str().unwrap());
}

#[track_caller]
fn depth_may_change(upstream: &Upstream, url: &str) {
    let root = Root::new();
    for depth in [1, 3, 0, 1, 0, 2] {
        let commit = upstream.commit("a", format!("at depth {depth}, after {}", upstream.head()));
        let setup = trying(url, &root).flag(format!("--depth={depth}"));
        publishes(setup, &root, upstream, &commit);
        let least = expected(upstream, depth);
        assert!(history(&root) >= least, "depth {depth}: {} commits", history(&root));
        // The same commit again, with another depth, is still served whole.
        let setup = trying(url, &root).flag("--depth=4");
        publishes(setup, &root, upstream, &commit);
    }
}

#[test]
fn it_may_change_between_runs_over_http() {
    let upstream = eight_commits();
    depth_may_change(&upstream, &http::serve(&upstream).url());
}

#[test]
fn it_may_change_between_runs_over_git_daemon() {
    let upstream = eight_commits();
    depth_may_change(&upstream, &git_daemon::serve(&upstream).url());
}

#[test]
fn it_may_change_between_runs_from_a_path() {
    let upstream = eight_commits();
    depth_may_change(&upstream, upstream.repo().to_str().unwrap());
}

#[test]
fn a_daemon_of_depth_one_follows_without_gathering_a_broken_history() {
    let upstream = eight_commits();
    let server = http::serve(&upstream);
    let root = Root::new();
    let _daemon = polling(&server.url(), &root).flag("--stale-worktree-timeout=0").start();
    for n in 10..16 {
        let commit = upstream.commit("a", n.to_string());
        root.eventually_publishes(&commit);
        assert_published(&root, &upstream, &commit);
    }
    assert_eq!(history(&root), 1);
}

#[test]
fn a_deepening_that_fails_is_not_tried_again_at_each_poll() {
    let upstream = Upstream::new();
    let lost = upstream.commit("a", "1");
    let head = upstream.commit("a", "2");
    let server = http::serve(&upstream);
    trying(&server.url(), &Root::new()).flag("--depth=0").once().expect_code(0);
    let root = Root::new();
    trying(&server.url(), &root).flag("--depth=1").once().expect_code(0);
    let (directory, file) = lost.split_at(2);
    std::fs::remove_file(upstream.repo().join("objects").join(directory).join(file)).unwrap();
    let daemon = polling(&server.url(), &root).flag("--depth=0").start();
    let failed = || daemon.events("could not change the depth of the history").len();
    daemon.eventually_logs("could not change the depth of the history");
    after_more_attempts(&daemon, 5);
    assert_eq!(failed(), 1);
    assert_eq!(daemon.events("attempt failed").len(), 0);
    assert_eq!(root.published(), Some(head));
}
