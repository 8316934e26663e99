//! Tells one address what happened: one thing at a time, the latest only.
//!
//! A publication and other news do not take each other's place: whoever reloads at a publication
//! must not miss one because an attempt failed right after it.

use crate::config::Web;
use crate::hooks::WEB;
use crate::hooks::facts::{Facts, Notice};
use crate::hooks::letter::Letter;
use crate::hooks::request::Sender;
use crate::model::{Event, Step};
use crate::observe::metrics::Metrics;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What waits to be told, each with its number; 0 is nothing.
#[derive(Clone, Debug, Default)]
struct Waiting {
    published: (u64, Option<Letter>),
    other: (u64, Option<Letter>),
}

impl Waiting {
    fn slot(&mut self, event: Event) -> &mut (u64, Option<Letter>) {
        if event == Event::Published { &mut self.published } else { &mut self.other }
    }
}

/// Whose turn it is: what failed rests, and does not hold up the other.
#[derive(Debug, Default)]
struct Turns {
    published: Turn,
    other: Turn,
    /// Whether a publication was told last.
    was_published: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Turn {
    /// What was told, or is not to be tried any more.
    done: u64,
    /// What failed, and when it is due again.
    failed: Option<(u64, Instant)>,
}

impl Turn {
    /// When this is to be told, if at all.
    fn due(self, number: u64, now: Instant) -> Option<Instant> {
        let rest = self.failed.filter(|(failed, _)| *failed == number).map(|(_, until)| until);
        (number > self.done).then(|| rest.unwrap_or(now))
    }
}

/// What is to be done next.
#[derive(Debug)]
enum Next<'a> {
    Tell(u64, &'a Letter),
    Rest(Instant),
    Nothing,
}

impl Turns {
    fn next<'a>(&self, waiting: &'a Waiting, now: Instant) -> Next<'a> {
        let due = |turn: Turn, (number, letter): &'a (u64, Option<Letter>)| {
            Some((turn.due(*number, now)?.max(now), *number, letter.as_ref()?))
        };
        let published = due(self.published, &waiting.published);
        let other = due(self.other, &waiting.other);
        let first = if self.was_published { [other, published] } else { [published, other] };
        // Of equals, the first.
        match first.into_iter().flatten().min_by_key(|(at, ..)| *at) {
            Some((at, number, letter)) if at <= now => Next::Tell(number, letter),
            Some((at, ..)) => Next::Rest(at),
            None => Next::Nothing,
        }
    }

    /// Something was tried. If it is to be tried again, it rests before that.
    fn told(&mut self, event: Event, number: u64, rest: Option<Instant>) {
        self.was_published = event == Event::Published;
        let turn = if self.was_published { &mut self.published } else { &mut self.other };
        match rest {
            Some(until) => turn.failed = Some((number, until)),
            None => turn.done = number,
        }
    }
}

/// How far it is, by number.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    published: u64,
    other: u64,
    /// Whether the last try of each failed.
    published_failed: bool,
    other_failed: bool,
}

impl Progress {
    fn has_tried(self, (published, other): (u64, u64)) -> bool {
        self.published >= published && self.other >= other
    }

    fn is_well(self) -> bool {
        !self.published_failed && !self.other_failed
    }
}

/// Where letters are put in.
#[derive(Debug)]
pub(super) struct Letterbox {
    events: Vec<Event>,
    timeout: Duration,
    waiting: watch::Sender<Waiting>,
    progress: watch::Sender<Progress>,
}

/// What sends them.
pub(super) struct Runner {
    sender: Sender,
    /// Whether it is tried again after a failure.
    again: bool,
    backoff: Duration,
    facts: Arc<Facts>,
    metrics: Arc<Metrics>,
    waiting: watch::Receiver<Waiting>,
    progress: watch::Sender<Progress>,
}

impl Letterbox {
    pub(super) fn new(options: &Web) -> Self {
        Self {
            events: options.events.clone(),
            timeout: options.timeout,
            waiting: watch::Sender::default(),
            progress: watch::Sender::default(),
        }
    }

    /// Makes what sends; there is to be one.
    pub(super) fn runner(
        &self,
        sender: Sender,
        again: bool,
        facts: &Arc<Facts>,
        metrics: &Arc<Metrics>,
    ) -> Runner {
        Runner {
            backoff: sender.backoff(),
            sender,
            again,
            facts: Arc::clone(facts),
            metrics: Arc::clone(metrics),
            waiting: self.waiting.subscribe(),
            progress: self.progress.clone(),
        }
    }

    /// How long one try may take.
    pub(super) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Puts in that readers see a commit.
    pub(super) fn published(&self, notice: &Notice) {
        let (commit, previous) = (notice.commit.clone(), notice.previous.clone());
        self.put(Letter::new(Event::Published, Some(commit), previous, None));
    }

    /// Puts in something else.
    pub(super) fn happened(&self, letter: &Letter) {
        self.put(letter.clone());
    }

