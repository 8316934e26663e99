//! A file system that shares blocks (reflinks): trees share no files there, so what a reader writes
//! in one does not show in another.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

use crate::contract::{after_more_attempts, assert_published, polling};
use crate::support::daemon::Root;
use crate::support::process::program;
use crate::support::skip;
use crate::support::upstream::Upstream;

/// A small XFS, mounted; gone with this value.
struct Xfs {
    dir: TempDir,
}

impl Xfs {
    /// Makes and mounts it; nothing if that is not possible here.
    fn mount(test: &str) -> Option<Self> {
        if skip::unless_root(test) {
            return None;
        }
        let dir = TempDir::new().unwrap();
        let (image, place) = (dir.path().join("image"), dir.path().join("place"));
        fs::create_dir(&place).unwrap();
        fs::File::create(&image).unwrap().set_len(400 << 20).unwrap();
        let run = |command: &mut Command| match command.output() {
            Ok(output) if output.status.success() => Ok(()),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let formatted = run(Command::new(program("mkfs.xfs")).arg("-q").arg(&image));
        let mount =
            |()| run(Command::new(program("mount")).args(["-o", "loop"]).arg(&image).arg(&place));
        if let Err(error) = formatted.and_then(mount) {
            skip::note(test, &format!("an XFS on a loop device: {error}"));
            return None;
        }
        Some(Self { dir })
    }

    fn place(&self) -> std::path::PathBuf {
        self.dir.path().join("place")
    }

    fn root(&self) -> Root {
        let root = Root::new();
        symlink(self.place(), root.path()).unwrap();
        root
    }
}

impl Drop for Xfs {
    fn drop(&mut self) {
        let unmounted = Command::new(program("umount")).arg("-l").arg(self.place()).status();
        assert!(unmounted.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

fn links(path: &Path) -> u64 {
    path.symlink_metadata().unwrap().nlink()
}

#[test]
fn trees_share_blocks_and_no_files_where_that_is_possible() {
    let test = "trees_share_blocks_and_no_files_where_that_is_possible";
    let Some(disk) = Xfs::mount(test) else { return };
    let (upstream, root) = (Upstream::new(), disk.root());
    let change = upstream.change().files(30, "d").executable("run", "x\n").symlink("s", "run");
    let first = change.attributes().odd_names().commit();
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).flag("-v1").start();
    root.eventually_publishes(&first);
    for number in 0..5 {
        root.eventually_prepares();
        let live = root.link().canonicalize().unwrap();
        let time = |path: &str| fs::symlink_metadata(root.link().join(path)).unwrap().mtime_nsec();
        let (run, link) = (time("run"), time("s"));
        // What readers add stays in the tree where they did.
        fs::write(live.join("late"), "by a reader\n").unwrap();
        let id = upstream.commit("counter", format!("{number}\n"));
        root.eventually_publishes(&id);
        assert_published(&root, &upstream, &id);
        assert_eq!((time("run"), time("s")), (run, link), "what is the same keeps its time");
        assert_eq!((links(&root.link().join("run")), links(&root.link().join("counter"))), (1, 1));
    }
    after_more_attempts(&daemon, 1);
    let ways = daemon.events("prepared for the next change");
    assert!(ways.iter().all(|event| event["way"] == "Reflink"), "{ways:?}");
    assert!(ways.len() > 3);
    drop(daemon);
    drop(root);
}
