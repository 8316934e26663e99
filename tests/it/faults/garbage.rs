//! Garbage is collected while the program is killed, and while stock Git reads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::faults::course::{patient, single, succeeds};
use crate::support::daemon::{Daemon, Root};
use crate::support::git::{attempt, git};
use crate::support::objects::{assert_sound, has, knows, packs};
use crate::support::observer;
use crate::support::oracle;
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

fn collecting(upstream: &Upstream, root: &Root) -> Daemon {
    let url = upstream.repo().display().to_string();
    let setup = patient(&url, root).flag("--git-gc=always").flag("--depth=0").flag("-v1");
    setup.flag("--period=10ms").start()
}

#[track_caller]
fn eventually_collects(daemon: &Daemon, times: usize) {
    eventually(&format!("{times} collections end"), 3 * SOON, || {
        (daemon.events("collected garbage").len() >= times).then_some(())
    });
}

/// Kills the program again and again while it collects.
fn kill_collections(rounds: u32, seed: u64) {
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().files(50, "f").commit();
    upstream.long_history(1000);
    let observer = observer::watch(&root.link());
    // How long a collection takes here and now.
    let daemon = collecting(&upstream, &root);
    root.eventually_publishes(&upstream.head());
    upstream.commit("a", "0");
    daemon.eventually_logs("collecting garbage");
    let begun = Instant::now();
    eventually_collects(&daemon, 1);
    let mut usual = u64::try_from(begun.elapsed().as_micros()).unwrap();
    drop(daemon);
    let (mut commits, mut cut) = (Vec::new(), 0);
    for round in 0..rounds {
        let daemon = collecting(&upstream, &root);
        let name = format!("f/000/{:06}.txt", random.u32(0..50));
        let commit = upstream.commit(name, format!("round {round}\n"));
        root.eventually_publishes(&commit);
        commits.push(commit);
        daemon.eventually_logs("collecting garbage");
        // Half of them near the end, where packs go.
        let least = if random.bool() { 0 } else { usual / 2 };
        pause(Duration::from_micros(random.u64(least..=usual)));
        // Other work on the machine makes the time differ.
        if daemon.events("collected garbage").is_empty() {
            cut += 1;
            usual += usual / 4;
        } else {
            usual -= usual / 3;
        }
        daemon.kill();
        for commit in commits.iter().rev().take(5) {
            assert!(has(&root, commit), "round {round}: {commit} lacks objects");
        }
        let fsck = attempt(git(&root.path()).args(["fsck", "--full", "--no-dangling"]));
        assert!(fsck.is_ok(), "round {round}: {fsck:?}");
    }
    println!("{cut} of {rounds} collections were cut short");
    // A few rounds may all miss; many cannot.
    assert!(rounds < 20 || cut > rounds / 10, "{cut} of {rounds} collections were cut short");
    upstream.commit("a", "last");
    let url = upstream.repo().display().to_string();
    succeeds(single(&url, &root).flag("--git-gc=always").flag("--depth=0"));
    assert_eq!(packs(&root).len(), 1);
    assert_sound(&root);
    observer.has_looked();
    observer.stop().assert_flawless(&upstream.repo());
    let head = upstream.head();
    oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), &head);
}

#[test]
fn a_program_that_is_killed_while_it_collects_loses_nothing() {
    kill_collections(4, fastrand::u64(..));
}

#[test]
fn long_a_program_that_is_killed_while_it_collects_a_hundred_times_loses_nothing() {
    if skip::unless_long("a program that is killed while it collects a hundred times") {
        return;
    }
    kill_collections(150, fastrand::u64(..));
}

/// Stock Git that does the same again and again, and what it complained about.
struct Reader {
    over: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    thread: thread::JoinHandle<Vec<String>>,
}

fn reading(dir: PathBuf, words: &[&str]) -> Reader {
    let (over, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let (end, count) = (Arc::clone(&over), Arc::clone(&rounds));
    let thread = thread::spawn(move || {
        let mut complaints = Vec::new();
        while !end.load(Ordering::Relaxed) {
            let read = || attempt(git(&dir).args(&words));
            let lists_first = words.iter().any(|word| word == "fsck" || word == "--all");
            let again = |told| if lists_first { read() } else { Err(told) };
            if let Err(told) = read().or_else(again) {
                complaints.push(format!("git {}: {told}", words.join(" ")));
            }
            count.fetch_add(1, Ordering::Relaxed);
            // Collections have a low priority, and must come to their turn.
            pause(Duration::from_millis(20));
        }
        complaints
    });
    Reader { over, rounds, thread }
}

#[test]
fn stock_git_reads_while_garbage_is_collected() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().files(50, "f").commit();
    upstream.long_history(200);
    let daemon = collecting(&upstream, &root);
    root.eventually_publishes(&upstream.head());
    // The branch is written after the link moved.
    eventually("the branch is there", SOON, || knows(&root, "gitsyncd").then_some(()));
    let readers: Vec<_> = [
        &["log", "--stat", "-n", "50", "gitsyncd"][..],
        &["cat-file", "-p", "gitsyncd:f/000/000001.txt"],
        // These list refs, worktrees and packs before they look at them, so they may complain of one
        // that went meanwhile, as beside `git gc`; a second look must find nothing wrong.
        &["fsck", "--connectivity-only", "--no-dangling"],
        &["rev-list", "--objects", "--all", "--quiet"],
    ]
    .map(|words| reading(root.path(), words))
    .into();
    let mut last = Vec::new();
    for n in 0..40 {
        let commit = upstream.commit("f/000/000001.txt", n.to_string());
        root.eventually_publishes(&commit);
        last.push(commit);
    }
    // They have a low priority, and the readers leave little.
    eventually("some collections ended", 4 * SOON, || {
        (daemon.events("collected garbage").len() > 3).then_some(())
    });
    let mut complaints = Vec::new();
    for reader in readers {
        reader.over.store(true, Ordering::Relaxed);
        assert!(reader.rounds.load(Ordering::Relaxed) > 3);
        complaints.extend(reader.thread.join().unwrap());
    }
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(last.iter().rev().take(5).all(|commit| has(&root, commit)));
    assert!(daemon.events("could not collect garbage").is_empty());
}
