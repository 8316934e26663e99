//! A disk that is too small, and a repository that may not be written.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use crate::faults::course::Driven;
use crate::faults::scene::noise;
use crate::support::daemon::{Root, following};
use crate::support::git_daemon;
use crate::support::objects::{assert_sound, packs};
use crate::support::observer;
use crate::support::oracle;
use crate::support::process::program;
use crate::support::skip;
use crate::support::told::failures;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A small disk in a directory of the root, which is a link to it.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    dir: TempDir,
}

impl SmallDisk {
    /// Mounts it; nothing if that is not allowed here.
    pub(crate) fn mount(test: &str, options: &str) -> Option<Self> {
        if skip::unless_root(test) {
            return None;
        }
        let dir = TempDir::new().unwrap();
        let mounted = Command::new(program("mount"))
            .args(["-t", "tmpfs", "-o", options, "tmpfs"])
            .arg(dir.path())
            .output()
            .unwrap();
        if !mounted.status.success() {
            skip::note(
                test,
                &format!("mount: {}", String::from_utf8_lossy(&mounted.stderr).trim()),
            );
            return None;
        }
        Some(Self { dir })
    }

    pub(crate) fn root(&self) -> Root {
        let root = Root::new();
        std::os::unix::fs::symlink(self.dir.path(), root.path()).unwrap();
        root
    }

    /// Leaves so many bytes free; gives the file that takes up the others.
    pub(crate) fn fill(&self, leave: u64) -> PathBuf {
        fill(self.dir.path(), leave)
    }
}

