//! The loop: waits for an event, asks the schedule what it means, and does that.

mod afterwards;
mod alarm;
mod beginning;
mod closing;
mod lending;

use crate::attempt::{Attempts, Done, Failed};
use crate::config::Config;
use crate::daemon::Ended;
use crate::daemon::behind;
use crate::daemon::behind::{Behind, Collected, Running};
use crate::daemon::board::{Board, Course};
use crate::daemon::common::{Common, Mood};
use crate::daemon::counter::Counter;
use crate::daemon::end::End;
use crate::daemon::errand;
use crate::daemon::errand::{Errand, Limits, Return};
use crate::hooks::Hooks;
use crate::model::{Cause, Reference, Trigger};
use crate::observe::audit;
use crate::observe::metrics::Metrics;
use crate::runtime::beat::Beat;
use crate::runtime::blocking::Cut;
use crate::runtime::presence::Presence;
use crate::schedule::{Effect, Event, Machine, Policy, phase_of};
use crate::trigger::Ear;
use crate::trigger::order::{Order, Orders, Wish};
use alarm::Alarm;
use jiff::Timestamp;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long something short waits for its turn before it goes ahead.
const SHORT_PATIENCE: Duration = Duration::from_secs(10);
/// The same when everything stops.
const LAST_PATIENCE: Duration = Duration::from_millis(100);

/// What the loop waits for.
enum Heard {
    Stop,
    Returned(Return),
    Asked(Trigger),
    Ordered(Order),
    Due,
    /// Something behind attempts has ended.
    Behind(behind::Done),
    /// A hook may have changed what is published.
    Visited,
    /// Nothing; the loop shows that it is alive.
    Tick,
}

/// Everything the loop needs.
pub(super) struct Loop {
    config: Config,
    machine: Machine,
    attempts: Option<Box<Attempts>>,
    number: u64,
    board: Board,
    metrics: Arc<Metrics>,
    beat: Arc<Beat>,
    stop: CancellationToken,
    running: Option<Running<Return>>,
    behind: Behind,
    /// What was collected while an attempt ran.
    collected: Collected,
    wake: Option<Instant>,
    /// For when a window opens for which a commit waits.
    alarm: Alarm,
    counter: Counter,
    /// Ends the attempt that runs.
    cut: CancellationToken,
    hooks: Arc<Hooks>,
    common: Common,
    mood: Arc<Mood>,
    /// Held by all threads that may have to do with the root.
    present: Presence,
    /// Whether one of them was abandoned that has the root.
    lost: bool,
}

/// What a loop has around it.
pub(super) struct Around {
    pub(super) beat: Arc<Beat>,
    pub(super) hooks: Arc<Hooks>,
    pub(super) common: Common,
    /// What it tells of itself.
    pub(super) mood: Arc<Mood>,
    /// Its number among others, if there are any.
    pub(super) rank: Option<u64>,
    /// Held by all threads that may have to do with the root.
    pub(super) present: Presence,
    pub(super) stop: CancellationToken,
}

impl Loop {
    pub(super) fn new(
        config: Config,
        attempts: Attempts,
        board: Board,
        metrics: Arc<Metrics>,
        around: Around,
    ) -> Self {
        let Around { beat, hooks, common, mood, rank, present, stop } = around;
        let machine = Machine::new(Policy {
            period: config.period,
            jitter: config.jitter,
            init_period: config.init_period,
            max_failures: config.max_failures,
            init_max_failures: config.init_max_failures,
            grows: !config.personality.is_peer(),
            one_time: config.one_time,
            gives_up: rank.is_none() || config.one_time,
            phase: rank.map(phase_of),
        });
        Self {
            config,
            machine,
            attempts: Some(Box::new(attempts)),
            number: 0,
            board,
            metrics,
            beat,
            behind: Behind::new(stop.clone(), common.behind.clone(), present.clone()),
            cut: stop.child_token(),
            stop,
            running: None,
            collected: None,
            wake: None,
            alarm: Alarm::default(),
            counter: Counter::default(),
            hooks,
            common,
            mood,
            present,
            lost: false,
        }
    }

