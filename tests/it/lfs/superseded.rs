//! Commits whose files did not come before another commit took their place.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::faults::course::Driven;
use crate::faults::full::SmallDisk;
use crate::faults::scene::noise;
use crate::lfs::{assert_published, at, kept_in, with_server};
use crate::support::daemon::following;
use crate::support::lfs::{self, Server, cut, kept, refusal};

#[test]
fn beginnings_of_files_that_nobody_wants_any_more_leave_room_for_others() {
    let test = "beginnings of files of Git LFS that nobody wants any more";
    let Some(disk) = SmallDisk::mount(test, "size=24m") else { return };
    let (upstream, root) = (lfs::upstream(), disk.root());
    upstream.commit("a.bin", noise(1, 100_000));
    let bad = Arc::new(AtomicBool::new(false));
    let (is_bad, files) = (Arc::clone(&bad), kept(&upstream));
    let server = Server::with(&kept(&upstream), move |asked| {
        if !asked.line.starts_with("GET ") || !is_bad.load(Ordering::SeqCst) {
            return None;
        }
        Some(match asked.header("range") {
            Some(_) => refusal("404 Not Found", "it is gone"),
            None => cut(&files, asked, 5_000_000),
        })
    });
    let setup = with_server(following(&at(&upstream), &root).flag("--lfs=on"), &server.url());
    let mut driven = Driven::of(setup);
    bad.store(true, Ordering::SeqCst);
    for number in 2..6 {
        upstream.commit("a.bin", noise(number, 6_000_000));
        driven.fails().expect("not_found", "does not give the file");
        let begun = fs::read_dir(root.path().join(".git/gitsyncd/lfs/partial")).unwrap().count();
        assert!(begun <= 1, "{begun} beginnings after commit {number}");
    }
    bad.store(false, Ordering::SeqCst);
    let last = upstream.commit("a.bin", noise(9, 6_000_000));
    driven.succeeds();
    assert_published(&root, &upstream, &last);
    assert!(kept_in(&root).len() <= 2, "{:?}", kept_in(&root));
}
