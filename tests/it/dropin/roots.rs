//! Roots and links wherever manifests for git-sync put them, and what becomes of them when their
//! content or the options change between runs.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

use crate::contract::trying;
use crate::dropin::peer;
use crate::support::daemon::{Root, Setup, bare};
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::oracle;
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

/// Syncs once with these flags for root and link.
#[track_caller]
fn syncs(upstream: &Upstream, flags: &[String]) {
    let setup = bare().flag(format!("--repo={}", upstream.repo().display()));
    let setup = setup.flag("--max-failures=1").flag("--log-format=json");
    let setup = flags.iter().fold(setup, Setup::flag);
    setup.once().expect_code(0);
}

#[track_caller]
fn is_published(upstream: &Upstream, root: &Path, link: &Path) {
    oracle::assert_published(root, link, &upstream.repo(), &upstream.head());
}

#[test]
fn a_root_may_be_spelled_in_any_way() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let plain = dir.path().display().to_string();
    let relative = plain.trim_start_matches('/');
    for (n, spelled) in [
        format!("{plain}//a/./b/../root"),
        format!("{relative}/a/root"),
        format!("../{relative}/a/x/../root/"),
        format!("{plain}/./a/root/."),
    ]
    .iter()
    .enumerate()
    {
        upstream.commit("n", n.to_string());
        syncs(&upstream, &[format!("--root={spelled}"), "--link=latest".to_owned()]);
        let root = dir.path().join("a/root");
        is_published(&upstream, &root, &root.join("latest"));
        peer::accepts(&root.canonicalize().unwrap());
    }
}

#[test]
fn a_root_inside_of_another_repository_is_a_root_of_its_own() {
    let (upstream, other) = (Upstream::new(), TempDir::new().unwrap());
    run(git(other.path()).args(["init", "--quiet", "."]));
    run(git(other.path()).args(["commit", "--quiet", "--allow-empty", "-m", "theirs"]));
    let before = Snapshot::whole(&other.path().join(".git"));
    let root = other.path().join("below/root");
    syncs(&upstream, &[format!("--root={}", root.display()), "--link=l".to_owned()]);
    is_published(&upstream, &root, &root.join("l"));
    peer::accepts(&root);
    assert_eq!(Snapshot::whole(&other.path().join(".git")), before);
}

#[test]
fn a_link_may_be_anywhere() {
    let (upstream, dir) = (Upstream::new(), TempDir::new().unwrap());
    let root = dir.path().join("root");
    for link in ["current", "deep/down/current", "../outside/deep/current"] {
        let flags = [format!("--root={}", root.display()), format!("--link={link}")];
        upstream.commit("a", link);
        syncs(&upstream, &flags);
        let plain = root.join(link);
        assert!(fs::read_link(&plain).unwrap().is_relative());
        is_published(&upstream, &root, &plain);
        let absolute = dir.path().join("outside/absolute").join(link.replace("../", ""));
        syncs(&upstream, &[flags[0].clone(), format!("--link={}", absolute.display())]);
        assert!(fs::read_link(&absolute).unwrap().is_relative());
        is_published(&upstream, &root, &absolute);
    }
}

#[test]
fn a_link_from_elsewhere_is_turned_and_what_it_named_stays() {
    let (upstream, root, other) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    fs::create_dir(root.path()).unwrap();
    fs::write(other.path().join("theirs"), "theirs").unwrap();
    symlink(other.path(), root.link()).unwrap();
    trying(&upstream.repo().display().to_string(), &root).once().expect_code(0);
    is_published(&upstream, &root.path(), &root.link());
    assert_eq!(fs::read_to_string(other.path().join("theirs")).unwrap(), "theirs");

    // One that names our tree by an absolute path works, and becomes relative with the next tree.
    let target = root.link().canonicalize().unwrap();
    fs::remove_file(root.link()).unwrap();
    symlink(target, root.link()).unwrap();
    trying(&upstream.repo().display().to_string(), &root).once().expect_code(0);
    upstream.commit("a", "1");
    trying(&upstream.repo().display().to_string(), &root).once().expect_code(0);
    is_published(&upstream, &root.path(), &root.link());
}

#[test]
fn what_takes_the_place_of_the_link_is_neither_deleted_nor_a_reason_to_delete_more() {
    let (upstream, root) = (Upstream::new(), Root::new());
    fs::create_dir_all(root.link().join("full")).unwrap();
    fs::write(root.path().join("beside"), "mine").unwrap();
    let setup = peer::by_its_name(&upstream.repo().display().to_string(), &root);
    only_failure(&setup.once()).expect("config", "is not a symlink");
    assert!(root.link().join("full").is_dir() && root.path().join("beside").is_file());
}

/// A directory that not even root can read, change or remove, as far as that can be had.
struct Immovable(PathBuf, bool);

