//! Settings of Git that shape trees: readers see what stock Git checks out with the same settings, and
//! stock Git finds nothing to complain of.

use crate::contract::{polling, trying};
use crate::support::daemon::{Root, Setup};
use crate::support::git::{git, run};
use crate::support::oracle;
use crate::support::upstream::Upstream;
use std::fs;

type Settings<'a> = &'a [(&'a str, &'a str)];

fn with(setup: Setup, settings: Settings<'_>) -> Setup {
    let flag = |(key, value): &(&str, &str)| format!("--git-config-add={key}:{value}");
    settings.iter().map(flag).fold(setup, Setup::flag)
}

#[track_caller]
fn assert_published(root: &Root, upstream: &Upstream, commit: &str, settings: Settings<'_>) {
    let repo = upstream.repo();
    oracle::assert_published_as(&root.path(), &root.link(), &repo, commit, settings);
}

/// Every kind of line end in every kind of file.
fn rich() -> (Upstream, String) {
    let upstream = Upstream::new();
    let mut attributes = String::new();
    let mut change = upstream.change().symlink("link", "where/ever").executable("run", "#!\nx\n");
    for text in ["", "text", "-text", "text=auto", "text=input", "crlf", "-crlf", "crlf=input"] {
        for eol in ["", "eol=lf", "eol=crlf"] {
            for more in ["", "ident", "working-tree-encoding=UTF-16LE"] {
                let dir = format!("d{text}.{eol}.{more}").replace('-', "no");
                attributes += format!("/{dir}/** {text} {eol} {more}\n").as_str();
                if !more.starts_with("working") {
                    change = change
                        .file(format!("{dir}/dos"), "one $Id$\r\ntwo\r\n")
                        .file(format!("{dir}/mixed"), "one $Id$\r\ntwo\n")
                        .file(format!("{dir}/binary"), b"one\n\0two\n")
                        .file(format!("{dir}/unix"), "one $Id$\ntwo\n");
                }
            }
        }
    }
    let commit = change.file(".gitattributes", attributes).commit();
    (upstream, commit)
}

const KINDS: [Settings<'_>; 7] = [
    &[("core.autocrlf", "true")],
    &[("core.autocrlf", "input")],
    &[("core.eol", "crlf")],
    &[("core.eol", "lf"), ("core.autocrlf", "true")],
    &[("core.symlinks", "false")],
    &[("core.filemode", "false")],
    &[("core.symlinks", "false"), ("core.eol", "crlf"), ("core.autocrlf", "false")],
];

#[test]
fn readers_see_what_git_checks_out_with_the_same_settings() {
    let (upstream, commit) = rich();
    let url = upstream.repo().display().to_string();
    for settings in KINDS {
        let root = Root::new();
        with(trying(&url, &root), settings).once().expect_code(0);
        assert_published(&root, &upstream, &commit, settings);
    }
}

#[test]
fn a_change_is_written_by_the_same_settings() {
    for trees in ["--trees=prepared", "--trees=reused", "--trees=fresh"] {
        let (upstream, commit) = rich();
        let (url, root) = (upstream.repo().display().to_string(), Root::new());
        let settings: Settings<'_> = &[("core.symlinks", "false"), ("core.autocrlf", "true")];
        let _daemon = with(polling(&url, &root), settings).flag(trees).start();
        root.eventually_publishes(&commit);
        for number in ["one", "two", "three"] {
            let change = upstream.change().symlink(format!("to-{number}"), number);
            let commit = change.file("dtext=auto../more", format!("{number}\n")).commit();
            root.eventually_publishes(&commit);
            assert_published(&root, &upstream, &commit, settings);
        }
        let commit = upstream.change().symlink("link", "else/where").delete("to-one").commit();
        root.eventually_publishes(&commit);
        assert_published(&root, &upstream, &commit, settings);
    }
}

#[test]
fn the_tree_is_written_anew_when_settings_change_and_stays_when_they_do_not() {
    let (upstream, commit) = rich();
    let (url, root) = (upstream.repo().display().to_string(), Root::new());
    let made = || fs::metadata(root.link()).unwrap();
    let mut before: Option<(fs::Metadata, Settings<'_>)> = None;
    let run_through = [KINDS[0], KINDS[0], &[], KINDS[4], KINDS[5], &[], KINDS[2], KINDS[3]];
    for settings in run_through {
        with(trying(&url, &root), settings).once().expect_code(0);
        assert_published(&root, &upstream, &commit, settings);
        let inode = |made: &fs::Metadata| std::os::unix::fs::MetadataExt::ino(made);
        if let Some((before, as_before)) = &before
            && *as_before == settings
        {
            assert_eq!(inode(before), inode(&made()), "{settings:?}");
        }
        before = Some((made(), settings));
    }
}

#[test]
fn a_retired_tree_of_other_settings_is_not_published_again() {
    let (upstream, commit) = rich();
    let (url, root) = (upstream.repo().display().to_string(), Root::new());
    let keep = "--stale-worktree-timeout=1h";
    trying(&url, &root).flag(keep).once().expect_code(0);
    let next = upstream.commit("another", "1");
    trying(&url, &root).flag(keep).once().expect_code(0);
    upstream.reset(&commit);
    let settings = KINDS[0];
    with(trying(&url, &root), settings).flag(keep).once().expect_code(0);
    assert_published(&root, &upstream, &commit, settings);
    assert_ne!(next, commit);
}

#[test]
fn what_somebody_put_into_the_configuration_stays() {
    let (upstream, commit) = rich();
    let (url, root) = (upstream.repo().display().to_string(), Root::new());
    with(trying(&url, &root), KINDS[0]).once().expect_code(0);
    for (key, value) in [("core.abbrev", "9"), ("user.name", "Ada")] {
        run(git(&root.path()).args(["config", key, value]));
    }
    trying(&url, &root).once().expect_code(0);
    assert_published(&root, &upstream, &commit, &[]);
    let said = |key: &str| run(git(&root.path()).args(["config", "--local", key]));
    assert_eq!([said("core.abbrev"), said("user.name")], ["9", "Ada"]);
    let text = fs::read_to_string(root.path().join(".git/config")).unwrap();
    assert!(!text.contains("autocrlf"), "{text}");
}

#[test]
fn without_symlinks_nothing_but_a_change_is_taken_for_drift() {
    let (upstream, commit) = rich();
    let (url, root) = (upstream.repo().display().to_string(), Root::new());
    let daemon = with(polling(&url, &root), KINDS[4]).start();
    root.eventually_publishes(&commit);
    crate::contract::after_more_attempts(&daemon, 20);
    assert_eq!(crate::contract::metric(&daemon, "gitsyncd_drift_total"), 0);
}
