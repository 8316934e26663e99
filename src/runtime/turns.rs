//! A first-come limit for work on threads that may block, so that many who begin at once neither
//! need a thread each nor the memory for all of it.
//!
//! The limit is soft. Work that has taken long counts no more, as it most likely waits for somebody:
//! a server that hangs must not hold up those who ask another one. And who is likely to take long, as
//! they did before, may have only half of the places.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

/// A number of places. Copies share them.
#[derive(Clone, Debug)]
pub struct Turns {
    places: Arc<Semaphore>,
    /// Those that may be had by who is likely to take long.
    for_slow: Arc<Semaphore>,
    /// A place for all work, however long it has taken.
    all: Arc<Semaphore>,
    counted: Duration,
}

/// A place, until its work is done.
#[derive(Debug)]
pub struct Turn {
    place: Vec<OwnedSemaphorePermit>,
    all: Counted,
    counted: Duration,
}

/// What counts work as long as anybody has it.
pub type Counted = Option<Arc<OwnedSemaphorePermit>>;

impl Turns {
    /// So many at a time that have not yet taken as long as `counted`, and no more than `most` in all.
    pub fn new(places: usize, counted: Duration, most: usize) -> Self {
        let semaphore = |places| Arc::new(Semaphore::new(places));
        let for_slow = semaphore((places / 2).max(1));
        Self { places: semaphore(places), for_slow, all: semaphore(most), counted }
    }

    /// Waits for a turn. It comes after `longest` at the latest, whoever is at work.
    pub async fn wait(&self, longest: Duration) -> Turn {
        self.wait_behind(None, longest).await
    }

    /// The same for who is likely to take long.
    pub async fn wait_as_slow(&self, longest: Duration) -> Turn {
        self.wait_behind(Some(&self.for_slow), longest).await
    }

    async fn wait_behind(&self, others: Option<&Arc<Semaphore>>, longest: Duration) -> Turn {
        let turn = async {
            let mut place = Vec::new();
            // Nobody closes any of them.
            if let Some(others) = others {
                place.extend(Arc::clone(others).acquire_owned().await.ok());
            }
            let all = Arc::clone(&self.all).acquire_owned().await.ok().map(Arc::new);
            place.extend(Arc::clone(&self.places).acquire_owned().await.ok());
            Turn { place, all, counted: self.counted }
        };
        let without = Turn { place: Vec::new(), all: None, counted: self.counted };
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
        self.place.clear();
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
    async fn who_is_likely_to_take_long_leaves_half_of_the_places() {
        let turns = Turns::new(2, LONG, 9);
        let slow = turns.wait_as_slow(LONG).await;
        let mut other = std::pin::pin!(turns.wait_as_slow(Duration::MAX));
        assert!(timeout(SHORT, &mut other).await.is_err(), "its half is taken");
        assert!(is_free(&turns).await, "the other half is not");
        drop(slow);
        assert!(timeout(SHORT, other).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_waited_long_enough_goes_ahead() {
        let turns = Turns::new(1, LONG, 9);
        let _first = turns.wait(LONG).await;
        let second = timeout(SHORT * 2, turns.wait(SHORT)).await.unwrap();
        assert_eq!(second.spend(async { 3 }).await, 3);
    }
}
