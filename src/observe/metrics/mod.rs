//! Every metric there is.
//!
//! The names that begin with `git_` are those of kubernetes/git-sync, with its labels and meanings,
//! so that dashboards go on working; the others are ours. Labels are made of enums, so their number
//! is bounded, and each is there with 0 from the start, so that rates see the first event. What was
//! never set is not shown.

#[cfg(test)]
mod tests;

use crate::model::{Class, CommitId, Reference, Step, Trigger};
use crate::observe::status::Outcome;
use jiff::Timestamp;
use prometheus::{
    Error, Gauge, GaugeVec, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry, TextEncoder, register_gauge_vec_with_registry, register_gauge_with_registry,
    register_histogram_vec_with_registry, register_int_counter_vec_with_registry,
    register_int_counter_with_registry, register_int_gauge_vec_with_registry,
    register_int_gauge_with_registry,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Upper bounds of the durations that are counted together: 5 ms to 5 min.
const SECONDS: [f64; 15] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

const SUCCESS: &str = "success";
const ERROR: &str = "error";
const NOOP: &str = "noop";

const STEPS: [Step; 9] = [
    Step::Credentials,
    Step::Resolve,
    Step::Fetch,
    Step::Verify,
    Step::Checkout,
    Step::Gate,
    Step::Publish,
    Step::Notify,
    Step::Cleanup,
];

/// Counts what happens. Shared freely; every method is cheap.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    attempts: Attempts,
    work: Work,
    who: Who,
    tree: Mutex<Tree>,
}

/// How attempts end.
#[derive(Debug)]
struct Attempts {
    count: IntCounterVec,
    seconds: HistogramVec,
    fetches: IntCounter,
    last_success: Gauge,
    in_a_row: IntGauge,
    failures: IntCounterVec,
    triggers: IntCounterVec,
}

/// What attempts do.
#[derive(Debug)]
struct Work {
    steps: HistogramVec,
    received: IntCounter,
    requests: IntCounter,
    drift: IntCounter,
}

/// Services that tell who we are. The gauge is a vector for the same reason as those of [`Tree`].
#[derive(Debug)]
struct Who {
    askpass: IntCounterVec,
    github_app: IntCounterVec,
    expires: GaugeVec,
}

/// What is published. The gauges of size have no labels; they are vectors because a vector shows
/// nothing before it is set. The lock is for readers: none sees one commit's name with another's
/// size, or no name at all.
#[derive(Debug)]
struct Tree {
    commit: IntGaugeVec,
    files: IntGaugeVec,
    bytes: IntGaugeVec,
}

