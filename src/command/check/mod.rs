//! `gitsyncd check`: looks whether a run would work, from the root to the ref, and says what to do
//! where it would not. It stays within the time of one attempt, holds no lock and publishes nothing.

mod files;
mod hooks;
mod ports;
mod report;
mod root;
mod source;

use crate::command::check::report::Report;
use crate::command::check::root::Use;
use crate::command::{Unanswered, within};
use crate::config::Config;
use crate::model::Cause;
use crate::observe::metrics::Metrics;
use crate::publish::Layout;
use crate::runtime::Stop;
use std::io::Write;
use std::sync::Arc;

/// Looks, tells what it found as it goes, and says whether nothing failed.
pub fn check(
    config: Config,
    warnings: Vec<String>,
    out: impl Write + Send + 'static,
) -> Result<bool, Unanswered> {
    // It counts what goes to sources, and nobody reads it.
    let metrics = Metrics::new().map_err(|error| Unanswered::Internal(Cause::of(&error)))?;
    let metrics = Arc::new(metrics);
    within(config.sync_timeout, move |stop| {
        let mut report = Report::new(out);
        look(&config, &warnings, &metrics, &mut report, stop);
        report.end()
    })
}

fn look(
    config: &Config,
    warnings: &[String],
    metrics: &Arc<Metrics>,
    report: &mut Report,
    stop: &Stop,
) {
    let (repo, reference, link) = (&config.repo, &config.reference, config.link.display());
    report.ok("configuration", format!("{link} is to show {reference} of {repo}"));
    for warning in warnings {
        report.warning("configuration", warning, "see docs/configuration.md");
    }
    let layout = Layout::new(config.root.clone(), config.link.clone());
    let root = root::look(&layout, report, stop);
    if root != Use::Bad {
        root::link(&layout, report);
    }
    root::marks(config, report);
    files::look(config, report);
    files::rules(config, report);
    hooks::look(&config.hooks, report);
    ports::look(config, root == Use::Taken, report, stop);
    // Last, as it may take all the time that is left.
    source::look(config, metrics, &layout, report, stop);
}
