//! `publish=exchange` with all else that there is: other places, submodules, hooks, crashes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

use crate::contract::{polling, trying};
use crate::publishing::names;
use crate::publishing::standing::{
    Reader, assert_content, assert_stands, commit_pair, eventually_stands,
};
use crate::publishing::with_mounts;
use crate::submodules::family::{Sub, checkout, link, links};
use crate::support::daemon::{Root, Setup};
use crate::support::git::{git, run};
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

fn url(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

/// A one-time run into a place that is not that of the other tests.
fn once_at(upstream: &Upstream, root: &Root, place: &Path) -> Setup {
    let setup = trying(&url(upstream), root).flag("--publish=exchange");
    setup.flag(format!("--link={}", place.display()))
}

#[test]
fn the_place_may_be_deeper_or_outside_or_reached_by_a_link() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let sub = Sub::beside(&upstream, "sub");
    fs::create_dir_all(root.path()).unwrap();
    fs::create_dir_all(dir.path().join("far/away")).unwrap();
    std::os::unix::fs::symlink(dir.path().join("far/away"), dir.path().join("near")).unwrap();
    let places = [
        root.path().join("a/tree"),
        root.path().join("a/b/c/tree"),
        dir.path().join("outside"),
        dir.path().join("near/tree"),
    ];
    for (n, place) in places.iter().enumerate() {
        for m in 0..2 {
            commit_pair(&upstream, 10 * n + m);
            let commit = links(&upstream, &[link("m/sub", "../sub.git", &sub.head())]);
            let setup = once_at(&upstream, &root, place).flag("--stale-worktree-timeout=1h");
            setup.once().expect_code(0);
            let wanted = checkout(&upstream.repo(), &commit, true);
            let seen = Snapshot::whole(place).without_pointers();
            assert_eq!(seen.differences(&wanted.without_pointers()), Vec::<String>::new());
            assert_content(&root, place);
            let inner = run(git(&place.join("m/sub")).args(["rev-parse", "HEAD"]));
            assert_eq!(inner, sub.head());
            assert_eq!(run(git(&place.join("m/sub")).args(["status", "--porcelain"])), "");
            sub.commit("file", format!("{n} {m}"));
        }
        // The trees before it are as they were, with their submodules.
        for old in names(&root, ".worktrees") {
            let tree = root.path().join(".worktrees").join(&old);
            assert_eq!(run(git(&tree).args(["rev-parse", "HEAD"])), old);
            assert_eq!(run(git(&tree).args(["status", "--porcelain"])), "");
        }
        fs::remove_dir_all(root.path()).unwrap();
        fs::create_dir_all(root.path()).unwrap();
    }
}

#[test]
fn another_file_system_is_refused_in_words() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let Ok(dir) = TempDir::new_in("/dev/shm") else {
        return skip::note("publish=exchange onto another file system", "there is no /dev/shm");
    };
    fs::create_dir_all(root.path()).unwrap();
    let device = |path: &Path| fs::metadata(path).unwrap().dev();
    if device(dir.path()) == device(&root.path()) {
        return skip::note("publish=exchange onto another file system", "/dev/shm is none");
    }
    let finished = once_at(&upstream, &root, &dir.path().join("tree")).once();
    finished.expect_code(1);
    let log = finished.log.join("\n");
    assert!(log.contains("is on another file system than the root"), "{log}");
    assert!(log.contains("\"class\":\"config\""), "{log}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn a_mount_point_is_refused_in_words() {
    if skip::unless_unshared("publish=exchange at a mount point", &["--mount"]) {
        return;
    }
    for kind in ["-t tmpfs tmpfs", "--bind \"$1\""] {
        let (upstream, root) = (Upstream::new(), Root::new());
        let other = TempDir::new().unwrap();
        fs::create_dir_all(root.link()).unwrap();
        let script = format!(
            "mount {kind} \"$2\" && exec \"$3\" --repo=\"$4\" --root=\"$5\" --link=latest \
             --publish=exchange --one-time --max-failures=1"
        );
        let finished = with_mounts(&script)
            .flag(other.path())
            .flag(root.link())
            .flag(env!("CARGO_BIN_EXE_gitsyncd"))
            .flag(url(&upstream))
            .flag(root.path())
            .finish();
        finished.expect_code(1);
        let log = finished.log.join("\n");
        assert!(log.contains("is a mount point"), "{kind}: {log}");
    }
}

