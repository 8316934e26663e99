//! The trees that were replaced last stay beyond their time, whole and with their objects.

use serde_json::json;
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::contract::{after_more_attempts, assert_published, polling};
use crate::publishing::names;
use crate::serving::{order, ordered};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::http::Answer;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Waits until the trees are those of these commits.
#[track_caller]
fn eventually_keeps(root: &Root, commits: &[String]) {
    let wanted: BTreeSet<_> = commits.iter().cloned().collect();
    eventually("only these trees are left", SOON, || {
        let there: BTreeSet<_> = names(root, ".worktrees").into_iter().collect();
        (there == wanted).then_some(())
    });
}

#[test]
fn the_newest_stay_whole_and_with_their_objects_over_a_restart_too() {
    let upstream = Upstream::new();
    let root = Root::new();
    let url = upstream.repo().display().to_string();
    let setup = || {
        polling(&url, &root)
            .flag("--stale-worktree-timeout=0")
            .flag("--git-gc=always")
            .flag("--keep-trees=7")
    };
    let mut seen = Vec::new();
    let mut daemon = setup().start();
    for n in 0..10 {
        let commit = upstream.change().files(10, "f").file("n", n.to_string()).commit();
        root.eventually_publishes(&commit);
        seen.push((commit, Snapshot::whole(&root.link())));
        if n == 5 {
            // Killed before Git knows the files, it would be no tree to keep.
            assert_published(&root, &upstream, &seen[n].0);
            drop(daemon);
            daemon = setup().start();
        }
    }
    let commits: Vec<_> = seen.iter().map(|(commit, _)| commit.clone()).collect();
    eventually_keeps(&root, &commits[2..]);
    after_more_attempts(&daemon, 3);
    for (commit, snapshot) in &seen[2..] {
        let tree = root.path().join(".worktrees").join(commit);
        assert_eq!(Snapshot::whole(&tree), *snapshot);
        assert_eq!(run(git(&tree).args(["status", "--porcelain"])), "");
        assert_eq!(run(git(&tree).args(["log", "-1", "--format=%H"])), *commit);
    }
    run(git(&root.path()).args(["fsck", "--connectivity-only"]));
    drop(daemon);
    let _daemon = setup().flag("--keep-trees=1").start();
    eventually_keeps(&root, &commits[8..]);
    run(git(&root.path()).args(["fsck", "--connectivity-only"]));
}

#[test]
fn a_rollback_shows_a_kept_tree_as_it_is_without_the_source() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let setup = ordered(&server.url(), &root);
    let daemon = setup.flag("--stale-worktree-timeout=0").flag("--keep-trees=8").start();
    let mut commits = vec![upstream.head()];
    root.eventually_publishes(&commits[0]);
    let first = fs::metadata(root.link()).unwrap().ino();
    for n in 0..8 {
        commits.push(upstream.commit("a", n.to_string()));
        root.eventually_publishes(&commits[n + 1]);
    }
    after_more_attempts(&daemon, 2);
    server.answer(Answer::Unavailable);
    let (code, said) = order(&daemon, "POST", "rollback", &json!({ "to": commits[0] }));
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("published")), "{said}");
    assert_eq!(fs::metadata(root.link()).unwrap().ino(), first, "the tree is the one from before");
    assert_published(&root, &upstream, &commits[0]);
    eventually_keeps(&root, &commits);
}

#[test]
fn a_tree_that_is_changed_for_the_next_commit_is_none_of_those_that_stay() {
    let upstream = Upstream::new();
    let root = Root::new();
    let setup = polling(upstream.repo().to_str().unwrap(), &root);
    let setup = setup.flag("--stale-worktree-timeout=0").flag("--keep-trees=2");
    let daemon = setup.flag("--trees=reused").start();
    let mut inodes = Vec::new();
    let mut commits = Vec::new();
    for n in 0..8 {
        let commit = upstream.change().files(10, "f").file("n", n.to_string()).commit();
        root.eventually_publishes(&commit);
        commits.push(commit);
        inodes.push(fs::metadata(root.link()).unwrap().ino());
        after_more_attempts(&daemon, 3);
    }
    let head = upstream.head();
    assert_published(&root, &upstream, &head);
    // The one before the two that stay is changed and shown again.
    assert_eq!(inodes[7], inodes[3]);
    assert!(inodes[4..].iter().collect::<BTreeSet<_>>().len() == 4);
    for commit in &commits[5..7] {
        let tree = root.path().join(".worktrees").join(commit);
        assert_eq!(run(git(&tree).args(["status", "--porcelain"])), "");
        assert_eq!(run(git(&tree).args(["rev-parse", "HEAD"])), *commit);
    }
}
