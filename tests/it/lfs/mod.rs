//! Git LFS, tried with stock git-lfs as the judge, and with a server that does what a test wants.

mod failures;
mod hosts;
mod interrupted;
mod links;
mod logins;
pub(crate) mod memory;
mod partly;
mod published;
mod random;
mod submodules;
mod superseded;
mod ways;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::git::run;
use crate::support::lfs::{git_with_lfs, kept, settings};
use crate::support::oracle;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A one-time run that does not try again.
fn trying(url: &str, root: &Root) -> Setup {
    crate::contract::trying(url, root).flag("--lfs=on").flag("-v9")
}

/// A daemon that looks again and again.
fn polling(url: &str, root: &Root) -> Setup {
    crate::contract::polling(url, root).flag("--lfs=on")
}

/// Names the server.
fn with_server(setup: Setup, url: &str) -> Setup {
    setup.flag(format!("--git-config=lfs.url:\"{url}\""))
}

/// The path of the repository, as an option.
fn at(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

/// Fails unless the link shows the commit as stock Git with git-lfs checks it out, and both find
/// that nothing was changed.
#[track_caller]
fn assert_published(root: &Root, upstream: &Upstream, commit: &str) {
    let settings = settings(&kept(upstream));
    let settings: Vec<_> = settings.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let (path, link) = (root.path(), root.link());
    oracle::assert_published_as(&path, &link, &upstream.repo(), commit, &settings);
    let status = ["--no-optional-locks", "status", "--porcelain"];
    assert_eq!(run(git_with_lfs(&link).args(status)), "");
    let config = || fs::read_to_string(path.join(".git/config")).unwrap();
    let before = config();
    assert_eq!(run(git_with_lfs(&link).args(["lfs", "status", "--porcelain"])), "");
    assert_eq!(config(), before, "nothing is left to git-lfs to write");
}

/// Waits until the status tells the commit; no attempt may fail meanwhile.
#[track_caller]
fn settled(daemon: &Daemon, root: &Root, commit: &str) {
    eventually("the status tells the commit", SOON, || {
        assert!(daemon.events("attempt failed").is_empty(), "{:?}", daemon.log());
        (root.status()?["commit"]["id"] == commit).then_some(())
    });
}

/// Which files of Git LFS are kept in a root.
fn kept_in(root: &Root) -> Vec<String> {
    let mut found = Vec::new();
    collect(&root.path().join(".git/lfs/objects"), &mut found);
    found.sort();
    found
}

fn collect(dir: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), found);
        } else {
            found.push(entry.file_name().into_string().unwrap());
        }
    }
}

/// The time of a file, and which one it is.
fn stat(path: &Path) -> (i64, i64, u64) {
    let found = path.metadata().unwrap();
    (found.mtime(), found.mtime_nsec(), found.ino())
}
