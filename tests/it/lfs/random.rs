//! Random changes of commits with files of Git LFS: whatever way a tree is made, it is what stock
//! git-lfs checks out.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;

use crate::lfs::{assert_published, at, polling, settled, with_server};
use crate::support::daemon::Root;
use crate::support::lfs::{self, Server, kept};
use crate::support::skip;
use crate::support::upstream::Upstream;

/// What somebody does between two commits.
#[derive(Clone, Debug)]
enum Edit {
    Write(&'static str, String),
    Executable(&'static str, String),
    Remove(Index),
    Rules(&'static str, &'static str),
}

const NAMES: [&str; 9] =
    ["a.bin", "b.bin", "c.txt", "d/a.bin", "d/b.raw", "d/e/a.bin", "d/e/c.txt", "f.raw", "g.bin"];
const RULES: [&str; 4] = [
    "*.bin filter=lfs -text\n",
    "*.bin filter=lfs -text\n*.raw filter=lfs -text\n",
    "*.bin -filter\n*.txt text eol=crlf\n",
    "[attr]large filter=lfs -text\n*.bin large\n*.txt ident\n",
];

fn edit() -> impl Strategy<Value = Edit> {
    let name = || prop::sample::select(NAMES.to_vec());
    // Few contents, so that files share some and come back to others.
    let content = || prop_oneof![Just(String::new()), "[ab]{1,2}\n", "\\$Id\\$ [a-z]{0,9}\r\n"];
    let place = prop::sample::select(vec!["", "d/", "d/e/"]);
    prop_oneof![
        6 => (name(), content()).prop_map(|(name, content)| Edit::Write(name, content)),
        2 => (name(), content()).prop_map(|(name, content)| Edit::Executable(name, content)),
        2 => any::<Index>().prop_map(Edit::Remove),
        1 => (place, prop::sample::select(RULES.to_vec())).prop_map(|(at, r)| Edit::Rules(at, r)),
    ]
}

/// Makes a commit in which every file is what the rules of the moment make of it.
fn commit(upstream: &Upstream, tree: &BTreeMap<String, (String, bool)>) -> String {
    let work = upstream.work();
    for entry in std::fs::read_dir(&work).unwrap().flatten() {
        if entry.file_name() != ".git" {
            let path = entry.path();
            let removed = if path.is_dir() {
                std::fs::remove_dir_all(path)
            } else {
                std::fs::remove_file(path)
            };
            removed.unwrap();
        }
    }
    crate::support::git::run(upstream.git().args([
        "rm",
        "-r",
        "-q",
        "--cached",
        "--ignore-unmatch",
        ".",
    ]));
    let change = tree.iter().fold(upstream.change(), |change, (path, (content, executable))| {
        if *executable { change.executable(path, content) } else { change.file(path, content) }
    });
    change.commit()
}

fn apply(tree: &mut BTreeMap<String, (String, bool)>, edit: Edit) {
    match edit {
        Edit::Write(name, content) => drop(tree.insert(name.to_owned(), (content, false))),
        Edit::Executable(name, content) => drop(tree.insert(name.to_owned(), (content, true))),
        Edit::Remove(index) => {
            let names: Vec<_> = tree.keys().cloned().collect();
            if let Some(name) = names.get(index.index(names.len().max(1))) {
                tree.remove(name);
            }
        }
        Edit::Rules(place, rules) => {
            tree.insert(format!("{place}.gitattributes"), (rules.to_owned(), false));
        }
    }
}

fn any_change_gives_what_stock_lfs_checks_out(mode: &'static str, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let changes = vec((vec(edit(), 1..6), any::<bool>()), 3..7);
    TestRunner::new(config)
        .run(&changes, |changes| {
            let (upstream, root) = (lfs::upstream(), Root::new());
            let rules = (RULES[0].to_owned(), false);
            let mut tree = BTreeMap::from([(".gitattributes".to_owned(), rules)]);
            let id = commit(&upstream, &tree);
            let server = Server::start(&kept(&upstream));
            let setup = polling(&at(&upstream), &root).flag(format!("--trees={mode}"));
            let daemon = with_server(setup, &server.url()).start();
            settled(&daemon, &root, &id);
            for (edits, wait) in changes {
                if wait && mode == "prepared" {
                    root.eventually_prepares();
                }
                for edit in edits {
                    apply(&mut tree, edit);
                }
                let id = commit(&upstream, &tree);
                settled(&daemon, &root, &id);
                assert_published(&root, &upstream, &id);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_changes_of_a_prepared_tree_give_what_stock_lfs_checks_out() {
    any_change_gives_what_stock_lfs_checks_out("prepared", 5);
}

#[test]
fn some_changes_of_a_reused_tree_give_what_stock_lfs_checks_out() {
    any_change_gives_what_stock_lfs_checks_out("reused", 3);
}

#[test]
fn long_many_changes_give_what_stock_lfs_checks_out() {
    if !skip::unless_long("long_many_changes_give_what_stock_lfs_checks_out") {
        any_change_gives_what_stock_lfs_checks_out("prepared", 80);
        any_change_gives_what_stock_lfs_checks_out("reused", 60);
        any_change_gives_what_stock_lfs_checks_out("fresh", 20);
    }
}
