//! Odd things that people and file systems do to a root or to a local source while the program runs
//! or between two runs.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::daemon::{Daemon, Root, following};
use crate::support::git::{git, run};
use crate::support::oracle;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A daemon that looks again and again, at once after a failure too, and never gives up.
fn polling(repo: &str, root: &Root) -> Daemon {
    let setup = following(repo, root).flag("--period=40ms").flag("--jitter=0");
    setup.flag("--init-period=20ms").flag("--max-failures=-1").start()
}

#[test]
fn a_source_whose_link_was_turned_is_followed_to_where_it_leads_now() {
    let (old, new, root) = (Upstream::new(), Upstream::new(), Root::new());
    let commit = new.commit("a", "1");
    let link = old.dir().join("current");
    symlink(old.repo(), &link).unwrap();
    let daemon = polling(link.to_str().unwrap(), &root);
    root.eventually_publishes(&old.head());
    symlink(new.repo(), old.dir().join("next")).unwrap();
    fs::rename(old.dir().join("next"), &link).unwrap();
    root.eventually_publishes(&commit);
    drop(daemon);
}

#[test]
fn a_root_that_was_removed_under_way_is_made_anew_and_still_has_one_writer() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let repo = upstream.repo();
    let first = polling(repo.to_str().unwrap(), &root);
    root.eventually_publishes(&upstream.head());
    // The program may make a directory while this removes them.
    eventually("the root is gone or new", SOON, || fs::remove_dir_all(root.path()).ok());
    root.eventually_publishes(&upstream.head());
    let second = polling(repo.to_str().unwrap(), &root);
    second.eventually_logs("waiting for another instance");
    drop(first);
}

#[test]
fn a_published_tree_that_git_does_not_know_any_more_is_made_known_again() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (repo, commit) = (upstream.repo(), upstream.head());
    let once = || following(repo.to_str().unwrap(), &root).flag("--max-failures=1").once();
    once().expect_code(0);
    let admin = root.path().join(".git/worktrees").join(&commit);
    for damaged in ["HEAD", "commondir", "gitdir"].map(|name| admin.join(name)) {
        fs::write(&damaged, "").unwrap();
        once().expect_code(0);
        oracle::assert_published(&root.path(), &root.link(), &repo, &commit);
    }
}

#[test]
fn somebodys_staged_work_is_not_replaced() {
    let (upstream, root) = (Upstream::new(), Root::new());
    fs::create_dir(root.path()).unwrap();
    fs::write(root.path().join("work"), "").unwrap();
    run(git(&root.path()).args(["init", "--quiet"]));
    run(git(&root.path()).args(["add", "work"]));
    let repo = upstream.repo();
    following(repo.to_str().unwrap(), &root).flag("--max-failures=1").once().expect_code(1);
    assert!(root.path().join(".git/index").exists() && !root.link().exists());
}
