//! The audit log: one line for each thing that somebody did or was not allowed to do.
//!
//! Its lines are events like all others, with the target `audit`, by which they can be told apart.
//! Their fields have the same names everywhere: `event` says what kind of thing happened, `by` who
//! or what did it, `from` where that is, `what` it is about, `result` and `why` how it ended. No
//! secret is ever given to it. What strangers send can be long, and there can be much of it: texts
//! are cut, and lines that anybody can cause are limited to a number a second.

use crate::model::{CommitId, RepoUrl, Trigger};
use crate::observe::metrics::{Call, HookResult, Provider};
use crate::observe::status::{Outcome, Status};
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What tells these lines from all others.
pub const TARGET: &str = "audit";

/// How long a text of somebody else may be.
const LONGEST: usize = 128;

/// For lines that anybody can cause, one of each kind for the process, as the log is: much of one
/// kind hides none of another. This is for webhooks that are not genuine.
static WEBHOOKS: Throttle = Throttle::new(10);
/// For refusals of those who have not shown that they may ask.
static STRANGERS: Throttle = Throttle::new(10);
/// For refusals of those who may ask, but not that or not now.
static CALLERS: Throttle = Throttle::new(10);

/// An attempt was started. The period does that by itself, so it is told only to those who want to
/// hear more than changes.
pub fn trigger(by: Trigger, number: u64) {
    let message = "an attempt was triggered";
    if by == Trigger::Period {
        tracing::debug!(target: TARGET, event = "trigger", by = by.label(), number, "{message}");
    } else {
        tracing::info!(target: TARGET, event = "trigger", by = by.label(), number, "{message}");
    }
}

/// A server accepted who we are, or refused it for a reason. To be called when that is news.
pub fn login(by: &str, repo: &RepoUrl, why_refused: Option<&dyn fmt::Display>) {
    let (result, message) = match why_refused {
        None => ("accepted", "a login was accepted"),
        Some(_) => ("refused", "a login was refused"),
    };
    let why = why_refused.map(|why| cut(&why.to_string()));
    let why = why.as_deref();
    tracing::info!(target: TARGET, event = "login", by, what = %repo, result, why, "{message}");
}

/// An attempt ended well, after which this is the status. Nothing is told if it changed nothing. `by`
/// is who asked for it over the API; otherwise it is told what started it.
pub fn ended(status: &Status, by: Option<&str>) {
    let Some(attempt) = &status.last_attempt else {
        return;
    };
    let (event, message) = match attempt.outcome {
        Outcome::Published => ("publication", "another commit is shown"),
        Outcome::Refused => ("refusal", "a commit was not published"),
        Outcome::Unchanged | Outcome::Failed => return,
    };
    tracing::info!(
        target: TARGET,
        event,
        by = by.unwrap_or(attempt.trigger.label()),
        from = status.source,
        what = status.commit.as_ref().map(|commit| commit.id.as_str()),
        previous = status.previous.as_ref().map(CommitId::as_str),
        r#ref = status.reference,
        number = attempt.number,
        "{message}"
    );
}

/// The configuration file was read anew, and these repositories are kept, kept in another way, or kept
/// no more because of it.
pub fn reload(added: &[String], changed: &[String], removed: &[String]) {
    let list = |names: &[String]| (!names.is_empty()).then(|| cut(&names.join(" ")));
    let (added, changed, removed) = (list(added), list(changed), list(removed));
    tracing::info!(
        target: TARGET,
        event = "reload",
        by = "file",
        added,
        changed,
        removed,
        "the configuration file changed"
    );
}

/// What somebody ordered could not be done by the attempt that was to do it.
pub fn order_failed(by: Option<&str>, number: u64, why: &str) {
    let why = cut(why);
    tracing::info!(
        target: TARGET,
        event = "order",
        by,
        result = "failed",
        why,
        number,
        "an order could not be carried out"
    );
}

