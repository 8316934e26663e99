//! How attempts end, and what starts them.

use crate::model::{Class, Trigger};
use crate::observe::metrics::SECONDS;
use crate::observe::status::Outcome;
use prometheus::{
    Error, Gauge, GaugeVec, HistogramVec, IntCounter, IntCounterVec, IntGauge, IntGaugeVec,
    Registry, register_gauge_vec_with_registry, register_gauge_with_registry,
    register_histogram_vec_with_registry, register_int_counter_vec_with_registry,
    register_int_counter_with_registry, register_int_gauge_vec_with_registry,
    register_int_gauge_with_registry,
};

pub(super) const SUCCESS: &str = "success";
pub(super) const ERROR: &str = "error";
pub(super) const NOOP: &str = "noop";

pub(super) const OUTCOMES: [Outcome; 4] =
    [Outcome::Published, Outcome::Unchanged, Outcome::Refused, Outcome::Failed];

/// How attempts end.
#[derive(Debug)]
pub(super) struct Attempts {
    pub(super) count: IntCounterVec,
    pub(super) seconds: HistogramVec,
    pub(super) fetches: IntCounter,
    pub(super) in_a_row: IntGauge,
    pub(super) failures: IntCounterVec,
    pub(super) triggers: IntCounterVec,
}

/// The last attempts, and the next.
#[derive(Debug)]
pub(super) struct Times {
    pub(super) outcome: IntGaugeVec,
    pub(super) success: Gauge,
    /// A vector, because nothing may be planned.
    pub(super) next: GaugeVec,
}

impl Attempts {
    /// Shows every histogram from the start, or each once there is something in it.
    pub(super) fn new(registry: &Registry, all: bool) -> Result<Self, Error> {
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
            if all {
                attempts.seconds.with_label_values(&[status]);
            }
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

impl Times {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let times = Self {
            outcome: register_int_gauge_vec_with_registry!(
                "gitsyncd_last_attempt_outcome",
                "1 for how the last attempt ended, 0 for the other outcomes.",
                &["outcome"],
                registry
            )?,
            success: register_gauge_with_registry!(
                "gitsyncd_last_success_timestamp_seconds",
                "When an attempt last succeeded, in Unix time; 0 before the first success.",
                registry
            )?,
            next: register_gauge_vec_with_registry!(
                "gitsyncd_next_attempt_timestamp_seconds",
                "When the next attempt is due, in Unix time; absent if none is planned.",
                &[],
                registry
            )?,
        };
        for outcome in OUTCOMES {
            times.outcome.with_label_values(&[outcome.label()]);
        }
        Ok(times)
    }

    /// Notes how the last one ended.
    pub(super) fn ended(&self, how: Outcome) {
        for outcome in OUTCOMES {
            self.outcome.with_label_values(&[outcome.label()]).set(i64::from(outcome == how));
        }
    }
}
