//! The repository, and the same elsewhere: whether each can be reached, lets us in, and has the ref.

use crate::attempt::{Failed, Preview, Sight};
use crate::command::check::report::Report;
use crate::command::check::root::Use;
use crate::config::Config;
use crate::model::Class;
use crate::observe::metrics::Metrics;
use crate::publish;
use crate::publish::Layout;
use crate::runtime::Stop;
use std::sync::Arc;

/// Asks each source for the ref.
pub(super) fn look(
    config: &Config,
    metrics: &Arc<Metrics>,
    (layout, root): (&Layout, Use),
    report: &mut Report,
    stop: &Stop,
) {
    let mut preview = Preview::new(config, metrics);
    match preview.pinned() {
        Ok(None) => (),
        Ok(Some(commit)) => report.warning(
            "pin",
            format!("publication stays at {commit} on request, whatever the ref names"),
            "unpin over the API to follow the ref again",
        ),
        // That the root cannot be used was told.
        Err(_failed) if root == Use::Bad => (),
        Err(failed) => report.failed("pin", failed.chain(), failed.hint()),
    }
    for place in 0..preview.count() {
        let url = preview.url(place);
        let about = if place == 0 { "repository" } else { "fallback-repo" };
        match preview.ask(place, stop) {
            Ok(sight) => found(config, layout, (about, &url), &sight, report),
            Err(failed) => missed(config, (about, &url), &failed, place > 0, report),
        }
    }
}

fn found(
    config: &Config,
    layout: &Layout,
    (about, url): (&str, &str),
    sight: &Sight,
    report: &mut Report,
) {
    let known_as = sight.known_as.as_ref().map(|name| format!(" to {name}")).unwrap_or_default();
    report.ok(about, format!("{url} answers{known_as}"));
    let reference = &config.reference;
    let Some(commit) = &sight.commit else {
        report.ok("ref", format!("{reference} is a full id; whether it is there shows in a run"));
        return;
    };
    let chosen = sight.chosen.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
    let live = publish::live(layout).is_some_and(|live| live.commit == *commit);
    let live = if live { ", which is published" } else { "" };
    report.ok("ref", format!("{reference}{chosen} is at {commit}{live}"));
}

fn missed(
    config: &Config,
    (about, url): (&str, &str),
    failed: &Failed,
    is_spare: bool,
    report: &mut Report,
) {
    let (told, hint) = (failed.chain(), failed.hint());
    let is_ref = failed.error.class() == Class::Ref;
    if is_ref {
        report.ok(about, format!("{url} answers"));
    }
    let about = if is_ref { "ref" } else { about };
    let told = if is_ref { format!("{}: {told}", config.reference) } else { told.to_string() };
    if is_spare {
        report.warning(about, format!("{url}: {told}"), hint);
    } else {
        report.failed(about, told, hint);
    }
}
