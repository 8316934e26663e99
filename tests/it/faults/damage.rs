//! What we keep in the root, damaged in every part and every way.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::faults::course::{Driven, single, succeeds};
use crate::support::daemon::Root;
use crate::support::git_daemon::{self, GitDaemon};
use crate::support::observer;
use crate::support::oracle;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// What is damaged.
#[derive(Clone, Copy, Debug)]
enum Part {
    Head,
    Config,
    Shallow,
    Pack,
    PackIndex,
    Branch,
    Index,
    WorktreeHead,
    WorktreeDirectory,
    Objects,
    Refs,
    Own,
    Everything,
}

impl Part {
    const ALL: [Self; 13] = [
        Self::Head,
        Self::Config,
        Self::Shallow,
        Self::Pack,
        Self::PackIndex,
        Self::Branch,
        Self::Index,
        Self::WorktreeHead,
        Self::WorktreeDirectory,
        Self::Objects,
        Self::Refs,
        Self::Own,
        Self::Everything,
    ];

    fn paths(self, root: &Root) -> Vec<PathBuf> {
        let git = root.path().join(".git");
        let admin = git.join("worktrees").join(root.published().unwrap());
        let packs = |extension: &str| {
            let all = fs::read_dir(git.join("objects/pack")).unwrap();
            let all = all.map(|entry| entry.unwrap().path());
            all.filter(|path| path.extension().is_some_and(|found| found == extension)).collect()
        };
        match self {
            Self::Head => vec![git.join("HEAD")],
            Self::Config => vec![git.join("config")],
            Self::Shallow => vec![git.join("shallow")],
            Self::Pack => packs("pack"),
            Self::PackIndex => packs("idx"),
            Self::Branch => vec![git.join("refs/heads/gitsyncd")],
            Self::Index => vec![admin.join("index")],
            Self::WorktreeHead => vec![admin.join("HEAD")],
            Self::WorktreeDirectory => vec![admin],
            Self::Objects => vec![git.join("objects")],
            Self::Refs => vec![git.join("refs")],
            Self::Own => vec![git.join("gitsyncd")],
            Self::Everything => vec![git],
        }
    }
}

/// How it is damaged.
#[derive(Clone, Copy, Debug)]
enum How {
    Delete,
    Truncate,
    Halve,
    Garbage,
    Flip,
}

impl How {
    /// Damages a file; what is a directory becomes a file, or nothing.
    fn damage(self, path: &Path) {
        let old = if path.is_dir() {
            // Somebody may be writing there.
            eventually("it is removed", SOON, || fs::remove_dir_all(path).ok());
            Vec::new()
        } else {
            let old = fs::read(path).unwrap();
            // It may be mapped, and what is mapped must not be cut.
            fs::remove_file(path).unwrap();
            old
        };
        let half = old.len() / 2;
        let new = match self {
            Self::Delete => return,
            Self::Truncate => Vec::new(),
            Self::Halve => old[..half].to_vec(),
            Self::Garbage => b"\0\xffgarbage\n[[[".repeat(20),
            Self::Flip => {
                let mut new = old;
                if let Some(byte) = new.get_mut(half) {
                    *byte ^= 0x10;
                }
                new
            }
        };
        fs::write(path, new).unwrap();
    }
}

struct Scene {
    upstream: Upstream,
    server: GitDaemon,
    root: Root,
}

impl Scene {
    /// A root in which a commit is published that is not the first.
    fn new() -> Self {
        let upstream = Upstream::new();
        upstream.change().files(12, "f").executable("run", "x\n").symlink("link", "run").commit();
        let (server, root) = (git_daemon::serve(&upstream), Root::new());
        let scene = Self { upstream, server, root };
        scene.once();
        scene
    }

    #[track_caller]
    fn once(&self) {
        succeeds(single(&self.server.url(), &self.root));
    }

    #[track_caller]
    fn assert_published(&self) {
        let (root, link) = (self.root.path(), self.root.link());
        oracle::assert_published(&root, &link, &self.upstream.repo(), &self.upstream.head());
    }

    fn damage(&self, part: Part, how: How) {
        part.paths(&self.root).iter().for_each(|path| how.damage(path));
    }
}

/// A restart finds the damage and repairs it, with and without anything new to fetch.
fn found_at_start(how: How) {
    let scene = Scene::new();
    let observer = observer::watch(&scene.root.link());
    observer.has_looked();
    let news = match how {
        How::Delete | How::Halve | How::Flip => 0,
        How::Truncate | How::Garbage => 1,
    };
    for (number, part) in Part::ALL.into_iter().enumerate() {
        println!("{part:?} {how:?}");
        scene.damage(part, how);
        if number % 2 == news {
            scene.upstream.commit("a", format!("{part:?} {how:?}\n"));
        }
        scene.once();
        scene.assert_published();
    }
    observer.has_looked();
    observer.stop().assert_flawless(&scene.upstream.repo());
}

