//! Files that are being brought when the program is killed or the disk is full: readers keep what they
//! have, the next attempt goes on, and nothing is left over.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::faults::course::{Driven, patient, single, succeeds};
use crate::faults::full::{SmallDisk, fill};
use crate::faults::scene::noise;
use crate::lfs::{assert_published, at, kept_in, with_server};
use crate::support::daemon::{Root, Setup, following};
use crate::support::lfs::{self, Server, kept};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::pause;

/// The beginnings of files in a root.
fn begun(root: &Root) -> Vec<String> {
    let found = fs::read_dir(root.path().join(".git/gitsyncd/lfs/partial"));
    let names = found.into_iter().flatten().flatten();
    names.map(|found| found.file_name().into_string().unwrap()).collect()
}

/// Changes all files, and gives the commit and what the first of them holds.
fn change(upstream: &Upstream, seed: u64) -> (String, Vec<u8>) {
    let content = |number| noise(seed * 10 + number, 600_000);
    let change = (0..4).fold(upstream.change(), |change, number| {
        change.file(format!("{number}.bin"), content(number))
    });
    (change.commit(), content(0))
}

/// Kills the program again and again while it brings files.
fn kill_and_restart(rounds: u32, seed: u64) {
    println!("seed {seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let (upstream, root) = (lfs::upstream(), Root::new());
    let server = Server::start(&kept(&upstream));
    let large = |setup: Setup| with_server(setup.flag("--lfs=on"), &server.url());
    let (mut head, content) = change(&upstream, 0);
    let mut known = HashMap::from([(head.clone(), content)]);
    let started = Instant::now();
    succeeds(large(single(&at(&upstream), &root)));
    let usual = u64::try_from(started.elapsed().as_millis()).unwrap();
    let mut cut = 0;
    for round in 1..=rounds {
        if root.published().as_ref() == Some(&head) {
            let (commit, content) = change(&upstream, round.into());
            known.insert(commit.clone(), content);
            head = commit;
        }
        let daemon = large(patient(&at(&upstream), &root)).start();
        pause(Duration::from_millis(random.u64(0..usual)));
        daemon.kill();
        cut += usize::from(!begun(&root).is_empty());
        let published = root.published().expect("the link is always there");
        let shown = fs::read(root.link().join("0.bin")).unwrap();
        assert!(known[&published] == shown, "round {round}: {published} is not whole");
    }
    println!("{cut} of {rounds} rounds left the beginning of a file");
    succeeds(large(single(&at(&upstream), &root)));
    assert_published(&root, &upstream, &head);
    assert_eq!(begun(&root), [""; 0]);
    assert!(kept_in(&root).len() <= 8, "those of two commits: {:?}", kept_in(&root));
}

#[test]
fn a_program_that_is_killed_while_files_come_goes_on_where_it_was() {
    kill_and_restart(10, fastrand::u64(..));
}

#[test]
fn long_a_program_that_is_killed_often_while_files_come_goes_on_where_it_was() {
    if !skip::unless_long("a program that is killed often while files come") {
        kill_and_restart(150, fastrand::u64(..));
    }
}

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_file_changes_nothing() {
    let test = "a disk that is full in the middle of a file of Git LFS";
    let Some(disk) = SmallDisk::mount(test, "size=16m") else { return };
    let (upstream, root) = (lfs::upstream(), disk.root());
    let first = upstream.commit("a.bin", noise(1, 300_000));
    let full = Arc::new(AtomicBool::new(false));
    let (is_full, dir) = (Arc::clone(&full), root.path().canonicalize().unwrap());
    let place = dir.clone();
    let server = Server::with(&kept(&upstream), move |asked| {
        // Not before it was found that there is room.
        if asked.line.starts_with("GET ") && is_full.load(Ordering::SeqCst) {
            fill(&place, 400_000);
        }
        None
    });
    let setup = with_server(following(&at(&upstream), &root).flag("--lfs=on"), &server.url());
    let mut driven = Driven::of(setup);
    assert_eq!(root.published(), Some(first.clone()));
    full.store(true, Ordering::SeqCst);
    let second = upstream.commit("a.bin", noise(2, 3_000_000));
    let failure = driven.fails();
    failure.expect("disk", "No space left on device");
    assert_eq!(root.published(), Some(first));
    assert_eq!(fs::read(root.link().join("a.bin")).unwrap(), noise(1, 300_000));
    assert_eq!(begun(&root), [""; 0], "what is here by halves takes the place of others");
    full.store(false, Ordering::SeqCst);
    fs::remove_file(dir.join("ballast")).unwrap();
    driven.succeeds();
    assert_published(&root, &upstream, &second);
    assert_eq!(begun(&root), [""; 0]);
}
