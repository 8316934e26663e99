//! Trees that hold a part, through what happens to a root: restarts, kills, damage, pins, gates, and
//! git-sync before us.

use serde_json::json;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use crate::contract::incremental::settled;
use crate::contract::{after_more_attempts, polling, trying};
use crate::dropin::peer;
use crate::serving::{order, ordered};
use crate::sparse::changes::eventually_by;
use crate::sparse::published::rich;
use crate::sparse::{File, Rules, assert_published};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

fn url(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

#[test]
fn a_start_finds_what_was_published_by_the_same_rules_and_replaces_the_rest() {
    let (upstream, commit) = rich();
    let (root, file) = (Root::new(), File::new());
    let inode = || fs::metadata(root.link()).unwrap().ino();
    let mut before = None;
    for text in ["/src/\n", "/src/\n", "/lib/\n", "/lib/\n"] {
        let rules = Rules::patterns(text);
        let daemon = file.with(polling(&url(&upstream), &root), &rules).start();
        eventually_by(&daemon, &root, &commit, text);
        assert_published(&root, &upstream, &commit, &rules);
        daemon.kill();
        let now = (text, inode());
        if let Some((text_before, inode_before)) = before {
            assert_eq!(text_before == text, inode_before == now.1, "{text}");
        }
        before = Some(now);
    }
}

#[test]
fn a_kill_while_rules_change_leaves_one_part_or_the_other() {
    let (upstream, commit) = rich();
    let (root, file) = (Root::new(), File::new());
    let texts = ["/src/\n", "/lib/\n"];
    for number in 0..12 {
        let text = texts[number % 2];
        let daemon = file.with(polling(&url(&upstream), &root), &Rules::patterns(text)).spawn();
        pause(Duration::from_millis(u64::try_from(number).unwrap() * 9));
        daemon.kill();
        if root.published().is_some() {
            let is_there = |name: &str| root.link().join(name).exists();
            assert!(is_there("src") != is_there("lib"));
        }
    }
    let rules = Rules::patterns(texts[0]);
    file.with(trying(&url(&upstream), &root), &rules).once().expect_code(0);
    assert_published(&root, &upstream, &commit, &rules);
}

#[test]
fn a_damaged_part_is_replaced_and_files_outside_of_it_are_not_missed() {
    let (upstream, commit) = rich();
    let (root, file, rules) = (Root::new(), File::new(), Rules::directories(&["src"]));
    let daemon = file.with(polling(&url(&upstream), &root), &rules).start();
    settled(&daemon, &root, &commit);
    after_more_attempts(&daemon, 5);
    assert!(daemon.events("the published tree was changed").is_empty());
    fs::remove_file(root.link().join("src/deep/a.c")).unwrap();
    daemon.eventually_logs("the published tree was changed");
    eventually("it is back", SOON, || root.link().join("src/deep/a.c").exists().then_some(()));
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &commit, &rules);
    // What Git is told of the rules is looked after too.
    let admin = root.path().join(".git/worktrees").join(&commit);
    fs::remove_file(admin.join("info/sparse-checkout")).unwrap();
    fs::write(admin.join("config.worktree"), "").unwrap();
    eventually("Git is told again", SOON, || {
        admin.join("info/sparse-checkout").exists().then_some(())
    });
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &commit, &rules);
}

#[test]
fn a_rollback_shows_the_part_of_the_moment() {
    let (upstream, first) = rich();
    let (root, file) = (Root::new(), File::new());
    let setup = ordered(&url(&upstream), &root).flag("--stale-worktree-timeout=1h");
    let daemon = file.with(setup, &Rules::patterns("/src/\n")).start();
    settled(&daemon, &root, &first);
    let second = upstream.commit("src/new", "1\n");
    eventually("it is seen", SOON, || {
        let (code, _) = order(&daemon, "POST", "sync", &json!({}));
        (code < 300 && root.published().as_ref() == Some(&second)).then_some(())
    });
    file.write("/lib/\n");
    eventually("the rules count", SOON, || root.link().join("lib").exists().then_some(()));
    let (code, said) = order(&daemon, "POST", "rollback", &json!({ "to": first }));
    assert_eq!(code, 200, "{said}");
    settled(&daemon, &root, &first);
    assert_published(&root, &upstream, &first, &Rules::patterns("/lib/\n"));
}

