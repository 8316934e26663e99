//! Turns what happens into the status that others read.

use crate::attempt::{Done, Failed, Publication};
use crate::config::Config;
use crate::model::Trigger;
use crate::observe::history::History;
use crate::observe::status::{Attempt, Commit, Failure, Outcome, Phase, Status};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The one writer of the status.
#[derive(Debug)]
pub(super) struct Board {
    status: watch::Sender<Arc<Status>>,
    history: watch::Sender<Arc<History>>,
}

/// What is known of an attempt when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) number: u64,
    pub(super) trigger: Trigger,
    pub(super) started_at: Timestamp,
    pub(super) took: Duration,
}

impl Board {
    /// Begins with nothing known.
    pub(super) fn new(config: &Config) -> Self {
        let status = Status {
            version: env!("CARGO_PKG_VERSION"),
            repo: config.repo.to_string(),
            reference: config.reference.to_string(),
            phase: Phase::Initial,
            commit: None,
            tree: None,
            published_at: None,
            previous: None,
            pinned: false,
            source: None,
            failures: 0,
            last_attempt: None,
            last_success_at: None,
            next_attempt_at: None,
        };
        Self { status: watch::Sender::new(Arc::new(status)), history: watch::Sender::default() }
    }

    /// Lets others read.
    pub(super) fn subscribe(&self) -> watch::Receiver<Arc<Status>> {
        self.status.subscribe()
    }

    /// Lets others read what has happened.
    pub(super) fn history(&self) -> watch::Receiver<Arc<History>> {
        self.history.subscribe()
    }

    /// The status as it is.
    pub(super) fn now(&self) -> Arc<Status> {
        Arc::clone(&self.status.borrow())
    }

    fn change(&self, change: impl FnOnce(&mut Status)) {
        self.status.send_modify(|status| change(Arc::make_mut(status)));
    }

    /// An earlier run left an intact tree. It was published when its link was made.
    pub(super) fn found(&self, publication: &Publication) {
        self.change(|status| show(status, publication));
    }

    /// An attempt ended well.
    pub(super) fn succeeded(&self, course: Course, done: &Done) {
        let now = Timestamp::now();
        self.change(|status| {
            let (outcome, publication) = match done {
                Done::Published(publication) => (Outcome::Published, publication),
                Done::Unchanged(publication) => (Outcome::Unchanged, publication),
            };
            if outcome == Outcome::Published {
                let last = status.commit.take().map(|commit| commit.id);
                status.previous = last.filter(|last| *last != publication.live.commit);
            }
            show(status, publication);
            status.phase = Phase::Steady;
            status.source.clone_from(&publication.source);
            status.failures = 0;
            status.last_attempt = Some(ended(course, outcome));
            status.last_success_at = Some(now);
        });
    }

    /// An attempt failed.
    pub(super) fn failed(&self, course: Course, failed: &Failed, failures: u64) {
        self.change(|status| {
            status.failures = failures;
            status.last_attempt = Some(Attempt {
                step: failed.step,
                error: Some(Failure {
                    class: failed.error.class(),
                    message: failed.chain().to_string(),
                    hint: failed.hint().to_owned(),
                }),
                ..ended(course, Outcome::Failed)
            });
        });
    }

    /// The next attempt starts after this rest.
    pub(super) fn resting(&self, rest: Option<Duration>) {
        let next = rest.and_then(|rest| Timestamp::now().checked_add(rest).ok());
        self.change(|status| status.next_attempt_at = next);
    }

    /// There will be no more attempts.
    pub(super) fn stopped(&self) {
        self.change(|status| {
            status.phase = Phase::Stopped;
            status.next_attempt_at = None;
        });
    }
}

fn show(status: &mut Status, publication: &Publication) {
    status.published_at = publication.since;
    status.tree = Some(publication.live.tree.display().to_string());
    status.commit = Some(Commit {
        id: publication.live.commit.clone(),
        subject: publication.subject.clone(),
        author: publication.author.clone(),
        time: Timestamp::from_second(publication.seconds).ok(),
    });
}

fn ended(course: Course, outcome: Outcome) -> Attempt {
    Attempt {
        number: course.number,
        trigger: course.trigger,
        started_at: course.started_at,
        duration_ms: u64::try_from(course.took.as_millis()).unwrap_or(u64::MAX),
        outcome,
        step: None,
        error: None,
    }
}
