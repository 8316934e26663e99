//! Roots in every state that somebody may leave one in.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use tempfile::TempDir;

use crate::faults::course::{Driven, fails, single, succeeds};
use crate::support::daemon::{Root, Setup, bare};
use crate::support::git::{git, run};
use crate::support::oracle;
use crate::support::process::program;
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;

pub(super) struct Scene {
    pub(super) upstream: Upstream,
    pub(super) root: Root,
}

impl Scene {
    /// A repository, and a root that is an empty directory.
    pub(super) fn new() -> Self {
        let scene = Self { upstream: Upstream::new(), root: Root::new() };
        fs::create_dir(scene.root.path()).unwrap();
        scene
    }

    pub(super) fn url(&self) -> String {
        self.upstream.repo().display().to_string()
    }

    pub(super) fn once(&self) -> Setup {
        single(&self.url(), &self.root)
    }

    #[track_caller]
    pub(super) fn assert_published(&self) {
        let (root, link) = (self.root.path(), self.root.link());
        oracle::assert_published(&root, &link, &self.upstream.repo(), &self.upstream.head());
    }
}

/// Everything in a directory and in its `.git`.
fn all(dir: &Path) -> (Snapshot, Snapshot) {
    let git = dir.join(".git");
    let inner = if git.is_dir() { Snapshot::whole(&git) } else { Snapshot::default() };
    (Snapshot::whole(dir), inner)
}

#[test]
fn a_missing_root_is_made() {
    let scene = Scene::new();
    fs::remove_dir(scene.root.path()).unwrap();
    succeeds(scene.once());
    scene.assert_published();
}

#[test]
fn foreign_files_in_the_root_are_left_alone() {
    let scene = Scene::new();
    let root = scene.root.path();
    let foreign = [
        "notes.txt",
        "data/deep/file",
        ".hidden",
        ".worktrees/feature/file",
        ".worktrees/7/file",
        ".worktrees/1234567890/file",
        ".git-sync.txt",
        "latest.txt",
    ];
    for name in foreign {
        fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
        fs::write(root.join(name), name).unwrap();
    }
    symlink("nowhere", root.join("dangling")).unwrap();
    succeeds(scene.once());
    scene.upstream.commit("a", "1");
    succeeds(scene.once());
    scene.assert_published();
    for name in foreign {
        assert_eq!(fs::read_to_string(root.join(name)).unwrap(), name);
    }
    assert_eq!(fs::read_link(root.join("dangling")).unwrap(), Path::new("nowhere"));
}

#[test]
fn a_root_that_is_a_symlink_is_a_root() {
    let scene = Scene::new();
    let real = TempDir::new().unwrap();
    fs::remove_dir(scene.root.path()).unwrap();
    symlink(real.path(), scene.root.path()).unwrap();
    succeeds(scene.once());
    scene.upstream.commit("a", "1");
    succeeds(scene.once());
    scene.assert_published();
    let mut driven = Driven::start(&scene.url(), &scene.root);
    assert_eq!(driven.attempt().unwrap(), "unchanged");
    scene.upstream.commit("a", "2");
    driven.attempt().unwrap();
    assert_eq!(driven.attempt().unwrap(), "unchanged");
    scene.assert_published();
}

#[test]
fn a_root_that_is_a_file_is_refused_until_it_is_gone() {
    let scene = Scene::new();
    fs::remove_dir(scene.root.path()).unwrap();
    fs::write(scene.root.path(), "mine").unwrap();
    let mut driven = Driven::start(&scene.url(), &scene.root);
    let failure = driven.first().unwrap();
    failure.expect("config", &format!("{} is not a directory", scene.root.path().display()));
    assert_eq!(failure.hint, "choose another root");
    assert_eq!(fs::read_to_string(scene.root.path()).unwrap(), "mine");
    fs::remove_file(scene.root.path()).unwrap();
    driven.succeeds();
    scene.assert_published();
}

/// The same run by a user without rights; the program is found there too.
fn as_nobody(dir: &Path, scene: &Scene) -> Setup {
    let copy = dir.join("gitsyncd");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_gitsyncd"), &copy).unwrap();
    }
    bare()
        .program(program("setpriv"))
        .flag("--reuid=65533")
        .flag("--regid=65533")
        .flag("--clear-groups")
        .flag(copy)
        .flag(format!("--repo={}", scene.url()))
        .flag(format!("--root={}", scene.root.path().display()))
        .flag("--log-format=json")
        .flag("--link=latest")
        .flag("--max-failures=1")
}

