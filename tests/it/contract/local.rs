//! A repository on this machine may be in any state and belong to anybody.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

use crate::contract::{assert_published, metric, polling, publishes, trying};
use crate::faults::course::{fails, single};
use crate::support::daemon::{Daemon, Root, events};
use crate::support::git::{git, run};
use crate::support::oracle;
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;

/// Two commits; gives the older one too.
fn two_commits() -> (Upstream, String, String) {
    let upstream = Upstream::new();
    let (one, two) = (upstream.commit("a", "1"), upstream.commit("a", "2"));
    (upstream, one, two)
}

/// A clone of the bare repository with these flags.
fn clone(upstream: &Upstream, flags: &[&str]) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let url = format!("file://{}", upstream.repo().display());
    run(git(dir.path()).args(["clone", "--quiet"]).args(flags).args([&url, "copy"]));
    let copy = dir.path().join("copy");
    (dir, copy)
}

#[track_caller]
fn shows(source: &Path, upstream: &Upstream, commit: &str) {
    let root = Root::new();
    publishes(trying(source.to_str().unwrap(), &root), &root, upstream, commit);
}

#[test]
fn a_checkout_or_the_repository_in_it() {
    let (upstream, _, two) = two_commits();
    shows(&upstream.work(), &upstream, &two);
    shows(&upstream.work().join(".git"), &upstream, &two);
}

#[test]
fn a_detached_checkout() {
    let (upstream, one, _) = two_commits();
    run(upstream.git().args(["checkout", "--quiet", "--detach", &one]));
    shows(&upstream.work(), &upstream, &one);
}

#[test]
fn a_linked_worktree() {
    let (upstream, one, two) = two_commits();
    run(upstream.git().args(["worktree", "add", "--quiet", "--detach", "../linked", &one]));
    shows(&upstream.dir().join("linked"), &upstream, &one);
    shows(&upstream.work(), &upstream, &two);
}

#[test]
fn a_shallow_clone() {
    let (upstream, _, two) = two_commits();
    let (_dir, copy) = clone(&upstream, &["--depth=1"]);
    for depth in ["--depth=1", "--depth=5", "--depth=0"] {
        let root = Root::new();
        let setup = trying(copy.to_str().unwrap(), &root).flag(depth);
        publishes(setup, &root, &upstream, &two);
    }
}

#[test]
fn what_is_wrong_with_the_branch_is_told_and_only_an_empty_repository_is_called_empty() {
    type Harm = fn(&Path);
    let harms: [(&str, &str, &str, Harm); 6] = [
        ("nothing there", "ref", "the repository is empty", |repo| {
            fs::remove_dir_all(repo.join("refs/tags")).unwrap();
            fs::remove_file(repo.join("refs/heads/main")).unwrap();
        }),
        ("another branch", "ref", "names a branch that is not there", |repo| {
            let branches = repo.join("refs/heads");
            fs::rename(branches.join("main"), branches.join("other")).unwrap();
        }),
        ("a directory", "ref", "names a branch that is not there", |repo| {
            let branches = repo.join("refs/heads");
            fs::rename(branches.join("main"), branches.join("x")).unwrap();
            fs::create_dir(branches.join("main")).unwrap();
            fs::rename(branches.join("x"), branches.join("main/x")).unwrap();
        }),
        ("garbage", "disk", "could not read the repository at '", |repo| {
            fs::write(repo.join("refs/heads/main"), "garbage\n").unwrap();
        }),
        ("a circle", "ref", "leads from ref to ref without end", |repo| {
            fs::write(repo.join("refs/heads/main"), "ref: refs/heads/main\n").unwrap();
        }),
        ("no objects", "disk", "could not read the repository at '", |repo| {
            fs::remove_dir_all(repo.join("objects")).unwrap();
            fs::create_dir(repo.join("objects")).unwrap();
        }),
    ];
    for (what, class, words, harm) in harms {
        let (upstream, _, _) = two_commits();
        harm(&upstream.repo());
        let root = Root::new();
        let finished = trying(upstream.repo().to_str().unwrap(), &root).once();
        finished.expect_code(1);
        let failed = &events(&finished.log, "attempt failed")[0];
        let error = failed["error"].as_str().unwrap();
        println!("{what}: {error}");
        assert_eq!(failed["class"], class, "{what}: {error}");
        assert!(error.contains(words), "{what}: {error}");
        assert_eq!(error.contains("empty"), what == "nothing there", "{what}: {error}");
    }
}