impl Immovable {
    fn make(path: &Path) -> Self {
        fs::create_dir(path).unwrap();
        fs::write(path.join("file"), "").unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o0)).unwrap();
        let held = Self::change(path, "+i");
        if held {
            let error = fs::rename(path, path.with_extension("away")).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
        } else {
            skip::note("a directory that not even root can remove", "chattr +i does not work");
        }
        Self(path.to_owned(), held)
    }

    fn change(path: &Path, how: &str) -> bool {
        let mut chattr = Command::new("chattr");
        let done = chattr.arg(how).arg(path).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
    }
}

impl Drop for Immovable {
    fn drop(&mut self) {
        if self.1 {
            Self::change(&self.0, "-i");
        }
        drop(fs::set_permissions(&self.0, fs::Permissions::from_mode(0o755)));
    }
}

#[test]
fn what_else_is_in_the_root_stays() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let head = upstream.head();
    let foreign = [
        head.clone(),
        format!(".worktrees/{}x", head.get(1..).unwrap()),
        ".worktrees/notes/file".to_owned(),
    ];
    for name in &foreign {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "mine").unwrap();
    }
    let lost = Immovable::make(&root.path().join("lost+found"));
    let url = upstream.repo().display().to_string();
    for n in 0..3 {
        peer::by_its_name(&url, &root).once().expect_code(0);
        is_published(&upstream, &root.path(), &root.link());
        upstream.commit("a", n.to_string());
    }
    for name in &foreign {
        assert_eq!(fs::read_to_string(root.path().join(name)).unwrap(), "mine", "{name}");
    }
    let log = peer::by_its_name(&url, &root).once().log;
    assert!(!log.iter().any(|line| line.contains("lost+found")), "it was not even tried");
    drop(lost);
    assert!(root.path().join("lost+found/file").is_file());
}

#[test]
fn what_somebody_does_to_the_tree_between_two_runs_is_put_right() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 8] = [
        ("removed", |link| fs::remove_dir_all(link.canonicalize().unwrap()).unwrap()),
        ("emptied", |link| {
            let tree = link.canonicalize().unwrap();
            fs::remove_dir_all(&tree).unwrap();
            fs::create_dir(tree).unwrap();
        }),
        ("without .git", |link| fs::remove_file(link.join(".git")).unwrap()),
        ("committed into", |link| {
            fs::write(link.join("README"), "theirs").unwrap();
            run(git(link).args(["commit", "--quiet", "-a", "-m", "theirs"]));
        }),
        ("at another commit", |link| {
            run(git(link).args(["reset", "--quiet", "--hard", "HEAD^"]));
        }),
        ("without administration", |link| {
            let admins = link.with_file_name(".git/worktrees");
            fs::remove_dir_all(admins).unwrap();
        }),
        ("without a link", |link| fs::remove_file(link).unwrap()),
        ("staged", |link| {
            fs::write(link.join("README"), "theirs").unwrap();
            run(git(link).args(["add", "README"]));
        }),
    ];
    for (what, harm) in harms {
        println!("{what}");
        let (upstream, root) = (Upstream::new(), Root::new());
        upstream.commit("a", "1");
        let url = upstream.repo().display().to_string();
        let setup = || peer::by_its_name(&url, &root).flag("--depth=0");
        setup().once().expect_code(0);
        harm(&root.link());
        setup().once().expect_code(0);
        is_published(&upstream, &root.path(), &root.link());
    }
}

#[test]
fn another_repository_may_be_followed_in_the_same_root() {
    let (one, other) = (Upstream::new(), Upstream::empty());
    other.commit("other", "1");
    let copy = Upstream::new();
    assert_eq!(copy.head(), one.head());
    let root = Root::new();
    for upstream in [&one, &other, &one, &copy, &other] {
        peer::by_its_name(&upstream.repo().display().to_string(), &root).once().expect_code(0);
        is_published(upstream, &root.path(), &root.link());
        peer::accepts(&root.path());
    }
}

#[track_caller]
fn depth_follows(upstream: &Upstream, url: &str) {
    let count = |link: &Path| run(git(link).args(["rev-list", "--count", "HEAD"]));
    for by_peer in [false, true] {
        let root = Root::new();
        if by_peer {
            peer::syncs(upstream, &root.path(), &root.link());
        }
        for depth in [1, 0, 3, 2, 1, 2] {
            let setup = trying(url, &root).flag(format!("--depth={depth}"));
            setup.once().expect_code(0);
            let expected = if depth == 0 { 6 } else { depth };
            assert_eq!(count(&root.link()), expected.to_string(), "depth {depth}");
            is_published(upstream, &root.path(), &root.link());
        }
    }
}

#[test]
fn another_depth_counts_although_the_commit_is_the_same() {
    let upstream = Upstream::new();
    (1..6).for_each(|n| drop(upstream.commit("a", n.to_string())));
    depth_follows(&upstream, upstream.repo().to_str().unwrap());
    let server = http::serve(&upstream);
    depth_follows(&upstream, &server.url());

    // The same depth again costs nothing.
    let root = Root::new();
    let setup = || trying(&server.url(), &root).flag("--depth=2");
    setup().once().expect_code(0);
    let before = server.requests().len();
    setup().once().expect_code(0);
    assert!(server.requests().len() - before <= 2, "{:?}", server.requests());
}
