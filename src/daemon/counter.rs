//! Those who gave orders, what they want changed, and who waits for which attempt.

use crate::attempt::Change;
use crate::daemon::board::Board;
use crate::observe::status::Attempt;
use crate::trigger::order::{Order, Refusal, Reply, Wish};
use tokio::sync::oneshot;

/// Everybody who waits.
#[derive(Debug, Default)]
pub(super) struct Counter {
    waiting: Vec<Waiting>,
    /// What the next attempt is to change.
    next: Option<Wanted>,
    /// What the attempt that runs is to change, and who asked for that.
    running: Option<Wanted>,
    /// Who was the first to ask for an attempt that has not ended, and for which.
    asker: Option<(u64, String)>,
}

/// Somebody who waits.
#[derive(Debug)]
struct Waiting {
    /// The number of the first attempt that begins after the order.
    first: u64,
    changes: bool,
    reply: oneshot::Sender<Reply>,
}

/// A change that somebody asked for.
#[derive(Clone, Debug)]
struct Wanted {
    change: Change,
    by: String,
}

/// What somebody asked for of an attempt.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// Who.
    pub(super) by: Option<String>,
    /// Whether they asked to stay somewhere, or to follow the ref again.
    pub(super) changes: bool,
    /// Whether they asked to stay somewhere.
    pub(super) commit: bool,
}

impl Counter {
    /// Takes an order while the attempt with the number `running` is the last that has begun. Says
    /// whether another one is needed.
    pub(super) fn take(&mut self, order: Order, running: u64, board: &Board) -> bool {
        let Order { wish, by, reply } = order;
        let change = match wish {
            Wish::Sync => {
                self.wait(running, by, reply);
                return true;
            }
            Wish::Unpin => Change::Unpin,
            Wish::Pin(choice) => match board.chosen(choice) {
                Ok(change) => change,
                Err(refusal) => {
                    tell(reply, Err(refusal));
                    return false;
                }
            },
        };
        self.change(running, change, (by, reply));
        true
    }

    /// Lets somebody wait for an attempt that begins after the one with the number `running`.
    fn wait(&mut self, running: u64, by: String, reply: oneshot::Sender<Reply>) {
        let first = running.saturating_add(1);
        self.asker.get_or_insert((first, by));
        self.push(Waiting { first, changes: false, reply });
    }

    /// Who has gone needs no place.
    fn push(&mut self, waiting: Waiting) {
        self.waiting.retain(|waiting| !waiting.reply.is_closed());
        self.waiting.push(waiting);
    }

    /// Has the next attempt change something. Another change that was to be made by it is not.
    fn change(
        &mut self,
        running: u64,
        change: Change,
        (by, reply): (String, oneshot::Sender<Reply>),
    ) {
        let first = running.saturating_add(1);
        if self.next.is_some() {
            let same = |waiting: &mut Waiting| waiting.changes && waiting.first == first;
            for overtaken in self.waiting.extract_if(.., same) {
                tell(overtaken.reply, Err(Refusal::Overtaken));
            }
        }
        self.next = Some(Wanted { change, by });
        self.push(Waiting { first, changes: true, reply });
    }

    /// Says whether the attempt that runs is to change something.
    pub(super) fn is_changing(&self) -> bool {
        self.running.is_some()
    }

    /// Hands out what the attempt is to change that begins now.
    pub(super) fn begin(&mut self) -> Option<Change> {
        self.running = self.next.take();
        self.running.as_ref().map(|wanted| wanted.change.clone())
    }

    /// What was asked for of the attempt that ends now, and by whom: who wanted it to change
    /// something, else who asked first.
    pub(super) fn done(&mut self, number: u64) -> Asked {
        let asker = self.asker.take_if(|(first, _)| *first <= number).map(|(_, by)| by);
        match self.running.take() {
            Some(Wanted { change, by }) => {
                let commit = change != Change::Unpin;
                Asked { by: Some(by), changes: true, commit }
            }
            None => Asked { by: asker, ..Asked::default() },
        }
    }

    /// Answers those who wait for this attempt.
    pub(super) fn ended(&mut self, attempt: &Attempt) {
        for waiting in self.waiting.extract_if(.., |waiting| waiting.first <= attempt.number) {
            tell(waiting.reply, Ok(attempt.clone()));
        }
    }

    /// Answers who wanted this attempt to change something, which failed. Says whether others wait,
    /// for whom that is no answer.
    pub(super) fn failed_to_change(&mut self, attempt: &Attempt) -> bool {
        let theirs = |waiting: &mut Waiting| waiting.changes && waiting.first <= attempt.number;
        for waiting in self.waiting.extract_if(.., theirs) {
            tell(waiting.reply, Ok(attempt.clone()));
        }
        self.waiting.iter().any(|waiting| waiting.first <= attempt.number)
    }
}

fn tell(asker: oneshot::Sender<Reply>, reply: Reply) {
    // Who does not want to know has gone.
    asker.send(reply).unwrap_or_default();
}