/// What a user has replaced for himself is nothing to others, as with `git upload-pack`.
#[test]
fn a_repository_with_replaced_objects() {
    let (upstream, one, two) = two_commits();
    let source = upstream.work();
    run(git(&source).args(["replace", &two, &one]));
    shows(&source, &upstream, &two);
    run(git(&source).args(["replace", "--delete", &two]));
    run(git(&source).args(["replace", &format!("{two}:a"), &format!("{one}:a")]));
    run(git(&source).args(["repack", "-adq"]));
    shows(&source, &upstream, &two);
}

#[test]
fn a_packed_repository_and_one_that_borrows_objects() {
    let (upstream, _, two) = two_commits();
    let (_dir, copy) = clone(&upstream, &["--reference", upstream.repo().to_str().unwrap()]);
    shows(&copy, &upstream, &two);
    run(git(&upstream.repo()).args(["gc", "--quiet"]));
    run(git(&upstream.repo()).args(["pack-refs", "--all"]));
    shows(&upstream.repo(), &upstream, &two);
}

#[test]
fn a_repository_of_somebody_else() {
    if skip::unless_root("a_repository_of_somebody_else") {
        return;
    }
    let (upstream, _, two) = two_commits();
    run(Command::new("chown").args(["-R", "12345:12345"]).arg(upstream.dir()));
    let roots = [upstream.repo(), upstream.work()].map(|source| {
        let root = Root::new();
        trying(source.to_str().unwrap(), &root).once().expect_code(0);
        root
    });
    // Stock Git refuses to read it.
    run(Command::new("chown").args(["-R", "0:0"]).arg(upstream.dir()));
    for root in roots {
        assert_published(&root, &upstream, &two);
    }
}

#[test]
fn nothing_that_its_configuration_names_is_executed() {
    let (upstream, _, two) = two_commits();
    let mark = upstream.dir().join("executed");
    let command = format!("touch {}; cat", mark.display());
    for key in ["filter.evil.smudge", "filter.evil.process", "core.fsmonitor", "core.sshCommand"] {
        run(upstream.git().args(["config", key, &command]));
    }
    run(upstream.git().args(["config", "core.hooksPath", "/nonexistent"]));
    fs::write(upstream.work().join(".git/info/attributes"), "* filter=evil\n").unwrap();
    shows(&upstream.work(), &upstream, &two);
    assert!(!mark.exists());
}

#[test]
fn the_source_is_never_written_to() {
    let (upstream, _, two) = two_commits();
    let (before, root) = (Snapshot::whole(&upstream.repo()), Root::new());
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).start();
    root.eventually_publishes(&two);
    crate::contract::after_more_attempts(&daemon, 3);
    drop(daemon);
    assert_eq!(Snapshot::whole(&upstream.repo()), before);
}

#[test]
fn its_uncommitted_changes_are_not_published() {
    let (upstream, _, two) = two_commits();
    let root = Root::new();
    fs::write(upstream.work().join("a"), "not committed").unwrap();
    let _daemon = polling(upstream.work().to_str().unwrap(), &root).start();
    root.eventually_publishes(&two);
    assert_published(&root, &upstream, &two);
    run(upstream.git().args(["commit", "--quiet", "--all", "-m", "now it is"]));
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD"]));
    root.eventually_publishes(&upstream.head());
}

/// Follows a local source without ever looking by itself.
fn watching(source: &Path, root: &Root) -> Daemon {
    let daemon = polling(source.to_str().unwrap(), root).flag("--period=off").start();
    daemon.eventually_ready();
    daemon
}

#[test]
fn a_commit_shows_at_once_without_a_period() {
    let (upstream, one, two) = two_commits();
    run(upstream.git().args(["worktree", "add", "--quiet", "-b", "linked", "../linked", &one]));
    let linked = upstream.dir().join("linked");
    let roots = [Root::new(), Root::new(), Root::new()];
    let sources = [upstream.repo(), upstream.work(), linked.clone()];
    let [bare, work, link] = &roots;
    let daemons: Vec<_> =
        sources.iter().zip(&roots).map(|(source, root)| watching(source, root)).collect();
    bare.eventually_publishes(&two);
    link.eventually_publishes(&one);
    let three = upstream.commit("a", "3");
    bare.eventually_publishes(&three);
    work.eventually_publishes(&three);
    assert_published(bare, &upstream, &three);
    run(git(&linked).args(["commit", "--quiet", "--allow-empty", "--message=linked"]));
    link.eventually_publishes(&run(git(&linked).args(["rev-parse", "HEAD"])));
    // Another branch in the same checkout, refs in one file, and a branch in a new directory.
    run(upstream.git().args(["checkout", "--quiet", "-b", "x/y", &one]));
    work.eventually_publishes(&one);
    run(upstream.git().args(["pack-refs", "--all"]));
    let four = run(upstream.git().args(["commit-tree", "-p", &one, "-m", "4", "HEAD^{tree}"]));
    run(upstream.git().args(["update-ref", "refs/heads/x/y", &four]));
    work.eventually_publishes(&four);
    let triggers = "gitsyncd_triggers_total{trigger=\"file\"}";
    assert!(daemons.iter().all(|daemon| metric(daemon, triggers) > 0));
}