#[test]
fn a_part_that_git_sync_published_is_used_on_and_another_is_replaced() {
    let (upstream, commit) = rich();
    for (text, stays) in [("/*\n!/*/\n/src/\n", true), ("/lib/\n", false), ("*.md\n", false)] {
        let (root, file) = (Root::new(), File::new());
        peer::syncs(&upstream, &root.path(), &root.link());
        let theirs = "/*\n!/*/\n/src/\n";
        let info = root.path().join(".git/worktrees").join(&commit).join("info");
        fs::create_dir_all(&info).unwrap();
        fs::write(info.join("sparse-checkout"), theirs).unwrap();
        run(git(&root.link()).args(["sparse-checkout", "init"]));
        run(git(&root.link()).args(["reset", "--quiet", "--hard", &commit, "--"]));
        let inode = || fs::metadata(root.link()).unwrap().ino();
        let before = inode();
        let rules = Rules::as_git_reads(text);
        file.with(peer::by_its_name(&url(&upstream), &root), &rules).once().expect_code(0);
        assert_published(&root, &upstream, &commit, &rules);
        assert_eq!(inode() == before, stays, "{text}");
        // Without rules all is there again.
        peer::by_its_name(&url(&upstream), &root).once().expect_code(0);
        crate::contract::assert_published(&root, &upstream, &commit);
    }
}

#[test]
fn submodules_outside_of_the_rules_are_not_there_and_hinder_nothing() {
    let upstream = Upstream::new();
    let entry = |path: &str| format!("160000,{},{path}", upstream.head());
    for path in ["lib/sub", "src/sub"] {
        fs::create_dir_all(upstream.work().join(path)).unwrap();
        run(upstream.git().args(["update-index", "--add", "--cacheinfo", &entry(path)]));
    }
    let modules = "[submodule \"sub\"]\n\tpath = lib/sub\n\turl = ../sub.git\n";
    let commit = upstream.change().file(".gitmodules", modules).file("docs/a", "").commit();
    let (file, rules) = (File::new(), Rules::directories(&["docs"]));
    let root = Root::new();
    file.with(trying(&url(&upstream), &root), &rules).once().expect_code(0);
    assert_published(&root, &upstream, &commit, &rules);
    assert!(!root.link().join("lib").exists());
    let (root, rules) = (Root::new(), Rules::directories(&["src"]));
    let off = trying(&url(&upstream), &root).flag("--submodules=off");
    file.with(off, &rules).once().expect_code(0);
    assert_published(&root, &upstream, &commit, &rules);
    assert!(root.link().join("src/sub").is_dir() && !root.link().join("lib").exists());
}

#[test]
fn directories_of_odd_names_mean_themselves() {
    let names =
        ["a b", " c", "d ", "*", "[e]", "f\\g", "#h", "!i", "-j", "é", "k?l", "\"m\"", "**"];
    let upstream = Upstream::new();
    let mut change = upstream.change();
    for name in names {
        change = change.file(format!("{name}/x/y"), "1\n").file(format!("{name}/z"), "1\n");
    }
    let commit = change.commit();
    for name in names {
        let deep = format!("{name}/x");
        for rules in [Rules::directories(&[name]), Rules::directories(&[&deep])] {
            let (root, file) = (Root::new(), File::new());
            file.with(trying(&url(&upstream), &root), &rules).once().expect_code(0);
            // `git sparse-checkout set` takes some of these signs away.
            if name.trim() == name && !name.contains('"') {
                assert_published(&root, &upstream, &commit, &rules);
            }
            let there = fs::read_dir(root.link()).unwrap().count();
            assert_eq!(there, 3, "the directory, README, and what leads to Git");
            assert!(root.link().join(&deep).join("y").exists());
        }
    }
    let root = Root::new();
    let setup = trying(&url(&upstream), &root).variable("GITOPS_MANIFEST_PATH", "a b/x:é");
    setup.once().expect_code(0);
    assert_published(&root, &upstream, &commit, &Rules::directories(&["a b/x", "é"]));
}