#[test]
fn a_root_that_may_not_be_written_is_refused_until_it_may() {
    if skip::unless_root("a root that may not be written") {
        return;
    }
    let scene = Scene::new();
    let dir = TempDir::new().unwrap();
    let open = fs::Permissions::from_mode(0o755);
    for path in [dir.path(), scene.upstream.dir(), scene.root.path().parent().unwrap()] {
        fs::set_permissions(path, open.clone()).unwrap();
    }
    let failure = fails(as_nobody(dir.path(), &scene));
    failure.expect("disk", &scene.root.path().display().to_string());
    failure.expect("disk", "ermission denied");
    assert_eq!(fs::read_dir(scene.root.path()).unwrap().count(), 0);

    let mut driven = Driven::of(as_nobody(dir.path(), &scene).flag("--max-failures=-1"));
    driven.first().unwrap().expect("disk", "ermission denied");
    fs::set_permissions(scene.root.path(), fs::Permissions::from_mode(0o777)).unwrap();
    driven.succeeds();
    scene.assert_published();

    // And later no more.
    let old = scene.upstream.head();
    fs::set_permissions(scene.root.path().join(".worktrees"), fs::Permissions::from_mode(0o555))
        .unwrap();
    scene.upstream.commit("a", "1");
    driven.fails().expect("disk", "ermission denied");
    assert_eq!(scene.root.published(), Some(old));
    fs::set_permissions(scene.root.path().join(".worktrees"), open).unwrap();
    driven.succeeds();
    scene.assert_published();
}

#[test]
fn a_root_that_cannot_be_made_is_told_so() {
    let scene = Scene::new();
    let setup = |root: &str| scene.once().flag(format!("--root={root}"));
    fails(setup("/proc/nowhere")).expect("disk", "/proc/nowhere");
    fails(setup("/dev/null/root")).expect("config", "/dev/null is not a directory");
}

#[test]
fn what_stands_where_the_link_should_be_is_not_touched() {
    for directory in [true, false] {
        let scene = Scene::new();
        let link = scene.root.link();
        if directory {
            fs::create_dir(&link).unwrap();
            fs::write(link.join("mine"), "mine").unwrap();
        } else {
            fs::write(&link, "mine").unwrap();
        }
        let before = Snapshot::whole(&scene.root.path());
        let mut driven = Driven::start(&scene.url(), &scene.root);
        driven.first().unwrap().expect("config", &link.display().to_string());
        driven.fails().expect("config", "not a symlink");
        let after = Snapshot::whole(&scene.root.path());
        assert_eq!(after.get("latest"), before.get("latest"));
        assert_eq!(after.get("latest/mine"), before.get("latest/mine"));
        fs::rename(&link, scene.root.path().join("away")).unwrap();
        driven.succeeds();
        scene.assert_published();

        // It may also come later, instead of the link.
        let away = scene.root.path().join("away");
        fs::remove_file(&link).unwrap();
        fs::rename(&away, &link).unwrap();
        scene.upstream.commit("a", "1");
        driven.fails().expect("config", "not a symlink");
        assert_eq!(Snapshot::whole(&scene.root.path()).get("latest"), before.get("latest"));
        fs::rename(&link, &away).unwrap();
        driven.succeeds();
        scene.assert_published();
    }
}

#[test]
fn what_cannot_be_a_repository_is_replaced() {
    type Leave = fn(&Path);
    let states: [(&str, Leave); 7] = [
        ("an empty file", |git| fs::write(git, "").unwrap()),
        ("a file of garbage", |git| fs::write(git, b"\x00\xffgarbage").unwrap()),
        ("a pointer to nowhere", |git| fs::write(git, "gitdir: /nonexistent/x\n").unwrap()),
        ("an empty directory", |git| fs::create_dir(git).unwrap()),
        ("a directory of garbage", |git| {
            fs::create_dir_all(git.join("HEAD")).unwrap();
            fs::write(git.join("config"), "[[[").unwrap();
            fs::write(git.join("objects"), "").unwrap();
        }),
        ("a dangling symlink", |git| symlink("nowhere", git).unwrap()),
        ("a repository without commits", |git| {
            run(crate::support::git::git(git.parent().unwrap()).args(["init", "--quiet", "."]));
        }),
    ];
    for (what, leave) in states {
        println!("{what}");
        let scene = Scene::new();
        leave(&scene.root.path().join(".git"));
        succeeds(scene.once());
        scene.assert_published();
        scene.upstream.commit("a", "1");
        succeeds(scene.once());
        scene.assert_published();
        assert!(!scene.root.path().join(".git.gitsyncd-trash").exists());
    }
}

