//! Random trees, rules and filters: what came in steps equals what comes at once, and both equal what
//! stock Git checks out.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::contract::random_trees::{Tree, commit, tree};
use crate::partial::{assert_partial, partly};
use crate::sparse::Rules;
use crate::support::daemon::Root;
use crate::support::upstream::Upstream;
use crate::support::{http, skip};

/// Directories of a tree that Git takes for what they are.
fn rules(trees: &[Tree]) -> impl Strategy<Value = Option<Rules>> + use<> {
    let mut known: Vec<String> = trees
        .iter()
        .flat_map(|tree| tree.keys().flat_map(|path| path.ancestors().skip(1)))
        .filter_map(|path| path.to_str())
        .filter(|path| path.bytes().all(|byte| byte.is_ascii_lowercase() || b"/.".contains(&byte)))
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect();
    known.push("nowhere".to_owned());
    known.sort();
    known.dedup();
    let some = vec(select(known), 1..3).prop_map(|paths| Some(Rules::Directories(paths)));
    prop_oneof![1 => Just(None), 4 => some]
}

fn in_steps_as_at_once(cases: u32) {
    let config = ProptestConfig {
        cases,
        max_shrink_iters: 20,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let filter = select(vec!["blob:none", "tree:0", "blob:limit=8", "tree:2"]);
    let depth = select(vec!["--depth=1", "--depth=0", "--depth=2"]);
    let given = vec(tree(), 2..4).prop_flat_map(move |trees| {
        let rules = rules(&trees);
        (Just(trees), rules, filter.clone(), depth.clone())
    });
    TestRunner::new(config)
        .run(&given, |(trees, rules, filter, depth)| {
            let (upstream, root) = (Upstream::empty(), Root::new());
            upstream.configure("uploadpack.allowFilter", "true");
            let server = http::serve(&upstream);
            let local = upstream.repo().display().to_string();
            let rules = rules.as_ref();
            for (n, tree) in trees.iter().enumerate() {
                let commit = commit(&upstream, tree);
                let url = if n == 1 { local.clone() } else { server.url() };
                let run = partly(&url, &root, filter, rules).flag(depth).once();
                run.expect_code(0);
                assert!(!format!("{:?}", run.log).contains("damaged"), "{:?}", run.log);
                assert_partial(&root, &upstream, &commit, filter, rules);
                let fresh = Root::new();
                partly(&url, &fresh, filter, rules).flag(depth).once().expect_code(0);
                assert_partial(&fresh, &upstream, &commit, filter, rules);
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn some_random_trees_come_in_steps_as_at_once() {
    in_steps_as_at_once(5);
}

#[test]
fn long_many_random_trees_come_in_steps_as_at_once() {
    if !skip::unless_long("long_many_random_trees_come_in_steps_as_at_once") {
        in_steps_as_at_once(200);
    }
}
