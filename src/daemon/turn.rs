//! The loop: waits for an event, asks the schedule what it means, and does that.

use crate::attempt::{Attempts, Done, Failed, Publication};
use crate::config::Config;
use crate::daemon::Ended;
use crate::daemon::board::{Board, Course};
use crate::model::Cause;
use crate::model::Trigger;
use crate::observe::metrics::Metrics;
use crate::observe::status::Outcome;
use crate::runtime::Stop;
use crate::runtime::beat::Beat;
use crate::runtime::blocking;
use crate::runtime::blocking::Cut;
use crate::schedule::{Effect, Event, Machine, Policy};
use crate::trigger::Ear;
use jiff::Timestamp;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How much longer than its time an attempt may take to notice that it is over.
const PATIENCE: Duration = Duration::from_secs(30);

/// An attempt under way; it gives everything back when it ends.
type Running = Pin<Box<dyn Future<Output = (Option<Box<Attempts>>, Course, Verdict)> + Send>>;

/// How an attempt ended, or that its thread is lost.
enum Verdict {
    Ended(Result<Done, Failed>),
    Lost(Cut),
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
}

/// What the loop waits for.
enum Heard {
    Stop,
    Ended(Option<Box<Attempts>>, Course, Verdict),
    Asked(Trigger),
    Due,
    Tick,
}

impl Loop {
    pub(super) fn new(
        config: Config,
        attempts: Attempts,
        board: Board,
        metrics: Arc<Metrics>,
        beat: Arc<Beat>,
    ) -> Self {
        let machine = Machine::new(Policy {
            period: config.period,
            jitter: config.jitter,
            init_period: config.init_period,
            max_failures: config.max_failures,
            init_max_failures: config.init_max_failures,
            one_time: config.one_time,
        });
        let attempts = Some(Box::new(attempts));
        Self { config, machine, attempts, number: 0, board, metrics, beat }
    }

    /// Turns until the work is done, has failed too often, or the program stops.
    pub(super) async fn run(mut self, mut ear: Ear, stop: CancellationToken) -> Ended {
        self.find(&stop).await;
        let mut running: Option<Running> = None;
        let mut wake: Option<Instant> = None;
        let mut heard = Heard::Asked(Trigger::Start);
        let tick = self.config.sync_timeout / 2;
        let ended = loop {
            self.beat.mark(Instant::now());
            let event = match heard {
                Heard::Stop => Event::Stop,
                Heard::Asked(trigger) => Event::Asked(trigger),
                Heard::Due => Event::Due,
                Heard::Tick => {
                    heard = listen(&mut running, wake, &mut ear, &stop, tick).await;
                    continue;
                }
                Heard::Ended(attempts, course, verdict) => {
                    running = None;
                    self.attempts = attempts;
                    match self.judge(course, verdict) {
                        Some(event) => event,
                        None => break Ended::GaveUp,
                    }
                }
            };
            match self.machine.step(Instant::now().into_std(), fastrand::f64(), event) {
                Effect::Start(trigger) => {
                    wake = None;
                    running = self.start(trigger, &stop);
                }
                Effect::Rest(until) => {
                    wake = until.map(Instant::from_std);
                    let rest = wake.map(|wake| wake.saturating_duration_since(Instant::now()));
                    self.board.resting(rest);
                    self.write_status().await;
                }
                Effect::Nothing => {}
                Effect::Done => break Ended::Well,
                Effect::GiveUp => {
                    tracing::error!(failures = self.machine.failures(), "giving up");
                    break Ended::GaveUp;
                }
            }
            heard = listen(&mut running, wake, &mut ear, &stop, tick).await;
        };
        if let Some(attempt) = running {
            // It was told to stop; what it holds is given back in good order if it hurries.
            let (attempts, _, _) = attempt.await;
            self.attempts = attempts;
        }
        self.board.stopped();
        self.write_status().await;
        ended
    }

    /// Looks for a tree that an earlier run left, before the source is asked for anything.
    async fn find(&mut self, stop: &CancellationToken) {
        let Some(mut attempts) = self.attempts.take() else {
            return;
        };
        let limit = Stop::new(stop.clone(), Instant::now() + self.config.sync_timeout);
        let looked = blocking::run(&limit, PATIENCE, move || {
            let found = attempts.find();
            (attempts, found)
        });
        if let Ok((attempts, found)) = looked.await {
            self.attempts = Some(attempts);
            if let Some(publication) = found {
                self.report(&publication);
            }
        }
    }

    fn report(&self, publication: &Publication) {
        tracing::info!(commit = %publication.live.commit, "found an intact tree published");
        self.board.found(publication);
    }

