//! Commits and rules that change: whatever way a tree was made, it is what stock Git checks out by
//! the rules of the moment.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::contract::incremental::{Edit, apply, edit, put, settled};
use crate::contract::random_trees::{Tree, commit, tree};
use crate::contract::{after_more_attempts, polling};
use crate::sparse::published::rich;
use crate::sparse::{File, Rules, assert_published};
use crate::support::daemon::{Daemon, Root};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// What happens before the next look.
#[derive(Clone, Debug)]
struct Step {
    edits: Vec<Edit>,
    /// Other rules, if they change.
    rules: Option<String>,
    wait: bool,
}

fn rules() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "/*",
        "!/*/",
        "*",
        "*.txt",
        "!*.txt",
        "*.crlf",
        "[a-c]*/",
        "![d-f]*/",
        "/a*/",
        "!/b*/",
        "*/*/",
        "!*/*/",
        "**/[ab]*",
        "!**/.gitattributes",
        "/[a-d]*",
        "/*/[a-c]*",
    ]);
    vec(line, 1..5).prop_map(|lines| lines.join("\n"))
}

fn step() -> impl Strategy<Value = Step> {
    let rules = prop_oneof![2 => Just(None), 1 => rules().prop_map(Some)];
    (vec(edit(), 0..8), rules, any::<bool>()).prop_map(|(edits, rules, wait)| Step {
        edits,
        rules,
        wait,
    })
}

/// The times of all files that are there.
fn times(root: &Root, tree: &Tree) -> BTreeMap<PathBuf, (i64, i64)> {
    let time = |path: &PathBuf| {
        let found = root.link().join(path).symlink_metadata().ok().filter(|it| !it.is_dir())?;
        Some((path.clone(), (found.mtime(), found.mtime_nsec())))
    };
    tree.keys().filter_map(time).collect()
}

/// Waits until what is published was made by the rules of the moment.
pub(super) fn eventually_by(daemon: &Daemon, root: &Root, id: &str, text: &str) {
    settled(daemon, root, id);
    eventually("the rules count", SOON, || {
        let admin = root.path().join(".git/worktrees").join(id).join("info/sparse-checkout");
        (fs::read_to_string(admin).ok()? == text).then_some(())
    });
    after_more_attempts(daemon, 1);
}

fn any_change_gives_what_stock_git_checks_out(mode: &'static str, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 60,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&(tree(), rules(), vec(step(), 4..8)), |(generated, mut rules, steps)| {
            let (upstream, root, file) = (Upstream::empty(), Root::new(), File::new());
            let mut tree = Tree::new();
            for (path, thing) in generated {
                put(&mut tree, path, thing);
            }
            let id = commit(&upstream, &tree);
            let url = upstream.repo().display().to_string();
            let setup = polling(&url, &root).flag(format!("--trees={mode}"));
            let daemon = file.with(setup, &Rules::patterns(&rules)).start();
            settled(&daemon, &root, &id);
            for step in steps {
                if step.wait && mode == "prepared" {
                    root.eventually_prepares();
                }
                let (before, old) = (tree.clone(), times(&root, &tree));
                for edit in &step.edits {
                    apply(&mut tree, edit);
                }
                let same_rules = step.rules.is_none();
                if let Some(other) = step.rules {
                    rules = other;
                    file.write(&rules);
                }
                let id = commit(&upstream, &tree);
                eventually_by(&daemon, &root, &id, &rules);
                assert_published(&root, &upstream, &id, &Rules::patterns(&rules));
                let attributes = |tree: &Tree| {
                    let all = tree.iter().filter(|(path, _)| path.ends_with(".gitattributes"));
                    all.map(|(path, thing)| (path.clone(), thing.clone())).collect::<Vec<_>>()
                };
                if same_rules && mode == "prepared" && attributes(&before) == attributes(&tree) {
                    let is_same = |path: &PathBuf| before.get(path) == tree.get(path);
                    let (mut old, mut new) = (old, times(&root, &tree));
                    old.retain(|path, _| is_same(path));
                    new.retain(|path, _| is_same(path));
                    prop_assert_eq!(new, old, "files that are the same are left alone");
                }
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_changes_of_a_prepared_part_give_what_stock_git_checks_out() {
    any_change_gives_what_stock_git_checks_out("prepared", 5);
}

#[test]
fn some_changes_of_a_reused_part_give_what_stock_git_checks_out() {
    any_change_gives_what_stock_git_checks_out("reused", 4);
}

#[test]
fn long_many_changes_of_a_part_give_what_stock_git_checks_out() {
    if !skip::unless_long("long_many_changes_of_a_part_give_what_stock_git_checks_out") {
        any_change_gives_what_stock_git_checks_out("prepared", 120);
        any_change_gives_what_stock_git_checks_out("reused", 80);
        any_change_gives_what_stock_git_checks_out("fresh", 20);
    }
}

#[test]
fn a_change_outside_of_the_rules_touches_no_file() {
    let (upstream, first) = rich();
    let (root, file, rules) = (Root::new(), File::new(), Rules::directories(&["src/deep"]));
    let url = upstream.repo().display().to_string();
    let daemon = file.with(polling(&url, &root), &rules).start();
    settled(&daemon, &root, &first);
    root.eventually_prepares();
    let inode = || fs::metadata(root.link().join("src/deep/a.c")).unwrap().ino();
    let before = inode();
    let commit = upstream.change().file("lib/deep/a.c", "other\n").delete("docs/run").commit();
    settled(&daemon, &root, &commit);
    assert_published(&root, &upstream, &commit, &rules);
    assert_eq!(inode(), before);
}

#[test]
fn readers_see_one_part_or_the_other_and_nothing_between() {
    let (upstream, commit) = rich();
    let (root, file) = (Root::new(), File::new());
    let (one, other) = ("/src/\n", "/lib/\n");
    let url = upstream.repo().display().to_string();
    let daemon = file.with(polling(&url, &root), &Rules::patterns(one)).start();
    settled(&daemon, &root, &commit);
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0_u32;
            while !over.load(Ordering::Relaxed) {
                // By the directory itself, as another may have its name at any moment.
                let held = fs::File::open(root.link()).expect("there is a tree at every moment");
                let path = format!("/proc/self/fd/{}", held.as_raw_fd());
                let names: Vec<_> = fs::read_dir(path).unwrap().flatten().collect();
                let is_there = |name: &str| names.iter().any(|entry| entry.file_name() == name);
                assert!(!(is_there("src") && is_there("lib")), "{names:?}");
                looks += 1;
            }
            looks
        });
        for text in [other, one, other, one] {
            file.write(text);
            eventually_by(&daemon, &root, &commit, text);
        }
        over.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 10);
    });
    assert_published(&root, &upstream, &commit, &Rules::patterns(one));
}
