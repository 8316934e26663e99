//! From git-sync to this program on the same root, and back, under the eyes of readers.

use jiff::Timestamp;
use std::fs;
use std::fs::FileTimes;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;

use crate::contract::{assert_published, polling, trying};
use crate::dropin::peer;
use crate::support::daemon::{Root, events};
use crate::support::git::{git, run};
use crate::support::observer::watch;
use crate::support::oracle;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

struct Scene {
    upstream: Upstream,
    root: Root,
}

impl Scene {
    /// A root that version 4 left.
    fn fourth() -> Self {
        let scene = Self { upstream: Upstream::new(), root: Root::new() };
        scene.upstream.change().files(20, "f").odd_names().commit();
        scene.peer();
        scene
    }

    fn peer(&self) {
        peer::syncs(&self.upstream, &self.root.path(), &self.root.link());
    }

    fn url(&self) -> String {
        self.upstream.repo().display().to_string()
    }

    /// Syncs once, called as git-sync.
    #[track_caller]
    fn ours(&self) -> Vec<String> {
        let setup = peer::by_its_name(&self.url(), &self.root);
        let finished = setup.flag("--max-failures=0").once();
        finished.expect_code(0);
        self.assert_published();
        finished.log
    }

    #[track_caller]
    fn assert_published(&self) {
        assert_published(&self.root, &self.upstream, &self.upstream.head());
    }