    /// Turns until the work is done, has failed too often, or the program stops.
    /// An order there is at the start is the only thing to do: if it cannot be carried out, nothing is.
    pub(super) async fn run(
        mut self,
        mut ear: Ear,
        mut orders: Orders,
        only: Option<Order>,
    ) -> Ended {
        beginning::find(&mut self).await;
        let is_only = only.is_some();
        let mut heard = only.map_or(Heard::Asked(Trigger::Start), Heard::Ordered);
        let ended = loop {
            if let Some(ended) = self.turn(heard).await {
                break ended;
            }
            if self.lost {
                tracing::error!("a thread hangs that has the root");
                break Ended::GaveUp;
            }
            if is_only && self.running.is_none() {
                break Ended::GaveUp;
            }
            // While an attempt runs, only its own end is a sign of life.
            if self.running.is_none() {
                self.beat.mark(Instant::now());
            }
            heard = self.listen(&mut ear, &mut orders).await;
        };
        closing::close(self, ended).await
    }

    /// Deals with one event.
    async fn turn(&mut self, heard: Heard) -> Option<Ended> {
        let steady = self.machine.is_steady();
        let returned = matches!(heard, Heard::Returned(_));
        let mut others_wait = false;
        let event = match heard {
            Heard::Stop => Event::Stop,
            Heard::Asked(trigger) => Event::Asked(trigger),
            Heard::Ordered(order) => self.ordered(order)?,
            Heard::Due => Event::Due,
            Heard::Behind(behind::Done::Collected(collected)) => {
                self.collected = collected;
                if self.running.is_none() {
                    afterwards::install(self).await;
                }
                return None;
            }
            Heard::Visited => {
                lending::tell(self, |attempts, _, _| attempts.visited()).await;
                afterwards::begin_behind(self);
                return None;
            }
            Heard::Behind(behind::Done::Cleaned | behind::Done::Prepared) | Heard::Tick => {
                return None;
            }
            Heard::Returned(home) => {
                let lost = matches!(home.result, Err(Cut::Abandoned(_)));
                let event;
                (event, others_wait) = self.judge(home);
                if lost {
                    return Some(Ended::GaveUp);
                }
                event
            }
        };
        let mut step = |event| self.machine.step(Instant::now().into_std(), fastrand::f64(), event);
        let mut effect = step(event);
        if others_wait && matches!(effect, Effect::Rest(_)) {
            effect = step(Event::Asked(Trigger::Api));
        }
        if let Effect::Rest(until) = effect {
            self.rest(until.map(Instant::from_std), returned);
        }
        self.mood.set(self.machine.is_hopeless());
        if returned {
            let first = !steady && self.machine.is_steady();
            afterwards::afterwards(self, first).await;
        }
        match effect {
            Effect::Start(trigger) => {
                self.start(trigger);
                None
            }
            Effect::Rest(_) | Effect::Nothing => None,
            Effect::Done => Some(Ended::Well),
            Effect::GiveUp => {
                closing::give_up(self.machine.failures());
                Some(Ended::GaveUp)
            }
        }
    }

    /// Takes an order, and says what that means if it needs an attempt.
    fn ordered(&mut self, order: Order) -> Option<Event> {
        let changes = order.wish != Wish::Sync;
        if !self.counter.take(order, self.number, &self.board) {
            return None;
        }
        // An attempt that may hang must not keep it waiting.
        if changes && !self.counter.is_changing() {
            self.cut.cancel();
        }
        Some(Event::Asked(Trigger::Api))
    }

    /// Rests until then, and tells that if it is news.
    fn rest(&mut self, wake: Option<Instant>, returned: bool) {
        if returned || wake != self.wake {
            let rest = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
            self.board.resting(rest);
        }
        self.wake = wake;
        self.metrics.status(&self.board.now());
    }

