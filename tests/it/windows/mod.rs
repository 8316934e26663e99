//! Windows in which commits may be published, and what waits for them.

mod opening;
mod orders;
mod waiting;

use serde_json::Value;

use crate::serving::{ordered, read};
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::wait::{SOON, eventually};

/// A second in the year, so that it is closed but for that.
const CLOSED: &str = "--sync-window=allow 0 0 1 1 * 1s";

/// A daemon that looks again and again, while no window is open.
fn closed(url: &str, root: &Root) -> Setup {
    ordered(url, root).flag(CLOSED)
}

/// What waits by the status; null if nothing does.
fn waiting(daemon: &Daemon) -> Value {
    read(daemon, "status")["waiting"].clone()
}

#[track_caller]
fn eventually_waits(daemon: &Daemon, commit: &str) {
    eventually(&format!("{commit} waits"), SOON, || {
        (waiting(daemon)["commit"] == commit).then_some(())
    });
}
