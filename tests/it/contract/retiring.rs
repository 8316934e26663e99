//! A tree that was replaced stays for a while as it is, then goes as a whole. The live one stays.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::contract::{after_more_attempts, assert_published, metric, polling};
use crate::support::daemon::Root;
use crate::support::git::run;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn tree(root: &Root, commit: &str) -> PathBuf {
    root.path().join(".worktrees").join(commit)
}

/// The names in a directory of the root.
fn names(root: &Root, dir: &str) -> Vec<String> {
    let entries = fs::read_dir(root.path().join(dir)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn retired_trees_stay_untouched_until_their_time() {
    let upstream = Upstream::new();
    let root = Root::new();
    let setup = polling(upstream.repo().to_str().unwrap(), &root);
    let daemon = setup.flag("--stale-worktree-timeout=1h").start();
    let mut seen = Vec::new();
    for n in 0..4 {
        let commit = upstream.change().files(20, "f").file("n", n.to_string()).commit();
        root.eventually_publishes(&commit);
        seen.push((Snapshot::whole(&root.link()), commit));
    }
    after_more_attempts(&daemon, 3);
    for (snapshot, commit) in &seen {
        assert_eq!(Snapshot::whole(&tree(&root, commit)), *snapshot);
    }
    let mut commits: Vec<_> = seen.iter().map(|(_, commit)| commit.clone()).collect();
    commits.sort();
    assert!(names(&root, ".worktrees").iter().filter(|name| commits.contains(name)).count() == 4);
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn a_retired_tree_goes_whole_and_not_too_early() {
    let upstream = Upstream::new();
    let old = upstream.change().files(600, "f").commit();
    let root = Root::new();
    let setup = polling(upstream.repo().to_str().unwrap(), &root);
    let _daemon = setup.flag("--stale-worktree-timeout=1s").start();
    root.eventually_publishes(&old);
    let whole = Snapshot::whole(&root.link());
    let begin = Instant::now();
    let new = upstream.commit("a", "1");
    root.eventually_publishes(&new);
    let tree = tree(&root, &old);
    eventually("the retired tree goes", SOON, || {
        let (seen, end) = Snapshot::of(&tree);
        if end.is_ok() {
            assert!(seen == whole, "a part of it is gone: {:#?}", seen.differences(&whole));
        } else {
            assert!(seen.strangers(&whole).is_empty());
        }
        (!tree.exists()).then_some(())
    });
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_published(&root, &upstream, &new);
}

#[test]
fn nothing_of_retired_trees_is_left_when_they_are_gone() {
    let upstream = Upstream::new();
    let root = Root::new();
    let setup = polling(upstream.repo().to_str().unwrap(), &root);
    let daemon = setup.flag("--stale-worktree-timeout=0").start();
    for n in 0..5 {
        let commit = upstream.commit("a", n.to_string());
        root.eventually_publishes(&commit);
    }
    let head = upstream.head();
    after_more_attempts(&daemon, 2);
    assert_eq!(names(&root, ".worktrees"), [head.as_str()]);
    assert_eq!(names(&root, ".git/worktrees"), [head.as_str()]);
    assert_eq!(names(&root, ".git/gitsyncd/staging"), [""; 0]);
    // What was thrown away is deleted behind everything else.
    eventually("the trash is empty", SOON, || {
        names(&root, ".git/gitsyncd/trash").is_empty().then_some(())
    });
    // However often it looks, the live tree stays.
    after_more_attempts(&daemon, 10);
    assert_published(&root, &upstream, &head);
}

#[test]
fn a_reader_who_stays_in_a_retired_tree_keeps_what_was_there() {
    let upstream = Upstream::new();
    let old = upstream.change().files(50, "f").commit();
    let root = Root::new();
    let setup = polling(upstream.repo().to_str().unwrap(), &root);
    let _daemon = setup.flag("--stale-worktree-timeout=1h").start();
    root.eventually_publishes(&old);
    let real = root.link().canonicalize().unwrap();
    let before = Snapshot::whole(&real);
    let new = upstream.change().delete("f").file("other", "1").commit();
    root.eventually_publishes(&new);
    assert_eq!(Snapshot::whole(&real), before);
}

#[test]
fn the_time_counts_across_a_restart() {
    let upstream = Upstream::new();
    let (old, root) = (upstream.head(), Root::new());
    let url = upstream.repo().display().to_string();
    let stay = polling(&url, &root).flag("--stale-worktree-timeout=1h").start();
    root.eventually_publishes(&old);
    let new = upstream.commit("a", "1");
    root.eventually_publishes(&new);
    after_more_attempts(&stay, 1);
    drop(stay);
    let again = polling(&url, &root).flag("--stale-worktree-timeout=1h").start();
    again.eventually_ready();
    after_more_attempts(&again, 2);
    assert!(tree(&root, &old).is_dir());
    drop(again);
    let _hasty = polling(&url, &root).flag("--stale-worktree-timeout=0").start();
    eventually("the retired tree goes", SOON, || (!tree(&root, &old).exists()).then_some(()));
    assert_published(&root, &upstream, &new);
}

#[test]
fn a_commit_that_comes_back_in_time_is_published_by_its_old_tree() {
    let upstream = Upstream::new();
    let (first, root) = (upstream.change().files(20, "f").commit(), Root::new());
    let url = upstream.repo().display().to_string();
    let daemon = polling(&url, &root).flag("--stale-worktree-timeout=1h").start();
    root.eventually_publishes(&first);
    let inode = fs::metadata(tree(&root, &first)).unwrap().ino();
    let second = upstream.change().files(30, "f").commit();
    root.eventually_publishes(&second);
    run(upstream.git().args(["reset", "--quiet", "--hard", &first]));
    run(upstream.git().args(["push", "--quiet", "--force", "origin", "HEAD"]));
    root.eventually_publishes(&first);
    after_more_attempts(&daemon, 1);
    assert_eq!(fs::metadata(tree(&root, &first)).unwrap().ino(), inode, "it was not written anew");
    assert_published(&root, &upstream, &first);
    let text = daemon.get("/metrics").unwrap().body;
    let named: Vec<_> =
        text.lines().filter(|line| line.starts_with("gitsyncd_commit_info{")).collect();
    assert!(named.len() == 1 && named[0].contains(&first), "{named:?}");
    assert_eq!(metric(&daemon, "gitsyncd_tree_files"), 21);
    assert_eq!(daemon.events("published").len(), 3);
}