    /// Waits for the next event. The deletion of old trees goes on meanwhile.
    async fn listen(&mut self, ear: &mut Ear, orders: &mut Orders) -> Heard {
        let running = &mut self.running;
        let wake = self.wake;
        let hooks = Arc::clone(&self.hooks);
        let idle = running.is_none() && self.attempts.is_some();
        // An attempt that runs has the trees.
        let visited = async { if idle { drop(hooks.visited().await) } else { pending().await } };
        let returned = async {
            match running {
                Some(attempt) => attempt.await,
                None => pending().await,
            }
        };
        let due = async {
            match wake {
                Some(at) => tokio::time::sleep_until(at).await,
                None => pending().await,
            }
        };
        let opens = alarm::ringing(self.alarm.at().filter(|_| idle));
        let heard = tokio::select! {
            biased;
            () = self.stop.cancelled() => Heard::Stop,
            home = returned => Heard::Returned(home),
            trigger = ear.heard() => Heard::Asked(trigger),
            Some(order) = orders.recv() => Heard::Ordered(order),
            () = opens => Heard::Asked(Trigger::Window),
            () = due => Heard::Due,
            done = self.behind.next() => Heard::Behind(done),
            () = visited => Heard::Visited,
            () = tokio::time::sleep(self.config.sync_timeout / 2) => Heard::Tick,
        };
        if let Heard::Returned(_) = heard {
            self.running = None;
        }
        if let Heard::Asked(Trigger::Window) = heard {
            self.alarm.heard();
        }
        heard
    }

    /// Begins an attempt on a thread that may block.
    fn start(&mut self, trigger: Trigger) {
        // The last one may be lost in a panic; its root was released by that.
        let anew = || {
            let (metrics, hooks) = (Arc::clone(&self.metrics), Arc::clone(&self.hooks));
            Box::new(Attempts::new(&self.config, &self.common.shared, metrics, hooks))
        };
        let attempts = self.attempts.take().unwrap_or_else(anew);
        self.wake = None;
        self.number += 1;
        self.metrics.trigger(trigger);
        audit::trigger(trigger, self.number);
        self.cut = self.stop.child_token();
        let limits = Limits {
            turns: self.common.attempts.clone(),
            slow: self.machine.failures() > 0,
            present: self.present.clone(),
            beat: Arc::clone(&self.beat),
            time: self.config.sync_timeout,
            cut: self.cut.clone(),
        };
        let (number, started_at) = (self.number, Timestamp::now());
        let course = Course { number, trigger, started_at, took: Duration::ZERO };
        let change = self.counter.begin();
        let errand = Errand { course, change, first: !self.machine.is_steady() };
        self.running = Some(Box::pin(errand::run(attempts, errand, limits)));
    }

    /// Counts and tells how an attempt ended, and says whether others wait for another one.
    fn judge(&mut self, home: Return) -> (Event, bool) {
        let Return { attempts, course, result, past } = home;
        self.attempts = attempts;
        if let Some(attempts) = &self.attempts {
            self.board.waiting(attempts.waiting());
        }
        let first = past.is_some();
        if let Some(past) = past {
            self.board.adopt(past);
        }
        let asked = self.counter.done(course.number);
        let result = result.unwrap_or_else(|cut| Err(Failed::lost(Cause::of(&cut))));
        let mut others_wait = false;
        let (board, metrics) = (&self.board, &self.metrics);
        let (hooks, failures_before) = (self.hooks.as_ref(), board.now().failures);
        let fixed = matches!(self.config.reference, Reference::Commit(_));
        let end = End { board, metrics, course, asked: &asked, hooks, failures_before, fixed };
        let event = match &result {
            Ok(done) => {
                end.well(done, self.machine.is_steady());
                if first {
                    self.board.settle();
                }
                match done {
                    Done::Refused(refusal) => Event::Refused { intact: refusal.live.is_some() },
                    Done::Published(_) | Done::Unchanged(_) => Event::Succeeded,
                }
            }
            Err(failed) if failed.is_interruption() && self.stop.is_cancelled() => Event::Stop,
            // It made way for what somebody asked for.
            Err(failed) if failed.is_interruption() => Event::Cut,
            Err(failed) if asked.commit => {
                others_wait = self.counter.failed_to_change(&end.in_vain(failed));
                Event::InVain
            }
            Err(failed) => {
                end.badly(failed, self.machine.failures() + u64::from(self.machine.counts()));
                Event::Failed(failed.error.retry_after())
            }
        };
        if let Some(attempts) = &self.attempts {
            self.board.pinned(attempts.pinned(), &course, &asked);
        }
        if let (Event::Succeeded | Event::Refused { .. } | Event::Failed(_), Some(last)) =
            (event, &self.board.now().last_attempt)
        {
            self.counter.ended(last);
            if !matches!(event, Event::Failed(_)) {
                self.alarm.set(self.board.now().waiting.as_ref().and_then(|one| one.until));
            }
        }
        (event, others_wait)
    }
}