#[test]
fn hooks_run_in_the_tree_that_stands_there() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let out = dir.path().join("out");
    let hook = |name: &str| {
        let script = format!("cat one >> {0}; pwd >> {0}", out.display());
        format!("--{name}=[\"sh\",\"-c\",\"{script}\"]")
    };
    let mut text = String::new();
    let gate = root.path().join(".worktrees");
    for n in 1..3 {
        let commit = commit_pair(&upstream, n);
        let setup = trying(&url(&upstream), &root).flag("--publish=exchange");
        let setup = setup.flag(hook("exechook-command")).flag("--publish-gate");
        let setup = setup.flag(hook("pre-publish-exechook-command"));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let setup = setup.flag(format!("--touch-file={}", dir.path().join("touched").display()));
        setup.variable("PATH", path).once().expect_code(0);
        for place in [gate.join(&commit), root.link()] {
            text.push_str(&[&format!("number {n}"), &*place.to_string_lossy(), ""].join("\n"));
        }
        assert_stands(&root, &root.link(), &upstream, &commit);
        assert!(dir.path().join("touched").exists());
    }
    assert_eq!(fs::read_to_string(&out).unwrap(), text);
}

#[test]
fn a_part_of_a_commit_stands_there_as_git_knows_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let setup = polling(&url(&upstream), &root).flag("--publish=exchange");
    let daemon = setup.flag("--sparse-path=in").start();
    for n in 0..4 {
        let n = n.to_string();
        let commit = upstream.change().file("in/a", &n).file("out/b", &n).commit();
        eventually_stands(&root.link(), &commit);
        eventually("Git has an index", SOON, || {
            let path = run(git(&root.link()).args(["rev-parse", "--git-path", "index"]));
            root.link().join(path).exists().then_some(())
        });
        assert_eq!(fs::read_to_string(root.link().join("in/a")).unwrap(), n);
        assert!(!root.link().join("out").exists());
        assert_content(&root, &root.link());
    }
    drop(daemon);
}

#[test]
fn killed_at_any_moment_it_leaves_a_whole_tree_and_the_next_start_the_rest() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = commit_pair(&upstream, 0);
    let setup = || {
        let setup = polling(&url(&upstream), &root).flag("--publish=exchange");
        setup.flag("--period=10ms").flag("--stale-worktree-timeout=2s").flag("--keep-trees=1")
    };
    setup().once().expect_code(0);
    assert_stands(&root, &root.link(), &upstream, &first);
    let reader = Reader::of(&root.link());
    let mut commit = first;
    for round in 0..30_u64 {
        let daemon = setup().spawn();
        for n in 0..3 {
            commit = commit_pair(&upstream, usize::try_from(round).unwrap() * 3 + n + 1);
            pause(Duration::from_millis(3 * ((round * 7) % 13)));
        }
        daemon.kill();
    }
    setup().once().expect_code(0);
    reader.must_be_content();
    assert_stands(&root, &root.link(), &upstream, &commit);
    let daemon = setup().start();
    eventually("one old tree at most is left, and Git knows of no other", SOON, || {
        let (trees, known) = (names(&root, ".worktrees"), names(&root, ".git/worktrees"));
        let right = known.iter().all(|name| *name == commit || trees.contains(name));
        (trees.len() <= 1 && right && known.len() == trees.len() + 1).then_some(())
    });
    for old in names(&root, ".worktrees") {
        let tree = root.path().join(".worktrees").join(&old);
        assert_eq!(run(git(&tree).args(["rev-parse", "HEAD"])), old);
        assert_eq!(run(git(&tree).args(["status", "--porcelain"])), "");
    }
    drop(daemon);
}
