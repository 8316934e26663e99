//! How many connections there may be, and who has to go when one more comes.
//!
//! Whoever connects gets a place at once: when all are taken, the connection loses its place that
//! has been waiting for its client the longest. So clients that are slow on purpose crowd out each
//! other, and nobody else.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// All places of one listener.
#[derive(Debug)]
pub(super) struct Places {
    most: usize,
    held: Mutex<Held>,
    /// Told when a place may have become free to take.
    eased: Notify,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    connections: HashMap<u64, Connection>,
}

#[derive(Debug)]
struct Connection {
    /// Since when it is the client's turn; none while we are busy for it.
    waiting: Option<Instant>,
    lost: CancellationToken,
}

/// The place of one connection, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    number: u64,
    places: Arc<Places>,
    lost: CancellationToken,
}

/// While it is there, we are busy for a connection, which does not lose its place then.
#[derive(Debug)]
pub(super) struct Busy(Arc<Place>);

impl Places {
    pub(super) fn new(most: usize) -> Arc<Self> {
        Arc::new(Self { most, held: Mutex::default(), eased: Notify::new() })
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is a place to take.
    pub(super) async fn room(&self) {
        loop {
            let eased = self.eased.notified();
            if self.has_room() {
                return;
            }
            eased.await;
        }
    }

    fn has_room(&self) -> bool {
        let held = self.held();
        held.connections.len() < self.most
            || held.connections.values().any(|other| other.waiting.is_some())
    }

    /// Takes a place, if need be from the one that has been waiting the longest.
    pub(super) fn take(self: &Arc<Self>) -> Place {
        let mut held = self.held();
        if held.connections.len() >= self.most {
            let waiting = held.connections.iter().filter_map(|(number, other)| {
                let since = other.waiting?;
                Some((since, *number))
            });
            if let Some((_, number)) = waiting.min()
                && let Some(other) = held.connections.remove(&number)
            {
                other.lost.cancel();
            }
        }
        let number = held.next;
        held.next = number.wrapping_add(1);
        let lost = CancellationToken::new();
        let waiting = Some(Instant::now());
        held.connections.insert(number, Connection { waiting, lost: lost.clone() });
        drop(held);
        Place { number, places: Arc::clone(self), lost }
    }
}

impl Place {
    /// Waits until the place is lost to another connection.
    pub(super) async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Says whether it is the client's turn.
    pub(super) fn is_waiting(&self) -> bool {
        let held = self.places.held();
        held.connections.get(&self.number).is_none_or(|this| this.waiting.is_some())
    }

    /// Says whose turn it is.
    fn set(&self, waiting: Option<Instant>) {
        if let Some(this) = self.places.held().connections.get_mut(&self.number) {
            this.waiting = waiting;
        }
        if waiting.is_some() {
            self.places.eased.notify_one();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.places.held().connections.remove(&self.number);
        self.places.eased.notify_one();
    }
}

impl Busy {
    /// Begins to be busy.
    pub(super) fn with(place: &Arc<Place>) -> Self {
        place.set(None);
        Self(Arc::clone(place))
    }

    /// Is not busy while this lasts, but waits for the client.
    pub(super) async fn except<T>(&self, waiting: impl Future<Output = T>) -> T {
        self.0.set(Some(Instant::now()));
        let done = waiting.await;
        self.0.set(None);
        done
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.set(Some(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn has_lost(place: &Place) -> bool {
        place.lost.is_cancelled()
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_has_waited_longest_goes() {
        let places = Places::new(2);
        let first = Arc::new(places.take());
        tokio::time::advance(Duration::from_secs(1)).await;
        let second = places.take();
        tokio::time::advance(Duration::from_secs(1)).await;
        drop(Busy::with(&first));
        let third = places.take();
        assert!(has_lost(&second) && !has_lost(&first) && !has_lost(&third));
        drop(second);
        assert_eq!(places.held().connections.len(), 2, "its place was another's already");
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_answered_keeps_the_place() {
        let places = Places::new(1);
        let first = Arc::new(places.take());
        let busy = Busy::with(&first);
        let soon = Duration::from_secs(1);
        assert!(tokio::time::timeout(soon, places.room()).await.is_err());
        let body = busy.except(async {
            places.room().await;
            assert!(first.is_waiting());
        });
        body.await;
        assert!(!first.is_waiting());
        drop(busy);
        places.room().await;
        let second = places.take();
        assert!(has_lost(&first) && !has_lost(&second));
        assert!(first.is_waiting());
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_is_given_back_is_free() {
        let places = Places::new(1);
        let first = Arc::new(places.take());
        let busy = Busy::with(&first);
        drop(first);
        let room = async {
            drop(busy);
        };
        tokio::join!(places.room(), room);
        assert!(places.held().connections.is_empty());
    }
}