    fn put(&self, letter: Letter) {
        if self.events.contains(&letter.event) {
            self.waiting.send_modify(|waiting| {
                let slot = waiting.slot(letter.event);
                *slot = (slot.0 + 1, Some(letter));
            });
        }
    }

    fn waits(&self) -> (u64, u64) {
        let waiting = self.waiting.borrow();
        (waiting.published.0, waiting.other.0)
    }

    /// Says whether everything was told.
    pub(super) fn is_done(&self) -> bool {
        let waits = self.waits();
        let progress = self.progress.borrow();
        progress.has_tried(waits) && progress.is_well()
    }

    /// Waits until everything was tried once, and says whether it went well.
    pub(super) async fn finish(&self) -> bool {
        let waits = self.waits();
        let mut progress = self.progress.subscribe();
        let done = progress.wait_for(|now| now.has_tried(waits)).await;
        done.is_ok_and(|done| done.is_well())
    }
}

impl Runner {
    /// Sends until the program stops.
    pub(super) async fn run(mut self, stop: CancellationToken) {
        tokio::select! {
            biased;
            () = stop.cancelled() => (),
            () = self.work() => stop.cancelled().await,
        }
    }

    async fn work(&mut self) {
        let mut turns = Turns::default();
        loop {
            let waiting = self.waiting.borrow_and_update().clone();
            let now = Instant::now();
            match turns.next(&waiting, now) {
                Next::Tell(number, letter) => {
                    let (number, letter) = (number, letter.clone());
                    let well = self.tell(number, &letter).await;
                    let rest = (!well && self.again).then(|| Instant::now() + self.backoff);
                    turns.told(letter.event, number, rest);
                }
                Next::Rest(until) => tokio::select! {
                    biased;
                    changed = self.waiting.changed() => if changed.is_err() { return },
                    () = tokio::time::sleep_until(until) => (),
                },
                Next::Nothing => {
                    if self.waiting.changed().await.is_err() {
                        return;
                    }
                }
            }
        }
    }

    /// Tells something, and says whether that went well.
    async fn tell(&mut self, number: u64, letter: &Letter) -> bool {
        let to = self.sender.shown();
        let (hash, event) = (letter.hash.as_ref().map(ToString::to_string), letter.event.label());
        tracing::info!(hook = WEB, hash, event, to, "sending a webhook");
        let begun = Instant::now();
        let sent = self.sender.send(letter, &self.facts).await;
        let took = begun.elapsed();
        self.metrics.step(Step::Notify, took);
        self.metrics.hook(WEB, sent.is_ok());
        match &sent {
            Ok(status) => {
                tracing::info!(hook = WEB, hash, event, to, status, ?took, "a webhook succeeded");
            }
            Err(error) => {
                let retry = self.again.then_some(self.backoff);
                tracing::warn!(hook = WEB, hash, event, to, %error, ?took, ?retry, "a webhook failed");
            }
        }
        self.progress.send_modify(|progress| match letter.event {
            Event::Published => {
                (progress.published, progress.published_failed) = (number, sent.is_err());
            }
            Event::Failed | Event::Recovered | Event::Refused => {
                (progress.other, progress.other_failed) = (number, sent.is_err());
            }
        });
        sent.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(event: Event) -> Letter {
        Letter::new(event, None, None, None)
    }

    #[test]
    fn what_failed_gives_way_and_rests() {
        let now = Instant::now();
        let later = now + Duration::from_secs(3);
        let mut waiting = Waiting::default();
        let mut turns = Turns::default();
        let next = |turns: &Turns, waiting: &Waiting, now| match turns.next(waiting, now) {
            Next::Tell(number, letter) => format!("{} {number}", letter.event.label()),
            Next::Rest(until) => format!("rest {:?}", until - now),
            Next::Nothing => "nothing".to_owned(),
        };
        assert_eq!(next(&turns, &waiting, now), "nothing");
        waiting.published = (1, Some(letter(Event::Published)));
        waiting.other = (1, Some(letter(Event::Failed)));
        assert_eq!(next(&turns, &waiting, now), "published 1");
        turns.told(Event::Published, 1, Some(later));
        assert_eq!(next(&turns, &waiting, now), "failed 1");
        turns.told(Event::Failed, 1, Some(later));
        assert_eq!(next(&turns, &waiting, now), "rest 3s");
        assert_eq!(next(&turns, &waiting, later), "published 1");
        turns.told(Event::Published, 1, Some(later));
        assert_eq!(next(&turns, &waiting, later), "failed 1", "even if both are due at once");
        turns.told(Event::Failed, 1, None);
        waiting.published.0 = 2;
        assert_eq!(next(&turns, &waiting, now), "published 2", "what is new need not rest");
        turns.told(Event::Published, 2, None);
        assert_eq!(next(&turns, &waiting, later), "nothing");
    }
}
