//! What attempts do, and what they ask others who they are.

use crate::model::Step;
use crate::observe::metrics::SECONDS;
use crate::observe::metrics::attempts::{ERROR, SUCCESS};
use prometheus::{
    Error, GaugeVec, HistogramVec, IntCounter, IntCounterVec, Registry,
    register_gauge_vec_with_registry, register_histogram_vec_with_registry,
    register_int_counter_vec_with_registry, register_int_counter_with_registry,
};

pub(super) const STEPS: [Step; 9] = [
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

/// What attempts do.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) steps: HistogramVec,
    pub(super) received: IntCounter,
    pub(super) requests: IntCounter,
    pub(super) drift: IntCounter,
    pub(super) hooks: IntCounterVec,
}

/// Services that tell who we are. The gauge is a vector because a vector shows nothing before it is
/// set.
#[derive(Debug)]
pub(super) struct Who {
    pub(super) askpass: IntCounterVec,
    pub(super) github_app: IntCounterVec,
    pub(super) expires: GaugeVec,
}

impl Work {
    /// Shows every histogram from the start, or each once there is something in it.
    pub(super) fn new(registry: &Registry, all: bool) -> Result<Self, Error> {
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
            hooks: register_int_counter_vec_with_registry!(
                "git_sync_hook_run_count_total",
                "Runs of hooks, by which hook and how they ended (success, error).",
                &["name", "status"],
                registry
            )?,
        };
        for step in STEPS.into_iter().filter(|_| all) {
            work.steps.with_label_values(&[step.label()]);
        }
        Ok(work)
    }
}

impl Who {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
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

/// Adds to a counter by how something ended.
pub(super) fn count(counter: &IntCounterVec, well: u64, badly: u64) {
    counter.with_label_values(&[SUCCESS]).inc_by(well);
    counter.with_label_values(&[ERROR]).inc_by(badly);
}
