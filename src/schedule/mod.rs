//! When to sync: a pure machine. It takes an event, the time and a random number, and says what to
//! do; it reads no clock and starts nothing.

mod backoff;
#[cfg(test)]
mod tests;

use crate::model::Trigger;
use crate::schedule::backoff::Growth;
use std::num::NonZeroU64;
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
/// The longest rest that a source can ask for.
const RETRY_AFTER_CAP: Duration = Duration::from_hours(1);

/// What the options say about when.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The rest between two attempts; none means on triggers only.
    pub period: Option<Duration>,
    /// How much longer or shorter a rest may be.
    pub jitter: Duration,
    /// The first rest after a failure until the first success.
    pub init_period: Duration,
    /// How many failures in a row are too many; none means never.
    pub max_failures: Option<NonZeroU64>,
    /// The same, until the first success.
    pub init_max_failures: Option<NonZeroU64>,
    /// Whether the first success is the end.
    pub one_time: bool,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The rest is over.
    Due,
    /// Somebody asked for an attempt.
    Asked(Trigger),
    /// The attempt ended well.
    Succeeded,
    /// The attempt failed; the source may have asked to be left alone for a time.
    Failed(Option<Duration>),
    /// The attempt failed at something that somebody asked for besides: that says nothing about the
    /// source, and an ordinary one is to follow.
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

/// Decides when attempts run: one at a time, none lost, none piled up.
#[derive(Debug)]
pub struct Machine {
    policy: Policy,
    phase: Phase,
    steady: bool,
    failures: u64,
    growth: Growth,
    /// What started the last attempt.
    by: Trigger,
    /// How many attempts that no person asked for have failed one after the other.
    in_vain: u32,
    /// Until when some triggers wait.
    calm: Option<Calm>,
    /// What waits for that.
    waiting: Option<Trigger>,
    /// When the rest is over.
    until: Option<Instant>,
}

/// A time in which not everybody is heard.
#[derive(Clone, Copy, Debug)]
struct Calm {
    until: Instant,
    /// The source has asked for it: that does not concern what is on this machine.
    asked_for: bool,
}

impl Calm {
    fn concerns(self, trigger: Trigger) -> bool {
        match trigger {
            Trigger::Webhook => true,
            Trigger::File => !self.asked_for,
            Trigger::Start | Trigger::Period | Trigger::Signal | Trigger::Api => false,
        }
    }
}

/// Says whether somebody waits for what comes of it.
fn is_urgent(trigger: Trigger) -> bool {
    matches!(trigger, Trigger::Signal | Trigger::Api)
}

impl Machine {
    /// Begins before the first attempt, which is to be asked for with [`Trigger::Start`].
    pub fn new(policy: Policy) -> Self {
        let growth = Growth::new(policy.init_period, INITIAL_CAP);
        let phase = Phase::Resting;
        Self {
            policy,
            phase,
            steady: false,
            failures: 0,
            growth,
            by: Trigger::Start,
            in_vain: 0,
            calm: None,
            waiting: None,
            until: None,
        }
    }