    /// The names in a directory of the root.
    fn names(&self, dir: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.path().join(dir)).unwrap();
        let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries.map(|entry| name(entry).into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Lets the time of a directory be so many seconds from now, which may be in the past.
fn set_time(tree: &Path, seconds: i64) {
    let file = fs::File::open(tree).unwrap();
    let now = UNIX_EPOCH + Duration::from_secs(now().unsigned_abs());
    let length = Duration::from_secs(seconds.unsigned_abs());
    let then = if seconds < 0 { now - length } else { now + length };
    file.set_times(FileTimes::new().set_modified(then)).unwrap();
}

/// The time in seconds.
fn now() -> i64 {
    Timestamp::now().as_second()
}

#[test]
fn a_tree_that_version_4_published_is_taken_as_it_is() {
    let scene = Scene::fourth();
    let inode = |scene: &Scene| fs::metadata(scene.root.link().join("README")).unwrap().ino();
    let before = inode(&scene);
    let reader = watch(&scene.root.link());
    let log = scene.ours();
    assert_eq!(events(&log, "published").len(), 0, "{}", log.join("\n"));
    assert_eq!(inode(&scene), before, "it was not written anew");
    let daemon = polling(&scene.url(), &scene.root).flag("--stale-worktree-timeout=0").start();
    let commit = scene.upstream.commit("a", "1");
    scene.root.eventually_publishes(&commit);
    scene.assert_published();
    reader.has_looked();
    reader.stop().assert_flawless(&scene.upstream.repo());
    eventually("the old tree goes", SOON, || {
        (scene.names(".worktrees") == [commit.as_str()]).then_some(())
    });
    assert_eq!(scene.names(".git/worktrees"), [commit.as_str()]);
    drop(daemon);
}

#[test]
fn there_and_back_and_there_again_without_a_gap() {
    let scene = Scene::fourth();
    let first = scene.upstream.head();
    let reader = watch(&scene.root.link());
    for round in 0..2 {
        scene.ours();
        scene.upstream.commit("a", round.to_string());
        scene.ours();
        reader.has_looked();
        scene.peer();
        scene.upstream.commit("b", round.to_string());
        scene.peer();
        scene.assert_published();
        reader.has_looked();
    }
    // It must also be able to make a tree anew that was ours before.
    scene.ours();
    let ours = scene.upstream.commit("c", "1");
    scene.ours();
    scene.upstream.commit("c", "2");
    scene.peer();
    scene.upstream.reset(&ours);
    scene.peer();
    scene.assert_published();
    scene.upstream.reset(&first);
    scene.ours();
    reader.has_looked();
    reader.stop().assert_flawless(&scene.upstream.repo());
}

#[test]
fn what_git_remembers_of_old_commits_does_not_spoil_the_repository() {
    let scene = Scene::fourth();
    // It writes down where its branch was, and forgets that only now and then.
    let log = scene.root.path().join(".git/logs/refs/heads/git-sync");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let head = scene.upstream.head();
    let gone = "1".repeat(40);
    let line = |from: &str, to: &str| format!("{from} {to} A <a@b> 1700000000 +0000\treset\n");
    fs::write(log, line(&gone, &head) + &line(&head, &gone)).unwrap();
    let daemon = polling(&scene.url(), &scene.root).flag("--git-gc=always").start();
    for round in 0..7 {
        let commit = scene.upstream.commit("a", round.to_string());
        scene.root.eventually_publishes(&commit);
    }
    drop(daemon);
    peer::accepts(&scene.root.path());
    let refs = run(git(&scene.root.path()).args(["for-each-ref", "--format=%(refname)"]));
    assert!(!refs.contains("git-sync"), "its branch would keep objects for ever: {refs}");
}

#[test]
fn its_leftovers_go() {
    let scene = Scene::fourth();
    let (root, head) = (scene.root.path(), scene.upstream.head());
    let half = Path::new(".worktrees").join(&head);
    symlink(half, root.join("tmp-link")).unwrap();
    let error = "{\n  \"Msg\": \"too many failures\",\n  \"Err\": \"x\",\n  \"Args\": {}\n}";
    fs::write(root.join("tmp-err-4711"), error).unwrap();
    fs::write(root.join("tmp-err-0815"), "").unwrap();
    let theirs = [
        ("tmp-err-mine", ""),
        ("tmp-err-+1", ""),
        ("tmp-err-99999999999", ""),
        ("tmp-err-1", "mine"),
        ("tmp-err-2", "{\"Msg\": \"mine\"}"),
        ("tmp-err-3", "{\"Msg\":"),
    ];
    for (name, content) in theirs {
        fs::write(root.join(name), content).unwrap();
    }
    let huge = fs::File::create(root.join("tmp-err-4")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let admin = format!(".git/worktrees/{head}");
    for lock in ["shallow", "index", "HEAD", "config", "packed-refs", "refs/heads/git-sync"] {
        fs::write(root.join(".git").join(format!("{lock}.lock")), "").unwrap();
    }
    fs::write(root.join(&admin).join("index.lock"), "").unwrap();
    fs::create_dir(root.join(".git/worktrees").join(format!("{head}1"))).unwrap();
    scene.ours();
    let mut names: Vec<_> = theirs.iter().map(|(name, _)| *name).collect();
    names.extend([".git", ".git-sync", ".worktrees", "latest", "tmp-err-4"]);
    names.sort_unstable();
    assert_eq!(scene.names(""), names, "and what is not from it stays");
    assert_eq!(scene.names(".git/worktrees"), [head.as_str()]);
    peer::accepts(&root);
}

#[test]
fn a_root_that_has_another_path_now_is_known_all_the_same() {
    let scene = Scene::fourth();
    let elsewhere = scene.root.path().with_file_name("elsewhere");
    fs::rename(scene.root.path(), &elsewhere).unwrap();
    symlink("elsewhere", scene.root.path()).unwrap();
    scene.ours();
    scene.upstream.commit("a", "1");
    scene.ours();
}

#[test]
fn nothing_is_left_of_it_where_the_root_was_moved() {
    let scene = Scene::fourth();
    let moved = TempDir::new().unwrap();
    let root = moved.path().join("root");
    fs::rename(scene.root.path(), &root).unwrap();
    scene.upstream.commit("a", "1");
    let flag = format!("--root={}", root.display());
    trying(&scene.url(), &scene.root)
        .flag("--stale-worktree-timeout=0")
        .flag(flag)
        .once()
        .expect_code(0);
    let head = scene.upstream.head();
    oracle::assert_published(&root, &root.join("latest"), &scene.upstream.repo(), &head);
    for dir in [".worktrees", ".git/worktrees"] {
        let names = fs::read_dir(root.join(dir)).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.collect::<Vec<_>>(), [head.as_str()], "{dir}");
    }
}

#[test]
fn what_it_was_killed_over_is_no_obstacle() {
    for damage in ["before the tree", "without administration", "without trees"] {
        println!("{damage}");
        let scene = Scene::fourth();
        let root = scene.root.path();
        match damage {
            "before the tree" => {
                fs::remove_dir_all(&root).unwrap();
                peer::begin(&scene.upstream, &root);
            }
            "without administration" => fs::remove_dir_all(root.join(".git/worktrees")).unwrap(),
            _ => fs::remove_dir_all(root.join(".worktrees")).unwrap(),
        }
        scene.ours();
    }
}

#[test]
fn a_tree_into_which_somebody_committed_is_not_believed() {
    let edits: [&[&str]; 3] = [
        &["commit", "--quiet", "-m", "mine"],
        &["commit", "--quiet", "--amend", "-m", "mine"],
        &["status"],
    ];
    for edit in edits {
        let scene = Scene::fourth();
        let link = scene.root.link();
        fs::write(link.join("README"), "mine").unwrap();
        run(git(&link).args(["add", "README"]));
        run(git(&link).args(edit));
        scene.ours();
    }
}

#[test]
fn its_retired_trees_stay_until_their_time() {
    let scene = Scene::fourth();
    let old = scene.root.link().canonicalize().unwrap();
    scene.upstream.commit("a", "1");
    set_time(&old, -7200);
    let setup = || trying(&scene.url(), &scene.root);
    setup().flag("--stale-worktree-timeout=1h").once().expect_code(0);
    assert!(old.is_dir(), "it was replaced a moment ago");
    set_time(&old, -1800);
    setup().flag("--stale-worktree-timeout=1h").once().expect_code(0);
    assert!(old.is_dir(), "half of the time is left");
    // The time is where that program has it, too.
    set_time(&old, -7200);
    setup().flag("--stale-worktree-timeout=1h").once().expect_code(0);
    assert!(!old.exists());
    scene.assert_published();
}

#[test]
fn a_clock_that_was_put_back_keeps_no_tree_for_ever() {
    let scene = Scene::fourth();
    let old = scene.root.link().canonicalize().unwrap();
    scene.upstream.commit("a", "1");
    let setup = || trying(&scene.url(), &scene.root).flag("--stale-worktree-timeout=1h");
    setup().once().expect_code(0);
    set_time(&old, 1_000_000);
    setup().once().expect_code(0);
    assert!(old.is_dir());
    assert!(fs::metadata(&old).unwrap().mtime() <= now(), "it counts from now on");
}

#[test]
fn a_root_of_version_3_becomes_ours_without_a_gap() {
    for prefix in ["", "rev-"] {
        for same in [true, false] {
            println!("{prefix:?}, the same commit: {same}");
            let scene = Scene { upstream: Upstream::new(), root: Root::new() };
            scene.upstream.change().files(20, "f").commit();
            let (root, link) = (scene.root.path(), scene.root.link());
            let old = peer::third(&scene.upstream, &root, &link, prefix);
            fs::write(root.join("mine"), "mine").unwrap();
            fs::create_dir(root.join("a".repeat(40))).unwrap();
            if !same {
                scene.upstream.commit("a", "1");
            }
            let setup = || trying(&scene.url(), &scene.root);
            let reader = (prefix.is_empty()).then(|| watch(&link));
            setup().flag("--stale-worktree-timeout=1h").once().expect_code(0);
            assert!(old.join("README").exists(), "readers may still be in it");
            setup().flag("--stale-worktree-timeout=0").once().expect_code(0);
            if let Some(reader) = reader {
                reader.has_looked();
                reader.stop().assert_flawless(&scene.upstream.repo());
            }
            assert!(!old.exists());
            scene.assert_published();
            let head = scene.upstream.head();
            assert_eq!(scene.names(".git/worktrees"), [head.as_str()]);
            assert!(root.join("mine").exists() && root.join("a".repeat(40)).is_dir());
            let refs = run(git(&root).args(["for-each-ref", "--format=%(refname)"]));
            assert!(!refs.contains("origin") && !refs.contains("main"), "{refs}");
            peer::accepts(&root);
        }
    }
}
