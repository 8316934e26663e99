//! Repositories that lacked what a filter left out and are whole now: because there is no filter any
//! more, or because a server gives all or nothing.

use std::fs;

use crate::contract::{polling, trying};
use crate::partial::{assert_partial, filtering, inside, partly};
use crate::sparse::{File, assert_published};
use crate::support::daemon::{Root, Setup, events};
use crate::support::git::{attempt, git, run};
use crate::support::http::{self, Answer};
use crate::support::objects::ends;
use crate::support::upstream::Upstream;

/// Fails unless Git is told nothing of things that may be missing, and misses nothing.
#[track_caller]
fn assert_whole(root: &Root) {
    let config = fs::read_to_string(root.path().join(".git/config")).unwrap();
    assert!(!config.contains("promisor") && !config.contains("partialClone"), "{config}");
    assert!(!root.path().join(".git/gitsyncd/partial").exists());
    let packs = fs::read_dir(root.path().join(".git/objects/pack")).unwrap();
    let marks = packs.filter(|entry| {
        let path = entry.as_ref().unwrap().path();
        path.extension().is_some_and(|end| end == "promisor")
    });
    assert_eq!(marks.count(), 0);
    run(git(&root.path()).args(["fsck", "--full", "--no-dangling", "--no-progress"]));
    let kept = git(&root.path()).args(["for-each-ref", "--format=%(refname)"]).output().unwrap();
    for name in String::from_utf8(kept.stdout).unwrap().lines() {
        run(git(&root.path()).args(["rev-list", "--objects", "--quiet", name]));
    }
}

/// Publishes some commits with a filter, the last of which is given back.
fn some_commits(upstream: &Upstream, url: &str, root: &Root, filter: &str, depth: &str) -> String {
    let mut commit = upstream.head();
    for n in 0..4 {
        let change = upstream.change().file("in/one/0", format!("{n}\n"));
        commit = change.file("out/deep/er/0", format!("{n}\n")).commit();
        partly(url, root, filter, Some(&inside())).flag(depth).once().expect_code(0);
    }
    commit
}

/// A run by the same rules without a filter.
fn wholly(url: &str, root: &Root, depth: &str) -> Setup {
    File::new().with(trying(url, root), &inside()).flag("--stale-worktree-timeout=0").flag(depth)
}

#[test]
fn what_is_here_stays_until_all_that_is_missing_came() {
    for (filter, depth) in
        [("blob:none", "--depth=1"), ("tree:0", "--depth=1"), ("tree:0", "--depth=0")]
    {
        let ((upstream, _), root) = (filtering(), Root::new());
        let server = http::serve(&upstream);
        let commit = some_commits(&upstream, &server.url(), &root, filter, depth);
        server.answer(Answer::Broken);
        for _ in 0..2 {
            wholly(&server.url(), &root, depth).once().expect_code(1);
            assert_partial(&root, &upstream, &commit, filter, Some(&inside()));
        }
        server.heal();
        wholly(&server.url(), &root, depth).once().expect_code(0);
        assert_whole(&root);
        assert_published(&root, &upstream, &commit, &inside());
        server.answer(Answer::Broken);
        for n in 0..3 {
            let earlier = super::object(&upstream, &format!("HEAD~{n}"));
            let setup = wholly(&server.url(), &root, depth).flag(format!("--ref={earlier}"));
            setup.once().expect_code(0);
            assert_published(&root, &upstream, &earlier, &inside());
        }
        server.heal();
        let next = upstream.commit("out/deep/er/0", "next\n");
        let run = wholly(&server.url(), &root, depth).once();
        run.expect_code(0);
        assert!(events(&run.log, "the repository is damaged").is_empty(), "{:?}", run.log);
        assert_published(&root, &upstream, &next, &inside());
        assert_whole(&root);
    }
}

#[test]
fn from_this_machine_too_all_that_is_missing_comes() {
    for filter in ["blob:none", "tree:0"] {
        let ((upstream, _), root) = (filtering(), Root::new());
        let url = upstream.repo().display().to_string();
        let commit = some_commits(&upstream, &url, &root, filter, "--depth=1");
        wholly(&url, &root, "--depth=1").once().expect_code(0);
        assert_whole(&root);
        assert_published(&root, &upstream, &commit, &inside());
    }
}

#[test]
fn what_a_server_does_not_have_any_more_is_let_go_of() {
    let ((upstream, first), root) = (filtering(), Root::new());
    let server = http::serve(&upstream);
    some_commits(&upstream, &server.url(), &root, "blob:none", "--depth=1");
    let lost = upstream.head();
    upstream.reset(&first);
    run(upstream.git().args(["reflog", "expire", "--expire=now", "--all"]));
    run(upstream.git().args(["gc", "--quiet", "--prune=now"]));
    assert!(attempt(upstream.git().args(["cat-file", "-e", &lost])).is_err());
    // What is published cannot be made whole, so the promise stays.
    let next = upstream.commit("in/one/0", "next\n");
    wholly(&server.url(), &root, "--depth=1").once().expect_code(0);
    assert_published(&root, &upstream, &next, &inside());
    wholly(&server.url(), &root, "--depth=1").once().expect_code(0);
    assert_whole(&root);
    assert_published(&root, &upstream, &next, &inside());
}

#[test]
fn a_server_that_gives_all_or_nothing_is_told_what_is_here() {
    let (upstream, _) = filtering();
    let (behind, root) = (http::serve(&upstream), Root::new());
    let server = super::refusing::giving_whole_commits(behind.addr());
    let setup = polling(&server.url("/repo.git"), &root).flag("--filter=blob:none");
    let _daemon = File::new().with(setup, &inside()).start();
    root.eventually_publishes(&upstream.head());
    for n in 0..3 {
        let asked = server.asked().len();
        let commit = upstream.commit("in/one/0", format!("{n}\n"));
        root.eventually_publishes(&commit);
        assert_partial(&root, &upstream, &commit, "blob:none", Some(&inside()));
        let asked = server.asked().split_off(asked);
        let fetches: Vec<_> = asked.iter().filter(|asked| asked.body.contains("want ")).collect();
        assert!(fetches.len() == 1 && fetches[0].body.contains("have "), "{fetches:?}");
    }
}

#[test]
fn history_has_no_ends_when_all_of_it_came_without_a_filter() {
    let (upstream, _) = filtering();
    let (server, root) = (http::serve(&upstream), Root::new());
    let commit = some_commits(&upstream, &server.url(), &root, "blob:none", "--depth=1");
    assert!(ends(&root) > 0);
    upstream.configure("uploadpack.allowFilter", "false");
    let setup = partly(&server.url(), &root, "blob:none", Some(&inside())).flag("--depth=0");
    setup.once().expect_code(0);
    assert_partial(&root, &upstream, &commit, "blob:none", Some(&inside()));
    assert_eq!(ends(&root), 0);
    let count = |repo| run(git(repo).args(["rev-list", "--count", &commit]));
    assert_eq!(count(&root.path()), count(&upstream.repo()));
}