/// Leaves so many bytes free on the disk of a directory; gives the file that takes up the others.
pub(crate) fn fill(dir: &Path, leave: u64) -> PathBuf {
    let ballast = dir.join("ballast");
    eventually("nobody else writes while the disk is filled", SOON, || {
        let space = rustix::fs::statvfs(dir).unwrap();
        let free = space.f_bavail * space.f_frsize;
        let length = usize::try_from(free.saturating_sub(leave)).unwrap();
        match fs::write(&ballast, vec![b'b'; length]) {
            Err(full) if full.kind() == ErrorKind::StorageFull => {
                fs::remove_file(&ballast).unwrap();
                None
            }
            written => {
                written.unwrap();
                Some(())
            }
        }
    });
    ballast
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let unmounted = Command::new(program("umount")).arg("-l").arg(self.dir.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

#[track_caller]
fn assert_published(root: &Root, upstream: &Upstream) {
    let (dir, link) = (root.path(), root.link());
    oracle::assert_published(&dir, &link, &upstream.repo(), &upstream.head());
}

fn trees(root: &Root) -> usize {
    let trees = root.path().join(".worktrees");
    if trees.exists() { fs::read_dir(trees).unwrap().count() } else { 0 }
}

#[test]
fn a_first_sync_that_does_not_fit_fails_clearly_and_works_once_there_is_room() {
    // Too small for the pack, and large enough for the pack but not for the tree.
    for leave in [0, 100_000, 400_000, 700_000] {
        let test = "a first sync that does not fit";
        let Some(disk) = SmallDisk::mount(test, "size=4m") else { return };
        let (upstream, root) = (Upstream::new(), disk.root());
        upstream.commit("noise", noise(1, 300_000));
        upstream.commit("noise-2", noise(2, 300_000));
        let server = git_daemon::serve(&upstream);
        let ballast = disk.fill(leave);
        let mut driven = Driven::of(following(&server.url(), &root));
        let failure = driven.first().expect("it does not fit");
        println!("{leave}: {failure:?}");
        failure.expect("disk", "No space left on device");
        assert_eq!(root.published(), None);
        assert_eq!(trees(&root), 0);
        driven.fails().expect("disk", "No space left on device");
        fs::remove_file(&ballast).unwrap();
        driven.succeeds();
        assert_published(&root, &upstream);
    }
}

#[test]
fn an_update_that_does_not_fit_leaves_the_old_tree_and_works_once_there_is_room() {
    let Some(disk) = SmallDisk::mount("an update that does not fit", "size=8m") else { return };
    let (upstream, root) = (Upstream::new(), disk.root());
    upstream.change().files(20, "f").commit();
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::of(following(&server.url(), &root));
    let observer = observer::watch(&root.link());
    observer.has_looked();
    for (seed, leave) in (0..).zip([0, 4096, 40_000, 150_000, 250_000]) {
        println!("{leave}");
        let old = root.published();
        let ballast = disk.fill(leave);
        upstream.commit("noise", noise(seed, 200_000));
        let failure = driven.fails();
        failure.expect("disk", "No space left on device");
        assert_eq!(root.published(), old);
        driven.fails().expect("disk", "No space left on device");
        assert_eq!(root.published(), old);
        fs::remove_file(&ballast).unwrap();
        driven.succeeds();
        assert_published(&root, &upstream);
    }
    observer.has_looked();
    observer.stop().assert_flawless(&upstream.repo());
}

#[test]
fn a_disk_without_room_for_another_name_is_told_so() {
    let test = "a disk without room for another name";
    let Some(disk) = SmallDisk::mount(test, "size=8m,nr_inodes=120") else { return };
    let (upstream, root) = (Upstream::new(), disk.root());
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::of(following(&server.url(), &root));
    let old = upstream.head();
    assert_eq!(root.published().as_deref(), Some(&*old));
    upstream.change().files(200, "f").commit();
    driven.fails().expect("disk", "No space left on device");
    assert_eq!(root.published(), Some(old));
    let trash = root.path().join(".git/gitsyncd/trash");
    eventually("what did not fit is deleted", SOON, || {
        fs::read_dir(&trash).unwrap().next().is_none().then_some(())
    });
    upstream.change().delete("f").commit();
    driven.succeeds();
    assert_published(&root, &upstream);
}

#[test]
fn a_full_disk_does_not_disturb_what_is_published_at_a_restart() {
    let Some(disk) = SmallDisk::mount("a restart on a full disk", "size=4m") else { return };
    let (upstream, root) = (Upstream::new(), disk.root());
    let server = git_daemon::serve(&upstream);
    following(&server.url(), &root).once().expect_code(0);
    disk.fill(0);
    let daemon = following(&server.url(), &root).start();
    daemon.eventually_ready();
    assert_eq!(root.published(), Some(upstream.head()));
    assert!(Path::new(&root.link()).join("README").exists());
    assert!(failures(&daemon.log()).iter().all(|failure| failure.class == "disk"));
}

#[test]
fn garbage_that_cannot_be_collected_for_want_of_room_is_collected_later() {
    let Some(disk) = SmallDisk::mount("a collection that does not fit", "size=24m") else { return };
    let (upstream, root) = (Upstream::new(), disk.root());
    let server = git_daemon::serve(&upstream);
    // Only the collection is to be short of room, so nothing is prepared.
    let setup = following(&server.url(), &root).flag("--git-gc=always").flag("-v1");
    let setup = setup.flag("--trees=fresh");
    let mut driven = Driven::of(setup);
    let observer = observer::watch(&root.link());
    observer.has_looked();
    let trash = root.path().join(".git/gitsyncd/trash");
    for (seed, leave) in (0..).zip([100_000, 400_000, 700_000, 950_000]) {
        // The history becomes large, and the tree stays small.
        for is_there in [false, true] {
            let change = upstream.change();
            let change = if is_there {
                change.delete("noise")
            } else {
                change.file("noise", noise(seed, 1_000_000))
            };
            change.commit();
            let ended = driven.events("collected garbage").len();
            driven.succeeds();
            eventually("garbage is collected", SOON, || {
                (driven.events("collected garbage").len() > ended).then_some(())
            });
            eventually("the old tree is deleted", SOON, || {
                fs::read_dir(&trash).unwrap().next().is_none().then_some(())
            });
        }
        assert_eq!(packs(&root).len(), 1);
        // What was mapped of the old packs is let go before the next attempt.
        driven.succeeds();
        // A reader that is late keeps the room of what it reads.
        observer.has_looked();
        let ballast = disk.fill(leave);
        upstream.commit("a", leave.to_string());
        let failed = |driven: &Driven| driven.events("could not collect garbage").len();
        let before = failed(&driven);
        driven.succeeds();
        eventually("the collection fails", SOON, || (failed(&driven) > before).then_some(()));
        assert_sound(&root);
        assert_published(&root, &upstream);
        fs::remove_file(&ballast).unwrap();
    }
    observer.has_looked();
    observer.stop().assert_flawless(&upstream.repo());
}
