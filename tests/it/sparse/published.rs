//! What is published by rules.

use std::fs;

use crate::sparse::{Rules, assert_published, publishes};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;

/// A repository with a bit of everything in several directories.
pub(super) fn rich() -> (Upstream, String) {
    let upstream = Upstream::new();
    let mut change = upstream.change().symlink("link", "src/a").executable("run", "#!\n");
    for directory in ["src", "src/deep", "src/deep/er", "lib", "lib/deep", "docs"] {
        change = change
            .file(format!("{directory}/a.c"), "a\n")
            .file(format!("{directory}/a.md"), "$Id$\n")
            .symlink(format!("{directory}/link"), "a.c")
            .executable(format!("{directory}/run"), "#!\n");
    }
    let change = change.file(".gitattributes", "*.md ident\n").file("docs/dos.txt", "1\r\n2\r\n");
    let commit = change.file("docs/.gitattributes", "*.txt text eol=crlf\n").commit();
    (upstream, commit)
}

#[test]
fn only_what_the_rules_say_is_there_and_stock_git_agrees() {
    let (upstream, commit) = rich();
    for rules in [
        Rules::patterns("*.c\n"),
        Rules::patterns("/*\n!/*/\n/src/\n!/src/deep/er/\n"),
        Rules::patterns("!/*\n!/*/\nrun\n"),
        Rules::patterns("*.txt\n"),
        Rules::patterns("/*\n!docs/.gitattributes\n"),
        Rules::patterns("# all\n\n/*\n"),
        Rules::directories(&["src/deep"]),
        Rules::directories(&["docs", "lib/deep"]),
        Rules::directories(&["nowhere"]),
    ] {
        let root = Root::new();
        publishes(&root, &upstream, &commit, &rules);
        let before = Snapshot::whole(&root.link());
        run(git(&root.link()).args(["sparse-checkout", "reapply"]));
        assert_eq!(Snapshot::whole(&root.link()), before, "{rules:?}");
        assert_published(&root, &upstream, &commit, &rules);
    }
}

#[test]
fn the_same_commit_is_published_anew_when_the_rules_change() {
    let (upstream, commit) = rich();
    let root = Root::new();
    for rules in [
        Rules::patterns("/src/\n"),
        Rules::patterns("/lib/\n"),
        Rules::directories(&["lib"]),
        Rules::directories(&["lib", "docs"]),
        Rules::patterns("/*\n"),
    ] {
        publishes(&root, &upstream, &commit, &rules);
        assert_eq!(fs::read_link(root.link()).unwrap().parent().unwrap(), ".worktrees");
    }
    let url = upstream.repo().display().to_string();
    crate::contract::publishes(crate::contract::trying(&url, &root), &root, &upstream, &commit);
}
