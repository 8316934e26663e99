//! When to sync: a pure machine. It takes an event, the time and a random number, and says what to
//! do; it reads no clock and starts nothing.

mod backoff;
mod policy;
#[cfg(test)]
mod tests;

pub use policy::{Policy, phase_of};

use crate::model::{LONGEST_REST, Trigger};
use crate::schedule::backoff::Growth;
use crate::schedule::policy::spread;
use std::time::{Duration, Instant};

/// The longest rest between attempts until the first success.
const INITIAL_CAP: Duration = Duration::from_secs(30);
/// The longest rest after failures in the steady state.
const STEADY_CAP: Duration = Duration::from_mins(5);
/// The rest after a failure when attempts are made on triggers only.
const WITHOUT_PERIOD: Duration = Duration::from_mins(1);
/// How long a change of a file, or a webhook, waits after an attempt that was started by one and
/// failed, and twice as long after each other one: what changes again and again must not use up the
/// failures that are allowed in a moment.
const AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How long a webhook waits after the end of an attempt that was started by one: however many come,
/// the source is asked no more often.
const AFTER_WEBHOOK: Duration = Duration::from_millis(500);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The rest is over.
    Due,
    /// Somebody asked for an attempt.
    Asked(Trigger),
    /// The attempt ended well.
    Succeeded,
    /// The attempt ended well, but what it found is not published on purpose.
    Refused {
        /// Whether what is published instead was found in order.
        intact: bool,
    },
    /// The attempt failed; the source may have asked to be left alone for a time.
    Failed(Option<Duration>),
    /// The attempt was cut off to make way for another one that was asked for.
    Cut,
    /// The attempt failed at something that somebody asked for besides: that says nothing about the
    /// source.
    InVain,
    /// The program is told to stop.
    Stop,
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start an attempt now.
    Start(Trigger),
    /// Wait until then; none means for a trigger.
    Rest(Option<Instant>),
    /// Go on as before.
    Nothing,
    /// The work is done.
    Done,
    /// There were too many failures.
    GiveUp,
}

/// Exactly one of these holds, so that resting and running at once cannot be written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Resting,
    Running { asked_again: Option<Trigger> },
    Over,
}

/// A time without an attempt.
#[derive(Clone, Copy, Debug, Default)]
struct Rest {
    /// When it is over; none means never.
    due: Option<Instant>,
    /// Until when changes of files are not heard.
    files: Option<Instant>,
    /// Until when webhooks are not heard.
    webhooks: Option<Instant>,
    /// What waits for that.
    waiting: Option<Trigger>,
}

impl Rest {
    /// Until when this is not heard, if it is not.
    fn is_quiet_for(self, trigger: Trigger, now: Instant) -> Option<Instant> {
        let until = match trigger {
            Trigger::File => self.files,
            // A source that wants to be left alone is.
            Trigger::Webhook | Trigger::Window => self.webhooks,
            Trigger::Start | Trigger::Period | Trigger::Signal | Trigger::Api => None,
        };
        until.filter(|until| now < *until)
    }
}

/// How urgent it is: people first, and of those first who waits for an answer.
fn urgency(trigger: Trigger) -> u8 {
    match trigger {
        Trigger::Api => 4,
        Trigger::Signal => 3,
        Trigger::File => 2,
        Trigger::Webhook | Trigger::Window => 1,
        Trigger::Start | Trigger::Period => 0,
    }
}

/// The more urgent of two; the first if they are alike.
fn more_urgent(first: Option<Trigger>, second: Trigger) -> Trigger {
    first.filter(|first| urgency(*first) >= urgency(second)).unwrap_or(second)
}

/// Decides when attempts run: one at a time, none lost, none piled up.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    phase: Phase,
    steady: bool,
    failures: u64,
    /// Whether these are too many.
    hopeless: bool,
    growth: Growth,
    rest: Rest,
    /// When one among many is to poll next, or was to.
    own_time: Option<Instant>,
    /// What started the last attempt.
    by: Trigger,
    /// Whether that cut a rest after a failure short and was no person: what is told again and again
    /// must not use up the failures that are allowed before the rests would.
    early: bool,
    /// How many attempts that no person asked for have failed one after the other.
    in_a_row: u32,
    /// What started an attempt that was cut off, until another one has looked at the source.
    owed: Option<Trigger>,
}

