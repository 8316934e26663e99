//! Submodules that come, go and move.

use std::fs;
use std::path::Path;

use crate::contract::incremental::settled;
use crate::contract::{after_more_attempts, polling, trying};
use crate::submodules::family::{
    Sub, assert_equals, assert_published, checkout, is_content, link, links, stores,
};
use crate::support::daemon::Root;
use crate::support::git::run;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn url(upstream: &Upstream) -> String {
    upstream.repo().to_str().unwrap().to_owned()
}

#[test]
fn a_commit_with_nested_submodules_is_what_stock_git_makes_of_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, deep) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "deep"));
    deep.write(".gitattributes", "*.txt text eol=crlf\n").commit("a.txt", "one\ntwo\n");
    sub.write(".gitattributes", "*.txt ident\n").commit("b.txt", "$Id$\n");
    let nested = sub.has(&[link("x/deep", "../deep.git", &deep.head())]);
    upstream.change().file("c.txt", "$Id$\none\n").executable("run", "x").commit();
    let both = [link("m/sub", "../sub.git", &nested), link("other", "./../deep.git", &deep.head())];
    let commit = links(&upstream, &both);
    trying(&url(&upstream), &root).once().expect_code(0);
    assert_published(&root, &upstream.repo(), &commit);
    assert_eq!(fs::read(root.link().join("m/sub/x/deep/a.txt")).unwrap(), b"one\r\ntwo\r\n");
    // One repository for each address, however often it is a submodule.
    assert_eq!(stores(&root).len(), 2);
}

#[test]
fn whatever_becomes_of_a_submodule_the_tree_follows() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, other) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "other"));
    let first = sub.head();
    let repo = upstream.repo();
    let daemon = polling(&url(&upstream), &root).flag("--stale-worktree-timeout=0").start();
    let follows = |commit: &str| {
        settled(&daemon, &root, commit);
        assert_published(&root, &repo, commit);
        root.eventually_prepares();
    };
    follows(&upstream.head());
    // Added, moved on, changed beside it, moved back.
    follows(&links(&upstream, &[link("m/sub", "../sub.git", &first)]));
    let second = sub.write("dir/new", "new\n").commit("file", "second\n");
    follows(&links(&upstream, &[link("m/sub", "../sub.git", &second)]));
    follows(&upstream.commit("beside", "it\n"));
    follows(&links(&upstream, &[link("m/sub", "../sub.git", &first)]));
    // Another path, another address, two of them, a file in its place, and gone.
    follows(&links(&upstream, &[link("renamed", "../sub.git", &first)]));
    follows(&links(&upstream, &[link("renamed", "../other.git", &other.head())]));
    let two = [link("a", "../sub.git", &first), link("b", "../sub.git", &second)];
    follows(&links(&upstream, &two));
    follows(&links(&upstream, &[link("b", "../sub.git", &second)]));
    links(&upstream, &[]);
    follows(&upstream.change().file("b", "a file\n").commit());
    follows(&links(&upstream, &[link("c", "../sub.git", &second)]));
    follows(&upstream.change().delete(".gitmodules").delete("c").commit());
}

#[test]
fn a_submodule_that_moves_is_changed_in_place() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    sub.commit("stays", "the same\n");
    links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let daemon = polling(&url(&upstream), &root).start();
    settled(&daemon, &root, &upstream.head());
    root.eventually_prepares();
    let time = || root.link().join("sub/stays").metadata().unwrap().modified().unwrap();
    let before = time();
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.commit("new", "new\n"))]);
    settled(&daemon, &root, &commit);
    assert_published(&root, &upstream.repo(), &commit);
    assert_eq!(time(), before, "it was not written again");
}

#[test]
fn a_file_of_a_submodule_that_somebody_changed_is_put_right() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let daemon = polling(&url(&upstream), &root).start();
    settled(&daemon, &root, &commit);
    let expected = checkout(&upstream.repo(), &commit, true);
    for damage in ["changed", "removed", "gone"] {
        let file = root.link().join("sub/file");
        match damage {
            "changed" => fs::write(&file, "somebody was here\n").unwrap(),
            "removed" => fs::remove_file(&file).unwrap(),
            _ => fs::remove_dir_all(root.link().join("sub")).unwrap(),
        }
        eventually(&format!("what was {damage} is repaired"), SOON, || {
            fs::read_to_string(&file).is_ok_and(|text| text == "first of sub\n").then_some(())
        });
        after_more_attempts(&daemon, 2);
        assert_equals(&root, &expected, &commit);
    }
}

#[test]
fn a_rollback_needs_no_network() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let first = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let daemon = polling(&url(&upstream), &root).flag("--stale-worktree-timeout=0").start();
    settled(&daemon, &root, &first);
    let expected = checkout(&upstream.repo(), &first, true);
    let second = links(&upstream, &[link("sub", "../sub.git", &sub.commit("file", "second\n"))]);
    settled(&daemon, &root, &second);
    let third = links(&upstream, &[]);
    settled(&daemon, &root, &third);
    eventually("old trees are gone", SOON, || {
        (fs::read_dir(root.path().join(".worktrees")).unwrap().count() == 1).then_some(())
    });
    drop(daemon);
    fs::rename(upstream.dir().join("sub.git"), upstream.dir().join("away")).unwrap();
    let pinned = trying(&url(&upstream), &root).flag(format!("--ref={first}"));
    pinned.once().expect_code(0);
    assert_equals(&root, &expected, &first);
}

#[test]
fn what_no_tree_and_no_kept_commit_needs_goes() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, other) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "other"));
    let both = [link("a", "../sub.git", &sub.head()), link("b", "../other.git", &other.head())];
    let daemon = polling(&url(&upstream), &root)
        .flag("--stale-worktree-timeout=0")
        .flag("--git-gc=always")
        .start();
    settled(&daemon, &root, &links(&upstream, &both));
    assert_eq!(stores(&root).len(), 2);
    for n in 0..20 {
        let commit = sub.commit("file", format!("{n}\n"));
        settled(&daemon, &root, &links(&upstream, &[link("a", "../sub.git", &commit)]));
    }
    eventually("the other has gone", SOON, || (stores(&root).len() == 1).then_some(()));
    let store = stores(&root).pop().unwrap();
    let count = |below: &str, end: &str| {
        let entries = fs::read_dir(store.join(below)).unwrap().flatten();
        entries.filter(|entry| entry.path().to_string_lossy().ends_with(end)).count()
    };
    eventually("one tree and few packs are left", SOON, || {
        (count("worktrees", "") == 1 && count("refs/gitsyncd", "") <= 5).then_some(())
    });
    eventually("packs are collected", SOON, || (count("objects/pack", ".pack") < 10).then_some(()));
    is_content(&root);
}

#[test]
fn objects_of_a_submodule_that_are_lost_are_fetched_again() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let remove = |path: &Path| fs::remove_dir_all(path).unwrap();
    for damage in ["objects", ""] {
        trying(&url(&upstream), &root).once().expect_code(0);
        remove(&stores(&root).pop().unwrap().join(damage));
        trying(&url(&upstream), &root).once().expect_code(0);
        assert_published(&root, &upstream.repo(), &commit);
    }
    let store = stores(&root).pop().unwrap();
    let log = run(crate::support::git::git(&store).args(["worktree", "list"]));
    assert_eq!(log.lines().count(), 2, "{log}");
}
