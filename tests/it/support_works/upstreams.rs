//! The repository to follow is the same everywhere and holds what it was given.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use crate::support::git::{attempt, git, run};
use crate::support::oracle;
use crate::support::snapshot::{Entry, Snapshot};
use crate::support::upstream::Upstream;

fn refs(upstream: &Upstream) -> String {
    run(git(&upstream.repo()).args(["for-each-ref", "--format=%(refname) %(objecttype)"]))
}

#[test]
fn equal_histories_have_equal_ids() {
    let ids = || {
        let upstream = Upstream::new();
        let commit = upstream.commit("a", "one\n");
        (commit, upstream.annotated_tag("v1"), upstream.force_push("a", "two\n"))
    };
    assert_eq!(ids(), ids());
}

#[test]
fn refs_come_and_go() {
    let upstream = Upstream::empty();
    assert_eq!(refs(&upstream), "");
    let first = upstream.commit("a", "one\n");
    upstream.tag("light");
    let tag = upstream.annotated_tag("heavy");
    assert_ne!(tag, first);
    upstream.switch("side");
    let side = upstream.commit("a", "side\n");
    upstream.switch("main");
    assert_eq!(upstream.head(), first);
    assert_eq!(
        refs(&upstream),
        "refs/heads/main commit\nrefs/heads/side commit\nrefs/tags/heavy tag\n\
         refs/tags/light commit"
    );
    upstream.set_head("side");
    assert_eq!(run(git(&upstream.repo()).args(["rev-parse", "HEAD"])), side);
    upstream.delete_branch("side");
    upstream.delete_ref("refs/tags/heavy");
    assert_eq!(refs(&upstream), "refs/heads/main commit\nrefs/tags/light commit");
    attempt(git(&upstream.repo()).args(["rev-parse", "--verify", "HEAD"])).unwrap_err();
}

#[test]
fn a_forced_push_leaves_the_history_as_long_as_it_was() {
    let upstream = Upstream::new();
    let old = upstream.commit("a", "one\n");
    let new = upstream.force_push("a", "two\n");
    assert_ne!(old, new);
    assert_eq!(run(git(&upstream.repo()).args(["rev-list", "--count", "main"])), "2");
    assert_eq!(run(git(&upstream.repo()).args(["rev-parse", "main"])), new);
}

#[test]
fn stock_git_checks_out_what_was_put_in() {
    let upstream = Upstream::new();
    let change = upstream.change().odd_names().attributes().files(250, "many");
    let commit = change.executable("run", "#!/bin/sh\n").symlink("link", "run").commit();
    let tree = oracle::checkout(&upstream.repo(), &commit);
    assert!(tree.len() > 300, "{} names", tree.len());
    assert!(matches!(tree.get("run"), Some(Entry::File(mode, _)) if mode & 0o111 == 0o111));
    assert_eq!(tree.get("link"), Some(&Entry::Symlink("run".into())));
    assert!(tree.get(OsStr::from_bytes(b"bytes \xff\xfe/\x80")).is_some());
    assert!(tree.get("two\nlines").is_some());
    // Only what depends on attributes may differ from the work tree: here that is the ident line.
    let differences = tree.differences(&Snapshot::whole(&upstream.work()));
    assert_eq!(differences.len(), 1, "{differences:#?}");
    assert!(differences[0].starts_with("\"mark.ident\" is"), "{differences:#?}");
}

#[test]
fn deleted_names_are_gone_and_may_change_their_kind() {
    let upstream = Upstream::new();
    upstream.change().file("a/b/c", "1").file("d", "2").symlink("e", "d").commit();
    let commit = upstream.change().delete("a").file("d/f", "3").file("e", "4").commit();
    let tree = oracle::checkout(&upstream.repo(), &commit);
    assert_eq!(tree.get("a/b/c"), None);
    assert!(matches!(tree.get("d/f"), Some(Entry::File(_, content)) if content == b"3"));
    assert!(matches!(tree.get("e"), Some(Entry::File(_, content)) if content == b"4"));
}
