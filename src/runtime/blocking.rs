//! The one door to threads that may block.
//!
//! What is logged there belongs to the span of who asked for the work. It cannot kill a thread. Who may start work again before the last came home uses a [`Share`], so
//! that what is stuck does not take all threads.

use crate::runtime::stop::Stop;
use std::any::Any;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::task::JoinError;
use tracing::Span;

/// Why blocking work gave no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Cut {
    /// The thread did not come home in time after it was told to. It may still hold a lock or be
    /// half-way through a write, so the same work must not be started again in this process.
    #[error("the work did not end within {0:?} after it was told to")]
    Abandoned(Duration),
    /// The work panicked, with this message.
    #[error("the work panicked: {0}")]
    Panicked(String),
}

/// Runs work that may block and that looks at `stop` itself.
///
/// When `stop` is due its flag is raised, and the thread has `patience` more to come home. If it
/// does, its result is the result: the work knows best whether it was done, and why it ended early.
///
/// The future should be awaited to its end. If it is dropped, the thread goes on, and the flag is
/// not raised.
pub async fn run<T: Send + 'static>(
    stop: &Stop,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Cut> {
    let span = Span::current();
    #[expect(clippy::disallowed_methods, reason = "this is the door")]
    let mut thread = tokio::task::spawn_blocking(move || span.in_scope(work));
    let home = tokio::select! {
        biased;
        home = &mut thread => Some(home),
        _why = stop.raise_when_due() => tokio::time::timeout(patience, thread).await.ok(),
    };
    match home {
        Some(home) => home.map_err(|lost| cut(lost, patience)),
        None => Err(Cut::Abandoned(patience)),
    }
}

/// Does the same, and the thread holds something until it ends, even if it is abandoned and comes
/// home much later.
pub async fn run_holding<H: Send + 'static, T: Send + 'static>(
    held: H,
    stop: &Stop,
    patience: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Cut> {
    // What nobody takes is dropped in this order.
    let done = run(stop, patience, move || (work(), held)).await;
    done.map(|(done, _held)| done)
}

/// How many of the threads somebody may hold at once. Copies share it; the default has no limit.
#[derive(Clone, Debug, Default)]
pub struct Share(Vec<Arc<Semaphore>>);

impl Share {
    /// No more than so many of these.
    #[must_use]
    pub fn narrowed(&self, threads: usize) -> Self {
        let narrow = std::iter::once(Arc::new(Semaphore::new(threads)));
        Self(narrow.chain(self.0.iter().cloned()).collect())
    }

    /// Runs work that may block and cannot be told to stop, when it is its turn. If the future is
    /// dropped, work that has begun goes on, and holds its thread until it ends.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Cut> {
        let mut held = Vec::with_capacity(self.0.len());
        for limit in &self.0 {
            // Nobody closes it.
            held.extend(Arc::clone(limit).acquire_owned().await.ok());
        }
        let span = Span::current();
        #[expect(clippy::disallowed_methods, reason = "this is the door, too")]
        let thread = tokio::task::spawn_blocking(move || {
            let done = span.in_scope(work);
            drop(held);
            done
        });
        thread.await.map_err(|lost| cut(lost, Duration::ZERO))
    }
}

fn cut(lost: JoinError, patience: Duration) -> Cut {
    match lost.try_into_panic() {
        Ok(panic) => Cut::Panicked(message(panic.as_ref())),
        // The runtime is going away and never began the work. Nobody may begin it again here, which
        // is what this variant says.
        Err(_cancelled) => Cut::Abandoned(patience),
    }
}

