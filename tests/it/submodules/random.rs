//! Random changes of repositories and their submodules: a tree that is made from another, one that
//! is written as a whole and one that stock Git writes are the same.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::TestRunner;
use std::collections::BTreeMap;
use std::fs;

use crate::contract::incremental::settled;
use crate::contract::polling;
use crate::contract::random_trees::{Thing, Tree, commit, tree};
use crate::contract::trying;
use crate::submodules::family::{Link, Sub, assert_published, link, links};
use crate::support::daemon::Root;
use crate::support::skip;
use crate::support::upstream::Upstream;

/// Where submodules may be. No name of a random file begins like these.
const PLACES: [&str; 5] = ["m", "m-x", "mm/one", "mm/two", "mm/deep/er"];
/// How many repositories there are that may be one.
const SUBS: usize = 3;

/// What may happen between two commits.
#[derive(Clone, Debug)]
enum Edit {
    /// All files are others.
    Files(Tree),
    /// A submodule has another commit, which nobody names yet.
    Grow(Index, Tree),
    /// One file of it is another.
    Touch(Index, Index, Vec<u8>),
    /// One is at a commit that it had.
    Move(Index, Index),
    Add(Index, Index),
    Remove(Index),
    /// One has another path.
    Rename(Index, Index),
    /// The first has another one of them, or none any more.
    Nest(bool, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<Index>;
    prop_oneof![
        1 => files().prop_map(Edit::Files),
        1 => (index(), files()).prop_map(|(sub, tree)| Edit::Grow(sub, tree)),
        4 => (index(), index(), vec(any::<u8>(), 0..9)).prop_map(|(a, b, c)| Edit::Touch(a, b, c)),
        6 => (index(), index()).prop_map(|(place, commit)| Edit::Move(place, commit)),
        2 => (index(), index()).prop_map(|(place, sub)| Edit::Add(place, sub)),
        1 => index().prop_map(Edit::Remove),
        1 => (index(), index()).prop_map(|(from, to)| Edit::Rename(from, to)),
        1 => (any::<bool>(), index()).prop_map(|(on, commit)| Edit::Nest(on, commit)),
    ]
}

fn files() -> impl Strategy<Value = Tree> {
    tree().prop_map(|mut tree| {
        tree.retain(|path, _| !path.to_string_lossy().to_lowercase().starts_with('m'));
        tree
    })
}

/// The repositories, and which submodules the next commit has.
struct Scene {
    upstream: Upstream,
    subs: Vec<(Sub, Vec<String>)>,
    /// By the path: which repository, at which of its commits.
    places: BTreeMap<&'static str, (usize, String)>,
    files: Tree,
}

impl Scene {
    fn new(files: Tree) -> Self {
        let upstream = Upstream::empty();
        let subs = (0..SUBS).map(|n| Sub::beside(&upstream, &format!("sub{n}")));
        let subs = subs.map(|sub| (sub.clone(), vec![sub.head()])).collect();
        Self { upstream, subs, places: BTreeMap::new(), files }
    }

    fn place(&self, index: Index) -> Option<&'static str> {
        let taken: Vec<_> = self.places.keys().copied().collect();
        (!taken.is_empty()).then(|| *index.get(&taken))
    }

    fn apply(&mut self, edit: &Edit) {
        match edit {
            Edit::Files(tree) => self.files = tree.clone(),
            Edit::Grow(sub, tree) => self.grow(sub.index(SUBS), tree),
            Edit::Touch(sub, file, content) => {
                let (sub, commits) = &mut self.subs[sub.index(SUBS)];
                commits.push(sub.commit(format!("touched/{}", file.index(3)), content));
            }
            Edit::Move(place, commit) => {
                if let Some(place) = self.place(*place) {
                    let (sub, now) = self.places.get_mut(place).unwrap();
                    now.clone_from(commit.get(&self.subs[*sub].1));
                }
            }
            Edit::Add(place, sub) => {
                let sub = sub.index(SUBS);
                let newest = self.subs[sub].1.last().unwrap().clone();
                self.places.insert(*place.get(&PLACES), (sub, newest));
            }
            Edit::Remove(place) => {
                if let Some(place) = self.place(*place) {
                    self.places.remove(place);
                }
            }
            Edit::Rename(from, to) => {
                if let Some(one) = self.place(*from).and_then(|place| self.places.remove(place)) {
                    self.places.insert(*to.get(&PLACES), one);
                }
            }
            Edit::Nest(on, commit) => {
                let nested = commit.get(&self.subs[2].1).clone();
                let (sub, commits) = &mut self.subs[0];
                let wanted = [link("ne/sted", "../sub2.git", &nested)];
                commits.push(sub.has(if *on { &wanted } else { &[] }));
            }
        }
    }

    fn grow(&mut self, sub: usize, tree: &Tree) {
        let (sub, commits) = &mut self.subs[sub];
        for entry in fs::read_dir(sub.work()).unwrap() {
            let path = entry.unwrap().path();
            let stays = [".git", ".gitmodules", "ne"].iter().any(|name| path.ends_with(name));
            if !stays {
                if path.is_dir() && !path.is_symlink() {
                    fs::remove_dir_all(path).unwrap();
                } else {
                    fs::remove_file(path).unwrap();
                }
            }
        }
        for (path, thing) in tree {
            if let Thing::File(content) | Thing::Executable(content) = thing {
                sub.write(path, content);
            }
        }
        commits.push(sub.push());
    }

    fn commit(&self) -> String {
        let all: Vec<Link> = self
            .places
            .iter()
            .map(|(path, (sub, commit))| link(path, &format!("../sub{sub}.git"), commit))
            .collect();
        commit(&self.upstream, &self.files);
        links(&self.upstream, &all)
    }
}

fn any_change_gives_what_stock_git_makes(mode: &'static str, cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let changes = vec((vec(edit(), 0..5), any::<bool>()), 3..7);
    TestRunner::new(config)
        .run(&(files(), changes), |(generated, changes)| {
            let mut scene = Scene::new(generated);
            let root = Root::new();
            scene.places.insert(PLACES[0], (0, scene.subs[0].1[0].clone()));
            scene.places.insert(PLACES[3], (1, scene.subs[1].1[0].clone()));
            let url = scene.upstream.repo();
            let mut id = scene.commit();
            let daemon = polling(url.to_str().unwrap(), &root).flag(format!("--trees={mode}"));
            let daemon = daemon.start();
            settled(&daemon, &root, &id);
            for (edits, wait) in changes {
                if wait && mode == "prepared" {
                    root.eventually_prepares();
                }
                for edit in &edits {
                    scene.apply(edit);
                }
                id = scene.commit();
                settled(&daemon, &root, &id);
                assert_published(&root, &url, &id);
            }
            let fresh = Root::new();
            trying(url.to_str().unwrap(), &fresh).once().expect_code(0);
            assert_published(&fresh, &url, &id);
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_changes_of_submodules_give_what_stock_git_makes() {
    any_change_gives_what_stock_git_makes("prepared", 3);
}

#[test]
fn some_changes_of_submodules_in_a_reused_tree_give_what_stock_git_makes() {
    any_change_gives_what_stock_git_makes("reused", 2);
}

#[test]
fn long_many_changes_of_submodules_give_what_stock_git_makes() {
    if !skip::unless_long("long_many_changes_of_submodules_give_what_stock_git_makes") {
        any_change_gives_what_stock_git_makes("prepared", 100);
        any_change_gives_what_stock_git_makes("reused", 60);
        any_change_gives_what_stock_git_makes("fresh", 10);
    }
}
