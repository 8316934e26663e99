//! Signals of the operating system: those that end the program, and the one that starts an attempt.
//!
//! Listening begins when a value is made, not when it is waited on. So make [`StopSignals`] before
//! anything else, and no signal is lost. Both must be made within a runtime. Before there is one,
//! [`catch`] keeps those that ask for an end.

use crate::model::Trigger;
use crate::trigger::Bell;
use std::fmt;
use std::io;
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Hears the signals that ask the program to end.
#[derive(Debug)]
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
}

/// A signal that asks the program to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopSignal {
    /// SIGTERM, as orchestrators send.
    Terminate,
    /// SIGINT, as Ctrl-C sends.
    Interrupt,
}

/// Hears the signal that asks for an attempt.
#[derive(Debug)]
pub struct SyncSignal(Signal);

/// From now on a signal that asks for an end does not end the process, but is kept for whom listens to
/// it first in a runtime. To be called before all else: what would end others is not even delivered to
/// process 1, so that a stop that comes before this is lost there.
pub fn catch() -> io::Result<()> {
    // It never turns, so what comes stays where the next one finds it.
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let _within = runtime.enter();
    StopSignals::listen().map(drop)
}

impl StopSignals {
    /// Listens from now on; the signals no longer kill the process.
    pub fn listen() -> io::Result<Self> {
        let terminate = signal(SignalKind::terminate())?;
        let interrupt = signal(SignalKind::interrupt())?;
        Ok(Self { terminate, interrupt })
    }

    /// Waits for one; one that came before counts. Nothing is lost if the wait is dropped.
    pub async fn heard(&mut self) -> StopSignal {
        tokio::select! {
            biased;
            () = next(&mut self.terminate) => StopSignal::Terminate,
            () = next(&mut self.interrupt) => StopSignal::Interrupt,
        }
    }
}

impl SyncSignal {
    /// Listens from now on to the signal of this number. Fails for a number that is none, and for
    /// signals that cannot be caught.
    pub fn listen(number: i32) -> io::Result<Self> {
        signal(SignalKind::from_raw(number)).map(Self)
    }

    /// Waits for one; any number that came before count as one. Nothing is lost if the wait is
    /// dropped.
    pub async fn heard(&mut self) {
        next(&mut self.0).await;
    }

    /// Rings the bell at each signal, until told to stop.
    pub async fn ring(mut self, bell: Bell, stop: CancellationToken) {
        while stop.run_until_cancelled(self.heard()).await.is_some() {
            bell.ring(Trigger::Signal);
        }
    }
}

async fn next(signal: &mut Signal) {
    if signal.recv().await.is_none() {
        // It never ends by itself; were it to, then no signal comes any more.
        std::future::pending::<()>().await;
    }
}

impl fmt::Display for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Terminate => "SIGTERM",
            Self::Interrupt => "SIGINT",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trigger::bell;
    use rustix::process::{Signal as Number, getpid, kill_process};

    fn send(number: Number) {
        kill_process(getpid(), number).unwrap();
    }

    #[tokio::test]
    async fn a_stop_signal_before_the_wait_is_heard() {
        let mut signals = StopSignals::listen().unwrap();
        send(Number::TERM);
        assert_eq!(signals.heard().await, StopSignal::Terminate);
        send(Number::INT);
        assert_eq!(signals.heard().await, StopSignal::Interrupt);
    }

    #[tokio::test]
    async fn the_sync_signal_rings_the_bell_until_the_stop() {
        let signal = SyncSignal::listen(Number::USR1.as_raw()).unwrap();
        let (bell, mut ear) = bell();
        let stop = CancellationToken::new();
        send(Number::USR1);
        let heard = async {
            assert_eq!(ear.heard().await, Trigger::Signal);
            stop.cancel();
        };
        tokio::join!(signal.ring(bell, stop.clone()), heard);
    }

    #[tokio::test]
    async fn a_signal_that_cannot_be_caught_is_refused() {
        assert!(SyncSignal::listen(Number::KILL.as_raw()).is_err());
        assert!(SyncSignal::listen(-1).is_err());
    }
}
