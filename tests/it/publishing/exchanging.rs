//! With `publish=exchange` a whole tree stands where the link would be, at each moment.

use serde_json::json;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use crate::contract::{after_more_attempts, assert_published, polling, trying};
use crate::publishing::names;
use crate::publishing::standing::{Reader, assert_stands, commit_pair, eventually_stands};
use crate::serving::{order, ordered};
use crate::support::daemon::{Root, Setup};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn url(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

fn exchanging(upstream: &Upstream, root: &Root) -> Setup {
    polling(&url(upstream), root).flag("--publish=exchange")
}

#[test]
fn a_reader_never_sees_a_mixture_or_nothing() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut commit = commit_pair(&upstream, 0);
    let setup = exchanging(&upstream, &root).flag("--period=10ms");
    let _daemon = setup.flag("--stale-worktree-timeout=2s").start();
    assert_stands(&root, &root.link(), &upstream, &commit);
    let reader = Reader::of(&root.link());
    for n in 1..=120 {
        commit = commit_pair(&upstream, n);
        let text = format!("number {n}\n");
        eventually("the next commit stands there", SOON, || {
            fs::read_to_string(root.link().join("one")).is_ok_and(|one| one == text).then_some(())
        });
    }
    reader.must_be_content();
    assert_stands(&root, &root.link(), &upstream, &commit);
}

#[test]
fn trees_are_made_in_each_way_and_the_old_ones_go_in_their_time() {
    for way in ["prepared", "reused", "fresh"] {
        let (upstream, root) = (Upstream::new(), Root::new());
        let flag = format!("--trees={way}");
        let setup = exchanging(&upstream, &root).flag(flag).flag("--stale-worktree-timeout=0");
        let daemon = setup.flag("--keep-trees=1").start();
        let mut commits = Vec::new();
        for n in 0..5 {
            commits.push(upstream.change().files(10, "f").file("n", n.to_string()).commit());
            assert_stands(&root, &root.link(), &upstream, &commits[n]);
            after_more_attempts(&daemon, 3);
        }
        // The one that is changed for the next commit is not one of those that stay.
        let first = if way == "reused" { 2 } else { 3 };
        let (mut old, mut last) = (commits[first..4].to_vec(), commits[first..].to_vec());
        old.sort();
        last.sort();
        eventually("one old tree is left", SOON, || {
            (names(&root, ".worktrees") == old).then_some(())
        });
        eventually("Git knows of two trees", SOON, || {
            (names(&root, ".git/worktrees") == last).then_some(())
        });
        let status = root.status().unwrap();
        assert_eq!(status["tree"], root.link().display().to_string());
        assert_eq!(status["commit"]["id"], commits[4]);
        assert_stands(&root, &root.link(), &upstream, &commits[4]);
    }
}

#[test]
fn who_is_in_the_old_tree_stays_there_and_git_still_knows_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let old = commit_pair(&upstream, 1);
    let _daemon = exchanging(&upstream, &root).flag("--stale-worktree-timeout=1h").start();
    eventually_stands(&root.link(), &old);
    let inside = fs::File::open(root.link()).unwrap();
    let number = inside.metadata().unwrap().ino();
    let new = commit_pair(&upstream, 2);
    assert_stands(&root, &root.link(), &upstream, &new);
    let retired = root.path().join(".worktrees").join(&old);
    assert_eq!(fs::metadata(&retired).unwrap().ino(), number);
    assert_eq!(fs::read_to_string(retired.join("one")).unwrap(), "number 1\n");
    assert_stands(&root, &retired, &upstream, &old);
}

/// Removes a directory in which the program may be writing.
fn lose(path: &Path) {
    while let Err(error) = fs::remove_dir_all(path) {
        if error.kind() == ErrorKind::NotFound {
            return;
        }
        assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty, "{}", path.display());
    }
}

#[test]
fn a_changed_tree_is_replaced_and_a_lost_one_comes_back() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = commit_pair(&upstream, 1);
    let mut daemon = exchanging(&upstream, &root).start();
    assert_stands(&root, &root.link(), &upstream, &commit);
    let damages: [&dyn Fn(); 6] = [
        &|| fs::write(root.link().join("one"), "somebody else").unwrap(),
        &|| fs::remove_file(root.link().join("below/other")).unwrap(),
        &|| fs::remove_file(root.link().join(".git")).unwrap(),
        &|| lose(&root.link()),
        &|| lose(&root.path().join(".git/worktrees")),
        &|| lose(&root.path().join(".git")),
    ];
    let recovers = || {
        eventually("the tree is whole again", SOON, || {
            let text = |name: &str| fs::read_to_string(root.link().join(name)).ok();
            let whole = ["one", "below/other"]
                .map(text)
                .into_iter()
                .all(|it| it.as_deref() == Some("number 1\n"));
            (whole && root.link().join(".git").exists()).then_some(())
        });
        assert_stands(&root, &root.link(), &upstream, &commit);
    };
    for (n, damage) in damages.into_iter().enumerate() {
        damage();
        recovers();
        if n % 2 == 0 {
            // What happened while nobody looked is found at the start.
            drop(daemon);
            damage();
            daemon = exchanging(&upstream, &root).start();
            recovers();
        }
    }
}

