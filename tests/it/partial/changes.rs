//! Commits and rules that change while a daemon follows them with a filter: however a tree was made from
//! the one before, it is what stock Git checks out. Much of what changes is left out and not there.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::TestRunner;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::contract::incremental::{Edit, apply, edit, put, settled};
use crate::contract::random_trees::{Thing, Tree, commit, thing, tree};
use crate::contract::{after_more_attempts, polling};
use crate::partial::assert_partial;
use crate::sparse::{File, Rules};
use crate::support::daemon::{Daemon, Root};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{http, skip};

/// What happens before the next look.
#[derive(Clone, Debug)]
struct Step {
    edits: Vec<Edit>,
    /// What happens to directories that are left out as a whole.
    outside: Vec<Outside>,
    /// Other patterns, if they change.
    rules: Option<String>,
    wait: bool,
}

/// What happens to a path where nothing is written.
#[derive(Clone, Debug)]
enum Outside {
    /// A file is there, in the place of whatever there was.
    File(usize, Thing),
    /// Files are in a directory there.
    Directory(usize, Vec<(usize, Thing)>),
    Nothing(usize),
}

/// Where that happens. Some of them are left out, and some are in what is left out.
const PLACES: [&str; 6] = ["out", "out/er", "in/out", "in/out/er", "zz", "in/side/out"];

fn outside() -> impl Strategy<Value = Outside> {
    let place = || 0..PLACES.len();
    prop_oneof![
        1 => (place(), thing()).prop_map(|(place, thing)| Outside::File(place, thing)),
        2 => (place(), vec((0..3_usize, thing()), 1..3))
            .prop_map(|(place, things)| Outside::Directory(place, things)),
        1 => place().prop_map(Outside::Nothing),
    ]
}

fn change(tree: &mut Tree, outside: &Outside) {
    let clear = |tree: &mut Tree, place: &Path| tree.retain(|path, _| !path.starts_with(place));
    match outside {
        Outside::File(place, thing) => put(tree, PLACES[*place].into(), thing.clone()),
        Outside::Directory(place, things) => {
            let place = Path::new(PLACES[*place]);
            clear(tree, place);
            for (n, thing) in things {
                put(tree, place.join(n.to_string()), thing.clone());
            }
        }
        Outside::Nothing(place) => clear(tree, Path::new(PLACES[*place])),
    }
}

fn patterns() -> impl Strategy<Value = String> {
    let line = select(vec![
        "/*",
        "!/*/",
        "*.txt",
        "!*.txt",
        "/in/",
        "!/in/out/",
        "!/out/",
        "/[a-c]*/",
        "*/*/",
        "**/[ab]*",
        "!**/.gitattributes",
    ]);
    vec(line, 1..5).prop_map(|lines| lines.join("\n"))
}

fn step() -> impl Strategy<Value = Step> {
    let rules = prop_oneof![2 => Just(None), 1 => patterns().prop_map(Some)];
    let changes = (vec(edit(), 0..5), vec(outside(), 0..4));
    (changes, rules, any::<bool>()).prop_map(|((edits, outside), rules, wait)| Step {
        edits,
        outside,
        rules,
        wait,
    })
}

/// Directories of a tree that Git takes for what they are.
fn directories(tree: &Tree, chosen: &[Index]) -> Vec<String> {
    let known: BTreeSet<String> = tree
        .keys()
        .flat_map(|path| path.ancestors().skip(1))
        .filter_map(|path| path.to_str())
        .filter(|path| path.bytes().all(|byte| byte.is_ascii_lowercase() || b"/.".contains(&byte)))
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    let known: Vec<String> = known.into_iter().collect();
    let chosen = chosen.iter().filter_map(|index| known.get(index.index(known.len().max(1))));
    ["in/side".to_owned()].into_iter().chain(chosen.cloned()).collect()
}

