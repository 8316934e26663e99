//! What the program promises, one file per promise, tried on the binary with real servers.
//!
//! What the world may do to it is tried in `faults`.

mod checkouts;
mod content;
mod depths;
mod ends;
mod failures;
mod following;
mod formats;
mod garbage;
mod history;
mod incremental;
mod local;
mod marks;
mod pid_one;
mod polls;
mod probes;
pub(crate) mod random_trees;
mod real;
mod reappearing;
mod reflinks;
mod refs;
mod retiring;
mod secrets;
mod settings;
mod sha256;
mod sharing;
mod status;
mod stopping;
mod usage;

use serde_json::Value;

use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::oracle;
use crate::support::told;
use crate::support::upstream::{Change, Upstream};
use crate::support::wait::{SOON, eventually};

/// A daemon that looks again and again, at once after a failure too, and never gives up.
pub(crate) fn polling(url: &str, root: &Root) -> Setup {
    following(url, root)
        .flag("--period=40ms")
        .flag("--jitter=0")
        .flag("--init-period=20ms")
        .flag("--max-failures=-1")
}

/// A one-time run that does not try again.
pub(crate) fn trying(url: &str, root: &Root) -> Setup {
    following(url, root).flag("--max-failures=1")
}

/// Syncs once and compares with stock Git.
#[track_caller]
pub(crate) fn publishes(setup: Setup, root: &Root, upstream: &Upstream, commit: &str) {
    setup.once().expect_code(0);
    assert_published(root, upstream, commit);
}

/// Fails unless the link shows the commit as stock Git would have checked it out.
#[track_caller]
pub(crate) fn assert_published(root: &Root, upstream: &Upstream, commit: &str) {
    oracle::assert_published(&root.path(), &root.link(), &upstream.repo(), commit);
}

/// Writes `.gitattributes` and files whose line ends differ between repository and work tree.
fn line_ends(change: Change<'_>) -> Change<'_> {
    change
        .file(
            ".gitattributes",
            "*.crlf text eol=crlf\n*.lf text eol=lf\n*.auto text=auto eol=crlf\n*.bin -text\n",
        )
        .file("dos.crlf", "one\r\ntwo\r\n")
        .file("unix.lf", "one\ntwo\n")
        .file("text.auto", "one\r\ntwo\r\n")
        .file("binary.auto", b"one\r\n\0two\n")
        .file("kept.bin", "one\r\ntwo\n")
        .file("sub/.gitattributes", "*.crlf eol=lf\n")
        .file("sub/other.crlf", "one\ntwo\n")
}

/// The JSON of `/healthz`.
#[track_caller]
pub(crate) fn health(daemon: &Daemon) -> Value {
    serde_json::from_str(&daemon.get("/healthz").unwrap().body).expect("/healthz is JSON")
}

/// How many attempts have ended.
#[track_caller]
pub(crate) fn ended(daemon: &Daemon) -> u64 {
    health(daemon)["last_attempt"]["number"].as_u64().unwrap_or_default()
}

/// Waits until this many more attempts have ended.
#[track_caller]
pub(crate) fn after_more_attempts(daemon: &Daemon, count: u64) {
    let before = ended(daemon);
    eventually(&format!("{count} more attempts end"), SOON, || {
        (ended(daemon) >= before + count).then_some(())
    });
}

/// The value of a metric, by its name with labels.
#[track_caller]
pub(crate) fn metric(daemon: &Daemon, name: &str) -> u64 {
    told::metric(daemon, name).unwrap_or_else(|| panic!("there is no {name}"))
}
