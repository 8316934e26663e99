//! The program is killed at any moment and started again.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::faults::course::{patient, single, succeeds};
use crate::support::daemon::Root;
use crate::support::git_daemon;
use crate::support::observer;
use crate::support::oracle;
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::pause;

/// Everything below a directory that looks as if somebody had been interrupted.
fn leftovers(root: &Root, link: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root.path()];
    // What the tree holds is its own.
    let tree = link.canonicalize().unwrap();
    while let Some(dir) = left.pop() {
        let private = dir.ends_with("gitsyncd/staging") || dir.ends_with("gitsyncd/trash");
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let temporary = [".lock", ".keep", ".gitsyncd-new", ".gitsyncd-trash"];
            let temporary = temporary.iter().any(|end| name.ends_with(end));
            if private || temporary || name.starts_with(".tmp") || name.starts_with("tmp_") {
                found.push(entry.path());
            }
            if entry.file_type().unwrap().is_dir() && entry.path() != tree {
                left.push(entry.path());
            }
        }
    }
    found
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// Fails unless the root holds one tree, what Git needs to know of it, and nothing by halves.
#[track_caller]
fn assert_clean(root: &Root, upstream: &Upstream) {
    let link = root.link();
    oracle::assert_published(&root.path(), &link, &upstream.repo(), &upstream.head());
    assert_eq!(leftovers(root, &link), Vec::<PathBuf>::new());
    assert_eq!(names(&root.path().join(".worktrees")), [upstream.head()]);
    assert_eq!(names(&root.path().join(".git/worktrees")), [upstream.head()]);
    assert_eq!(names(&root.path()), [".git", ".git-sync", ".worktrees", "latest"]);
    let packs = names(&root.path().join(".git/objects/pack"));
    for pack in &packs {
        let (stem, extension) = pack.rsplit_once('.').unwrap();
        let other = if extension == "pack" { "idx" } else { "pack" };
        assert!(packs.contains(&format!("{stem}.{other}")), "{pack} has no {other}");
    }
    let objects = names(&root.path().join(".git/objects"));
    assert_eq!(objects, ["info", "pack"], "packs are all there is");
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

/// Kills the program again and again while the repository moves and somebody reads.
fn kill_and_restart(rounds: u32, seed: u64) {
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().files(60, "f").executable("run", "x\n").symlink("s", "run").commit();
    let server = git_daemon::serve(&upstream);
    succeeds(single(&server.url(), &root));
    let first = size(&root.path().join(".git/objects/pack"));
    let mut known = HashSet::from([upstream.head()]);
    let observer = observer::watch(&root.link());
    observer.has_looked();
    // How long a run takes here and now, from its start to a publication.
    let begun = Instant::now();
    known.insert(upstream.commit("a", "1"));
    succeeds(single(&server.url(), &root));
    let usual = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let mut moved = 0;
    for round in 0..rounds {
        let before = root.published();
        let name = format!("f/000/{:06}.txt", random.u32(0..60));
        known.insert(upstream.commit(name, format!("round {round}\n")));
        let daemon = patient(&server.url(), &root).flag("--period=10ms").start();
        pause(Duration::from_millis(random.u64(0..2 * usual)));
        if random.bool() {
            known.insert(upstream.commit("moving", format!("round {round}\n")));
            pause(Duration::from_millis(random.u64(0..usual)));
        }
        daemon.kill();
        let published = root.published().expect("the link is always there");
        assert!(known.contains(&published), "round {round}: {published}");
        assert!(root.link().join("run").exists(), "round {round}: the tree is there");
        moved += u32::from(before.as_ref() != Some(&published));
    }
    println!("{moved} of {rounds} rounds published something");
    assert!(moved > rounds / 10, "{moved} of {rounds} rounds published something");
    succeeds(single(&server.url(), &root));
    observer.has_looked();
    observer.stop().assert_flawless(&upstream.repo());
    assert_clean(&root, &upstream);
    // A change is a few objects; each may have been fetched in several attempts, but not for ever.
    let bound = first + u64::from(rounds) * 2 * 10_000;
    let packs = size(&root.path().join(".git/objects/pack"));
    assert!(packs < bound, "{packs} bytes of packs, {first} at first");
}

#[test]
fn a_program_that_is_killed_at_any_moment_goes_on_where_it_was() {
    kill_and_restart(15, fastrand::u64(..));
}

#[test]
fn long_a_program_that_is_killed_hundreds_of_times_goes_on_where_it_was() {
    if skip::unless_long("a program that is killed hundreds of times goes on where it was") {
        return;
    }
    kill_and_restart(250, fastrand::u64(..));
}

#[test]
fn a_first_sync_that_is_killed_is_done_by_the_next_start() {
    let upstream = Upstream::new();
    upstream.change().files(200, "f").commit();
    let server = git_daemon::serve(&upstream);
    for milliseconds in (0..120).step_by(10) {
        let root = Root::new();
        let daemon = patient(&server.url(), &root).start();
        pause(Duration::from_millis(milliseconds));
        daemon.kill();
        let published = root.published();
        assert!(published.is_none() || published == Some(upstream.head()), "{published:?}");
        succeeds(single(&server.url(), &root));
        assert_clean(&root, &upstream);
    }
}

/// Puts something where a run that was killed may have left something, or worse.
fn plant(root: &Root) {
    let top = root.path();
    let git = top.join(".git");
    let commit = root.published().unwrap();
    let files = [
        "shallow.lock",
        "HEAD.lock",
        "config.lock",
        "index.lock",
        "packed-refs.lock",
        "refs/heads/gitsyncd.lock",
        "refs/heads/.gitsyncd.gitsyncd-new",
        ".HEAD.gitsyncd-new",
        ".config.gitsyncd-new",
        "objects/pack/.tmpAbCdEf",
        "objects/pack/tmp_pack_AbCdEf",
        "objects/pack/tmp_idx_AbCdEf",
        "objects/pack/pack-1234567890123456789012345678901234567890.keep",
        "objects/pack/pack-1234567890123456789012345678901234567890.pack",
        "gitsyncd/staging/1-0/README",
        "gitsyncd/staging/99999-7/README",
        "gitsyncd/trash/1-1/deep/down/README",
        "gitsyncd/trash/file",
        "gitsyncd/something.gitsyncd-new",
    ];
    let admin = [format!("worktrees/{commit}/index.lock"), format!("worktrees/{commit}/HEAD.lock")];
    let half = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    let orphan = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let orphan = [format!("worktrees/{orphan}/HEAD"), format!("worktrees/{orphan}/index")];
    let files = files.map(str::to_owned).into_iter().chain(admin).chain(orphan);
    let outside = [
        ".latest.gitsyncd-new".to_owned(),
        "..git-sync.gitsyncd-new".to_owned(),
        ".git.gitsyncd-trash/objects/x".to_owned(),
        format!(".worktrees/{half}/README"),
        format!(".worktrees/{half}/f/000/000001.txt"),
    ];
    for path in files.map(|name| git.join(name)).chain(outside.map(|name| top.join(name))) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "a leftover\n").unwrap();
    }
}