#[test]
fn a_source_that_is_made_anew_is_followed_without_a_period() {
    let (upstream, _, two) = two_commits();
    let dir = TempDir::new().unwrap();
    let (source, aside) = (dir.path().join("source"), dir.path().join("aside"));
    let copy = |to: &Path| {
        let from = upstream.repo();
        run(git(dir.path()).args(["clone", "--quiet", "--bare"]).args([from.as_path(), to]));
    };
    copy(&source);
    let root = Root::new();
    let _daemon = watching(&source, &root);
    root.eventually_publishes(&two);
    let three = upstream.commit("a", "3");
    copy(&aside);
    fs::rename(&source, dir.path().join("old")).unwrap();
    fs::rename(&aside, &source).unwrap();
    root.eventually_publishes(&three);
    let four = upstream.commit("a", "4");
    run(upstream.git().args(["push", "--quiet"]).arg(&source).arg("main"));
    root.eventually_publishes(&four);
}

#[test]
fn a_source_that_is_repacked_meanwhile() {
    let upstream = Upstream::new();
    let root = Root::new();
    let source = upstream.repo();
    let daemon = polling(source.to_str().unwrap(), &root).start();
    for n in 0..12 {
        let commit = upstream.change().file("n", n.to_string()).files(20 + n, "f").commit();
        for args in [["repack", "-adq"], ["pack-refs", "--all"], ["prune-packed", "-q"]] {
            run(git(&source).args(args));
        }
        root.eventually_publishes(&commit);
        assert_published(&root, &upstream, &commit);
    }
    let failures: Vec<_> = daemon.events("attempt failed");
    assert!(failures.is_empty(), "{failures:?}");
}

/// Makes a commit of the empty tree, which the repository does not hold.
fn hollow(upstream: &Upstream) -> String {
    let tree = run(upstream.git().args(["hash-object", "-t", "tree", "/dev/null"]));
    let commit = run(upstream.git().args(["commit-tree", "-m", "nothing", tree.trim()]));
    run(upstream.git().args(["update-ref", "refs/heads/main", commit.trim()]));
    let objects = run(upstream.git().args(["count-objects"]));
    assert!(objects.starts_with("1 objects"), "{objects}");
    commit.trim().to_owned()
}

#[test]
fn the_empty_tree_need_not_be_there() {
    for format in ["sha1", "sha256"] {
        let upstream = Upstream::empty_by(format);
        let url = upstream.work().display().to_string();
        let first = hollow(&upstream);
        for flag in ["--depth=1", "--depth=0", "--filter=tree:0", "--filter=blob:none"] {
            println!("{format} {flag}");
            let root = Root::new();
            let setup = || trying(&url, &root).flag(flag).flag("--git-gc=always");
            setup().once().expect_code(0);
            let link = root.link();
            oracle::assert_published(&root.path(), &link, &upstream.work(), &first);
            setup().once().expect_code(0);
        }
        let second = upstream.commit("a", "1");
        for flag in ["--depth=1", "--depth=0", "--filter=tree:0"] {
            println!("{format} {flag}, not the first commit");
            let root = Root::new();
            trying(&url, &root).flag(flag).flag("--git-gc=always").once().expect_code(0);
            oracle::assert_published(&root.path(), &root.link(), &upstream.work(), &second);
        }
    }
}

#[test]
fn a_path_that_leads_nowhere_is_told_as_one_with_the_server_that_may_be_meant() {
    for (repo, meant) in [
        (
            "github.com/team/app.git",
            Some("if a server is meant, write https://github.com/team/app.git"),
        ),
        ("plain", None),
        ("../plain/app", None),
        ("/srv/github.com/app", None),
    ] {
        let failure = fails(single(repo, &Root::new()));
        failure.expect("not_found", &format!("repository not found: '{repo}'"));
        assert_eq!(failure.error.contains("server is meant"), meant.is_some(), "{failure:?}");
        assert!(meant.is_none_or(|words| failure.error.contains(words)), "{failure:?}");
        assert!(failure.hint.contains("a path on this machine"), "{failure:?}");
        assert!(failure.hint.contains("begins with https://"), "{failure:?}");
    }
}
