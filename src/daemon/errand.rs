//! One attempt on a thread that may block, when it is its turn, and what comes back from it.

use crate::attempt::{Attempts, Change, Done, Failed};
use crate::daemon::board::Course;
use crate::observe::history::History;
use crate::runtime::Stop;
use crate::runtime::beat::Beat;
use crate::runtime::blocking;
use crate::runtime::blocking::Cut;
use crate::runtime::presence::Presence;
use crate::runtime::turns::{Turn, Turns};
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How much longer than its time an attempt may take to notice that it is over.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How an attempt ended, and everything it was lent, unless its thread is lost.
pub(super) struct Return {
    pub(super) attempts: Option<Box<Attempts>>,
    pub(super) course: Course,
    pub(super) result: Result<Result<Done, Failed>, Cut>,
    /// What was left of what has happened when the root had become ours, if it had not been before.
    pub(super) past: Option<History>,
}

/// What an attempt is to do.
pub(super) struct Errand {
    pub(super) course: Course,
    pub(super) change: Option<Change>,
    /// Whether no attempt has succeeded yet.
    pub(super) first: bool,
}

/// When an attempt may begin, and when it has to end.
pub(super) struct Limits {
    pub(super) turns: Turns,
    /// Whether the last one failed, so that this one is likely to take long.
    pub(super) slow: bool,
    /// Held by its thread.
    pub(super) present: Presence,
    /// Marked while it waits for its turn: that is no sign that anything hangs.
    pub(super) beat: Arc<Beat>,
    /// How long it may take, once it has begun.
    pub(super) time: Duration,
    /// Ends it.
    pub(super) cut: CancellationToken,
}

impl Limits {
    /// Waits for its turn; none if it is to end before that comes.
    async fn turn(&self) -> Option<Turn> {
        let waiting = async {
            let turn = async {
                if self.slow {
                    self.turns.wait_as_slow(Duration::MAX).await
                } else {
                    self.turns.wait(Duration::MAX).await
                }
            };
            let mut turn = std::pin::pin!(turn);
            loop {
                self.beat.mark(Instant::now());
                if let Ok(turn) = tokio::time::timeout(self.time / 2, &mut turn).await {
                    return turn;
                }
            }
        };
        self.cut.run_until_cancelled(waiting).await
    }
}

/// Runs an attempt.
pub(super) async fn run(mut attempts: Box<Attempts>, errand: Errand, limits: Limits) -> Return {
    let Errand { course, change, first } = errand;
    let Some(turn) = limits.turn().await else {
        let result = Ok(Err(Failed::interrupted()));
        return Return { attempts: Some(attempts), course, result, past: None };
    };
    let begun = Instant::now();
    limits.beat.mark(begun);
    let course = Course { started_at: Timestamp::now(), ..course };
    let stop = Stop::new(limits.cut.clone(), begun + limits.time);
    let inner = stop.clone();
    let held = (limits.present.clone(), turn.counted());
    let ended = blocking::run_holding(held, &stop, PATIENCE, move || {
        let result = attempts.run(change, &inner);
        let past = first.then(|| attempts.past());
        (attempts, result, past)
    });
    let ended = turn.spend(ended).await;
    let course = Course { took: begun.elapsed(), ..course };
    match ended {
        Ok((attempts, result, past)) => {
            Return { attempts: Some(attempts), course, result: Ok(result), past }
        }
        Err(cut) => Return { attempts: None, course, result: Err(cut), past: None },
    }
}
