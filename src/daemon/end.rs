//! How an attempt ended, told to everybody: status and history, metrics, log and audit log.

use crate::attempt::{Done, Failed, HeldBack, Publication, hint_for};
use crate::daemon::board::{Board, Course};
use crate::daemon::counter::Asked;
use crate::hooks::Hooks;
use crate::model::{Event, Step};
use crate::observe::audit;
use crate::observe::metrics::Metrics;
use crate::observe::status::{Attempt, Outcome};
use jiff::Timestamp;

/// The end of an attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct End<'a> {
    pub(super) board: &'a Board,
    pub(super) metrics: &'a Metrics,
    pub(super) course: Course,
    pub(super) asked: &'a Asked,
    pub(super) hooks: &'a Hooks,
    /// How many attempts had failed in a row before it.
    pub(super) failures_before: u64,
    /// Whether one commit is followed, for ever.
    pub(super) fixed: bool,
}

impl End<'_> {
    /// It ended well. `steady` if another one had before.
    pub(super) fn well(self, done: &Done, steady: bool) {
        let course = self.course;
        let outcome = match done {
            Done::Published(_) => Outcome::Published,
            Done::Unchanged(_) => Outcome::Unchanged,
            Done::Refused(_) => Outcome::Refused,
        };
        let waits = self.board.now().waiting.is_some();
        if let (Done::Unchanged(publication), false, false) = (done, steady, waits) {
            tracing::info!(commit = %publication.live.commit, "up to date");
        }
        self.board.succeeded(course, done, self.asked.by.as_deref());
        // From here on `/` is good, so that hooks may ask it.
        let live = match done {
            Done::Published(publication) | Done::Unchanged(publication) => Some(publication),
            Done::Refused(refusal) => refusal.live.as_deref().filter(|_| !steady),
        };
        if let Some(Publication { live, .. }) = live {
            self.hooks.published(&live.commit, &live.tree);
        }
        if self.failures_before > 0 {
            self.hooks.happened(Event::Recovered, None, None);
        }
        if let Done::Refused(refusal) = done {
            self.refused(refusal);
        }
        audit::ended(&self.board.now(), self.asked.by.as_deref());
        if steady && self.fixed {
            // git-sync looks no more, so whoever counts its syncs expects no more of them.
            self.metrics.looked(outcome);
        } else {
            self.metrics.attempt(outcome, !steady && live.is_some(), course.took);
        }
        if steady || live.is_some() {
            self.metrics.succeeded(Timestamp::now());
        }
        tracing::debug!(
            number = course.number,
            trigger = %course.trigger,
            ?outcome,
            took = ?course.took,
            "attempt ended"
        );
    }

    fn refused(self, refusal: &HeldBack) {
        let commit = &refusal.commit;
        if refusal.fresh {
            let hint = hint_for(refusal.class);
            tracing::warn!(%commit, why = refusal.why, hint, "a commit is refused");
            self.hooks.happened(Event::Refused, Some(commit), Some(&refusal.why));
        } else {
            tracing::debug!(%commit, why = refusal.why, "a commit is still refused");
        }
    }

    /// It failed, and with it there are so many failures in a row.
    pub(super) fn badly(self, failed: &Failed, failures: u64) {
        let course = self.course;
        let class = failed.error.class();
        if self.board.failed(course, failed, failures, self.asked.by.as_deref()) {
            self.hooks.happened(Event::Failed, None, Some(&failed.chain().to_string()));
        }
        self.metrics.attempt(Outcome::Failed, false, course.took);
        self.metrics.failure(class, failures);
        tracing::warn!(
            number = course.number,
            trigger = %course.trigger,
            step = failed.step.map(Step::label),
            class = %class,
            error = %failed.chain(),
            hint = failed.hint(),
            failures,
            "attempt failed"
        );
    }

    /// What somebody asked for could not be had. That is told to them, and says nothing of how it
    /// goes otherwise.
    pub(super) fn in_vain(self, failed: &Failed) -> Attempt {
        tracing::warn!(
            number = self.course.number,
            by = self.asked.by,
            step = failed.step.map(Step::label),
            class = %failed.error.class(),
            error = %failed.chain(),
            hint = failed.hint(),
            "could not do what was asked for"
        );
        let why = failed.chain().to_string();
        audit::order_failed(self.asked.by.as_deref(), self.course.number, &why);
        self.board.in_vain(self.course, failed, self.asked)
    }
}
