//! Turns what happens into the status that others read.

use crate::attempt;
use crate::attempt::{Change, Done, Failed, HeldBack, Pinned, Publication};
use crate::config::Config;
use crate::daemon::counter::Asked;
use crate::model::{CommitId, Trigger};
use crate::observe::history::{Entry, History, What};
use crate::observe::status::{Attempt, Commit, Failure, Outcome, Phase, Status, Waiting};
use crate::trigger::order::{Choice, Refusal};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// The one writer of the status.
#[derive(Debug)]
pub(super) struct Board {
    status: watch::Sender<Arc<Status>>,
    history: watch::Sender<Arc<History>>,
    /// The newest entry that an earlier run left, and the commit that is stayed at.
    known: u64,
    pinned: Option<CommitId>,
    /// What readers saw when the program began, whole or not.
    shown: Option<CommitId>,
}

/// What is known of an attempt when it ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) number: u64,
    pub(super) trigger: Trigger,
    pub(super) started_at: Timestamp,
    pub(super) took: Duration,
}

impl Course {
    fn milliseconds(&self) -> u64 {
        u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)
    }
}

impl Board {
    /// Begins with nothing known.
    pub(super) fn new(config: &Config) -> Self {
        let status = Status {
            name: config.name.clone(),
            ..Status::new(config.repo.to_string(), config.reference.to_string())
        };
        Self {
            status: watch::Sender::new(Arc::new(status)),
            history: watch::Sender::default(),
            known: 0,
            pinned: None,
            shown: None,
        }
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

    fn add(&self, entry: Entry) {
        self.history.send_modify(|history| Arc::make_mut(history).add(entry));
    }

    /// What has happened so far.
    pub(super) fn history_now(&self) -> Arc<History> {
        Arc::clone(&self.history.borrow())
    }

    /// An earlier run left this behind: what has happened, and perhaps an intact tree, which was
    /// published when its link was made, and a choice to stay at a commit. `past` comes with the commit
    /// that readers see, though its tree may be damaged.
    pub(super) fn found(
        &mut self,
        (past, shown): (History, Option<CommitId>),
        publication: Option<&Publication>,
        pinned: &Pinned,
    ) {
        self.adopt(past);
        self.shown = shown;
        self.pinned = match pinned {
            Pinned::At(commit) => Some(commit.clone()),
            Pinned::Unknown | Pinned::Nothing => None,
        };
        let is_pinned = self.pinned.is_some();
        self.change(|status| {
            if let Some(publication) = publication {
                show(status, publication);
            }
            status.pinned = is_pinned;
        });
        self.recall();
    }

    /// Finds out what was published before what is published now.
    fn recall(&self) {
        let (history, status) = (self.history_now(), self.now());
        let last = history.last_published();
        let now = status.commit.as_ref().map(|commit| &commit.id).or(self.shown.as_ref());
        let before = match now {
            Some(commit) if last == Some(commit) => history.before(commit),
            // Its record is missing, or nothing is shown and it counts as one that was.
            Some(_) | None => last,
        };
        self.change(|status| status.previous = before.cloned());
    }

    /// Adds what a crash kept from being recorded: that this commit was published.
    fn complete(&self) {
        let (history, status) = (self.history_now(), self.now());
        if let Some(commit) = &status.commit
            && let Some(last) = history.last_published()
            && *last != commit.id
        {
            self.add(Entry {
                at: status.published_at.unwrap_or_else(Timestamp::now),
                commit: Some(commit.clone()),
                previous: Some(last.clone()),
                ..happened(What::Published, None)
            });
        }
    }

    /// After the first success: the root is ours, and so are what was recorded in it and the gaps.
    pub(super) fn settle(&self) {
        self.complete();
        self.recall();
    }

    /// Takes over what was recorded before us.
    pub(super) fn adopt(&mut self, past: History) {
        let (known, last) = (self.known, past.last_id());
        self.history.send_if_modified(|history| {
            let before = Arc::clone(history);
            Arc::make_mut(history).adopt(past, known);
            *history != before
        });
        self.known = self.known.max(last);
    }

    /// What is to change, if a commit is meant that is known.
    pub(super) fn chosen(&self, choice: Choice) -> Result<Change, Refusal> {
        let status = self.status.borrow();
        match choice {
            Choice::Current if status.commit.is_some() => Ok(Change::Stay),
            // It is damaged, and will be put right.
            Choice::Current => self.shown.clone().map(Change::Pin).ok_or(Refusal::NothingPublished),
            Choice::Previous => {
                let previous = status.previous.clone().ok_or(Refusal::NothingBefore);
                previous.map(Change::Pin)
            }
            Choice::Commit(commit) => Ok(Change::Pin(commit)),
        }
    }

    /// Shows whether a commit is stayed at now, after an attempt that somebody may have asked for.
    /// What another instance has changed is in the history already.
    pub(super) fn pinned(&mut self, pinned: &Pinned, course: &Course, asked: &Asked) {
        let pinned = match pinned {
            Pinned::Unknown => return,
            Pinned::Nothing => None,
            Pinned::At(commit) => Some(commit),
        };
        if self.pinned.as_ref() == pinned {
            return;
        }
        if !asked.changes {
            self.pinned = pinned.cloned();
            self.change(|status| status.pinned = pinned.is_some());
            return;
        }
        let what = if pinned.is_some() { What::Pinned } else { What::Unpinned };
        let commit = self.status.borrow().commit.clone();
        self.pinned = pinned.cloned();
        self.change(|status| status.pinned = pinned.is_some());
        self.add(Entry { commit, by: asked.by.clone(), ..happened(what, Some(course)) });
    }

    /// Shows what waits for a window, as an attempt left it.
    pub(super) fn waiting(&self, waiting: Option<&Waiting>) {
        if self.status.borrow().waiting.as_ref() != waiting {
            self.change(|status| status.waiting = waiting.cloned());
        }
    }

    /// An attempt ended well.
    pub(super) fn succeeded(&self, course: Course, done: &Done, by: Option<&str>) {
        let now = Timestamp::now();
        let failures = self.status.borrow().failures;
        let history = self.history_now();
        let (outcome, publication) = match done {
            Done::Published(publication) => (Outcome::Published, publication),
            Done::Unchanged(publication) => (Outcome::Unchanged, publication),
            Done::Refused(refusal) => return self.refused(course, refusal, by),
        };
        self.change(|status| {
            if outcome == Outcome::Published
                && let Some(last) = status.commit.as_ref().map(|commit| commit.id.clone())
                && last != publication.live.commit
            {
                status.previous = Some(last);
            }
            if status.previous.as_ref() == Some(&publication.live.commit) {
                status.previous = history.before(&publication.live.commit).cloned();
            }
            show(status, publication);
            status.phase = Phase::Steady;
            status.source.clone_from(&publication.source);
            status.failures = 0;
            status.last_attempt = Some(ended(course, outcome));
            status.last_success_at = Some(now);
        });
        let what = match (outcome == Outcome::Published, failures > 0) {
            (true, _) => What::Published,
            (false, true) => What::Recovered,
            (false, false) => return,
        };
        let status = self.now();
        self.add(Entry {
            commit: status.commit.clone(),
            previous: status.previous.clone().filter(|_| what == What::Published),
            source: status.source.clone(),
            by: by.map(str::to_owned),
            ..happened(what, Some(&course))
        });
    }

    /// An attempt found a commit that is not to be published. As nothing is wrong with that, what is
    /// published counts as fresh.
    fn refused(&self, course: Course, refusal: &HeldBack, by: Option<&str>) {
        let error = Failure {
            class: refusal.class,
            message: refusal.why.chars().take(LONGEST).collect(),
            hint: attempt::hint_for(refusal.class).to_owned(),
        };
        let step = Some(refusal.step());
        let (failures, history) = (self.status.borrow().failures, self.history_now());
        self.change(|status| {
            status.failures = 0;
            if let Some(live) = &refusal.live {
                if status.previous.as_ref() == Some(&live.live.commit) {
                    status.previous = history.before(&live.live.commit).cloned();
                }
                show(status, live);
                status.phase = Phase::Steady;
            }
            let succeeded = status.last_success_at.is_some() || refusal.live.is_some();
            status.last_success_at = succeeded.then(Timestamp::now);
            let ended = ended(course, Outcome::Refused);
            status.last_attempt = Some(Attempt { step, error: Some(error.clone()), ..ended });
        });
        if failures > 0 {
            let commit = self.now().commit.clone();
            self.add(Entry { commit, ..happened(What::Recovered, Some(&course)) });
        }
        let mut last = history.newest_first().filter(|entry| entry.what == What::Refused);
        let known = last.next().and_then(|entry| entry.error.as_ref());
        if refusal.fresh || known.map(|known| &known.message) != Some(&error.message) {
            let error = Some(error);
            let by = by.map(str::to_owned);
            self.add(Entry { step, error, by, ..happened(What::Refused, Some(&course)) });
        }
    }

    /// An attempt failed at what somebody asked for. It says nothing of how it goes otherwise.
    pub(super) fn in_vain(&self, course: Course, failed: &Failed, asked: &Asked) -> Attempt {
        let error = told(failed);
        self.add(Entry {
            step: failed.step,
            error: Some(error.clone()),
            by: asked.by.clone(),
            ..happened(What::Failed, Some(&course))
        });
        Attempt { step: failed.step, error: Some(error), ..ended(course, Outcome::Failed) }
    }

    /// An attempt failed.
    ///
    /// Says whether it did so in another way than the one before.
    pub(super) fn failed(
        &self,
        course: Course,
        failed: &Failed,
        failures: u64,
        by: Option<&str>,
    ) -> bool {
        let error = told(failed);
        let before = self.now();
        let is_news = !before.last_attempt.as_ref().is_some_and(|last| {
            let class = last.error.as_ref().map(|error| error.class);
            (last.step, class) == (failed.step, Some(error.class))
        });
        self.change(|status| {
            status.failures = failures;
            status.last_attempt = Some(Attempt {
                step: failed.step,
                error: Some(error.clone()),
                ..ended(course, Outcome::Failed)
            });
        });
        if is_news {
            self.add(Entry {
                step: failed.step,
                error: Some(error),
                by: by.map(str::to_owned),
                ..happened(What::Failed, Some(&course))
            });
        }
        is_news
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
    let same = status.commit.as_ref().is_some_and(|shown| shown.id == publication.live.commit);
    // It may be looked after while the source names something else.
    if !same || publication.ref_name.is_some() {
        status.ref_name.clone_from(&publication.ref_name);
    }
    status.published_at = publication.since;
    status.tree = Some(publication.live.tree.display().to_string());
    status.commit = Some(Commit {
        id: publication.live.commit.clone(),
        subject: publication.subject.clone(),
        author: publication.author.clone(),
        time: Timestamp::from_second(publication.seconds).ok(),
    });
}

/// How long what is told of a failure may be, in letters.
const LONGEST: usize = 2000;

fn told(failed: &Failed) -> Failure {
    Failure {
        class: failed.error.class(),
        message: failed.chain().to_string().chars().take(LONGEST).collect(),
        hint: failed.hint().to_owned(),
    }
}

fn happened(what: What, course: Option<&Course>) -> Entry {
    Entry {
        id: 0,
        at: Timestamp::now(),
        what,
        trigger: course.map(|course| course.trigger),
        commit: None,
        previous: None,
        source: None,
        duration_ms: course.map(Course::milliseconds),
        step: None,
        error: None,
        by: None,
    }
}

fn ended(course: Course, outcome: Outcome) -> Attempt {
    Attempt {
        number: course.number,
        trigger: course.trigger,
        started_at: course.started_at,
        duration_ms: course.milliseconds(),
        outcome,
        step: None,
        error: None,
    }
}