/// Runs in a root that is somebody's, and checks that it stays theirs.
#[track_caller]
pub(super) fn refused(scene: &Scene) {
    let before = all(&scene.root.path());
    let failure = fails(scene.once());
    failure.expect("config", &scene.root.path().display().to_string());
    failure.expect("config", "commits that gitsyncd did not make");
    assert_eq!(all(&scene.root.path()), before);
    assert_eq!(scene.root.published(), None);
}

pub(super) fn init(dir: &Path, flags: &[&str]) {
    run(git(dir).args(["init", "--quiet"]).args(flags).arg("."));
    fs::write(dir.join("precious"), "precious\n").unwrap();
    run(git(dir).args(["add", "precious"]));
    run(git(dir).args(["commit", "--quiet", "-m", "precious"]));
}

#[test]
fn somebody_elses_repository_is_refused_and_stays_as_it_is() {
    let scene = Scene::new();
    let root = scene.root.path();
    init(&root, &[]);
    refused(&scene);
    run(git(&root).args(["checkout", "--quiet", "--detach"]));
    refused(&scene);
    run(git(&root).args(["branch", "--quiet", "-D", "main"]));
    refused(&scene);
    run(git(&root).args(["tag", "kept"]));
    run(git(&root).args(["pack-refs", "--all"]));
    run(git(&root).args(["symbolic-ref", "HEAD", "refs/heads/unborn"]));
    refused(&scene);
}

#[test]
fn a_repository_without_a_tree_is_refused_once_it_has_commits() {
    let scene = Scene::new();
    let root = scene.root.path();
    run(git(&root).args(["init", "--quiet", "--bare"]));
    succeeds(scene.once());
    scene.assert_published();

    let scene = Scene::new();
    let root = scene.root.path();
    let from = scene.url();
    run(git(&root).args(["clone", "--quiet", "--bare", &from, "."]));
    refused(&scene);
    run(git(&root).args(["pack-refs", "--all"]));
    run(git(&root).args(["symbolic-ref", "HEAD", "refs/heads/unborn"]));
    refused(&scene);
}

#[test]
fn a_repository_in_a_format_of_another_time_is_refused() {
    for flags in [&["--object-format=sha256"][..], &["--ref-format=reftable"]] {
        let scene = Scene::new();
        let probe = TempDir::new().unwrap();
        let known = git(probe.path()).args(["init", "--quiet"]).args(flags).output().unwrap();
        if !known.status.success() {
            skip::note("a repository in a format of another time", flags[0]);
            continue;
        }
        init(&scene.root.path(), flags);
        refused(&scene);
    }
    let scene = Scene::new();
    init(&scene.root.path(), &[]);
    for (key, value) in [("core.repositoryFormatVersion", "1"), ("extensions.ofTomorrow", "true")] {
        run(git(&scene.root.path()).args(["config", key, value]));
    }
    refused(&scene);
}

#[test]
fn a_damaged_repository_of_somebody_else_is_refused_too() {
    type Damage = fn(&Path);
    let damages: [Damage; 4] = [
        |git| fs::remove_file(git.join("HEAD")).unwrap(),
        |git| fs::write(git.join("config"), "[[[garbage").unwrap(),
        |git| fs::remove_dir_all(git.join("refs")).unwrap(),
        |git| fs::write(git.join("refs/heads/main"), "").unwrap(),
    ];
    for damage in damages {
        let scene = Scene::new();
        init(&scene.root.path(), &[]);
        damage(&scene.root.path().join(".git"));
        refused(&scene);
    }
}

#[test]
fn a_worktree_of_another_repository_is_refused() {
    let (scene, other) = (Scene::new(), TempDir::new().unwrap());
    init(other.path(), &[]);
    fs::remove_dir(scene.root.path()).unwrap();
    run(git(other.path()).args(["worktree", "add", "--quiet"]).arg(scene.root.path()));
    let before = all(other.path());
    refused(&scene);
    assert_eq!(all(other.path()), before);
    assert!(scene.root.path().join(".git").is_file());
}

#[test]
fn a_repository_whose_worktrees_are_named_like_ours_is_refused() {
    let scene = Scene::new();
    init(&scene.root.path(), &[]);
    let add = ["worktree", "add", "--quiet", "-b", "feature", ".worktrees/feature"];
    run(git(&scene.root.path()).args(add));
    refused(&scene);
}

#[test]
fn a_link_to_somebody_elses_repository_is_refused() {
    let (scene, other) = (Scene::new(), TempDir::new().unwrap());
    init(other.path(), &[]);
    symlink(other.path().join(".git"), scene.root.path().join(".git")).unwrap();
    let before = all(other.path());
    refused(&scene);
    assert_eq!(all(other.path()), before);
}
