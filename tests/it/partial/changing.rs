//! Rules and filters that change, commits to go back to, and garbage.

use std::fs;

use crate::contract::{polling, trying};
use crate::partial::{assert_partial, filtering, has, inside, partly};
use crate::sparse::{File, Rules};
use crate::support::daemon::Root;
use crate::support::http::{self, Answer};
use crate::support::wait::{SOON, eventually};

#[test]
fn what_new_rules_want_of_the_same_commit_is_fetched() {
    let (upstream, first) = filtering();
    let (server, root, file) = (http::serve(&upstream), Root::new(), File::new());
    let wide = "/in/one/\n/out/\n";
    let (some, more) = (Rules::patterns("/in/one/\n"), Rules::patterns(wide));
    let setup = polling(&server.url(), &root).flag("--filter=blob:none");
    let daemon = file.with(setup, &some).start();
    root.eventually_publishes(&first);
    assert_partial(&root, &upstream, &first, "blob:none", Some(&some));
    assert!(!has(&root, &upstream, "HEAD:out/deep/er/0"));
    file.write(wide);
    eventually("more is written", SOON, || {
        root.link().join("out/deep/er/0").exists().then_some(())
    });
    assert_partial(&root, &upstream, &first, "blob:none", Some(&more));
    drop(daemon);
}

#[test]
fn patterns_need_all_trees_whatever_the_filter() {
    let (upstream, first) = filtering();
    let (server, root, file) = (http::serve(&upstream), Root::new(), File::new());
    let rules = Rules::patterns("1\n!/out/\n");
    let setup = trying(&server.url(), &root).flag("--filter=tree:0");
    file.with(setup, &rules).once().expect_code(0);
    assert_partial(&root, &upstream, &first, "tree:0", Some(&rules));
    assert!(has(&root, &upstream, "HEAD:out/deep/er") && !has(&root, &upstream, "HEAD:in/one/0"));
}

#[test]
fn one_filter_follows_another_and_none_brings_all() {
    let (upstream, _) = filtering();
    let (server, root, rules) = (http::serve(&upstream), Root::new(), inside());
    let filters = ["blob:none", "tree:0", "blob:none", "blob:limit=1k", "tree:0"];
    for (n, filter) in filters.into_iter().enumerate() {
        let commit = upstream.commit("in/one/deep/0", format!("{n}\n"));
        partly(&server.url(), &root, filter, Some(&rules)).once().expect_code(0);
        assert_partial(&root, &upstream, &commit, filter, Some(&rules));
        // The next one has to be content with what this one brought, too.
        let next = filters.get(n + 1).copied().unwrap_or(filter);
        partly(&server.url(), &root, next, Some(&rules)).once().expect_code(0);
    }
    let config = || fs::read_to_string(root.path().join(".git/config")).unwrap();
    assert!(config().contains("promisor"));
    let whole = || trying(&server.url(), &root).flag("--stale-worktree-timeout=0");
    File::new().with(whole(), &rules).once().expect_code(0);
    assert!(!config().contains("promisor") && !config().contains("partialClone"));
    crate::sparse::assert_published(&root, &upstream, &upstream.head(), &rules);
    assert!(has(&root, &upstream, "HEAD:out/deep/er/0"), "now it is whole");
    whole().once().expect_code(0);
    crate::contract::assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn what_was_made_with_directories_unlisted_is_no_base_for_listing_them_and_the_reverse() {
    let (upstream, _) = filtering();
    let (server, rules) = (http::serve(&upstream), inside());
    for (before, filter) in [("tree:0", "blob:none"), ("blob:none", "tree:0")] {
        let root = Root::new();
        partly(&server.url(), &root, before, Some(&rules)).once().expect_code(0);
        let setup = polling(&server.url(), &root).flag(format!("--filter={filter}"));
        let daemon = File::new().with(setup, &rules).start();
        daemon.eventually_ready();
        for content in ["new", "newer"] {
            let commit = upstream.commit("out/deep/er/0", format!("{before} {content}\n"));
            root.eventually_publishes(&commit);
            assert_partial(&root, &upstream, &commit, filter, Some(&rules));
        }
        drop(daemon);
    }
}

#[test]
fn an_earlier_commit_needs_no_server() {
    let (upstream, first) = filtering();
    for filter in ["blob:none", "tree:0"] {
        let (server, root, rules) = (http::serve(&upstream), Root::new(), inside());
        let mut commits = vec![upstream.head()];
        for n in 0..5 {
            partly(&server.url(), &root, filter, Some(&rules)).once().expect_code(0);
            let change = upstream.change().file("in/one/0", format!("{n}\n"));
            commits.push(change.file("out/0", format!("{n}\n")).commit());
        }
        commits.pop();
        server.answer(Answer::Broken);
        for commit in commits.iter().rev() {
            let setup = partly(&server.url(), &root, filter, Some(&rules));
            setup.flag(format!("--ref={commit}")).once().expect_code(0);
            assert_partial(&root, &upstream, commit, filter, Some(&rules));
        }
        upstream.reset(&first);
    }
}

#[test]
fn garbage_is_collected_and_nothing_is_lost_that_is_needed() {
    let (upstream, _) = filtering();
    for (filter, depth) in
        [("blob:none", "1"), ("tree:0", "1"), ("blob:none", "0"), ("tree:0", "0")]
    {
        let (server, root, rules) = (http::serve(&upstream), Root::new(), inside());
        let run = |commit: &str| {
            let setup = partly(&server.url(), &root, filter, Some(&rules));
            let setup = setup.flag("--git-gc=always").flag(format!("--depth={depth}"));
            let run = setup.flag(format!("--ref={commit}")).once();
            run.expect_code(0);
            assert!(!format!("{:?}", run.log).contains("could not collect"), "{:?}", run.log);
        };
        let mut commits = Vec::new();
        for n in 0..7 {
            let change = upstream.change().file("in/one/deep/0", format!("{filter}{depth}{n}\n"));
            commits.push(change.file("out/0", format!("{n}\n")).commit());
            run(commits.last().unwrap());
            assert_partial(&root, &upstream, commits.last().unwrap(), filter, Some(&rules));
        }
        let packs = fs::read_dir(root.path().join(".git/objects/pack")).unwrap();
        let names: Vec<String> =
            packs.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        let with = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
        assert!(with(".pack") <= 2 && with(".pack") == with(".promisor"), "{names:?}");
        server.answer(Answer::Broken);
        for commit in &commits[2..] {
            run(commit);
            assert_partial(&root, &upstream, commit, filter, Some(&rules));
        }
        if depth == "1" {
            let lost = format!("{}:in/one/deep/0", commits[0]);
            assert!(!has(&root, &upstream, &lost), "what nobody needs is gone");
        }
    }
}
