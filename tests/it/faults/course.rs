//! What the program says of its attempts, and how to ask it for one.

use jiff::Timestamp;
use rustix::process::Signal;
use serde_json::Value;

use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::told::{Failure, failures, only_failure};
use crate::support::wait::{SOON, eventually};

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
    only_failure(&setup.once())
}

/// Runs it once; it must succeed.
#[track_caller]
pub(crate) fn succeeds(setup: Setup) {
    setup.once().expect_code(0);
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
        hint: text(&error["hint"]),
    })
}
