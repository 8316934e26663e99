//! What those who watch files are told: the status file, and the marks.
//!
//! An attempt that found nothing new is no news. So that the times in the status file do not grow
//! old, it is written now and then all the same. What has happened is a file of our own, written when
//! that grows.

use crate::disk::look::read_below;
use crate::disk::{At, DiskError, Durable, replace_file_by_way_of};
use crate::model::{Cause, CommitId, Reference};
use crate::observe::history::History;
use crate::observe::status::{Outcome, Status};
use crate::publish::{Layout, Marks};
use serde::{Deserialize, Serialize};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How old the times in the status file may grow while nothing else in it changes, if there are
/// attempts.
const STALE: Duration = Duration::from_secs(10);

/// The files, and what was written to them.
#[derive(Debug)]
pub(super) struct News {
    marks: Marks,
    written: Option<(Arc<Status>, Instant)>,
    recorded: Option<Arc<History>>,
}

/// How long the file of what has happened may be.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Reads what earlier runs left of what has happened. If that cannot be understood, nothing depends
/// on it.
pub(super) fn past(layout: &Layout) -> History {
    let path = layout.history();
    let found = match read_below(&path, LONGEST) {
        Ok(None) => return History::default(),
        Ok(Some(text)) => serde_json::from_slice(&text).map_err(|error| Cause::of(&error)),
        Err(unread) => Err(Cause::of(&unread)),
    };
    found.unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "cannot read what has happened before");
        History::default()
    })
}

/// What a status file tells of the ref that named what is published.
#[derive(Deserialize)]
struct Told {
    #[serde(rename = "ref")]
    reference: String,
    ref_name: Option<String>,
    commit: Option<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: CommitId,
}

/// The full name of the ref that named a commit, as an earlier run that followed the same noted it in
/// the status file. Nothing depends on it.
pub(super) fn ref_name(
    layout: &Layout,
    commit: &CommitId,
    reference: &Reference,
) -> Option<String> {
    if matches!(reference, Reference::Commit(_)) {
        return None;
    }
    let text = read_below(&layout.status(), LONGEST).ok()??;
    let told: Told = serde_json::from_slice(&text).ok()?;
    let same = told.reference == reference.to_string() && told.commit?.id == *commit;
    told.ref_name.filter(|_| same)
}

impl News {
    /// Has told nothing yet.
    pub(super) fn new(marks: Marks) -> Self {
        Self { marks, written: None, recorded: None }
    }

    /// Says whether anybody is to be told of this status.
    pub(super) fn is_due(&self, status: &Status, first: bool) -> bool {
        let old = self.written.as_ref().filter(|(_, at)| at.elapsed() < STALE);
        first || !old.is_some_and(|(old, _)| old.says_no_less_than(status))
    }

    /// Tells how the last attempt ended: the status first, the touch-file last. `first` if it was
    /// the first success, which counts as news even if nothing changed.
    pub(super) fn tell(&mut self, layout: Option<&Layout>, status: &Arc<Status>, first: bool) {
        self.write(layout, status);
        let Some(last) = &status.last_attempt else {
            return;
        };
        let told = match &last.error {
            Some(error) => self.marks.failed(error, last.step),
            None => self.marks.succeeded(),
        };
        let is_new = first || last.outcome == Outcome::Published;
        // Each is for others, so the one does not depend on the other.
        let touched = if is_new { self.marks.touch() } else { Ok(()) };
        for error in [told, touched].into_iter().filter_map(Result::err) {
            self.written = None;
            tracing::warn!(error = %Cause::of(&error), "could not leave a mark");
        }
    }

    /// Says whether something has happened since that was recorded.
    pub(super) fn is_behind(&self, history: &Arc<History>) -> bool {
        !self.recorded.as_ref().is_some_and(|recorded| Arc::ptr_eq(recorded, history))
    }

    /// Records what has happened, if that has grown and there is a place for it that is ours.
    pub(super) fn record(&mut self, layout: Option<&Layout>, history: &Arc<History>) {
        if !self.is_behind(history) {
            return;
        }
        let Some(layout) = layout.filter(|layout| layout.own().is_dir()) else {
            return;
        };
        match write_json(history.as_ref(), &layout.history(), layout) {
            Ok(()) => self.recorded = Some(Arc::clone(history)),
            Err(error) => {
                tracing::warn!(error = %Cause::of(&error), "could not record what has happened");
            }
        }
    }

    /// Writes the status file, if there is a place for it that is ours.
    pub(super) fn write(&mut self, layout: Option<&Layout>, status: &Arc<Status>) {
        self.written = None;
        // Where even our own directory is missing, the attempt has said why.
        let Some(layout) = layout.filter(|layout| layout.own().is_dir()) else {
            return;
        };
        match write_json(status.as_ref(), &layout.status(), layout) {
            Ok(()) => self.written = Some((Arc::clone(status), Instant::now())),
            Err(error) => {
                tracing::warn!(error = %Cause::of(&error), "could not write the status");
            }
        }
    }
}

/// Writes a value as a file, by way of our own directory.
fn write_json(value: &impl Serialize, path: &Path, layout: &Layout) -> Result<(), DiskError> {
    let new = layout.own().join("status.gitsyncd-new");
    let text = serde_json::to_vec_pretty(value).map_err(std::io::Error::from).at("render", path)?;
    replace_file_by_way_of(&new, path, &text, Durable::No)
}
