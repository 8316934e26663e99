//! How several repositories come to an end together.

use std::path::Path;

use crate::fleet::{Entry, List, One};
use crate::support::daemon::{Root, events, field};
use crate::support::wait::SOON;

fn wrong(name: &str, root: &Root) -> Entry {
    Entry::new(name, Path::new("/nowhere/at/all"), &root.path())
}

#[test]
fn one_time_is_done_when_all_are() {
    let ones: Vec<_> = (0..12).map(|_| One::new()).collect();
    let entries = ones.iter().enumerate().map(|(n, one)| one.entry(&format!("r{n}")));
    let list = List::new();
    let list = list.list(&entries.collect::<Vec<_>>());
    list.setup().once().expect_code(0);
    for one in &ones {
        assert_eq!(one.root.published(), Some(one.upstream.head()));
    }
}

#[test]
fn one_time_fails_if_one_does_and_syncs_the_others() {
    let [one, two] = [One::new(), One::new()];
    let root = Root::new();
    let list = List::new();
    let entries = [one.entry("one"), wrong("wrong", &root), two.entry("two")];
    let entries = entries.map(|entry| entry.with("init-max-failures: 1"));
    let finished = list.list(&entries).setup().once();
    finished.expect_code(1);
    for one in [one, two] {
        assert_eq!(one.root.published(), Some(one.upstream.head()));
    }
    let failed = events(&finished.log, "attempt failed");
    assert_eq!(failed.len(), 1);
    assert_eq!(field(&failed[0], "repo_name").unwrap(), "wrong");
}

#[test]
fn it_gives_up_when_all_have_failed_too_often() {
    let roots = [Root::new(), Root::new()];
    let list = List::new();
    let often = [3, 1];
    let entries = roots.iter().zip(often).enumerate().map(|(n, (root, times))| {
        let entry = wrong(&format!("r{n}"), root).with("init-period: 10ms");
        entry.with(&format!("init-max-failures: {times}"))
    });
    let mut daemon = list.list(&entries.collect::<Vec<_>>()).setup().spawn();
    assert_eq!(daemon.exit(SOON).code(), Some(1));
    daemon.eventually_logs("giving up: every repository has failed too often");
}
