//! What all that makes connections shares: how many are opened to one host at the same time, how many
//! names are looked up, and how many files of certificates are read.
//!
//! A server that is asked by many at once turns some away (`MaxStartups` of OpenSSH), and most of
//! them need no connection of their own if they wait for one that is about to be free. Nobody waits
//! long: a host that does not answer must not hold up those who have less time.

use crate::net::names::Names;
use crate::runtime::blocking::Share;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many connections to one host may be opened at the same time.
const AT_ONCE: usize = 8;
/// How long somebody waits for their turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many threads may look names up, of which those of one host are few.
const LOOKING_UP: usize = 16;
/// How many threads may read files of certificates. One at most does for each way.
const READING: usize = 16;

/// A host and a port.
type Place = (String, u16);

/// The doors to all hosts. Copies are the same.
#[derive(Clone, Debug)]
pub struct Doors {
    hosts: Arc<Mutex<HashMap<Place, Weak<Semaphore>>>>,
    names: Names,
    files: Share,
}

/// The turn of somebody who opens a connection, to be held until it is open.
#[derive(Debug)]
pub struct Turn {
    /// None for who has waited long enough.
    _held: Option<OwnedSemaphorePermit>,
}

impl Default for Doors {
    fn default() -> Self {
        let share = |threads| Share::default().narrowed(threads);
        Self { hosts: Arc::default(), names: Names::new(share(LOOKING_UP)), files: share(READING) }
    }
}

impl Doors {
    /// What looks names up.
    pub(super) fn names(&self) -> &Names {
        &self.names
    }

    /// The threads that may read files of certificates.
    pub(super) fn files(&self) -> &Share {
        &self.files
    }

    /// Waits for the turn to open a connection.
    pub async fn pass(&self, host: &str, port: u16) -> Turn {
        let door = self.door(host, port);
        let turn = tokio::time::timeout(PATIENCE, door.acquire_owned()).await;
        // Nobody closes it.
        Turn { _held: turn.ok().and_then(Result::ok) }
    }

    fn door(&self, host: &str, port: u16) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let place = (host.to_ascii_lowercase(), port);
        if let Some(door) = hosts.get(&place).and_then(Weak::upgrade) {
            return door;
        }
        hosts.retain(|_, door| door.strong_count() > 0);
        let door = Arc::new(Semaphore::new(AT_ONCE));
        hosts.insert(place, Arc::downgrade(&door));
        door
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_more_than_some_open_connections_to_a_host_at_once() {
        let doors = Doors::default();
        let mut turns = Vec::new();
        for _ in 0..AT_ONCE {
            turns.push(doors.pass("h", 22).await);
        }
        let soon = Duration::from_millis(1);
        assert!(tokio::time::timeout(soon, doors.clone().pass("H", 22)).await.is_err());
        assert!(tokio::time::timeout(soon, doors.pass("h", 80)).await.is_ok(), "another port");
        drop(turns.pop());
        assert!(tokio::time::timeout(soon, doors.pass("h", 22)).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_ever_and_nothing_is_kept_of_hosts_that_nobody_goes_to() {
        let doors = Doors::default();
        let mut turns = Vec::new();
        for _ in 0..=AT_ONCE {
            turns.push(doors.pass("h", 22).await);
        }
        turns.clear();
        drop(doors.pass("other", 22).await);
        assert_eq!(doors.hosts.lock().unwrap().len(), 1);
    }
}
