//! How an attempt ended, told to everybody: status and history, metrics, log and audit log.

use crate::attempt::{Done, Failed};
use crate::daemon::board::{Board, Course};
use crate::daemon::counter::Asked;
use crate::model::Step;
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
}

impl End<'_> {
    /// It ended well. `steady` if another one had before.
    pub(super) fn well(self, done: &Done, steady: bool) {
        let course = self.course;
        let outcome = match done {
            Done::Published(_) => Outcome::Published,
            Done::Unchanged(_) => Outcome::Unchanged,
        };
        if let (Done::Unchanged(publication), false) = (done, steady) {
            tracing::info!(commit = %publication.live.commit, "up to date");
        }
        self.board.succeeded(course, done, self.asked.by.as_deref());
        audit::ended(&self.board.now(), self.asked.by.as_deref());
        self.metrics.attempt(outcome, !steady, course.took);
        self.metrics.succeeded(Timestamp::now());
        tracing::debug!(
            number = course.number,
            trigger = %course.trigger,
            ?outcome,
            took = ?course.took,
            "attempt ended"
        );
    }

    /// It failed, and with it there are so many failures in a row.
    pub(super) fn badly(self, failed: &Failed, failures: u64) {
        let course = self.course;
        let class = failed.error.class();
        self.board.failed(course, failed, failures, self.asked.by.as_deref());
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
