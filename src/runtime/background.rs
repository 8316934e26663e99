//! A thread for work that nobody waits for: it yields the processor to others.

use rustix::process::setpriority_process;
use std::thread;
use tokio::sync::oneshot;
use tracing::Span;

/// How far a thread stands back. A thread without privileges cannot be raised later.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Niceness {
    /// For what is of use at some time. On a machine that others keep busy it may take for ever.
    Last,
    /// For what has to end some day, or something grows. Beside one that keeps a processor busy it has
    /// about a tenth of it.
    Low,
}

impl Niceness {
    /// What setpriority calls it.
    fn value(self) -> i32 {
        match self {
            Self::Last => 19,
            Self::Low => 10,
        }
    }
}

/// Runs work on a thread of its own that stands back. None if there can be no thread, or if the work
/// panicked, which the log has.
///
/// If the future is dropped the thread goes on; the program may end without it.
pub async fn run<T: Send + 'static>(
    name: &str,
    niceness: Niceness,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let span = Span::current();
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
        // On Linux this is the calling thread. A thread that cannot be made to wait works all the
        // same.
        if let Err(error) = setpriority_process(None, niceness.value()) {
            tracing::debug!(%error, "cannot lower the priority of a thread");
        }
        done.send(span.in_scope(work)).ok()
    });
    if let Err(error) = started {
        tracing::warn!(%error, name, "cannot start a thread");
        return None;
    }
    result.await.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_gives_its_result_at_low_priority() {
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let before = priority();
        for niceness in [Niceness::Last, Niceness::Low] {
            assert_eq!(run("test", niceness, priority).await, Some(niceness.value()));
        }
        assert_eq!(priority(), before, "only those threads are slow");
    }

    #[tokio::test]
    async fn a_panic_gives_nothing() {
        let panics = || -> u8 { panic!("as the test wants it") };
        assert_eq!(run("test", Niceness::Low, panics).await, None);
    }
}