/// Finds the words of a panic: `panic!` gives a `&str` or a `String`, others anything.
fn message(panic: &(dyn Any + Send)) -> String {
    let borrowed = panic.downcast_ref::<&str>().copied();
    let words = borrowed.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    words.unwrap_or("it left no message").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;
    use std::sync::mpsc;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    const LONG: Duration = Duration::from_mins(1);

    fn stop_after(time: Duration) -> (CancellationToken, Stop) {
        let token = CancellationToken::new();
        (token.clone(), Stop::new(token, Instant::now() + time))
    }

    #[tokio::test]
    async fn work_in_time_gives_its_result() {
        let (_token, stop) = stop_after(LONG);
        assert_eq!(run(&stop, LONG, || 7).await, Ok(7));
        assert!(!stop.flag().load(Ordering::Relaxed));
    }

    #[tokio::test]
    async fn work_that_sees_the_end_tells_why_itself() {
        let (token, stop) = stop_after(LONG);
        let seen = stop.clone();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let work = move || {
            began.send(()).unwrap();
            seen.wait(std::future::pending::<()>())
        };
        let cancel = async {
            has_begun.await.unwrap();
            token.cancel();
        };
        let (result, ()) = tokio::join!(run(&stop, LONG, work), cancel);
        assert_eq!(result, Ok(Err(crate::runtime::stop::Stopped::Asked)));
    }

    #[tokio::test]
    async fn work_that_only_computes_sees_the_flag() {
        let (_token, stop) = stop_after(Duration::from_millis(10));
        let seen = stop.clone();
        let work = move || {
            while !seen.flag().load(Ordering::Relaxed) {
                std::thread::yield_now();
            }
        };
        assert_eq!(run(&stop, LONG, work).await, Ok(()));
    }

    #[tokio::test]
    async fn a_thread_that_stays_away_is_abandoned() {
        let (_token, stop) = stop_after(Duration::ZERO);
        let (let_go, held) = mpsc::channel::<()>();
        let patience = Duration::from_millis(10);
        let result = run(&stop, patience, move || held.recv()).await;
        assert_eq!(result, Err(Cut::Abandoned(patience)));
        drop(let_go);
    }

    #[tokio::test]
    async fn what_an_abandoned_thread_holds_is_given_back_when_it_ends() {
        let (_token, stop) = stop_after(Duration::ZERO);
        let (let_go, held) = mpsc::channel::<()>();
        let (present, gone) = crate::runtime::presence::presence();
        let result = run_holding(present, &stop, Duration::ZERO, move || held.recv()).await;
        assert_eq!(result, Err(Cut::Abandoned(Duration::ZERO)));
        assert!(!gone.is_there());
        drop(let_go);
        gone.wait().await;
    }

    #[tokio::test]
    async fn a_panic_keeps_its_message() {
        let (_token, stop) = stop_after(LONG);
        let number = 3;
        let formatted = run(&stop, LONG, move || panic!("bad tree {number}")).await;
        assert_eq!(formatted, Err::<(), _>(Cut::Panicked("bad tree 3".into())));
        let plain = run(&stop, LONG, || panic!("bad")).await;
        assert_eq!(plain, Err::<(), _>(Cut::Panicked("bad".into())));
        let odd = run(&stop, LONG, || std::panic::panic_any(1)).await;
        assert_eq!(odd, Err::<(), _>(Cut::Panicked("it left no message".into())));
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_holds_its_share_until_it_ends() {
        let all = Share::default().narrowed(2);
        let one = all.narrowed(1);
        let (let_go, held) = mpsc::channel::<()>();
        let (began, has_begun) = tokio::sync::oneshot::channel();
        let stuck = one.run(move || {
            began.send(()).unwrap();
            held.recv()
        });
        tokio::select! {
            biased;
            _done = stuck => panic!("it is stuck"),
            at_work = has_begun => at_work.unwrap(),
        }
        let soon = Duration::from_millis(20);
        assert!(tokio::time::timeout(soon, one.run(|| ())).await.is_err(), "no second one");
        assert_eq!(all.narrowed(1).run(|| 7).await, Ok(7), "others have theirs");
        drop(let_go);
        assert_eq!(one.run(|| 8).await, Ok(8));
    }
}
