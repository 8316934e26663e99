//! Every metric there is.
//!
//! The names that begin with `git_` are those of kubernetes/git-sync, with its labels and meanings,
//! so that dashboards go on working; the others are ours. Labels are made of enums, so their number
//! is bounded, and each is there with 0 from the start, so that rates see the first event. What was
//! never set is not shown.

mod asked;
mod attempts;
mod page;
mod place;
mod process;
#[cfg(test)]
mod tests;
mod work;

pub use asked::{Call, CallResult, HookResult, Provider};
pub use page::Page;
pub use process::ProcessMetrics;

use crate::model::{Class, CommitId, Reference, Room, Step, Trigger};
use crate::observe::metrics::attempts::{Attempts, ERROR, NOOP, SUCCESS, Times};
use crate::observe::metrics::place::{Disk, Part, Tree, signed};
use crate::observe::metrics::work::{Who, Work, count};
use crate::observe::status::{Outcome, Status};
use jiff::Timestamp;
use prometheus::proto::MetricFamily;
use prometheus::{Error, Registry};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the durations that are counted together: 5 ms to 5 min.
const SECONDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

/// The label that says which repository, where there are several.
const REPO: &str = "repo";

/// Counts what happens to one repository. Shared freely; every method is cheap, and none waits for a
/// disk or a wire.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    attempts: Attempts,
    times: Times,
    work: Work,
    who: Who,
    disk: Disk,
    /// The lock is for readers: none sees one commit's name with another's size, or no name at all.
    tree: Mutex<Tree>,
}

impl Metrics {
    /// Makes a registry of its own, with every metric in it. The name is that of the repository where
    /// there are several; each sample carries it, and histograms, which are most of the text and of
    /// the memory, are there once something is in them.
    pub fn new(name: Option<&str>) -> Result<Self, Error> {
        let label = name.map(|name| HashMap::from([(REPO.to_owned(), name.to_owned())]));
        let registry = Registry::new_custom(None, label)?;
        let attempts = Attempts::new(&registry, name.is_none())?;
        let times = Times::new(&registry)?;
        let work = Work::new(&registry, name.is_none())?;
        let who = Who::new(&registry)?;
        let disk = Disk::new(&registry)?;
        let tree = Mutex::new(Tree::new(&registry)?);
        Ok(Self { registry, attempts, times, work, who, disk, tree })
    }

    /// Counts one attempt that ended.
    ///
    /// As in git-sync, the first success after the start counts as one even if nothing changed, and
    /// a fetch is counted for each success, not for each time that objects came.
    pub fn attempt(&self, outcome: Outcome, first_success: bool, took: Duration) {
        let status = match (outcome, first_success) {
            (Outcome::Failed, _) => ERROR,
            (Outcome::Published, _) | (Outcome::Unchanged | Outcome::Refused, true) => SUCCESS,
            (Outcome::Unchanged | Outcome::Refused, false) => NOOP,
        };
        self.attempts.count.with_label_values(&[status]).inc();
        self.attempts.seconds.with_label_values(&[status]).observe(took.as_secs_f64());
        self.times.ended(outcome);
        if status == SUCCESS {
            self.attempts.fetches.inc();
        }
    }

    /// Takes note of how one ended that is not to be counted.
    pub fn looked(&self, outcome: Outcome) {
        self.times.ended(outcome);
    }

    /// Counts a failure, and remembers how many there are in a row with it.
    pub fn failure(&self, class: Class, in_a_row: u64) {
        self.attempts.failures.with_label_values(&[class.label()]).inc();
        self.attempts.in_a_row.set(signed(in_a_row));
    }

    /// Remembers a success, which ends any row of failures.
    pub fn succeeded(&self, at: Timestamp) {
        self.times.success.set(unix(at));
        self.attempts.in_a_row.set(0);
    }

    /// Remembers what the status says of the next attempt, and of staying at one commit.
    pub fn status(&self, status: &Status) {
        self.next_attempt(status.next_attempt_at);
        let tree = self.tree();
        tree.pinned.set(i64::from(status.pinned));
        tree.waiting.set(i64::from(status.waiting.is_some()));
    }

    /// Remembers when the next attempt is due, if one is planned.
    fn next_attempt(&self, at: Option<Timestamp>) {
        match at {
            Some(at) => self.times.next.with_label_values::<&str>(&[]).set(unix(at)),
            None => self.times.next.reset(),
        }
    }

    /// Counts a step that ended, well or not.
    pub fn step(&self, step: Step, took: Duration) {
        self.work.steps.with_label_values(&[step.label()]).observe(took.as_secs_f64());
    }

    /// Counts what started an attempt.
    pub fn trigger(&self, trigger: Trigger) {
        self.attempts.triggers.with_label_values(&[trigger.label()]).inc();
    }

    /// Counts what came from the source, and what it was asked.
    pub fn received(&self, bytes: u64, requests: u64) {
        self.work.received.inc_by(bytes);
        self.work.requests.inc_by(requests);
    }

    /// Counts a published tree that was found changed by somebody.
    pub fn drifted(&self) {
        self.work.drift.inc();
    }

    /// Shows a hook that has not run yet.
    pub fn expect_hook(&self, name: &str) {
        for status in [SUCCESS, ERROR] {
            self.work.hooks.with_label_values(&[name, status]);
        }
    }

    /// Counts a run of a hook that has ended.
    pub fn hook(&self, name: &str, well: bool) {
        let status = if well { SUCCESS } else { ERROR };
        self.work.hooks.with_label_values(&[name, status]).inc();
    }

    /// Counts how often the service of `askpass-url` was asked, by how that ended.
    pub fn askpass(&self, well: u64, badly: u64) {
        count(&self.who.askpass, well, badly);
    }

    /// Counts how often GitHub was asked for a token, by how that ended.
    pub fn github_app(&self, well: u64, badly: u64) {
        count(&self.who.github_app, well, badly);
    }

    /// Remembers when the token in use comes to its end.
    pub fn token_expires(&self, at: Timestamp) {
        self.who.expires.with_label_values::<&str>(&[]).set(unix(at));
    }

    /// Remembers what readers see now, in place of what they saw before.
    pub fn published(&self, commit: &CommitId, reference: &Reference, files: u64, bytes: u64) {
        let reference = reference.to_string();
        let tree = self.tree();
        tree.commit.reset();
        tree.commit.with_label_values(&[commit.as_str(), reference.as_str()]).set(1);
        tree.files.with_label_values::<&str>(&[]).set(signed(files));
        tree.bytes.with_label_values::<&str>(&[]).set(signed(bytes));
        self.disk.uses(Part::Tree, bytes);
    }

    /// Remembers how large the repository is.
    pub fn repository(&self, bytes: u64) {
        self.disk.uses(Part::Repository, bytes);
    }

    /// Remembers how much room there was a moment ago where the root is.
    pub fn room(&self, room: Room) {
        self.disk.room(room);
    }

    /// What is to be told of it at this moment.
    fn gather(&self) -> Vec<MetricFamily> {
        let _unchanging = self.tree();
        self.registry.gather()
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unix(at: Timestamp) -> f64 {
    at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64()
}
