//! How many submodules are wanted, and with how much history.

use std::fs;

use crate::contract::{after_more_attempts, polling, trying};
use crate::submodules::family::{Sub, assert_published, checkout, link, links};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;

/// A repository with a submodule at `sub`, which has one at `deep`.
fn nested() -> (Upstream, Sub, String) {
    let upstream = Upstream::new();
    let (sub, deep) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "deep"));
    sub.has(&[link("deep", "../deep.git", &deep.head())]);
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    (upstream, sub, commit)
}

#[test]
fn another_mode_publishes_the_same_commit_anew() {
    let (upstream, _, commit) = nested();
    let (root, repo) = (Root::new(), upstream.repo());
    let run_with = |mode: &str| {
        let setup = trying(repo.to_str().unwrap(), &root).flag(format!("--submodules={mode}"));
        setup.once().expect_code(0);
        Snapshot::whole(&root.link()).without_pointers()
    };
    for _ in 0..2 {
        let recursive = run_with("recursive");
        assert_published(&root, &repo, &commit);
        assert!(recursive.get("sub/deep/file").is_some());
        assert_eq!(run_with("shallow"), checkout(&repo, &commit, false));
        let off = run_with("off");
        assert!(off.get("sub").is_some() && off.get("sub/file").is_none(), "{off:?}");
    }
    // The same mode is nothing new.
    let before = fs::read_link(root.link()).unwrap();
    run_with("off");
    assert_eq!(fs::read_link(root.link()).unwrap(), before);
}

#[test]
fn a_tree_with_submodules_is_found_as_it_was_left() {
    let (upstream, _, commit) = nested();
    let (root, repo) = (Root::new(), upstream.repo());
    trying(repo.to_str().unwrap(), &root).once().expect_code(0);
    let tree = root.link().canonicalize().unwrap();
    let made = || tree.join("sub/deep/file").metadata().unwrap().modified().unwrap();
    let before = made();
    let daemon = polling(repo.to_str().unwrap(), &root).start();
    daemon.eventually_ready();
    after_more_attempts(&daemon, 3);
    assert!(daemon.events("published").is_empty(), "{:?}", daemon.log());
    assert_eq!(made(), before);
    assert_published(&root, &repo, &commit);
}

#[test]
fn history_is_as_long_as_the_option_says() {
    let (upstream, sub, _) = nested();
    for n in 0..3 {
        sub.commit("file", format!("{n}\n"));
    }
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    for (depth, expected) in [("1", "1"), ("2", "2"), ("0", "5")] {
        let root = Root::new();
        let setup = trying(upstream.repo().to_str().unwrap(), &root);
        setup.flag(format!("--depth={depth}")).once().expect_code(0);
        let sub = root.link().join("sub");
        let count = run(git(&sub).args(["rev-list", "--count", "HEAD"]));
        assert_eq!(count, expected, "--depth={depth}");
        assert_published(&root, &upstream.repo(), &commit);
    }
}

#[test]
fn a_submodule_that_is_not_to_be_updated_stays_an_empty_directory() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, other) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "other"));
    let both = |first: &str| {
        [link("sub", "../sub.git", first), link("other", "../other.git", &other.head())]
    };
    links(&upstream, &both(&sub.head()));
    let modules = upstream.work().join(".gitmodules");
    let text = fs::read_to_string(&modules).unwrap();
    let text = text.replacen("url = ../sub.git", "url = ../sub.git\n\tupdate = none", 1);
    let commit = upstream.change().file(".gitmodules", text).commit();
    trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
    let seen = Snapshot::whole(&root.link()).without_pointers();
    let expected = checkout(&upstream.repo(), &commit, true);
    assert_eq!(seen.differences(&expected), [""; 0]);
    assert!(seen.get("sub").is_some() && seen.get("sub/file").is_none());
    assert_eq!(run(git(&root.link()).args(["status", "--porcelain"])), "");
}