    /// Failures in a row.
    pub fn failures(&self) -> u64 {
        self.failures
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
                let trigger = self.waiting.unwrap_or(Trigger::Period);
                self.start(trigger)
            }
            (Phase::Resting, Event::Asked(trigger)) => self.asked(now, trigger),
            (Phase::Running { asked_again }, Event::Asked(trigger)) => {
                let first = asked_again.filter(|_| !is_urgent(trigger));
                self.phase = Phase::Running { asked_again: first.or(Some(trigger)) };
                Effect::Nothing
            }
            (Phase::Running { asked_again }, Event::Succeeded) => {
                self.succeeded(now, chance, asked_again)
            }
            (Phase::Running { asked_again }, Event::Failed(retry_after)) => {
                self.failed(now, chance, asked_again, retry_after)
            }
            (Phase::Running { asked_again }, Event::InVain) => {
                self.start(asked_again.unwrap_or(Trigger::Api))
            }
            (Phase::Over, _)
            | (Phase::Running { .. }, Event::Due)
            | (Phase::Resting, Event::Succeeded | Event::Failed(_) | Event::InVain) => {
                Effect::Nothing
            }
        }
    }

    fn start(&mut self, trigger: Trigger) -> Effect {
        self.phase = Phase::Running { asked_again: None };
        (self.calm, self.waiting) = (None, None);
        self.by = trigger;
        Effect::Start(trigger)
    }

    /// Starts at once, unless it is a time in which this is not heard.
    fn asked(&mut self, now: Instant, trigger: Trigger) -> Effect {
        match self.calm.filter(|calm| calm.concerns(trigger) && now < calm.until) {
            Some(calm) => {
                self.waiting = Some(self.waiting.unwrap_or(trigger));
                let until = self.until.map_or(calm.until, |until| until.min(calm.until));
                self.rest(Some(until))
            }
            None => self.start(trigger),
        }
    }

    fn over(&mut self, effect: Effect) -> Effect {
        self.phase = Phase::Over;
        effect
    }

    fn rest(&mut self, until: Option<Instant>) -> Effect {
        self.phase = Phase::Resting;
        self.until = until;
        Effect::Rest(until)
    }

    fn succeeded(&mut self, now: Instant, chance: f64, again: Option<Trigger>) -> Effect {
        self.steady = true;
        self.failures = 0;
        self.in_vain = 0;
        let base = self.policy.period.unwrap_or(WITHOUT_PERIOD);
        self.growth = Growth::new(base, STEADY_CAP.max(base));
        if self.policy.one_time {
            return self.over(Effect::Done);
        }
        if self.by == Trigger::Webhook {
            self.calm = Some(Calm { until: now + AFTER_WEBHOOK, asked_for: true });
        }
        let rest = self.policy.period.map(|period| spread(period, self.policy.jitter, chance));
        self.until = rest.map(|rest| now + rest);
        match again {
            Some(trigger) => self.asked(now, trigger),
            None => self.rest(self.until),
        }
    }

    fn failed(
        &mut self,
        now: Instant,
        chance: f64,
        again: Option<Trigger>,
        retry_after: Option<Duration>,
    ) -> Effect {
        self.failures = self.failures.saturating_add(1);
        let limit =
            if self.steady { self.policy.max_failures } else { self.policy.init_max_failures };
        if limit.is_some_and(|limit| limit.get() <= self.failures) {
            return self.over(Effect::GiveUp);
        }
        let grown = self.growth.next();
        let rest = spread(grown, grown / 10, chance);
        if matches!(self.by, Trigger::File | Trigger::Webhook) {
            let calm = AFTER_FAILURE.saturating_mul(2_u32.saturating_pow(self.in_vain)).min(rest);
            self.calm = Some(Calm { until: now + calm, asked_for: false });
            self.in_vain = self.in_vain.saturating_add(1);
        } else {
            self.in_vain = 0;
        }
        if let Some(alone) = retry_after {
            let until = now + rest.max(alone.min(RETRY_AFTER_CAP));
            self.calm = Some(Calm { until, asked_for: true });
            self.until = Some(until);
            // Who asked over the API waits for an answer, and may want what needs no source.
            return match again {
                Some(Trigger::Api) => self.start(Trigger::Api),
                Some(_) | None => self.rest(Some(until)),
            };
        }
        self.until = Some(now + rest);
        match again {
            Some(trigger) => self.asked(now, trigger),
            None => self.rest(self.until),
        }
    }
}

/// Makes a rest longer or shorter by up to the jitter.
fn spread(rest: Duration, jitter: Duration, chance: f64) -> Duration {
    let latest = rest + jitter;
    latest.saturating_sub(jitter.mul_f64(2.0 * chance.clamp(0.0, 1.0)))
}
