//! What every wait obeys: a request to stop, and one deadline for the whole attempt.

use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Ends work early: when the program stops, or when the deadline has passed.
///
/// It is made once an attempt and passed down; a callee waits with [`Stop::wait`], and code that
/// only computes looks at [`Stop::flag`]. The deadline cannot be extended.
#[derive(Clone, Debug)]
pub struct Stop {
    token: CancellationToken,
    deadline: Instant,
    flag: Arc<AtomicBool>,
    runtime: Handle,
}

/// Why work ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// The program was told to stop.
    #[error("interrupted because the program is stopping")]
    Asked,
    /// The deadline of the attempt passed.
    #[error("the time allowed by sync-timeout is over")]
    Late,
}

impl Stop {
    /// Joins a token and a deadline. Must be called within a runtime, whose clock and sockets
    /// the waits will use.
    pub fn new(token: CancellationToken, deadline: Instant) -> Self {
        Self { token, deadline, flag: Arc::default(), runtime: Handle::current() }
    }

    /// The flag for code that computes. [`Stop::raise_when_due`] raises it.
    pub fn flag(&self) -> &AtomicBool {
        &self.flag
    }

    /// The runtime that the waits run on.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// The instant at which the time is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Ends earlier: when the given share of the time that is left is over. What computes is not told
    /// by the flag before this one ends; each wait is.
    #[must_use]
    pub fn share(&self, of: u32) -> Self {
        let now = Instant::now();
        let left = self.deadline.saturating_duration_since(now);
        Self { deadline: now + left / of.max(1), ..self.clone() }
    }

    /// Gives a part of the work an earlier end, never a later one. The flag is the same.
    #[must_use]
    pub fn or_sooner(&self, time: Duration) -> Self {
        let soon = Instant::now().checked_add(time);
        let deadline = soon.map_or(self.deadline, |soon| self.deadline.min(soon));
        Self { deadline, ..self.clone() }
    }

    /// Says whether, and why, the work must end now.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.token.is_cancelled() {
            Err(Stopped::Asked)
        } else if self.flag.load(Ordering::Relaxed) || Instant::now() >= self.deadline {
            Err(Stopped::Late)
        } else {
            Ok(())
        }
    }

    /// Waits, on a thread that may block, for something asynchronous or for the end.
    pub fn wait<T>(&self, what: impl Future<Output = T>) -> Result<T, Stopped> {
        self.check()?;
        self.runtime.block_on(self.unless_due(what))
    }

    /// Does the same for what takes several steps on sockets: they are taken where those are, on the
    /// thread of the runtime, and the one that waits wakes up once, at the end.
    pub fn wait_apart<T: Send + 'static>(
        &self,
        what: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Stopped> {
        self.check()?;
        let stop = self.clone();
        let work = async move { stop.unless_due(what).await };
        match self.runtime.block_on(self.runtime.spawn(work.in_current_span())) {
            Ok(done) => done,
            Err(lost) => match lost.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // The runtime is going away.
                Err(_cancelled) => Err(Stopped::Asked),
            },
        }
    }

    async fn unless_due<T>(&self, what: impl Future<Output = T>) -> Result<T, Stopped> {
        tokio::select! {
            // What is there already needs no timer.
            biased;
            done = what => Ok(done),
            reason = self.due() => Err(reason),
        }
    }

    /// Waits until the work must end, then raises the flag and says why.
    pub async fn raise_when_due(&self) -> Stopped {
        let reason = self.due().await;
        self.flag.store(true, Ordering::Relaxed);
        reason
    }

    async fn due(&self) -> Stopped {
        tokio::select! {
            biased;
            () = self.token.cancelled() => Stopped::Asked,
            () = tokio::time::sleep_until(self.deadline) => Stopped::Late,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_goes_on_apart_gives_its_result_or_ends_in_time() {
        let token = CancellationToken::new();
        let stop = Stop::new(token.clone(), Instant::now() + Duration::from_mins(1));
        let short = stop.or_sooner(Duration::from_millis(10));
        let guard = token.child_token();
        let (ended, held) = (guard.clone(), guard.drop_guard());
        let threads = std::thread::spawn(move || {
            let home = std::thread::current().id();
            let there = stop.wait_apart(async { std::thread::current().id() }).unwrap();
            let late = short.wait_apart(async move {
                let _held = held;
                std::future::pending::<()>().await;
            });
            assert_eq!(late, Err(Stopped::Late));
            home != there
        });
        ended.cancelled().await;
        while !threads.is_finished() {
            tokio::task::yield_now().await;
        }
        assert!(threads.join().unwrap(), "it is done where sockets are");
    }

    #[tokio::test]
    async fn a_part_of_the_work_may_end_sooner_and_never_later() {
        let deadline = Instant::now() + Duration::from_mins(1);
        let stop = Stop::new(CancellationToken::new(), deadline);
        assert!(stop.or_sooner(Duration::from_secs(1)).deadline() < deadline);
        assert_eq!(stop.or_sooner(Duration::from_hours(1)).deadline(), deadline);
        assert_eq!(stop.or_sooner(Duration::MAX).deadline(), deadline);
        assert_eq!(stop.or_sooner(Duration::ZERO).check(), Err(Stopped::Late));
        assert_eq!(stop.check(), Ok(()));
        stop.token.cancel();
        assert_eq!(stop.or_sooner(Duration::from_secs(1)).check(), Err(Stopped::Asked));
    }
}
