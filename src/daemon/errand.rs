//! One attempt on a thread that may block, and what comes back from it.

use crate::attempt::{Attempts, Change, Done, Failed};
use crate::daemon::board::Course;
use crate::observe::history::History;
use crate::runtime::Stop;
use crate::runtime::blocking;
use crate::runtime::blocking::Cut;
use std::time::Duration;
use tokio::time::Instant;

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

/// Runs an attempt.
pub(super) async fn run(mut attempts: Box<Attempts>, errand: Errand, stop: Stop) -> Return {
    let Errand { course, change, first } = errand;
    let begun = Instant::now();
    let inner = stop.clone();
    let ended = blocking::run(&stop, PATIENCE, move || {
        let result = attempts.run(change, &inner);
        let past = first.then(|| attempts.past());
        (attempts, result, past)
    });
    let ended = ended.await;
    let course = Course { took: begun.elapsed(), ..course };
    match ended {
        Ok((attempts, result, past)) => {
            Return { attempts: Some(attempts), course, result: Ok(result), past }
        }
        Err(cut) => Return { attempts: None, course, result: Err(cut), past: None },
    }
}
