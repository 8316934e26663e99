//! A poll that finds nothing new costs next to nothing.

use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::contract::{after_more_attempts, ended, metric, polling};
use crate::support::authority::Authority;
use crate::support::daemon::{Daemon, Root, following};
use crate::support::http::{Http, Request};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{faults, git_daemon, http};

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
    // Last of all, its files are noted.
    eventually("the preparation has ended", SOON, || {
        let prepared = fs::read_dir(root.path().join(".git/gitsyncd/prepared")).ok()?;
        prepared.flatten().any(|entry| entry.path().join("index").exists()).then_some(())
    });
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

/// Asks for an attempt, waits for its end, and gives the requests that it made.
#[track_caller]
fn poll(daemon: &mut Daemon, server: &Http) -> Vec<Request> {
    let (number, before) = (ended(daemon), server.requests().len());
    daemon.signal(Signal::HUP);
    eventually("a poll has ended", SOON, || (ended(daemon) > number).then_some(()));
    server.requests().split_off(before)
}

/// A daemon that makes an attempt only when it is told to, after its first.
#[track_caller]
fn asked(url: &str, root: &Root, flags: &[&str]) -> Daemon {
    let setup = following(url, root).flag("--period=off").flag("--sync-on-signal=HUP");
    let daemon = flags.iter().fold(setup, |setup, flag| setup.flag(*flag)).start();
    eventually("the first attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));
    daemon
}

#[track_caller]
fn asks_once(upstream: &Upstream, server: &Http, flags: &[&str]) {
    let proxy = faults::in_front_of(server.addr());
    let root = Root::new();
    let mut daemon = asked(&server.url_at(proxy.addr()), &root, flags);
    root.eventually_publishes(&upstream.head());
    for _ in 0..6 {
        let requests = poll(&mut daemon, server);
        assert_eq!(requests.len(), 1, "{requests:#?}");
    }
    assert_eq!(proxy.connections(), 1, "no poll made a connection");
    let commit = upstream.commit("a", "new");
    let requests = poll(&mut daemon, server);
    assert_eq!(requests.len(), 2, "asked and fetched: {requests:#?}");
    assert_eq!(root.published(), Some(commit));
    assert_eq!(poll(&mut daemon, server).len(), 1);
    assert_eq!(proxy.connections(), 1);
    for cuts in 1..4 {
        proxy.cut();
        let requests = poll(&mut daemon, server);
        assert_eq!(requests.len(), 1, "a new connection, but nothing else: {requests:#?}");
        assert_eq!(proxy.connections(), 1 + cuts);
        assert_eq!(poll(&mut daemon, server).len(), 1);
        assert_eq!(proxy.connections(), 1 + cuts);
    }
    assert!(daemon.events("attempt failed").is_empty());
}

#[test]
fn it_is_one_request_on_an_open_connection_over_http() {
    let upstream = Upstream::new();
    asks_once(&upstream, &http::serve(&upstream), &[]);
}

#[test]
fn it_is_one_request_and_no_handshake_over_https() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).login("ada", "secret").start();
    let trusted = format!("--ca-file={}", authority.certificate().display());
    asks_once(&upstream, &server, &[&trusted, "--username=ada", "--password=secret"]);
}

#[test]
fn in_the_old_protocol_it_makes_one_request_and_the_server_is_called_old_once() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).old_protocol().start();
    let root = Root::new();
    let mut daemon = asked(&server.url(), &root, &[]);
    root.eventually_publishes(&upstream.head());
    for _ in 0..5 {
        let requests = poll(&mut daemon, &server);
        assert_eq!(requests.len(), 1, "{requests:#?}");
        assert_eq!(requests[0].method, "GET");
    }
    let commit = upstream.commit("a", "new");
    assert_eq!(poll(&mut daemon, &server).len(), 2);
    assert_eq!(root.published(), Some(commit));
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.connection == requests[0].connection));
    let told = daemon.events("the server does not speak version 2 of Git's protocol");
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0]["level"], "INFO");
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