    /// Begins an attempt on a thread that may block.
    fn start(&mut self, trigger: Trigger, stop: &CancellationToken) -> Option<Running> {
        let attempts = match self.attempts.take() {
            Some(attempts) => attempts,
            // The last one was lost in a panic; its root was released by that.
            None => match Attempts::new(&self.config, Arc::clone(&self.metrics)) {
                Ok(attempts) => Box::new(attempts),
                Err(error) => {
                    tracing::error!(%error, "cannot begin an attempt");
                    return None;
                }
            },
        };
        self.number += 1;
        self.metrics.trigger(trigger);
        let number = self.number;
        let stop = Stop::new(stop.clone(), Instant::now() + self.config.sync_timeout);
        Some(Box::pin(attempt(attempts, number, trigger, stop)))
    }

    /// Counts and tells how an attempt ended. None means that the program cannot go on.
    fn judge(&mut self, course: Course, verdict: Verdict) -> Option<Event> {
        let result = match verdict {
            Verdict::Ended(result) => result,
            Verdict::Lost(cut) => {
                let failed = Failed::lost(Cause::of(&cut));
                let abandoned = matches!(cut, Cut::Abandoned(_));
                let event = self.failed(course, &failed);
                return (!abandoned).then_some(event);
            }
        };
        match result {
            Ok(done) => {
                self.succeeded(course, &done);
                Some(Event::Succeeded)
            }
            Err(failed) if failed.is_interruption() => Some(Event::Stop),
            Err(failed) => Some(self.failed(course, &failed)),
        }
    }

    fn succeeded(&mut self, course: Course, done: &Done) {
        let outcome = match done {
            Done::Published(_) => Outcome::Published,
            Done::Unchanged(_) => Outcome::Unchanged,
        };
        let first = !self.machine.is_steady();
        self.metrics.attempt(outcome, first, course.took);
        self.metrics.succeeded(Timestamp::now());
        self.board.succeeded(course, done);
        tracing::debug!(number = course.number, trigger = %course.trigger, ?outcome, took = ?course.took, "attempt ended");
        if let Some(attempts) = &self.attempts {
            attempts.mark_success(first && outcome == Outcome::Unchanged);
        }
    }

    fn failed(&mut self, course: Course, failed: &Failed) -> Event {
        let failures = self.machine.failures() + 1;
        let class = failed.error.class();
        self.metrics.attempt(Outcome::Failed, false, course.took);
        self.metrics.failure(class, failures);
        self.board.failed(course, failed, failures);
        tracing::warn!(
            number = course.number,
            trigger = %course.trigger,
            step = failed.step.map(crate::model::Step::label),
            class = %class,
            error = %failed.chain(),
            hint = failed.hint(),
            failures,
            "attempt failed"
        );
        if let Some(attempts) = &self.attempts {
            attempts.mark_failure(failed);
        }
        Event::Failed(failed.error.retry_after())
    }

    /// Writes the status file, if the root is ours.
    async fn write_status(&mut self) {
        let Some(attempts) = self.attempts.take() else {
            return;
        };
        let status = self.board.now();
        let limit = Stop::new(CancellationToken::new(), Instant::now() + PATIENCE);
        let written = blocking::run(&limit, PATIENCE, move || {
            attempts.write_status(&status);
            attempts
        });
        self.attempts = written.await.ok();
    }
}

/// Waits for the next event.
async fn listen(
    running: &mut Option<Running>,
    wake: Option<Instant>,
    ear: &mut Ear,
    stop: &CancellationToken,
    tick: Duration,
) -> Heard {
    let ended = async {
        match running {
            Some(attempt) => attempt.await,
            None => std::future::pending().await,
        }
    };
    let due = async {
        match wake {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => Heard::Stop,
        (attempts, course, verdict) = ended => Heard::Ended(attempts, course, verdict),
        trigger = ear.heard() => Heard::Asked(trigger),
        () = due => Heard::Due,
        () = tokio::time::sleep(tick) => Heard::Tick,
    }
}

async fn attempt(
    mut attempts: Box<Attempts>,
    number: u64,
    trigger: Trigger,
    stop: Stop,
) -> (Option<Box<Attempts>>, Course, Verdict) {
    let started_at = Timestamp::now();
    let begun = Instant::now();
    let inner = stop.clone();
    let ended = blocking::run(&stop, PATIENCE, move || {
        let result = attempts.run(&inner);
        (attempts, result)
    });
    let ended = ended.await;
    let course = Course { number, trigger, started_at, took: begun.elapsed() };
    match ended {
        Ok((attempts, result)) => (Some(attempts), course, Verdict::Ended(result)),
        Err(cut) => (None, course, Verdict::Lost(cut)),
    }
}