#[test]
fn a_rollback_puts_a_kept_tree_back_as_it_is() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let setup = ordered(&url(&upstream), &root).flag("--publish=exchange");
    let daemon = setup.flag("--keep-trees=2").start();
    let first = commit_pair(&upstream, 1);
    assert_stands(&root, &root.link(), &upstream, &first);
    let number = fs::metadata(root.link()).unwrap().ino();
    let second = commit_pair(&upstream, 2);
    assert_stands(&root, &root.link(), &upstream, &second);
    for (to, from) in [(&first, &second), (&second, &first), (&first, &second)] {
        let (code, said) = order(&daemon, "POST", "rollback", &json!({ "to": to }));
        assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("published")), "{said}");
        assert_stands(&root, &root.link(), &upstream, to);
        assert_stands(&root, &root.path().join(".worktrees").join(from), &upstream, from);
    }
    assert_eq!(fs::metadata(root.link()).unwrap().ino(), number, "it is the same directory");
}

#[test]
fn the_form_may_change_at_each_start_and_something_is_always_there() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut commit = commit_pair(&upstream, 0);
    let run = |form: &str| {
        let setup = trying(&url(&upstream), &root).flag(format!("--publish={form}"));
        // Else a reader might lose what it has just opened.
        setup.flag("--stale-worktree-timeout=1h").once().expect_code(0);
    };
    run("symlink");
    let reader = Reader::of(&root.link());
    for n in 1..=12 {
        run("exchange");
        assert_stands(&root, &root.link(), &upstream, &commit);
        // Where the tree was, a symlink leads to it, unless a new commit took its place since.
        let was = root.path().join(".worktrees").join(&commit);
        if n % 3 == 1 && n > 1 {
            assert!(was.symlink_metadata().is_err(), "{was:?}");
        } else {
            assert!(was.is_symlink(), "{was:?}");
            assert_eq!(was.canonicalize().unwrap(), root.link().canonicalize().unwrap());
        }
        assert_eq!(names(&root, ""), [".git", ".git-sync", ".worktrees", "latest"]);
        // Half of the times there is a new commit besides.
        if n % 2 == 0 {
            commit = commit_pair(&upstream, n);
        }
        run("symlink");
        assert_published(&root, &upstream, &commit);
        assert_eq!(names(&root, ".worktrees"), names(&root, ".git/worktrees"));
        if n % 3 == 0 {
            commit = commit_pair(&upstream, n + 100);
        }
    }
    reader.must_be_content();
}

#[test]
fn what_is_not_ours_stays_where_it_is() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let run = |form: &str| trying(&url(&upstream), &root).flag(format!("--publish={form}")).once();
    fs::create_dir_all(root.link()).unwrap();
    fs::write(root.link().join("mine"), "1").unwrap();
    for form in ["exchange", "symlink"] {
        let finished = run(form);
        finished.expect_code(1);
        let log = finished.log.join("\n");
        assert!(log.contains("move away what is there"), "{log}");
        assert_eq!(fs::read_to_string(root.link().join("mine")).unwrap(), "1");
    }
    // A copy of a tree has the pointer of a tree, but not one of this place.
    fs::write(root.link().join(".git"), "gitdir: ../elsewhere/.git/worktrees/x\n").unwrap();
    run("exchange").expect_code(1);
    fs::remove_dir_all(root.link()).unwrap();
    fs::write(root.link(), "mine").unwrap();
    run("exchange").expect_code(1);
    assert_eq!(fs::read_to_string(root.link()).unwrap(), "mine");
    // Nobody misses an empty directory, or a link.
    fs::remove_file(root.link()).unwrap();
    fs::create_dir(root.link()).unwrap();
    run("exchange").expect_code(0);
    assert_stands(&root, &root.link(), &upstream, &upstream.head());
    fs::remove_dir_all(root.link()).unwrap();
    symlink("nowhere", root.link()).unwrap();
    run("exchange").expect_code(0);
    assert_stands(&root, &root.link(), &upstream, &upstream.head());
}