impl Machine {
    /// Begins before the first attempt, which is to be asked for with [`Trigger::Start`].
    pub fn new(policy: Policy) -> Self {
        let growth = policy.growth(policy.init_period, INITIAL_CAP);
        Self {
            policy,
            phase: Phase::Resting,
            steady: false,
            failures: 0,
            hopeless: false,
            growth,
            rest: Rest::default(),
            own_time: None,
            by: Trigger::Start,
            early: false,
            in_a_row: 0,
            owed: None,
        }
    }

    /// Failures in a row, without those that came before their time.
    pub fn failures(&self) -> u64 {
        self.failures
    }

    /// Whether there have been too many.
    pub fn is_hopeless(&self) -> bool {
        self.hopeless
    }

    /// Whether a failure of the attempt that runs would be one more.
    pub fn counts(&self) -> bool {
        !self.early
    }

    /// Whether an attempt has succeeded.
    pub fn is_steady(&self) -> bool {
        self.steady
    }

    /// Takes one event at one time and says what to do about it. `chance` is random, from 0 to 1,
    /// and decides how much of the jitter applies.
    pub fn step(&mut self, now: Instant, chance: f64, event: Event) -> Effect {
        match (self.phase, event) {
            (Phase::Resting | Phase::Running { .. }, Event::Stop) => self.over(Effect::Done),
            (Phase::Resting, Event::Due) => {
                self.start(now, self.rest.waiting.unwrap_or(Trigger::Period))
            }
            (Phase::Resting, Event::Asked(trigger)) => self.asked(now, trigger),
            (Phase::Running { asked_again }, Event::Asked(trigger)) => {
                let asked_again = Some(more_urgent(asked_again, trigger));
                self.phase = Phase::Running { asked_again };
                Effect::Nothing
            }
            (Phase::Running { asked_again }, Event::Succeeded) => {
                self.succeeded(now, chance, asked_again)
            }
            (Phase::Running { asked_again }, Event::Refused { intact }) => {
                self.refused(now, chance, asked_again, intact)
            }
            (Phase::Running { asked_again }, Event::Failed(retry_after)) => {
                self.failed(now, chance, asked_again, retry_after)
            }
            (Phase::Running { asked_again }, Event::Cut) => {
                self.owed = Some(self.by);
                self.go_on(now, asked_again.or(self.owed))
            }
            (Phase::Running { asked_again }, Event::InVain) => {
                let again = self.owed.take().map(|owed| more_urgent(asked_again, owed));
                self.go_on(now, again.or(asked_again))
            }
            (Phase::Over, _)
            | (Phase::Running { .. }, Event::Due)
            | (
                Phase::Resting,
                Event::Succeeded
                | Event::Refused { .. }
                | Event::Failed(_)
                | Event::Cut
                | Event::InVain,
            ) => Effect::Nothing,
        }
    }

    fn start(&mut self, now: Instant, trigger: Trigger) -> Effect {
        self.phase = Phase::Running { asked_again: None };
        let by_itself = matches!(trigger, Trigger::File | Trigger::Webhook | Trigger::Window);
        self.early = by_itself && self.failures > 0 && self.rest.due.is_some_and(|due| now < due);
        self.rest.waiting = None;
        self.by = trigger;
        Effect::Start(trigger)
    }

    /// Starts at once, unless it is a time in which this is not heard.
    fn asked(&mut self, now: Instant, trigger: Trigger) -> Effect {
        match self.rest.is_quiet_for(trigger, now) {
            Some(until) => {
                self.rest.waiting = Some(more_urgent(self.rest.waiting, trigger));
                let due = self.rest.due.map_or(until, |due| due.min(until));
                self.resting(Some(due))
            }
            None => self.start(now, trigger),
        }
    }

    fn over(&mut self, effect: Effect) -> Effect {
        self.phase = Phase::Over;
        effect
    }

    fn resting(&mut self, until: Option<Instant>) -> Effect {
        self.phase = Phase::Resting;
        Effect::Rest(until)
    }

    /// Goes on after an attempt: with another one, if that was asked for and may be, else with a rest.
    fn go_on(&mut self, now: Instant, again: Option<Trigger>) -> Effect {
        match again {
            Some(trigger) => self.asked(now, trigger),
            // Until the first success somebody has to look.
            None if !self.steady => self.resting(self.rest.due.or(Some(now))),
            None => self.resting(self.rest.due),
        }
    }

