//! A thread for work that nobody waits for: it gets what processor time others leave.

use rustix::process::setpriority_process;
use std::thread;
use tokio::sync::oneshot;
use tracing::Span;

/// The lowest priority there is for ordinary threads (setpriority).
const LOWEST: i32 = 19;

/// Runs work on a thread of its own, at the lowest priority. None if there can be no thread, or if
/// the work panicked, which the log has.
///
/// If the future is dropped the thread goes on; the program may end without it.
pub async fn run<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, result) = oneshot::channel();
    let span = Span::current();
    let started = thread::Builder::new().name(name.to_owned()).spawn(move || {
        // On Linux this is the calling thread. A thread that cannot be made to wait works all the
        // same.
        if let Err(error) = setpriority_process(None, LOWEST) {
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
        assert_eq!(run("test", priority).await, Some(LOWEST));
        assert_ne!(priority(), LOWEST, "only that thread is slow");
    }

    #[tokio::test]
    async fn a_panic_gives_nothing() {
        assert_eq!(run("test", || -> u8 { panic!("as the test wants it") }).await, None);
    }
}
