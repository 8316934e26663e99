//! Trees that are made from others: whatever differs between two commits, the result is what stock
//! Git checks out, and files that are the same are left alone.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::contract::random_trees::{Thing, Tree, commit, name, thing, tree};
use crate::contract::{after_more_attempts, assert_published, polling};
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::observer;
use crate::support::oracle;
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// One thing that somebody does between two commits.
#[derive(Clone, Debug)]
pub(crate) enum Edit {
    Remove(Index),
    RemoveBeside(Index),
    Replace(Index, Thing),
    ChangeMode(Index),
    ChangeCase(Index),
    IntoDirectory(Index, std::ffi::OsString, Thing),
    DirectoryInto(Index, Thing),
    Add(PathBuf, Thing),
    Attributes(Index, &'static str),
}

pub(crate) fn edit() -> impl Strategy<Value = Edit> {
    let path = vec(name(), 1..5).prop_map(|names| names.iter().collect::<PathBuf>());
    let rules = prop::sample::select(vec!["* text eol=crlf\n", "*.txt ident\n", "* -text\n"]);
    let index = any::<Index>;
    prop_oneof![
        2 => index().prop_map(Edit::Remove),
        1 => index().prop_map(Edit::RemoveBeside),
        4 => (index(), thing()).prop_map(|(index, thing)| Edit::Replace(index, thing)),
        1 => index().prop_map(Edit::ChangeMode),
        1 => index().prop_map(Edit::ChangeCase),
        2 => (index(), name(), thing()).prop_map(|(i, name, thing)| Edit::IntoDirectory(i, name, thing)),
        2 => (index(), thing()).prop_map(|(index, thing)| Edit::DirectoryInto(index, thing)),
        3 => (path, thing()).prop_map(|(path, thing)| Edit::Add(path, thing)),
        1 => (index(), rules).prop_map(|(index, rules)| Edit::Attributes(index, rules)),
    ]
}

/// Removes what stands at a path, below it, and in the place of a directory above it.
fn make_room(tree: &mut Tree, path: &Path) {
    tree.retain(|there, _| !there.starts_with(path) && !path.starts_with(there));
}

pub(crate) fn put(tree: &mut Tree, path: PathBuf, thing: Thing) {
    make_room(tree, &path);
    tree.insert(path, thing);
}

pub(crate) fn apply(tree: &mut Tree, edit: &Edit) {
    let paths: Vec<PathBuf> = tree.keys().cloned().collect();
    let pick = |index: &Index| paths.get(index.index(paths.len().max(1))).cloned();
    let above =
        |path: &Path| path.parent().filter(|above| *above != Path::new("")).map(Path::to_owned);
    match edit {
        Edit::Remove(index) => tree.retain(|path, _| Some(path) != pick(index).as_ref()),
        Edit::RemoveBeside(index) => {
            if let Some(above) = pick(index).as_deref().and_then(above) {
                tree.retain(|path, _| !path.starts_with(&above));
            }
        }
        Edit::Replace(index, thing) => {
            if let Some(path) = pick(index) {
                tree.insert(path, thing.clone());
            }
        }
        Edit::ChangeMode(index) => {
            if let Some(thing) = pick(index).and_then(|path| tree.get_mut(&path)) {
                *thing = match thing.clone() {
                    Thing::File(content) => Thing::Executable(content),
                    Thing::Executable(content) => Thing::File(content),
                    Thing::Symlink(target) => Thing::Symlink(target),
                };
            }
        }
        Edit::ChangeCase(index) => {
            let found = pick(index).and_then(|path| Some((tree.remove(&path)?, path)));
            if let Some((thing, path)) = found {
                let upper = path.file_name().unwrap().to_ascii_uppercase();
                put(tree, path.with_file_name(upper), thing);
            }
        }
        Edit::IntoDirectory(index, name, thing) => {
            if let Some(path) = pick(index) {
                put(tree, path.join(name), thing.clone());
            }
        }
        Edit::DirectoryInto(index, thing) => {
            if let Some(above) = pick(index).as_deref().and_then(above) {
                put(tree, above, thing.clone());
            }
        }
        Edit::Add(path, thing) => put(tree, path.clone(), thing.clone()),
        Edit::Attributes(index, rules) => {
            let above = pick(index).as_deref().and_then(above).unwrap_or_default();
            put(tree, above.join(".gitattributes"), Thing::File((*rules).into()));
        }
    }
}

fn attributes(tree: &Tree) -> BTreeMap<&PathBuf, &Thing> {
    tree.iter().filter(|(path, _)| path.ends_with(".gitattributes")).collect()
}

/// The times of all files that two commits have in common.
fn times(root: &Root, one: &Tree, other: &Tree) -> BTreeMap<PathBuf, (i64, i64)> {
    let same = one.iter().filter(|(path, thing)| other.get(*path) == Some(thing));
    let time = |path: &Path| {
        let meta = root.link().join(path).symlink_metadata().unwrap();
        (meta.mtime(), meta.mtime_nsec())
    };
    same.map(|(path, _)| (path.clone(), time(path))).collect()
}

fn daemon(upstream: &Upstream, root: &Root, mode: &str) -> Setup {
    polling(upstream.repo().to_str().unwrap(), root).flag(format!("--trees={mode}"))
}

/// Waits until Git knows what is in the tree, which may be a moment after readers see it.
pub(crate) fn settled(daemon: &Daemon, root: &Root, commit: &str) {
    eventually("the status tells the commit", SOON, || {
        assert!(daemon.events("attempt failed").is_empty(), "{:?}", daemon.log());
        (root.status()?["commit"]["id"] == commit).then_some(())
    });
}

fn any_change_gives_what_stock_git_checks_out(mode: &'static str, hash: &str, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let changes = vec((vec(edit(), 0..8), any::<bool>()), 4..8);
    TestRunner::new(config)
        .run(&(tree(), changes), |(generated, changes)| {
            let (upstream, root) = (Upstream::empty_by(hash), Root::new());
            // As in a commit, a path that needs another to be a directory wins.
            let mut tree = Tree::new();
            for (path, thing) in generated {
                put(&mut tree, path, thing);
            }
            let id = commit(&upstream, &tree);
            let daemon = daemon(&upstream, &root, mode).start();
            settled(&daemon, &root, &id);
            for (edits, wait) in changes {
                if wait && mode == "prepared" {
                    root.eventually_prepares();
                }
                let before = tree.clone();
                for edit in &edits {
                    apply(&mut tree, edit);
                }
                let old = times(&root, &before, &tree);
                let id = commit(&upstream, &tree);
                settled(&daemon, &root, &id);
                assert_published(&root, &upstream, &id);
                if mode == "prepared" && attributes(&before) == attributes(&tree) {
                    prop_assert_eq!(times(&root, &before, &tree), old);
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_changes_of_a_prepared_tree_give_what_stock_git_checks_out() {
    any_change_gives_what_stock_git_checks_out("prepared", "sha1", 6);
}

#[test]
fn some_changes_of_a_reused_tree_give_what_stock_git_checks_out() {
    any_change_gives_what_stock_git_checks_out("reused", "sha1", 4);
}

#[test]
fn so_do_some_where_objects_are_named_by_sha256() {
    for mode in ["prepared", "reused"] {
        any_change_gives_what_stock_git_checks_out(mode, "sha256", 2);
    }
}

#[test]
fn long_many_changes_give_what_stock_git_checks_out() {
    if !skip::unless_long("long_many_changes_give_what_stock_git_checks_out") {
        any_change_gives_what_stock_git_checks_out("prepared", "sha1", 150);
        any_change_gives_what_stock_git_checks_out("reused", "sha1", 100);
        any_change_gives_what_stock_git_checks_out("fresh", "sha1", 20);
        any_change_gives_what_stock_git_checks_out("prepared", "sha256", 50);
    }
}

/// A repository with a few files, published by a daemon that looks after it.
pub(super) fn published(mode: &str) -> (Upstream, Root, Daemon) {
    let (upstream, root) = (Upstream::new(), Root::new());
    let change = upstream.change().files(12, "d").executable("run", "x\n").symlink("s", "run");
    let id = change.file("sub/deep/file", "1\n").commit();
    let daemon = daemon(&upstream, &root, mode).start();
    settled(&daemon, &root, &id);
    (upstream, root, daemon)
}

type Damage = fn(&Path);

/// What a reader who may write does to the tree that he reads.
const DAMAGES: [Damage; 7] = [
    |tree| fs::write(tree.join("run"), "something else\n").unwrap(),
    |tree| fs::remove_file(tree.join("run")).unwrap(),
    |tree| {
        fs::remove_file(tree.join("run")).unwrap();
        fs::write(tree.join("run"), "x\n").unwrap();
    },
    |tree| fs::set_permissions(tree.join("run"), fs::Permissions::from_mode(0o644)).unwrap(),
    |tree| fs::remove_dir_all(tree.join("sub")).unwrap(),
    |tree| {
        fs::rename(tree.join("sub"), tree.join("moved")).unwrap();
        symlink("moved", tree.join("sub")).unwrap();
    },
    |tree| {
        fs::remove_file(tree.join("s")).unwrap();
        fs::create_dir(tree.join("s")).unwrap();
        fs::write(tree.join("s/x"), "x").unwrap();
    },
];

#[test]
fn a_tree_that_a_reader_changed_is_replaced_by_a_whole_one() {
    let (upstream, root, daemon) = published("prepared");
    for (number, damage) in DAMAGES.iter().enumerate() {
        println!("damage {number}");
        root.eventually_prepares();
        let before = fs::metadata(root.link()).unwrap().ino();
        damage(&root.link().canonicalize().unwrap());
        eventually("another tree is there", SOON, || {
            (fs::metadata(root.link()).ok()?.ino() != before).then_some(())
        });
        eventually("it is told", SOON, || {
            (daemon.events("the published tree was changed").len() > number).then_some(())
        });
        settled(&daemon, &root, &upstream.head());
        assert_published(&root, &upstream, &upstream.head());
    }
}

#[test]
fn what_a_reader_changed_is_right_in_the_next_commit() {
    for mode in ["prepared", "reused"] {
        let (upstream, root, daemon) = published(mode);
        for (number, damage) in DAMAGES.iter().enumerate() {
            println!("{mode}, damage {number}");
            let live = root.link().canonicalize().unwrap();
            fs::write(live.join("added"), "by a reader\n").unwrap();
            damage(&live);
            // In `reused`, the damaged one is the base of the commit after the next.
            for turn in 0..2 {
                let id = upstream.commit("counter", format!("{mode} {number} {turn}\n"));
                settled(&daemon, &root, &id);
            }
            eventually("all is right", SOON, || {
                let id = upstream.head();
                let found = oracle::objections(&root.path(), &root.link(), &upstream.repo(), &id);
                found.is_empty().then_some(())
            });
        }
    }
}

#[test]
fn drift_is_only_told_if_that_is_wanted_and_not_looked_for_if_not() {
    for (mode, told) in [("report", true), ("off", false)] {
        let (upstream, root) = (Upstream::new(), Root::new());
        let id = upstream.commit("a", "1\n");
        let daemon = daemon(&upstream, &root, "fresh").flag(format!("--drift={mode}")).start();
        settled(&daemon, &root, &id);
        fs::write(root.link().join("a"), "something else\n").unwrap();
        if told {
            daemon.eventually_logs("the published tree was changed");
            after_more_attempts(&daemon, 5);
            assert_eq!(daemon.events("the published tree was changed").len(), 1, "once is enough");
        } else {
            after_more_attempts(&daemon, 5);
            assert!(daemon.events("the published tree was changed").is_empty());
        }
        assert_eq!(fs::read(root.link().join("a")).unwrap(), b"something else\n");
    }
}

#[test]
fn a_prepared_directory_that_vanished_or_is_damaged_does_no_harm() {
    let (upstream, root, daemon) = published("prepared");
    let damages: [Damage; 3] = [
        |tree| fs::remove_dir_all(tree).unwrap(),
        |tree| fs::remove_dir_all(tree.join("d")).unwrap(),
        |tree| fs::remove_file(tree.join("counter")).unwrap_or_default(),
    ];
    for (number, damage) in damages.iter().enumerate() {
        println!("damage {number}");
        root.eventually_prepares();
        let place = fs::read_dir(root.path().join(".git/gitsyncd/prepared")).unwrap().next();
        damage(&place.unwrap().unwrap().path().join("tree"));
        let change = upstream.change().file("counter", format!("{number}\n")).file("d/x", "x\n");
        let id = change.file(format!("new{number}"), "new\n").commit();
        settled(&daemon, &root, &id);
        eventually("all is right", SOON, || {
            let found = oracle::objections(&root.path(), &root.link(), &upstream.repo(), &id);
            found.is_empty().then_some(())
        });
    }
}

/// Publishes many commits as fast as they come, while somebody reads.
fn many_changes_under_a_reader(mode: &str, changes: u32) {
    let (upstream, root) = (Upstream::new(), Root::new());
    let change = upstream.change().files(40, "d").symlink("s", "d");
    let first = change.file("counter", "start\n").commit();
    let mut daemon = daemon(&upstream, &root, mode).flag("--period=10ms").start();
    settled(&daemon, &root, &first);
    let observer = observer::watch(&root.link());
    observer.has_looked();
    for number in 0..changes {
        let name = format!("d/{:03}/{:06}.txt", number % 3, number % 40);
        let change = upstream.change().file("counter", format!("{number}\n"));
        let id = match number % 4 {
            0 => change.file(name, format!("{number}\n")),
            1 => change.file(format!("new/{number}/file"), "new\n"),
            2 => change.delete("new"),
            _ => change.executable("run", format!("{number}\n")),
        };
        let id = id.commit();
        root.eventually_publishes(&id);
        // Whoever goes through the link finds the file at any time, also in a tree that is reused.
        let read = fs::read_to_string(root.link().join("counter"));
        assert_eq!(read.unwrap(), format!("{number}\n"));
    }
    settled(&daemon, &root, &upstream.head());
    // Else an old tree may go between two looks of Git.
    daemon.signal(Signal::TERM);
    daemon.exit(SOON);
    assert_published(&root, &upstream, &upstream.head());
    observer.has_looked();
    let observer = observer.stop();
    // A reader that stays in a tree while it is reused sees it change, which is what was asked for.
    if mode != "reused" {
        observer.assert_flawless(&upstream.repo());
    }
}

#[test]
fn changes_in_quick_succession_are_seen_whole() {
    for mode in ["prepared", "reused", "fresh"] {
        many_changes_under_a_reader(mode, 24);
    }
}

#[test]
fn long_thousands_of_changes_are_seen_whole() {
    if !skip::unless_long("long_thousands_of_changes_are_seen_whole") {
        many_changes_under_a_reader("prepared", 2000);
        many_changes_under_a_reader("reused", 1000);
        many_changes_under_a_reader("fresh", 1000);
    }
}

#[test]
fn nothing_outside_of_a_reused_tree_is_touched() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let first = upstream.change().file("d/f", "1\n").file("d/g", "1\n").commit();
    let daemon = daemon(&upstream, &root, "reused").flag("-v1").start();
    settled(&daemon, &root, &first);
    let old = root.link().canonicalize().unwrap();
    let second = upstream.commit("a", "2\n");
    settled(&daemon, &root, &second);
    daemon.eventually_logs("prepared for the next change");
    // A reader of the retired tree who may write sets a trap.
    let elsewhere = tempfile::tempdir().unwrap();
    fs::write(elsewhere.path().join("f"), "precious\n").unwrap();
    fs::rename(old.join("d"), old.join("moved")).unwrap();
    symlink(elsewhere.path(), old.join("d")).unwrap();
    let third = upstream.change().delete("d/f").file("d/g", "3\n").commit();
    settled(&daemon, &root, &third);
    assert_published(&root, &upstream, &third);
    let left: Vec<_> = fs::read_dir(elsewhere.path()).unwrap().map(Result::unwrap).collect();
    assert_eq!(left.len(), 1);
    assert_eq!(fs::read(elsewhere.path().join("f")).unwrap(), b"precious\n");
}
