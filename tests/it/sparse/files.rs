//! The file of patterns: what may be wrong with it, and what becomes of a change.

use std::fs;
use std::os::unix::fs::symlink;

use crate::commands::check;
use crate::contract::{after_more_attempts, polling, trying};
use crate::sparse::published::rich;
use crate::sparse::{File, Rules, assert_published, publishes};
use crate::support::daemon::{Finished, Root, events, following};
use crate::support::snapshot::Snapshot;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn url(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

#[test]
fn a_file_that_cannot_be_read_fails_the_attempt_and_the_last_tree_stays() {
    let (upstream, commit) = rich();
    let (root, rules) = (Root::new(), Rules::patterns("/src/\n"));
    publishes(&root, &upstream, &commit, &rules);
    let before = Snapshot::whole(&root.link());
    let file = File::new();
    let flag = format!("--sparse-checkout-file={}", file.path().display());
    let fails = |why: &str| {
        let finished = trying(&url(&upstream), &root).flag(&flag).once();
        only_failure(&finished).expect("config", why);
        let told = events(&finished.log, "attempt failed").remove(0).to_string();
        assert!(told.contains(&file.path().display().to_string()), "{told}");
        assert!(told.contains("sparse-checkout-file"), "{told}");
        assert_eq!(Snapshot::whole(&root.link()), before);
    };
    fails("No such file");
    file.write(b"caf\xe9\n");
    fails("it is not UTF-8");
    file.write("a".repeat((1 << 20) + 1));
    fails("it is longer than 1048576 bytes");
    fs::remove_file(file.path()).unwrap();
    fs::create_dir(file.path()).unwrap();
    fails("it is a directory");
}

#[test]
fn a_daemon_lives_on_while_the_file_is_gone_and_is_ready_when_it_starts_so() {
    let (upstream, commit) = rich();
    let (root, file) = (Root::new(), File::new());
    let (before, after) = (Rules::patterns("/src/\n"), Rules::patterns("/lib/\n"));
    let daemon = file.with(polling(&url(&upstream), &root), &before).start();
    root.eventually_publishes(&commit);
    fs::remove_file(file.path()).unwrap();
    daemon.eventually_logs("attempt failed");
    assert_published(&root, &upstream, &commit, &before);
    drop(daemon);
    let flag = format!("--sparse-checkout-file={}", file.path().display());
    let daemon = polling(&url(&upstream), &root).flag(flag).start();
    daemon.eventually_logs("attempt failed");
    assert_eq!(daemon.get("/readyz").unwrap().status, 200, "the last tree is there");
    assert_published(&root, &upstream, &commit, &before);
    file.write("/lib/\n");
    eventually("the rules count", SOON, || root.link().join("lib").exists().then_some(()));
    after_more_attempts(&daemon, 1);
    assert_published(&root, &upstream, &commit, &after);
}

#[test]
fn a_change_of_the_file_starts_an_attempt() {
    let (upstream, commit) = rich();
    let (root, file) = (Root::new(), File::new());
    let setup = following(&url(&upstream), &root).flag("--period=1h");
    let daemon = file.with(setup, &Rules::patterns("/src/\n")).start();
    root.eventually_publishes(&commit);
    for (text, name) in [("/lib/\n", "lib"), ("/docs/\n", "docs"), ("/src/\n", "src")] {
        file.write(text);
        eventually("the rules count", SOON, || root.link().join(name).exists().then_some(()));
        eventually("it is told", SOON, || {
            (root.status()?["last_attempt"]["trigger"] == "file").then_some(())
        });
        assert_published(&root, &upstream, &commit, &Rules::patterns(text));
    }
    assert!(daemon.events("attempt failed").is_empty());
}

#[test]
fn rules_in_a_config_map_count_when_it_is_turned() {
    let (upstream, commit) = rich();
    let (root, map) = (Root::new(), tempfile::tempdir().unwrap());
    let at = |name: &str| map.path().join(name);
    for (version, text) in [("..1", "/src/\n"), ("..2", "/lib/\n")] {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("rules"), text).unwrap();
    }
    symlink("..1", at("..data")).unwrap();
    symlink("..data/rules", at("rules")).unwrap();
    let setup = following(&url(&upstream), &root).flag("--period=1h");
    let setup = setup.flag(format!("--sparse-checkout-file={}", at("rules").display()));
    let _daemon = setup.start();
    root.eventually_publishes(&commit);
    assert_published(&root, &upstream, &commit, &Rules::patterns("/src/\n"));
    symlink("..2", at("..data_tmp")).unwrap();
    fs::rename(at("..data_tmp"), at("..data")).unwrap();
    eventually("the rules count", SOON, || root.link().join("lib").exists().then_some(()));
    assert_published(&root, &upstream, &commit, &Rules::patterns("/lib/\n"));
}