#[test]
fn no_leftover_of_any_name_is_an_obstacle_at_a_start() {
    for news in [false, true] {
        let (upstream, root) = (Upstream::new(), Root::new());
        let server = git_daemon::serve(&upstream);
        succeeds(single(&server.url(), &root));
        let observer = observer::watch(&root.link());
        observer.has_looked();
        plant(&root);
        if news {
            upstream.commit("a", "1");
        }
        succeeds(single(&server.url(), &root));
        observer.has_looked();
        observer.stop().assert_flawless(&upstream.repo());
        assert_clean(&root, &upstream);
    }
}

#[test]
fn leftovers_that_are_directories_or_links_are_no_obstacle() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    succeeds(single(&server.url(), &root));
    let (top, git) = (root.path(), root.path().join(".git"));
    for name in [".latest.gitsyncd-new", "..git-sync.gitsyncd-new"] {
        fs::create_dir_all(top.join(name).join("deep")).unwrap();
    }
    fs::create_dir(git.join("shallow.lock")).unwrap();
    for (name, target) in [
        ("refs/heads/gitsyncd.lock", "nowhere"),
        ("gitsyncd/trash/link", "/proc"),
        ("gitsyncd/staging/link", "/proc"),
    ] {
        std::os::unix::fs::symlink(target, git.join(name)).unwrap();
    }
    upstream.commit("a", "1");
    succeeds(single(&server.url(), &root));
    assert_clean(&root, &upstream);
}

/// The states between two steps of a publication.
#[test]
fn a_crash_between_two_renames_is_no_obstacle() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    succeeds(single(&server.url(), &root));
    let old = upstream.head();
    let new = upstream.commit("a", "1");
    let (trees, admins) = (root.path().join(".worktrees"), root.path().join(".git/worktrees"));
    let link = root.link();
    let back = || {
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink(format!(".worktrees/{old}"), &link).unwrap();
    };
    let states: [(&str, &dyn Fn()); 4] = [
        ("the tree is there, the link has not moved", &back),
        ("what Git is told is there, the tree is not", &|| {
            back();
            fs::remove_dir_all(trees.join(&new)).unwrap();
        }),
        ("the tree is there, what Git is told is not", &|| {
            back();
            fs::remove_dir_all(admins.join(&new)).unwrap();
        }),
        ("the tree is there by halves", &|| {
            back();
            fs::remove_file(trees.join(&new).join("README")).unwrap();
        }),
    ];
    for (what, make) in states {
        println!("{what}");
        // The old tree stays a while, so the link can be put back to it.
        let keep = single(&server.url(), &root).flag("--stale-worktree-timeout=1h");
        succeeds(keep);
        assert!(trees.join(&old).exists(), "the old tree is gone");
        make();
        let observer = observer::watch(&link);
        observer.has_looked();
        let keep = single(&server.url(), &root).flag("--stale-worktree-timeout=1h");
        succeeds(keep);
        observer.has_looked();
        observer.stop().assert_flawless(&upstream.repo());
        oracle::assert_published(&root.path(), &link, &upstream.repo(), &new);
    }
    succeeds(single(&server.url(), &root));
    assert_clean(&root, &upstream);
}
