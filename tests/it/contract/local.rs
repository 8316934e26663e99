//! A repository on this machine may be in any state and belong to anybody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use crate::contract::{assert_published, polling, publishes, trying};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;

/// Two commits; gives the older one too.
fn two_commits() -> (Upstream, String, String) {
    let upstream = Upstream::new();
    let (one, two) = (upstream.commit("a", "1"), upstream.commit("a", "2"));
    (upstream, one, two)
}

/// A clone of the bare repository with these flags.
fn clone(upstream: &Upstream, flags: &[&str]) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let url = format!("file://{}", upstream.repo().display());
    run(git(dir.path()).args(["clone", "--quiet"]).args(flags).args([&url, "copy"]));
    let copy = dir.path().join("copy");
    (dir, copy)
}

#[track_caller]
fn shows(source: &Path, upstream: &Upstream, commit: &str) {
    let root = Root::new();
    publishes(trying(source.to_str().unwrap(), &root), &root, upstream, commit);
}

#[test]
fn a_checkout_or_the_repository_in_it() {
    let (upstream, _, two) = two_commits();
    shows(&upstream.work(), &upstream, &two);
    shows(&upstream.work().join(".git"), &upstream, &two);
}

#[test]
fn a_detached_checkout() {
    let (upstream, one, _) = two_commits();
    run(upstream.git().args(["checkout", "--quiet", "--detach", &one]));
    shows(&upstream.work(), &upstream, &one);
}

#[test]
fn a_linked_worktree() {
    let (upstream, one, two) = two_commits();
    run(upstream.git().args(["worktree", "add", "--quiet", "--detach", "../linked", &one]));
    shows(&upstream.dir().join("linked"), &upstream, &one);
    shows(&upstream.work(), &upstream, &two);
}

#[test]
fn a_shallow_clone() {
    let (upstream, _, two) = two_commits();
    let (_dir, copy) = clone(&upstream, &["--depth=1"]);
    for depth in ["--depth=1", "--depth=5", "--depth=0"] {
        let root = Root::new();
        let setup = trying(copy.to_str().unwrap(), &root).flag(depth);
        publishes(setup, &root, &upstream, &two);
    }
}

/// What a user has replaced for himself is nothing to others, as with `git upload-pack`.
#[test]
fn a_repository_with_replaced_objects() {
    let (upstream, one, two) = two_commits();
    let source = upstream.work();
    run(git(&source).args(["replace", &two, &one]));
    shows(&source, &upstream, &two);
    run(git(&source).args(["replace", "--delete", &two]));
    run(git(&source).args(["replace", &format!("{two}:a"), &format!("{one}:a")]));
    run(git(&source).args(["repack", "-adq"]));
    shows(&source, &upstream, &two);
}

#[test]
fn a_packed_repository_and_one_that_borrows_objects() {
    let (upstream, _, two) = two_commits();
    let (_dir, copy) = clone(&upstream, &["--reference", upstream.repo().to_str().unwrap()]);
    shows(&copy, &upstream, &two);
    run(git(&upstream.repo()).args(["gc", "--quiet"]));
    run(git(&upstream.repo()).args(["pack-refs", "--all"]));
    shows(&upstream.repo(), &upstream, &two);
}

#[test]
fn a_repository_of_somebody_else() {
    if skip::unless_root("a_repository_of_somebody_else") {
        return;
    }
    let (upstream, _, two) = two_commits();
    run(Command::new("chown").args(["-R", "12345:12345"]).arg(upstream.dir()));
    let roots = [upstream.repo(), upstream.work()].map(|source| {
        let root = Root::new();
        trying(source.to_str().unwrap(), &root).once().expect_code(0);
        root
    });
    // Stock Git refuses to read it.
    run(Command::new("chown").args(["-R", "0:0"]).arg(upstream.dir()));
    for root in roots {
        assert_published(&root, &upstream, &two);
    }
}

#[test]
fn nothing_that_its_configuration_names_is_executed() {
    let (upstream, _, two) = two_commits();
    let mark = upstream.dir().join("executed");
    let command = format!("touch {}; cat", mark.display());
    for key in ["filter.evil.smudge", "filter.evil.process", "core.fsmonitor", "core.sshCommand"] {
        run(upstream.git().args(["config", key, &command]));
    }
    run(upstream.git().args(["config", "core.hooksPath", "/nonexistent"]));
    fs::write(upstream.work().join(".git/info/attributes"), "* filter=evil\n").unwrap();
    shows(&upstream.work(), &upstream, &two);
    assert!(!mark.exists());
}

#[test]
fn the_source_is_never_written_to() {
    let (upstream, _, two) = two_commits();
    let (before, root) = (Snapshot::whole(&upstream.repo()), Root::new());
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).start();
    root.eventually_publishes(&two);
    crate::contract::after_more_attempts(&daemon, 3);
    drop(daemon);
    assert_eq!(Snapshot::whole(&upstream.repo()), before);
}

#[test]
fn its_uncommitted_changes_are_not_published() {
    let (upstream, _, two) = two_commits();
    let root = Root::new();
    fs::write(upstream.work().join("a"), "not committed").unwrap();
    let _daemon = polling(upstream.work().to_str().unwrap(), &root).start();
    root.eventually_publishes(&two);
    assert_published(&root, &upstream, &two);
    run(upstream.git().args(["commit", "--quiet", "--all", "-m", "now it is"]));
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD"]));
    root.eventually_publishes(&upstream.head());
}
