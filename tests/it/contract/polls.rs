//! A poll that finds nothing new costs next to nothing.

use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::contract::{after_more_attempts, ended, metric, polling};
use crate::support::daemon::{Root, following};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{git_daemon, http};

/// Everything below a root that a write would change, except for the status file. The root itself
/// changes when that is replaced.
fn traces(root: &Path) -> BTreeMap<PathBuf, [i64; 5]> {
    let mut found = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(dir) = left.pop() {
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            // The status, and the place where it is made.
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.contains(".git-sync") || name == "status.gitsyncd-new" {
                continue;
            }
            if name == "gitsyncd" && path.is_dir() {
                left.push(path);
                continue;
            }
            let meta = path.symlink_metadata().unwrap();
            let inode = i64::try_from(meta.ino()).unwrap_or(i64::MAX);
            let times = [meta.mtime(), meta.mtime_nsec(), meta.ctime(), meta.ctime_nsec()];
            found.insert(path.clone(), [times[0], times[1], times[2], times[3], inode]);
            if meta.is_dir() {
                left.push(path);
            }
        }
    }
    found
}

#[track_caller]
fn changes_nothing(url: &str, upstream: &Upstream, flags: &[&str]) {
    let root = Root::new();
    let setup = flags.iter().fold(polling(url, &root), |setup, flag| setup.flag(*flag));
    let daemon = setup.start();
    root.eventually_publishes(&upstream.head());
    root.eventually_prepares();
    after_more_attempts(&daemon, 1);
    let before = traces(&root.path());
    assert!(before.len() > 20);
    after_more_attempts(&daemon, 5);
    assert_eq!(traces(&root.path()), before);
}

#[test]
fn it_changes_nothing_on_disk_but_the_status() {
    let upstream = Upstream::new();
    upstream.annotated_tag("v1");
    let server = http::serve(&upstream);
    changes_nothing(&server.url(), &upstream, &[]);
    changes_nothing(&server.url(), &upstream, &["--ref=v1"]);
    changes_nothing(&server.url(), &upstream, &[&format!("--ref={}", upstream.head())]);
    changes_nothing(&git_daemon::serve(&upstream).url(), &upstream, &["--depth=0"]);
    changes_nothing(upstream.repo().to_str().unwrap(), &upstream, &["--ref=v1"]);
}

#[test]
fn it_makes_at_most_two_requests_on_one_connection() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let setup = following(&server.url(), &root).flag("--period=off");
    let mut daemon = setup.flag("--sync-on-signal=HUP").start();
    for number in 1..8 {
        eventually("an attempt has ended", SOON, || (ended(&daemon) == number).then_some(()));
        let before = server.requests().len();
        daemon.signal(Signal::HUP);
        eventually("a poll has ended", SOON, || (ended(&daemon) > number).then_some(()));
        let requests = server.requests();
        assert!((1..=2).contains(&(requests.len() - before)), "{:#?}", &requests[before..]);
        assert!(requests.iter().all(|request| request.connection == requests[0].connection));
    }
}

#[test]
fn in_the_old_protocol_it_makes_one_request() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).old_protocol().start();
    let root = Root::new();
    let daemon = polling(&server.url(), &root).start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 5);
    let posts = server.requests().iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 1, "only the first attempt fetched");
    let gets = server.requests().iter().filter(|request| request.method == "GET").count();
    assert!(gets >= 5, "{gets}");
}

#[test]
fn a_full_commit_id_is_fetched_once_and_then_needs_no_network() {
    let upstream = Upstream::new();
    let commit = upstream.head();
    let server = http::serve(&upstream);
    let root = Root::new();
    let start = || polling(&server.url(), &root).flag(format!("--ref={commit}")).start();
    let daemon = start();
    root.eventually_publishes(&commit);
    let requests = server.requests().len();
    after_more_attempts(&daemon, 5);
    drop(daemon);
    let again = start();
    after_more_attempts(&again, 5);
    assert_eq!(server.requests().len(), requests);
    upstream.commit("a", "1");
    after_more_attempts(&again, 2);
    assert_eq!(root.published(), Some(commit));
}

#[test]
fn the_requests_are_counted() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = following(&server.url(), &root).flag("--period=off").start();
    root.eventually_publishes(&upstream.head());
    eventually("the attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));
    let seen = server.requests();
    assert_eq!(metric(&daemon, "gitsyncd_requests_total"), u64::try_from(seen.len()).unwrap());
    let received = metric(&daemon, "gitsyncd_received_bytes_total");
    let sent: u64 = seen.iter().map(|request| request.sent).sum();
    assert!(received > 0 && received < sent, "{received} of {sent}, which counts headers too");
}
