//! Directories that the next tree is made from, when readers come to see them, or saw what they
//! were copied from damaged.

use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use crate::contract::incremental::{published, settled};
use crate::contract::{after_more_attempts, assert_published};
use crate::support::daemon::{Daemon, Root};
use crate::support::wait::{SOON, eventually};

/// Lets several things happen between two polls.
fn between_polls<T>(daemon: &mut Daemon, happen: impl FnOnce() -> T) -> T {
    daemon.signal(Signal::STOP);
    let result = happen();
    daemon.signal(Signal::CONT);
    result
}

/// Waits until a retired tree is what the next one is made of.
fn eventually_takes_up(root: &Root) {
    eventually("the next change is prepared", SOON, || {
        fs::read_dir(root.path().join(".git/gitsyncd/prepared")).ok()?.next().map(drop)
    });
}

fn inode(path: &Path) -> u64 {
    fs::metadata(path).unwrap().ino()
}

#[test]
fn a_retired_tree_that_readers_see_again_is_not_changed() {
    let (upstream, root, mut daemon) = published("reused");
    let first = root.link().canonicalize().unwrap();
    let (before, aside) = (inode(&first), root.path().join("aside"));
    settled(&daemon, &root, &upstream.commit("counter", "1\n"));
    eventually_takes_up(&root);
    let id = between_polls(&mut daemon, || {
        symlink(&first, &aside).unwrap();
        fs::rename(&aside, root.link()).unwrap();
        upstream.commit("counter", "2\n")
    });
    settled(&daemon, &root, &id);
    assert_published(&root, &upstream, &id);
    assert_eq!(inode(&first), before, "it is still there, for those who read it");
    assert_ne!(inode(&root.link()), before);
}

#[test]
fn a_retired_tree_that_is_published_again_without_a_link_is_not_changed() {
    let (upstream, root, mut daemon) = published("reused");
    let (id, first) = (upstream.head(), root.link().canonicalize().unwrap());
    let before = inode(&first);
    settled(&daemon, &root, &upstream.commit("counter", "1\n"));
    eventually_takes_up(&root);
    between_polls(&mut daemon, || {
        upstream.reset(&id);
        fs::remove_file(root.link()).unwrap();
    });
    settled(&daemon, &root, &id);
    assert_eq!(inode(&root.link()), before);
    let id = upstream.commit("counter", "2\n");
    settled(&daemon, &root, &id);
    assert_published(&root, &upstream, &id);
    assert_eq!(inode(&first), before, "it is still there, for those who read it");
}

#[test]
fn a_commit_is_not_published_again_from_a_copy_of_its_damaged_tree() {
    let (upstream, root, mut daemon) = published("prepared");
    root.eventually_prepares();
    let live = root.link().canonicalize().unwrap();
    let before = inode(&live);
    between_polls(&mut daemon, || {
        fs::write(live.join("run"), "something else\n").unwrap();
        fs::remove_file(root.link()).unwrap();
    });
    eventually("another tree is there", SOON, || {
        (fs::metadata(root.link()).ok()?.ino() != before).then_some(())
    });
    assert_eq!(fs::read(root.link().join("run")).unwrap(), b"x\n");
    settled(&daemon, &root, &upstream.head());
    after_more_attempts(&daemon, 5);
    assert_published(&root, &upstream, &upstream.head());
    assert!(daemon.events("could not tell Git what is published").is_empty());
    assert!(daemon.events("the published tree was changed").is_empty());
}
