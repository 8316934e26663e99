//! Random trees, one after the other in the same root, against stock Git.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use crate::contract::{publishes, trying};
use crate::support::daemon::Root;
use crate::support::skip;
use crate::support::upstream::Upstream;

/// What may stand at a path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Thing {
    File(Vec<u8>),
    Executable(Vec<u8>),
    Symlink(OsString),
}

pub(crate) type Tree = BTreeMap<PathBuf, Thing>;

/// Any name that Git takes: no `.git` in any disguise.
pub(crate) fn name() -> impl Strategy<Value = OsString> {
    let bytes = vec(prop_oneof![4 => 97_u8..103, 1 => 1_u8..=255], 1..6);
    let plain = bytes.prop_filter("Git takes it", |name| {
        !name.contains(&b'/')
            && !name.starts_with(b".")
            && !name.to_ascii_lowercase().contains(&b'g')
    });
    let suffix = prop_oneof![Just(""), Just(".txt"), Just(".crlf"), Just(".bin"), Just(" ")];
    (plain, suffix).prop_map(|(mut name, suffix)| {
        name.extend_from_slice(suffix.as_bytes());
        OsString::from_vec(name)
    })
}

pub(crate) fn content() -> impl Strategy<Value = Vec<u8>> {
    let lines =
        vec(prop_oneof![Just("one\n"), Just("$Id$\n"), Just("\u{e9}\n"), Just("end")], 0..6);
    prop_oneof![
        4 => lines.prop_map(|lines| lines.concat().into_bytes()),
        1 => vec(any::<u8>(), 0..200),
        1 => Just(Vec::new()),
    ]
}

pub(crate) fn thing() -> impl Strategy<Value = Thing> {
    prop_oneof![
        5 => content().prop_map(Thing::File),
        1 => content().prop_map(Thing::Executable),
        1 => name().prop_map(Thing::Symlink),
    ]
}

/// Up to 24 paths of up to four names, and perhaps attributes. Where one path needs a directory
/// and another a file, the later one wins.
pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let path = vec(name(), 1..5).prop_map(|names| names.iter().collect::<PathBuf>());
    let attributes = prop_oneof![
        Just(None),
        Just(Some("*.crlf text eol=crlf\n*.txt text ident\n*.bin binary\n")),
        Just(Some("* text=auto\n*.txt eol=crlf\n*.bin -text\n")),
    ];
    (btree_map(path, thing(), 0..24), attributes).prop_map(|(mut tree, attributes)| {
        if let Some(text) = attributes {
            tree.insert(".gitattributes".into(), Thing::File(text.into()));
        }
        tree
    })
}

/// Makes the tree the next commit of the repository, in the place of the one before.
pub(crate) fn commit(upstream: &Upstream, tree: &Tree) -> String {
    let mut change = upstream.change();
    for entry in fs::read_dir(upstream.work()).unwrap() {
        let name = entry.unwrap().file_name();
        if name != ".git" {
            change = change.delete(name);
        }
    }
    for (path, thing) in tree {
        change = match thing {
            Thing::File(content) => change.file(path, content),
            Thing::Executable(content) => change.executable(path, content),
            Thing::Symlink(target) => change.symlink(path, target),
        };
    }
    change.commit()
}

fn random_trees_equal_those_of_stock_git(hash: &str, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let trees = vec(tree(), 2..4);
    TestRunner::new(config)
        .run(&trees, |trees| {
            let (upstream, root) = (Upstream::empty_by(hash), Root::new());
            for tree in &trees {
                let commit = commit(&upstream, tree);
                let url = upstream.repo();
                publishes(trying(url.to_str().unwrap(), &root), &root, &upstream, &commit);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_random_trees_equal_those_of_stock_git() {
    random_trees_equal_those_of_stock_git("sha1", 6);
}

#[test]
fn so_do_some_whose_objects_are_named_by_sha256() {
    random_trees_equal_those_of_stock_git("sha256", 4);
}

#[test]
fn long_many_random_trees_equal_those_of_stock_git() {
    if !skip::unless_long("long_many_random_trees_equal_those_of_stock_git") {
        random_trees_equal_those_of_stock_git("sha1", 300);
        random_trees_equal_those_of_stock_git("sha256", 100);
    }
}
