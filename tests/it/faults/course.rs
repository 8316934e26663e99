//! What the program says of its attempts, and how to ask it for one.

use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::daemon::{Daemon, Finished, Root, Setup, events, field, following};
use crate::support::wait::{SOON, eventually};

/// An attempt that failed, as the log tells it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The kind of failure.
    pub(crate) class: String,
    /// The whole story.
    pub(crate) error: String,
    /// The step, or nothing if there was none.
    pub(crate) step: String,
}

impl Failure {
    fn of(event: &Value) -> Self {
        let text = |name| field(event, name).and_then(Value::as_str).unwrap_or_default().to_owned();
        Self { class: text("class"), error: text("error"), step: text("step") }
    }

    /// Fails unless this is the class, and the error has these words.
    #[track_caller]
    pub(crate) fn expect(&self, class: &str, words: &str) {
        assert_eq!(self.class, class, "{self:?}");
        assert!(self.error.contains(words), "{words:?} is not in {self:?}");
    }
}

/// The failures in a log, in order.
pub(crate) fn failures(log: &[String]) -> Vec<Failure> {
    events(log, "attempt failed").iter().map(Failure::of).collect()
}

/// Waits for a failure of one of these classes after the first `seen`.
#[track_caller]
pub(crate) fn eventually_fails(daemon: &Daemon, seen: usize, classes: &[&str]) -> Failure {
    eventually(&format!("an attempt fails with one of {classes:?}"), SOON, || {
        let mut new = failures(&daemon.log()).into_iter().skip(seen);
        new.find(|failure| classes.contains(&failure.class.as_str()))
    })
}

/// A daemon that tries again soon and never gives up.
pub(crate) fn patient(url: &str, root: &Root) -> Setup {
    following(url, root)
        .flag("--period=100ms")
        .flag("--jitter=0")
        .flag("--init-period=50ms")
        .flag("--max-failures=-1")
        .flag("--stale-worktree-timeout=0")
}

/// A one-time run that does not try twice.
pub(crate) fn single(url: &str, root: &Root) -> Setup {
    following(url, root).flag("--max-failures=1").flag("--stale-worktree-timeout=0")
}

/// Runs it once; it must fail, in one attempt.
#[track_caller]
pub(crate) fn fails(setup: Setup) -> Failure {
    let finished = setup.once();
    finished.expect_code(1);
    only_failure(&finished)
}

/// Runs it once; it must succeed.
#[track_caller]
pub(crate) fn succeeds(setup: Setup) {
    setup.once().expect_code(0);
}

#[track_caller]
fn only_failure(finished: &Finished) -> Failure {
    let mut failures = failures(&finished.log);
    assert_eq!(failures.len(), 1, "{}", finished.log.join("\n"));
    failures.remove(0)
}

/// A daemon that makes an attempt when it starts, and then only when it is told to.
#[derive(Debug)]
pub(crate) struct Driven {
    daemon: Daemon,
    first: Option<Failure>,
}

impl Driven {
    /// Starts it and waits until its first attempt has ended.
    #[track_caller]
    pub(crate) fn start(url: &str, root: &Root) -> Self {
        Self::of(following(url, root))
    }

    /// Starts what is described.
    #[track_caller]
    pub(crate) fn of(setup: Setup) -> Self {
        let begun = Timestamp::now();
        let daemon = setup
            .flag("--period=off")
            .flag("--init-period=1h")
            .flag("--max-failures=-1")
            .flag("--stale-worktree-timeout=0")
            .flag("--sync-on-signal=SIGHUP")
            .start();
        let mut driven = Self { daemon, first: None };
        driven.first = outcome(&driven.began_after(begun)).err();
        driven
    }

    /// Asks for one more attempt and gives what came of the first that began after that. A source on
    /// this machine may have asked for one, too.
    #[track_caller]
    pub(crate) fn attempt(&mut self) -> Result<String, Failure> {
        let asked = Timestamp::now();
        self.daemon.signal(Signal::HUP);
        outcome(&self.began_after(asked))
    }

    /// Asks for one more attempt, which must succeed.
    #[track_caller]
    pub(crate) fn succeeds(&mut self) {
        self.attempt().unwrap_or_else(|failure| panic!("{failure:?}"));
    }

    /// Asks for one more attempt, which must fail.
    #[track_caller]
    pub(crate) fn fails(&mut self) -> Failure {
        self.attempt().expect_err("the attempt must fail")
    }

    /// What it logged with this message.
    pub(crate) fn events(&self, message: &str) -> Vec<Value> {
        self.daemon.events(message)
    }

    /// How the first attempt failed, if it did.
    pub(crate) fn first(&self) -> Option<&Failure> {
        self.first.as_ref()
    }

    /// Waits for the end of an attempt that began no earlier.
    #[track_caller]
    fn began_after(&mut self, asked: Timestamp) -> Value {
        eventually("the attempt ends", SOON, || {
            assert!(self.daemon.running(), "the program has ended");
            let reply = self.daemon.get("/healthz").ok()?;
            let health: Value = serde_json::from_str(&reply.body).ok()?;
            let attempt = health.get("last_attempt")?.clone();
            let began: Timestamp = attempt.get("started_at")?.as_str()?.parse().ok()?;
            (began >= asked).then_some(attempt)
        })
    }
}

/// How an attempt ended, by what `/healthz` says of it.
#[track_caller]
fn outcome(attempt: &Value) -> Result<String, Failure> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let outcome = text(&attempt["outcome"]);
    if outcome != "failed" {
        return Ok(outcome);
    }
    let error = &attempt["error"];
    assert!(!text(&error["hint"]).is_empty(), "{attempt}");
    Err(Failure {
        class: text(&error["class"]),
        error: text(&error["message"]),
        step: text(&attempt["step"]),
    })
}
