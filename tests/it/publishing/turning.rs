//! The instants in which a tree and what stood in its place change names, and what a crash leaves of
//! them.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::contract::{polling, trying};
use crate::publishing::names;
use crate::publishing::standing::{Reader, assert_stands, commit_pair, eventually_stands};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::upstream::Upstream;

fn url(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

#[test]
fn a_link_far_from_its_root_becomes_a_tree_and_a_link_again_before_readers() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = commit_pair(&upstream, 0);
    let above = root.path().with_file_name("far").join("away");
    fs::create_dir_all(&above).unwrap();
    let (link, tree) = (above.join("link"), root.path().join(".worktrees").join(&commit));
    let run = |form: &str| {
        let setup = trying(&url(&upstream), &root).flag(format!("--link={}", link.display()));
        setup.flag(format!("--publish={form}")).once().expect_code(0);
    };
    run("symlink");
    let reader = Reader::of(&link);
    // Who has the path of the tree finds it there, or by a symlink.
    let by_its_path = Reader::of(&tree);
    for _ in 0..6 {
        run("exchange");
        assert_stands(&root, &link, &upstream, &commit);
        run("symlink");
        assert_eq!(link.canonicalize().unwrap(), tree.canonicalize().unwrap());
        assert_eq!(fs::read_dir(&above).unwrap().count(), 1);
    }
    reader.must_be_content();
    by_its_path.must_be_content();
    // A run that crashed in the middle of it leaves a link that leads there by a signpost.
    fs::remove_file(&link).unwrap();
    symlink(root.path().join(".worktrees"), above.join(".link.gitsyncd-way")).unwrap();
    let way = root.path().join(".worktrees/.link.gitsyncd-way");
    fs::create_dir(&way).unwrap();
    symlink(&link, way.join(&commit)).unwrap();
    symlink(Path::new(".link.gitsyncd-way").join(&commit), &link).unwrap();
    let reader = Reader::of(&link);
    run("symlink");
    reader.must_be_content();
    assert_eq!(link.read_link().unwrap(), Path::new("../../root/.worktrees").join(&commit));
    assert_eq!(fs::read_dir(&above).unwrap().count(), 1);
    assert_eq!(names(&root, ".worktrees"), [commit]);
}

#[test]
fn what_a_crash_leaves_of_the_turning_goes_even_if_the_link_is_another_one_then() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = commit_pair(&upstream, 0);
    let run = || {
        trying(&url(&upstream), &root).once().expect_code(0);
    };
    run();
    let trees = root.path().join(".worktrees");
    for name in [".other.gitsyncd-way", "1/.other.gitsyncd-way"] {
        fs::create_dir_all(trees.join(name)).unwrap();
        symlink("../../../other", trees.join(name).join(&commit)).unwrap();
    }
    symlink("nowhere", trees.join(format!(".{commit}.gitsyncd-new"))).unwrap();
    fs::create_dir(trees.join("mine.gitsyncd-new")).unwrap();
    run();
    assert_eq!(names(&root, ".worktrees"), ["1", &commit, "mine.gitsyncd-new"]);
    assert_eq!(names(&root, ".worktrees/1"), [""; 0]);
    // Nor does it matter that all else was lost.
    fs::remove_dir_all(root.path()).unwrap();
    fs::create_dir_all(root.path()).unwrap();
    symlink(".worktrees", root.path().join(".latest.gitsyncd-way")).unwrap();
    symlink(Path::new(".latest.gitsyncd-way").join(&commit), root.link()).unwrap();
    run();
    assert_eq!(names(&root, ""), [".git", ".git-sync", ".worktrees", "latest"]);
    assert_eq!(root.link().read_link().unwrap(), Path::new(".worktrees").join(&commit));
}