    fn succeeded(&mut self, now: Instant, chance: f64, again: Option<Trigger>) -> Effect {
        self.settle();
        if self.policy.one_time {
            return self.over(Effect::Done);
        }
        let rest = self.period(now, chance);
        self.calm_down(now, again, rest)
    }

    /// All is in order: what failed before does not count any more.
    fn settle(&mut self) {
        self.steady = true;
        let base = self.policy.period.unwrap_or(WITHOUT_PERIOD);
        self.growth = self.policy.growth(base, STEADY_CAP);
    }

    /// The rest until the next poll. One among many keeps to its own times: who is late rests less, but
    /// half of the period at least, so that those who were late together part again.
    fn period(&mut self, now: Instant, chance: f64) -> Option<Duration> {
        let period = self.policy.period?;
        let phase = self.policy.phase.filter(|_| self.steady && !period.is_zero());
        let rest = match (phase, self.own_time) {
            (None, _) => period,
            (Some(phase), None) => {
                let rest = period.mul_f64(phase.clamp(0.0, 1.0));
                self.own_time = Some(now + rest);
                return Some(rest);
            }
            (Some(_), Some(mut next)) => {
                // By jitter it may have been early.
                let early = self.policy.jitter.min(period / 4);
                if let Some(late) = (now + early).checked_duration_since(next) {
                    next += period.mul_f64(late.div_duration_f64(period).floor() + 1.0);
                }
                self.own_time = Some(next);
                (next - now).clamp(period / 2, period + early)
            }
        };
        Some(spread(rest, self.policy.jitter, chance))
    }

    /// Nothing is wrong with the source, and there is nothing to do before it names something else.
    /// One sync that is to be the only one has come to nothing.
    fn refused(
        &mut self,
        now: Instant,
        chance: f64,
        again: Option<Trigger>,
        intact: bool,
    ) -> Effect {
        if self.policy.one_time {
            return self.over(Effect::GiveUp);
        }
        if intact {
            self.settle();
        }
        let rest = self.period(now, chance);
        // Until the first success somebody has to look.
        let rest = if self.steady { rest } else { rest.or(Some(WITHOUT_PERIOD)) };
        self.calm_down(now, again, rest)
    }

    /// Forgets all failures, and rests.
    fn calm_down(
        &mut self,
        now: Instant,
        again: Option<Trigger>,
        rest: Option<Duration>,
    ) -> Effect {
        self.failures = 0;
        self.hopeless = false;
        self.in_a_row = 0;
        self.owed = None;
        let by_webhook = self.by == Trigger::Webhook;
        self.rest = Rest {
            due: rest.map(|rest| now + rest),
            webhooks: by_webhook.then(|| now + AFTER_WEBHOOK),
            ..Rest::default()
        };
        self.go_on(now, again)
    }

    fn failed(
        &mut self,
        now: Instant,
        chance: f64,
        again: Option<Trigger>,
        retry_after: Option<Duration>,
    ) -> Effect {
        self.owed = None;
        let mut due = self.rest.due.filter(|_| self.early).map_or(now, |due| due.max(now));
        if !self.early {
            self.failures = self.failures.saturating_add(1);
            let limit =
                if self.steady { self.policy.max_failures } else { self.policy.init_max_failures };
            if limit.is_some_and(|limit| limit.get() <= self.failures) {
                self.hopeless = true;
                if self.policy.gives_up {
                    return self.over(Effect::GiveUp);
                }
            }
            let grown = self.growth.next();
            let jitter = if self.policy.grows { grown / 10 } else { self.policy.jitter.min(grown) };
            due = now + spread(grown, jitter, chance);
        }
        let mut rest = Rest::default();
        if matches!(self.by, Trigger::File | Trigger::Webhook) {
            let calm = AFTER_FAILURE.saturating_mul(2_u32.saturating_pow(self.in_a_row));
            let calm = (now + calm).min(due);
            (rest.files, rest.webhooks) = (Some(calm), Some(calm));
            self.in_a_row = self.in_a_row.saturating_add(1);
        } else {
            self.in_a_row = 0;
        }
        if let Some(alone) = retry_after {
            // A crowd that was told so at one moment should not come back at one moment.
            let late =
                (alone / 10).max(self.policy.jitter.min(alone)).mul_f64(chance.clamp(0.0, 1.0));
            due = due.max(now + (alone + late).min(LONGEST_REST));
            rest.webhooks = Some(due);
        }
        self.rest = Rest { due: Some(due), ..rest };
        self.go_on(now, again)
    }
}
