//! Trees that stock Git would never make.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Stdio;
use tempfile::TempDir;

use crate::faults::course::{Driven, fails, single};
use crate::support::daemon::Root;
use crate::support::git::{attempt, git, run};
use crate::support::git_daemon;
use crate::support::observer;
use crate::support::oracle;
use crate::support::upstream::Upstream;

const FILE: &str = "100644";
const LINK: &str = "120000";
const TREE: &str = "40000";
const SUBMODULE: &str = "160000";

/// One entry of a tree as it stands in the object.
struct Entry {
    mode: &'static str,
    name: Vec<u8>,
    id: String,
}

/// Writes objects without asking whether they are good.
struct Maker<'a>(&'a Upstream);

impl Maker<'_> {
    fn object(&self, kind: &str, content: &[u8]) -> String {
        let mut child = git(&self.0.repo())
            .args(["hash-object", "-w", "--literally", "--stdin", "-t", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(content).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn entry(&self, mode: &'static str, name: impl AsRef<[u8]>, content: &str) -> Entry {
        let id = match mode {
            // The content is the id.
            TREE | SUBMODULE => content.to_owned(),
            _ => self.object("blob", content.as_bytes()),
        };
        Entry { mode, name: name.as_ref().to_vec(), id }
    }

    fn file(&self, name: impl AsRef<[u8]>) -> Entry {
        self.entry(FILE, name, "hostile\n")
    }

    /// A tree with the entries in this order.
    fn tree(&self, entries: &[Entry]) -> String {
        let mut content = Vec::new();
        for Entry { mode, name, id } in entries {
            content.extend_from_slice(mode.as_bytes());
            content.push(b' ');
            content.extend_from_slice(name);
            content.push(0);
            let digits = id.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
            content.extend(digits.map(|pair| u8::from_str_radix(pair, 16).unwrap()));
        }
        self.object("tree", &content)
    }

    /// Lets the branch name a commit of the tree.
    fn publish(&self, tree: &str) -> String {
        let repo = self.0.repo();
        let commit = run(git(&repo).args(["commit-tree", "-m", "hostile", "-p", "main", tree]));
        run(git(&repo).args(["update-ref", "refs/heads/main", &commit]));
        commit
    }
}

/// Names that lead out of the tree or into a repository, on one system or another.
fn names() -> Vec<Vec<u8>> {
    let mut names: Vec<Vec<u8>> = [
        ".git",
        ".GIT",
        ".Git",
        ".git ",
        ".git.",
        ".git . ",
        ".git::$INDEX_ALLOCATION",
        "git~1",
        "GIT~1",
        "..",
        ".",
        "",
        "a/b",
        "/a",
        "../a",
        "a/../../b",
        "/etc/passwd",
        "./a",
        "a/",
        "sub/.git/config",
    ]
    .map(|name| name.as_bytes().to_vec())
    .into();
    names.push(".g\u{200c}it".as_bytes().to_vec());
    names.push("\u{feff}.git".as_bytes().to_vec());
    names
}

/// A hostile tree, and what to call it.
type Hostile = (String, String);

/// Trees with one bad name each, as a file, as a directory and one level down.
fn badly_named(maker: &Maker<'_>) -> Vec<Hostile> {
    let inner = maker.tree(&[maker.file("config")]);
    let mut trees = Vec::new();
    for name in names() {
        let shown = name.escape_ascii().to_string();
        let file = maker.tree(&[maker.file(&name)]);
        if [&b".git"[..], b".GIT", b"..", b"a/b", b""].contains(&&*name) {
            let directory = maker.tree(&[maker.entry(TREE, &name, &inner)]);
            let link = maker.tree(&[maker.entry(LINK, &name, "/tmp")]);
            let module = maker.tree(&[maker.entry(SUBMODULE, &name, &maker.0.head())]);
            let deep = maker.tree(&[maker.entry(TREE, "deep", &file)]);
            trees.extend([
                (format!("a directory {shown:?}"), directory),
                (format!("a symlink {shown:?}"), link),
                (format!("a submodule {shown:?}"), module),
                (format!("a file deep/{shown:?}"), deep),
            ]);
        }
        trees.push((format!("a file {shown:?}"), file));
    }
    trees
}

/// Trees in which a name stands twice, in every order.
fn ambiguous(maker: &Maker<'_>, outside: &str) -> Vec<Hostile> {
    let inner = maker.tree(&[maker.file("x")]);
    let file = || maker.file("a");
    let directory = || maker.entry(TREE, "a", &inner);
    let link = || maker.entry(LINK, "a", outside);
    let module = || maker.entry(SUBMODULE, "a", &maker.0.head());
    let between = || maker.file("a.b");
    let tree = |entries: &[Entry]| maker.tree(entries);
    vec![
        ("a file twice".to_owned(), tree(&[file(), file()])),
        ("a directory twice".to_owned(), tree(&[directory(), directory()])),
        ("a file, then a directory".to_owned(), tree(&[file(), directory()])),
        ("a directory, then a file".to_owned(), tree(&[directory(), file()])),
        ("a file and a directory apart".to_owned(), tree(&[file(), between(), directory()])),
        ("a symlink, then a directory".to_owned(), tree(&[link(), directory()])),
        ("a directory, then a symlink".to_owned(), tree(&[directory(), link()])),
        ("a symlink and a directory apart".to_owned(), tree(&[link(), between(), directory()])),
        ("a symlink twice".to_owned(), tree(&[link(), link()])),
        ("a submodule and a directory".to_owned(), tree(&[module(), directory()])),
        ("a symlink and a submodule".to_owned(), tree(&[link(), module()])),
        ("a symlink, then a path below it".to_owned(), tree(&[link(), maker.file("a/x")])),
    ]
}

/// Objects that are not trees, or not whole.
fn broken(maker: &Maker<'_>) -> Vec<Hostile> {
    let absent = "1234567890123456789012345678901234567890";
    let blob = maker.object("blob", b"blob\n");
    let raw = |content: &[u8]| maker.object("tree", content);
    let inner = maker.tree(&[maker.file("x")]);
    let of_blob = maker.tree(&[maker.entry(TREE, "a", &blob)]);
    let as_file = maker.tree(&[Entry { mode: FILE, name: b"a".to_vec(), id: inner }]);
    vec![
        ("garbage".to_owned(), raw(b"garbage")),
        ("an entry that is cut".to_owned(), raw(b"100644 a\x00123")),
        ("an entry without a mode".to_owned(), raw(b" a\x0012345678901234567890")),
        ("a directory that is a file".to_owned(), of_blob),
        ("a file that is a directory".to_owned(), as_file),
        ("a tree that is not there".to_owned(), maker.tree(&[maker.entry(TREE, "a", absent)])),
    ]
}

/// What stock Git says to a commit when asked to check it out.
fn git_accepts(repo: &std::path::Path, commit: &str) -> bool {
    let dir = TempDir::new().unwrap();
    let clone = ["clone", "--quiet", "--shared", "--no-checkout"];
    run(git(dir.path()).args(clone).arg(repo).arg("t"));
    attempt(git(&dir.path().join("t")).args(["checkout", "--quiet", "--detach", commit])).is_ok()
}

/// Everything below a directory, by name.
fn everything(dir: &std::path::Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        found.push(entry.path());
        if entry.file_type().unwrap().is_dir() {
            found.extend(everything(&entry.path()));
        }
    }
    found.sort();
    found
}

/// Offers each tree to a daemon that has published something good, and takes it away again.
fn offer(choose: impl Fn(&Maker<'_>, &str) -> Vec<Hostile>) {
    let (upstream, root, outside) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    fs::write(outside.path().join("x"), "untouched").unwrap();
    let maker = Maker(&upstream);
    let good = upstream.head();
    let server = git_daemon::serve(&upstream);
    let mut driven = Driven::start(&server.url(), &root);
    let observer = observer::watch(&root.link());
    observer.has_looked();
    let published = root.path().join(".worktrees");
    let before = everything(&published);
    let trees = choose(&maker, outside.path().to_str().unwrap());
    for (what, tree) in trees {
        println!("{what}");
        let commit = maker.publish(&tree);
        match driven.attempt() {
            Err(failure) => {
                println!("  {}: {}", failure.class, failure.error);
                let told = ["protocol", "network", "not_found", "ref"];
                assert!(told.contains(&failure.class.as_str()), "{failure:?}");
                assert!(!failure.error.contains("panicked"), "{failure:?}");
                assert_eq!(root.published().as_deref(), Some(&*good));
                assert_eq!(everything(&published), before);
            }
            Ok(outcome) => {
                assert!(git_accepts(&upstream.repo(), &commit), "{outcome}, and Git refuses");
                oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), &commit);
            }
        }
        assert_eq!(fs::read(outside.path().join("x")).unwrap(), b"untouched");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
        let beside = fs::read_dir(root.path().parent().unwrap()).unwrap();
        assert_eq!(beside.count(), 1, "something was written beside the root");
        run(git(&upstream.repo()).args(["update-ref", "refs/heads/main", &good]));
        driven.succeeds();
        assert_eq!(root.published().as_deref(), Some(&*good));
    }
    observer.has_looked();
    observer.stop().assert_flawless(&upstream.repo());
    oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), &good);
}