impl Metrics {
    /// Makes a registry of its own, with every metric in it.
    pub fn new() -> Result<Self, Error> {
        let registry = Registry::new();
        let attempts = Attempts::new(&registry)?;
        let work = Work::new(&registry)?;
        let who = Who::new(&registry)?;
        let tree = Mutex::new(Tree::new(&registry)?);
        register_int_gauge_vec_with_registry!(
            "gitsyncd_build_info",
            "The version that runs, always 1.",
            &["version"],
            registry
        )?
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1);
        Ok(Self { registry, attempts, work, who, tree })
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
        if status == SUCCESS {
            self.attempts.fetches.inc();
        }
    }

    /// Counts a failure, and remembers how many there are in a row with it.
    pub fn failure(&self, class: Class, in_a_row: u64) {
        self.attempts.failures.with_label_values(&[class.label()]).inc();
        self.attempts.in_a_row.set(signed(in_a_row));
    }

    /// Remembers a success, which ends any row of failures.
    pub fn succeeded(&self, at: Timestamp) {
        let since_epoch = at.duration_since(Timestamp::UNIX_EPOCH);
        self.attempts.last_success.set(since_epoch.as_secs_f64());
        self.attempts.in_a_row.set(0);
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
        let at = at.duration_since(Timestamp::UNIX_EPOCH).as_secs_f64();
        self.who.expires.with_label_values::<&str>(&[]).set(at);
    }

    /// Remembers what readers see now, in place of what they saw before.
    pub fn published(&self, commit: &CommitId, reference: &Reference, files: u64, bytes: u64) {
        let reference = reference.to_string();
        let tree = self.tree();
        tree.commit.reset();
        tree.commit.with_label_values(&[commit.as_str(), reference.as_str()]).set(1);
        tree.files.with_label_values::<&str>(&[]).set(signed(files));
        tree.bytes.with_label_values::<&str>(&[]).set(signed(bytes));
    }

    /// Writes all of it in the Prometheus text format.
    pub fn render(&self) -> String {
        let families = {
            let _unchanging = self.tree();
            self.registry.gather()
        };
        let mut text = String::new();
        if let Err(error) = TextEncoder::new().encode_utf8(&families, &mut text) {
            tracing::error!(%error, "cannot write the metrics");
        }
        text
    }

    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempts {
    fn new(registry: &Registry) -> Result<Self, Error> {
        let attempts = Self {
            count: register_int_counter_vec_with_registry!(
                "git_sync_count_total",
                "Syncs completed, by how they ended (success, error, noop).",
                &["status"],
                registry
            )?,
            seconds: register_histogram_vec_with_registry!(
                "git_sync_duration_seconds",
                "How long syncs took, by how they ended (success, error, noop).",
                &["status"],
                SECONDS.to_vec(),
                registry
            )?,
            fetches: register_int_counter_with_registry!(
                "git_fetch_count_total",
                "Syncs that brought something new, and the first that succeeded.",
                registry
            )?,
            last_success: register_gauge_with_registry!(
                "gitsyncd_last_success_timestamp_seconds",
                "When an attempt last succeeded, in Unix time; 0 before the first success.",
                registry
            )?,
            in_a_row: register_int_gauge_with_registry!(
                "gitsyncd_consecutive_failures",
                "Attempts that failed since the last success.",
                registry
            )?,
            failures: register_int_counter_vec_with_registry!(
                "gitsyncd_failures_total",
                "Attempts that failed, by the class of the error.",
                &["class"],
                registry
            )?,
            triggers: register_int_counter_vec_with_registry!(
                "gitsyncd_triggers_total",
                "Attempts started, by what started them.",
                &["trigger"],
                registry
            )?,
        };
        for status in [SUCCESS, ERROR, NOOP] {
            attempts.count.with_label_values(&[status]);
            attempts.seconds.with_label_values(&[status]);
        }
        for class in Class::ALL {
            attempts.failures.with_label_values(&[class.label()]);
        }
        for trigger in Trigger::ALL {
            attempts.triggers.with_label_values(&[trigger.label()]);
        }
        Ok(attempts)
    }
}

impl Work {
    fn new(registry: &Registry) -> Result<Self, Error> {
        let work = Self {
            steps: register_histogram_vec_with_registry!(
                "gitsyncd_step_duration_seconds",
                "How long the steps of attempts took.",
                &["step"],
                SECONDS.to_vec(),
                registry
            )?,
            received: register_int_counter_with_registry!(
                "gitsyncd_received_bytes_total",
                "Bytes received from the source.",
                registry
            )?,
            requests: register_int_counter_with_registry!(
                "gitsyncd_requests_total",
                "Requests sent to the source.",
                registry
            )?,
            drift: register_int_counter_with_registry!(
                "gitsyncd_drift_total",
                "Times that the published tree was found changed by somebody.",
                registry
            )?,
        };
        for step in STEPS {
            work.steps.with_label_values(&[step.label()]);
        }
        Ok(work)
    }
}

impl Who {
    fn new(registry: &Registry) -> Result<Self, Error> {
        let who = Self {
            askpass: register_int_counter_vec_with_registry!(
                "git_sync_askpass_calls",
                "Calls of the service of askpass-url, by how they ended (success, error).",
                &["status"],
                registry
            )?,
            github_app: register_int_counter_vec_with_registry!(
                "git_sync_refresh_github_app_token_count",
                "Tokens asked for as a GitHub App, by how that ended (success, error).",
                &["status"],
                registry
            )?,
            expires: register_gauge_vec_with_registry!(
                "gitsyncd_token_expiry_timestamp_seconds",
                "When the token in use expires, in Unix time.",
                &[],
                registry
            )?,
        };
        count(&who.askpass, 0, 0);
        count(&who.github_app, 0, 0);
        Ok(who)
    }
}

impl Tree {
    fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            commit: register_int_gauge_vec_with_registry!(
                "gitsyncd_commit_info",
                "The commit that is published and the ref it was found at, always 1.",
                &["commit", "ref"],
                registry
            )?,
            files: register_int_gauge_vec_with_registry!(
                "gitsyncd_tree_files",
                "Files in the published tree.",
                &[],
                registry
            )?,
            bytes: register_int_gauge_vec_with_registry!(
                "gitsyncd_tree_bytes",
                "Size of the files in the published tree.",
                &[],
                registry
            )?,
        })
    }
}

fn count(counter: &IntCounterVec, well: u64, badly: u64) {
    counter.with_label_values(&[SUCCESS]).inc_by(well);
    counter.with_label_values(&[ERROR]).inc_by(badly);
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
