//! What counts for the program as a whole, however many repositories it keeps. None of it carries
//! the name of a repository.

use crate::observe::metrics::asked::{Asked, Call, CallResult, HookResult, Provider};
use crate::observe::metrics::attempts::{ERROR, SUCCESS};
use crate::observe::metrics::place::signed;
use crate::observe::metrics::unix;
use jiff::Timestamp;
use prometheus::process_collector::ProcessCollector;
use prometheus::{
    Error, Gauge, IntCounterVec, IntGauge, Registry, register_gauge_with_registry,
    register_int_counter_vec_with_registry, register_int_gauge_vec_with_registry,
    register_int_gauge_with_registry,
};

/// Counts what happens to the program. Shared freely; every method is cheap.
#[derive(Debug)]
pub struct ProcessMetrics {
    pub(super) registry: Registry,
    asked: Asked,
    /// There only if a file lists the repositories.
    file: Option<File>,
}

/// The file that lists repositories.
#[derive(Debug)]
struct File {
    repositories: IntGauge,
    reloads: IntCounterVec,
    reloaded: Gauge,
}

impl ProcessMetrics {
    /// Makes a registry of its own, with every metric in it. A file lists the repositories, or it
    /// does not; if it does, it was read well when the program started.
    pub fn new(of_file: bool) -> Result<Self, Error> {
        let registry = Registry::new();
        let now = Timestamp::now();
        let asked = Asked::new(&registry)?;
        registry.register(Box::new(ProcessCollector::for_self()))?;
        let file = if of_file { Some(File::new(&registry, now)?) } else { None };
        register_int_gauge_vec_with_registry!(
            "gitsyncd_build_info",
            "The version that runs, always 1.",
            &["version"],
            registry
        )?
        .with_label_values(&[env!("CARGO_PKG_VERSION")])
        .set(1);
        // Besides the usual `process_start_time_seconds`: rules about this one meet no other program.
        register_gauge_with_registry!(
            "gitsyncd_start_time_seconds",
            "When the program started, in Unix time.",
            registry
        )?
        .set(unix(now));
        Ok(Self { registry, asked, file })
    }

    /// Counts a webhook.
    pub fn webhook(&self, provider: Provider, result: HookResult) {
        self.asked.webhooks.with_label_values(&[provider.label(), result.label()]).inc();
    }

    /// Counts a request to the API.
    pub fn call(&self, call: Call, result: CallResult) {
        self.asked.calls.with_label_values(&[call.label(), result.label()]).inc();
    }

    /// Counts that the file was read again; if that went well, since when its content holds.
    pub fn reloaded(&self, well: Option<Timestamp>) {
        let Some(file) = &self.file else {
            return;
        };
        let result = if well.is_some() { SUCCESS } else { ERROR };
        file.reloads.with_label_values(&[result]).inc();
        if let Some(at) = well {
            file.reloaded.set(unix(at));
        }
    }

    /// Remembers how many repositories are kept.
    pub(super) fn keeps(&self, repositories: usize) {
        if let Some(file) = &self.file {
            file.repositories.set(signed(u64::try_from(repositories).unwrap_or(u64::MAX)));
        }
    }
}

impl File {
    fn new(registry: &Registry, now: Timestamp) -> Result<Self, Error> {
        let file = Self {
            repositories: register_int_gauge_with_registry!(
                "gitsyncd_repositories",
                "Repositories that are kept.",
                registry
            )?,
            reloads: register_int_counter_vec_with_registry!(
                "gitsyncd_config_reloads_total",
                "Times that the file with the repositories was read again, by how that ended (success, error).",
                &["result"],
                registry
            )?,
            reloaded: register_gauge_with_registry!(
                "gitsyncd_config_last_reload_success_timestamp_seconds",
                "When the file with the repositories was last read well, in Unix time.",
                registry
            )?,
        };
        for result in [SUCCESS, ERROR] {
            file.reloads.with_label_values(&[result]);
        }
        file.reloaded.set(unix(now));
        Ok(file)
    }
}