#[test]
fn the_way_to_a_tree_stays_when_that_is_written_anew() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let commit = commit_pair(&upstream, 0);
    let run = |form: &str| {
        let setup = trying(&url(&upstream), &root).flag(format!("--publish={form}"));
        setup.flag("--stale-worktree-timeout=1h").once().expect_code(0);
    };
    run("symlink");
    run("exchange");
    fs::write(root.link().join("one"), "somebody else").unwrap();
    run("exchange");
    assert_stands(&root, &root.link(), &upstream, &commit);
    let was = root.path().join(".worktrees").join(&commit);
    assert!(was.is_symlink());
    assert_eq!(fs::read_to_string(was.join("one")).unwrap(), "number 0\n");
    // It does not lead to the tree of another commit for longer than an instant.
    fs::remove_dir_all(root.link()).unwrap();
    commit_pair(&upstream, 1);
    run("exchange");
    run("exchange");
    assert!(was.symlink_metadata().is_err());
}

#[test]
fn nothing_is_made_for_an_instant_in_a_tree_that_readers_see() {
    let (upstream, root) = (Upstream::new(), Root::new());
    // This is the name that something would have which takes the place of the pointer.
    let commit = upstream.commit("..git.gitsyncd-new", "theirs");
    let theirs = root.link().join("..git.gitsyncd-new");
    let mut number = None;
    for form in ["symlink", "exchange", "symlink"] {
        let setup = trying(&url(&upstream), &root).flag(format!("--publish={form}"));
        setup.once().expect_code(0);
        assert_stands(&root, &root.link().canonicalize().unwrap(), &upstream, &commit);
        let now = fs::metadata(&theirs).unwrap().ino();
        assert_eq!(*number.get_or_insert(now), now, "{form}: it was written anew");
    }
}

#[test]
fn a_tree_whose_place_was_taken_before_a_crash_comes_home() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let run_as = |form: &str| {
        let setup = trying(&url(&upstream), &root).flag(format!("--publish={form}"));
        setup.flag("--stale-worktree-timeout=1h").once().expect_code(0);
    };
    for (n, form) in ["exchange", "symlink", "copy"].into_iter().enumerate() {
        let old = commit_pair(&upstream, 2 * n);
        run_as("exchange");
        commit_pair(&upstream, 2 * n + 1);
        run_as("exchange");
        let home = root.path().join(".worktrees").join(&old);
        let leaving = root.path().join(".git/gitsyncd/leaving");
        fs::write(home.join(".git"), format!("gitdir: ../.git/worktrees/{old}\n")).unwrap();
        fs::rename(&home, &leaving).unwrap();
        if n == 1 {
            // Where the old one was, a symlink may lead to what stands there.
            symlink("../latest", &home).unwrap();
        }
        run_as(form);
        assert!(!leaving.exists() && !home.is_symlink());
        assert_eq!(fs::read_to_string(home.join("one")).unwrap(), format!("number {}\n", 2 * n));
        assert_eq!(run(git(&home).args(["rev-parse", "HEAD"])), old);
        assert_eq!(run(git(&home).args(["status", "--porcelain"])), "");
    }
}

#[test]
fn no_tree_is_seen_where_one_of_another_commit_is_at_home() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let setup = polling(&url(&upstream), &root).flag("--publish=exchange").flag("--period=10ms");
    let daemon = setup.flag("--stale-worktree-timeout=1h").start();
    let (over, known) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
    let (end, homes, trees) =
        (Arc::clone(&over), Arc::clone(&known), root.path().join(".worktrees"));
    let reader = thread::spawn(move || {
        let mut wrong = Vec::new();
        while !end.load(Ordering::Relaxed) {
            let last: Option<(String, String)> = homes.lock().unwrap().last().cloned();
            let Some((commit, text)) = last else { continue };
            match fs::read_to_string(trees.join(&commit).join("one")) {
                Ok(found) if found != text => wrong.push((commit, found)),
                Ok(_) | Err(_) => (),
            }
        }
        wrong
    });
    for n in 0..20 {
        let commit = commit_pair(&upstream, n);
        eventually_stands(&root.link(), &commit);
        known.lock().unwrap().push((commit, format!("number {n}\n")));
    }
    over.store(true, Ordering::Relaxed);
    assert_eq!(reader.join().unwrap(), []);
    drop(daemon);
}