/// What was said of rules.
fn doubts(finished: &Finished) -> Vec<String> {
    let told = events(&finished.log, "the rules may not say what is meant");
    told.iter().map(|event| event["doubt"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_git_would_silently_ignore_is_told_with_its_line() {
    let (upstream, commit) = rich();
    for (text, told) in [
        ("/src/\n\n./lib/\n[a\n", &["line 3 never", "line 4 never"][..]),
        ("", &["no pattern names anything"]),
        ("!/src/\n!*.md\n", &["no pattern names anything"]),
        ("# nothing\n", &["no pattern names anything"]),
        ("/src/\n", &[]),
    ] {
        let (root, file, rules) = (Root::new(), File::new(), Rules::patterns(text));
        let finished = file.with(trying(&url(&upstream), &root), &rules).once();
        finished.expect_code(0);
        assert_published(&root, &upstream, &commit, &rules);
        let found = doubts(&finished);
        assert_eq!(found.len(), told.len(), "{text:?}: {found:?}");
        for (found, words) in found.iter().zip(told) {
            assert!(found.contains(words), "{text:?}: {found}");
        }
    }
}

#[test]
fn a_directory_that_the_commit_does_not_have_is_told_once_a_commit() {
    let (upstream, _) = rich();
    let (root, file) = (Root::new(), File::new());
    let rules = Rules::directories(&["nowhere", "src/deep", "docs/a.c"]);
    let daemon = file.with(polling(&url(&upstream), &root), &rules).start();
    for number in 1..3 {
        let commit = upstream.commit("counter", number.to_string());
        root.eventually_publishes(&commit);
        after_more_attempts(&daemon, 3);
        assert_published(&root, &upstream, &commit, &rules);
        for (message, path) in [
            ("the commit has no such directory of sparse-path", "nowhere"),
            ("sparse-path names no directory, but a file", "docs/a.c"),
        ] {
            let told = daemon.events(message);
            let of_this: Vec<_> = told.iter().filter(|told| told["commit"] == commit).collect();
            assert_eq!(of_this.len(), 1, "{told:?}");
            assert_eq!(of_this[0]["paths"], path);
        }
    }
}

#[test]
fn a_check_says_what_rules_there_are() {
    let (upstream, _) = rich();
    let (root, file) = (Root::new(), File::new());
    let checked = |rules: &Rules| {
        let finished = file.with(check(&url(&upstream), &root.path()), rules).finish();
        finished.stdout.join("\n")
    };
    let said = checked(&Rules::patterns("/src/\n./lib\n"));
    assert!(said.contains("warning  sparse: the pattern in line 2 never matches"), "{said}");
    let said = checked(&Rules::directories(&["src", "lib/deep"]));
    assert!(said.contains("ok       sparse: only lib/deep, src and the files in"), "{said}");
    fs::remove_file(file.path()).unwrap();
    let gone = format!("--sparse-checkout-file={}", file.path().display());
    let finished = check(&url(&upstream), &root.path()).flag(gone).finish();
    finished.expect_code(1);
    let said = finished.stdout.join("\n");
    assert!(said.contains("FAILED   sparse: could not read which files"), "{said}");
}