#[test]
fn names_that_lead_astray_are_refused() {
    offer(|maker, _| badly_named(maker));
}

#[test]
fn names_that_stand_twice_are_refused() {
    offer(ambiguous);
}

#[test]
fn objects_that_are_no_trees_are_refused() {
    offer(|maker, _| broken(maker));
}

#[test]
fn a_hostile_tree_is_refused_at_the_first_sync_on_every_way() {
    let upstream = Upstream::new();
    let maker = Maker(&upstream);
    let hooks = maker.tree(&[maker.entry("100755", "post-checkout", "#!/bin/sh\n")]);
    let inner = maker.tree(&[maker.file("config"), maker.entry(TREE, "hooks", &hooks)]);
    maker.publish(&maker.tree(&[maker.entry(TREE, ".git", &inner)]));
    let (web, daemon) = (crate::support::http::serve(&upstream), git_daemon::serve(&upstream));
    for url in [web.url(), daemon.url(), upstream.repo().display().to_string()] {
        let root = Root::new();
        let failure = fails(single(&url, &root));
        failure.expect("protocol", "not safe to write");
        assert_eq!(root.published(), None);
        assert!(!root.path().join(".git/hooks").exists());
        let trees = root.path().join(".worktrees");
        assert!(!trees.exists() || everything(&trees).is_empty());
    }
}