/// A running daemon meets the damage when something new comes, and goes on.
fn met_by_a_running_daemon(how: How) {
    let scene = Scene::new();
    let observer = observer::watch(&scene.root.link());
    observer.has_looked();
    for part in Part::ALL {
        println!("{part:?} {how:?}");
        let mut driven = Driven::start(&scene.server.url(), &scene.root);
        scene.damage(part, how);
        let commit = scene.upstream.commit("a", format!("{part:?} {how:?}\n"));
        // The first attempt may be the one that finds it.
        if let Err(failure) = driven.attempt() {
            println!("{failure:?}");
            driven.succeeds();
        }
        assert_eq!(scene.root.published(), Some(commit));
        // Packs that nobody needs any more are looked at when the program starts.
        if matches!(part, Part::Pack | Part::PackIndex) {
            drop(driven);
            scene.once();
        }
        scene.assert_published();
    }
    observer.has_looked();
    observer.stop().assert_flawless(&scene.upstream.repo());
}

#[test]
fn what_is_deleted_is_made_again_at_the_next_start() {
    found_at_start(How::Delete);
}

#[test]
fn what_is_emptied_is_made_again_at_the_next_start() {
    found_at_start(How::Truncate);
}

#[test]
fn what_is_cut_is_made_again_at_the_next_start() {
    found_at_start(How::Halve);
}

#[test]
fn what_is_overwritten_is_made_again_at_the_next_start() {
    found_at_start(How::Garbage);
}

#[test]
fn a_wrong_byte_is_repaired_at_the_next_start() {
    found_at_start(How::Flip);
}

#[test]
fn a_running_daemon_makes_again_what_is_deleted() {
    met_by_a_running_daemon(How::Delete);
}

#[test]
fn a_running_daemon_makes_again_what_is_cut() {
    met_by_a_running_daemon(How::Halve);
}

#[test]
fn a_running_daemon_makes_again_what_is_overwritten() {
    met_by_a_running_daemon(How::Garbage);
}

#[test]
fn a_tree_that_somebody_changed_is_whole_again_after_a_restart() {
    type Change = fn(&Path);
    let changes: [Change; 9] = [
        |tree| fs::remove_file(tree.join("README")).unwrap(),
        |tree| fs::write(tree.join("README"), "something else\n").unwrap(),
        |tree| {
            fs::set_permissions(tree.join("README"), fs::Permissions::from_mode(0o755)).unwrap();
        },
        |tree| fs::remove_dir_all(tree.join("f")).unwrap(),
        |tree| fs::remove_file(tree.join("link")).unwrap(),
        |tree| {
            fs::remove_file(tree.join("README")).unwrap();
            symlink("run", tree.join("README")).unwrap();
        },
        |tree| {
            fs::remove_file(tree.join("README")).unwrap();
            fs::create_dir(tree.join("README")).unwrap();
        },
        |tree| fs::remove_file(tree.join(".git")).unwrap(),
        |tree| fs::remove_dir_all(tree).unwrap(),
    ];
    let scene = Scene::new();
    for (number, change) in changes.into_iter().enumerate() {
        println!("change {number}");
        change(&scene.root.link().canonicalize().unwrap());
        scene.once();
        scene.assert_published();
    }
}

#[test]
fn a_link_that_somebody_moved_is_right_again_after_a_restart() {
    let scene = Scene::new();
    let link = scene.root.link();
    let root = scene.root.path();
    fs::create_dir(root.join("elsewhere")).unwrap();
    for target in ["nowhere", "elsewhere", "/tmp", ".worktrees", "latest"] {
        println!("{target}");
        fs::remove_file(&link).unwrap();
        symlink(target, &link).unwrap();
        scene.once();
        scene.assert_published();
    }
    fs::remove_file(&link).unwrap();
    scene.once();
    scene.assert_published();
    assert!(root.join("elsewhere").is_dir());
    fs::remove_dir_all(root.join(".worktrees")).unwrap();
    scene.once();
    scene.assert_published();
}

#[test]
fn a_running_daemon_brings_back_a_link_or_tree_that_is_gone() {
    let scene = Scene::new();
    let mut driven = Driven::start(&scene.server.url(), &scene.root);
    let link = scene.root.link();
    let damages: [&dyn Fn(); 4] = [
        &|| fs::remove_file(&link).unwrap(),
        &|| {
            fs::remove_file(&link).unwrap();
            symlink("nowhere", &link).unwrap();
        },
        &|| fs::remove_dir_all(link.canonicalize().unwrap()).unwrap(),
        &|| fs::remove_dir_all(scene.root.path().join(".worktrees")).unwrap(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        println!("damage {number}");
        damage();
        driven.succeeds();
        scene.assert_published();
    }
}

#[test]
fn a_root_that_vanishes_under_a_running_daemon_is_made_again() {
    let scene = Scene::new();
    let mut driven = Driven::start(&scene.server.url(), &scene.root);
    fs::remove_dir_all(scene.root.path()).unwrap();
    scene.upstream.commit("a", "1");
    if driven.attempt().is_err() {
        driven.succeeds();
    }
    scene.assert_published();
}
