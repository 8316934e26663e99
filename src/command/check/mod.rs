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
use crate::config::{Config, Fleet};
use crate::model::Cause;
use crate::observe::metrics::Metrics;
use crate::publish::Layout;
use crate::runtime::Stop;
use std::io::Write;
use std::sync::Arc;

/// Looks, tells what it found as it goes, and says whether nothing failed.
pub fn check(
    fleet: Fleet,
    warnings: Vec<String>,
    out: impl Write + Send + 'static,
) -> Result<bool, Unanswered> {
    // It counts what goes to sources, and nobody reads it.
    let metrics = Metrics::new(None).map_err(|error| Unanswered::Internal(Cause::of(&error)))?;
    let metrics = Arc::new(metrics);
    within(fleet.all_attempts(), move |stop| {
        let mut report = Report::new(out);
        look(&fleet, &warnings, &metrics, &mut report, stop);
        report.end()
    })
}

fn look(
    fleet: &Fleet,
    warnings: &[String],
    metrics: &Arc<Metrics>,
    report: &mut Report,
    stop: &Stop,
) {
    for warning in warnings {
        report.warning("configuration", warning, "see docs/configuration.md");
    }
    files::served(&fleet.process.serving, report);
    let mut roots = Vec::new();
    for config in &fleet.repositories {
        report.about(config.name.as_deref());
        roots.push(look_at(config, report, stop));
    }
    let in_use = roots.contains(&Use::Taken);
    report.about(None);
    ports::look(&fleet.process.serving, in_use, report, stop);
    // Last, as it may take all the time that is left.
    for (config, root) in fleet.repositories.iter().zip(roots) {
        report.about(config.name.as_deref());
        let layout = Layout::new(config.root.clone(), config.link.clone());
        source::look(
            config,
            metrics,
            (&layout, root),
            report,
            &stop.or_sooner(config.sync_timeout),
        );
    }
}

/// Looks at what of one repository is on this machine, and says what its root is good for.
fn look_at(config: &Config, report: &mut Report, stop: &Stop) -> Use {
    let (repo, reference, link) = (&config.repo, &config.reference, config.link.display());
    report.ok("configuration", format!("{link} is to show {reference} of {repo}"));
    let layout = Layout::new(config.root.clone(), config.link.clone()).shown_by(config.publish);
    let root = root::look(&layout, report, stop);
    if root != Use::Bad {
        root::link(&layout, report);
    }
    root::marks(config, report);
    files::look(config, report);
    files::rules(config, report);
    files::keys(config, report);
    hooks::look(&config.hooks, report);
    root
}