/// Waits until what is published was made by the rules of the moment.
fn settled_by(daemon: &Daemon, root: &Root, id: &str, rules: &Rules) {
    settled(daemon, root, id);
    if let Rules::Patterns(text) = rules {
        eventually("the rules count", SOON, || {
            let admin = root.path().join(".git/worktrees").join(id).join("info/sparse-checkout");
            (fs::read_to_string(admin).ok()? == *text).then_some(())
        });
    }
    after_more_attempts(daemon, 1);
}

/// What a daemon is started with.
#[derive(Clone, Debug)]
struct Start {
    tree: Tree,
    /// Patterns, or else directories that are chosen among those that are there.
    patterns: Option<String>,
    directories: Vec<Index>,
    filter: &'static str,
    depth: &'static str,
}

fn start() -> impl Strategy<Value = Start> {
    let rules = prop_oneof![2 => Just(None), 1 => patterns().prop_map(Some)];
    let filter = select(vec!["blob:none", "tree:0"]);
    let depth = select(vec!["--depth=1", "--depth=1", "--depth=0"]);
    let rules = (rules, vec(any::<Index>(), 0..2));
    (tree(), rules, filter, depth).prop_map(
        |(generated, (patterns, directories), filter, depth)| {
            let mut tree = Tree::new();
            for (path, thing) in generated {
                put(&mut tree, path, thing);
            }
            for path in ["in/side/a.txt", "in/b", "in/out/c", "out/er/d"] {
                put(&mut tree, PathBuf::from(path), Thing::File(path.into()));
            }
            Start { tree, patterns, directories, filter, depth }
        },
    )
}

fn any_change_gives_what_stock_git_checks_out(mode: &'static str, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    TestRunner::new(config)
        .run(&(start(), vec(step(), 3..7)), |(start, steps)| {
            let Start { mut tree, patterns, directories: chosen, filter, depth } = start;
            let (upstream, root, file) = (Upstream::empty(), Root::new(), File::new());
            upstream.configure("uploadpack.allowFilter", "true");
            let server = http::serve(&upstream);
            let mut rules = match patterns {
                Some(text) => Rules::Patterns(text),
                None => Rules::Directories(directories(&tree, &chosen)),
            };
            let id = commit(&upstream, &tree);
            let setup = polling(&server.url(), &root).flag(format!("--trees={mode}")).flag(depth);
            let setup = setup.flag(format!("--filter={filter}"));
            let daemon = file.with(setup, &rules).start();
            settled_by(&daemon, &root, &id, &rules);
            for step in steps {
                if step.wait && mode == "prepared" {
                    root.eventually_prepares();
                }
                for edit in &step.edits {
                    apply(&mut tree, edit);
                }
                for outside in &step.outside {
                    change(&mut tree, outside);
                }
                if let (Some(other), Rules::Patterns(text)) = (step.rules, &mut rules) {
                    *text = other;
                    file.write(&*text);
                }
                let id = commit(&upstream, &tree);
                settled_by(&daemon, &root, &id, &rules);
                assert_partial(&root, &upstream, &id, filter, Some(&rules));
            }
            let log = format!("{:?}", daemon.log());
            assert!(!log.contains("damaged") && !log.contains("was changed"), "{log}");
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_changes_of_a_prepared_part_give_what_stock_git_checks_out() {
    any_change_gives_what_stock_git_checks_out("prepared", 4);
}

#[test]
fn some_changes_of_a_reused_part_give_what_stock_git_checks_out() {
    any_change_gives_what_stock_git_checks_out("reused", 4);
}

#[test]
fn long_many_changes_of_a_part_with_a_filter_give_what_stock_git_checks_out() {
    let name = "long_many_changes_of_a_part_with_a_filter_give_what_stock_git_checks_out";
    if !skip::unless_long(name) {
        any_change_gives_what_stock_git_checks_out("prepared", 50);
        any_change_gives_what_stock_git_checks_out("reused", 50);
    }
}
