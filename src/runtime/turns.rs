//! A first-come limit for work on threads that may block, so that many who begin at once neither
//! need a thread each nor the memory for all of it.
//!
//! The limit is soft. Work that has taken long counts no more, as it most likely waits for somebody:
//! a server that hangs must not hold up those who ask another one.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// A number of places. Copies share them.
#[derive(Clone, Debug)]
pub struct Turns {
    places: Arc<Semaphore>,
    /// A place for all work, however long it has taken.
    all: Arc<Semaphore>,
    counted: Duration,
}

/// A place, until its work is done.
#[derive(Debug)]
pub struct Turn {
    place: Option<OwnedSemaphorePermit>,
    all: Counted,
    counted: Duration,
}

/// What counts work as long as anybody has it.
pub type Counted = Option<Arc<OwnedSemaphorePermit>>;

impl Turns {
    /// So many at a time that have not yet taken as long as `counted`, and no more than `most` in all.
    pub fn new(places: usize, counted: Duration, most: usize) -> Self {
        let semaphore = |places| Arc::new(Semaphore::new(places));
        Self { places: semaphore(places), all: semaphore(most), counted }
    }

    /// Waits for a turn. It comes after `longest` at the latest, whoever is at work.
    pub async fn wait(&self, longest: Duration) -> Turn {
        let turn = async {
            // Nobody closes them.
            let all = Arc::clone(&self.all).acquire_owned().await.ok().map(Arc::new);
            let place = Arc::clone(&self.places).acquire_owned().await.ok();
            Turn { place, all, counted: self.counted }
        };
        let without = Turn { place: None, all: None, counted: self.counted };
        timeout(longest, turn).await.unwrap_or(without)
    }
}

impl Turn {
    /// For the thread that works, which counts until it ends, even if nobody waits for it any more.
    pub fn counted(&self) -> Counted {
        self.all.clone()
    }

    /// Waits for the work that the turn is for.
    pub async fn spend<T>(mut self, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        let quick = tokio::select! {
            biased;
            done = &mut work => Some(done),
            () = sleep(self.counted) => None,
        };
        if let Some(done) = quick {
            return done;
        }
        drop(self.place.take());
        let done = work.await;
        drop(self.all.take());
        done
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    const LONG: Duration = Duration::from_mins(1);
    const SHORT: Duration = Duration::from_secs(1);

    /// Whether a turn can be had now.
    async fn is_free(turns: &Turns) -> bool {
        timeout(Duration::ZERO, turns.wait(Duration::MAX)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn there_is_a_place_again_when_work_is_done() {
        let turns = Turns::new(1, LONG, 9);
        let turn = turns.wait(LONG).await;
        let busy = async { is_free(&turns).await };
        assert!(!turn.spend(busy).await);
        assert!(is_free(&turns).await);
    }

    #[tokio::test(start_paused = true)]
    async fn long_work_counts_no_more_until_there_is_too_much_of_it() {
        let turns = Turns::new(1, SHORT, 2);
        let first = turns.wait(LONG).await.spend(pending::<()>());
        tokio::pin!(first);
        assert!(timeout(SHORT / 2, &mut first).await.is_err());
        assert!(!is_free(&turns).await, "it is young");
        assert!(timeout(SHORT, &mut first).await.is_err());
        let second = turns.wait(LONG).await.spend(pending::<()>());
        tokio::pin!(second);
        assert!(timeout(SHORT * 2, &mut second).await.is_err());
        assert!(!is_free(&turns).await, "both hang, and there may be no more");
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_long_enough_goes_ahead() {
        let turns = Turns::new(1, LONG, 9);
        let _first = turns.wait(LONG).await;
        let second = timeout(SHORT * 2, turns.wait(SHORT)).await.unwrap();
        assert_eq!(second.spend(async { 3 }).await, 3);
    }
}