/// Somebody who may do so ordered something over the API, and it is going to be tried. What comes of
/// it is told as for any other attempt.
pub fn order(call: Call, by: &str, from: impl fmt::Display, what: &str) {
    let what = cut(what);
    let event = call.label();
    tracing::info!(target: TARGET, event, by, %from, what, result = "accepted", "an order was given");
}

/// A webhook came, and this came of it. The one who sent it gave it the name `delivery`.
pub fn webhook(
    provider: Provider,
    delivery: Option<&str>,
    from: impl fmt::Display,
    result: HookResult,
    why: &str,
) {
    let left_out = match result {
        HookResult::Accepted | HookResult::Ignored => 0,
        HookResult::Refused | HookResult::Malformed | HookResult::Failed => {
            match WEBHOOKS.pass(Instant::now()) {
                Some(left_out) => left_out,
                None => return,
            }
        }
    };
    let delivery = delivery.map(cut);
    tracing::info!(
        target: TARGET,
        event = "webhook",
        by = provider.label(),
        %from,
        what = delivery.as_deref(),
        result = result.label(),
        why = cut(why),
        left_out = some(left_out),
        "a webhook came"
    );
}

/// Somebody asked for something and did not get it. `by` is who it was, if that was shown.
pub fn refusal(call: Call, by: Option<&str>, from: impl fmt::Display, why: &str) {
    let throttle = if by.is_some() { &CALLERS } else { &STRANGERS };
    let Some(left_out) = throttle.pass(Instant::now()) else {
        return;
    };
    let (what, why) = (call.label(), cut(why));
    let left_out = some(left_out);
    tracing::info!(target: TARGET, event = "refusal", by, %from, what, why, left_out, "refused");
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

fn some(number: u64) -> Option<u64> {
    Some(number).filter(|number| *number > 0)
}

/// Lets so many lines a second through, and counts the rest.
#[derive(Debug)]
pub struct Throttle {
    most: u32,
    second: Mutex<Second>,
}

#[derive(Debug)]
struct Second {
    begun: Option<Instant>,
    passed: u32,
    left_out: u64,
}

impl Throttle {
    /// Lets this many through.
    pub const fn new(most: u32) -> Self {
        Self { most, second: Mutex::new(Second { begun: None, passed: 0, left_out: 0 }) }
    }

    /// Says whether one more may pass now; if so, how many were left out since one last did.
    pub fn pass(&self, now: Instant) -> Option<u64> {
        let mut second = self.second.lock().unwrap_or_else(PoisonError::into_inner);
        let is_over = |begun| now.saturating_duration_since(begun) >= Duration::from_secs(1);
        if second.begun.is_none_or(is_over) {
            second.begun = Some(now);
            second.passed = 0;
        }
        if second.passed < self.most {
            second.passed += 1;
            Some(std::mem::take(&mut second.left_out))
        } else {
            second.left_out = second.left_out.saturating_add(1);
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_pass_in_a_second_and_the_next_says_how_many_did_not() {
        let throttle = Throttle::new(2);
        let start = Instant::now();
        let pass = |millis| throttle.pass(start + Duration::from_millis(millis));
        assert_eq!([0, 1, 2, 999].map(pass), [Some(0), Some(0), None, None]);
        assert_eq!([1000, 1001, 1002].map(pass), [Some(2), Some(0), None]);
        assert_eq!([5000, 5001].map(pass), [Some(1), Some(0)]);
    }

    #[test]
    fn a_clock_that_seems_to_go_back_lets_nothing_more_through() {
        let throttle = Throttle::new(1);
        let later = Instant::now() + Duration::from_secs(5);
        assert_eq!(throttle.pass(later), Some(0));
        assert_eq!(throttle.pass(Instant::now()), None);
    }

    #[test]
    fn what_strangers_send_is_cut_between_letters() {
        assert_eq!(cut(&"é".repeat(1000)), "é".repeat(LONGEST));
        assert_eq!(cut("short"), "short");
    }
}
