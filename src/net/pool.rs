//! The connections that are kept open from one request to the next.

use crate::net::connection::{Connection, Free};
use http::Uri;
use http::uri::{Authority, Scheme};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many are kept; the one that was used longest ago is closed for a new one.
const KEPT: usize = 8;

/// Who is at the other end, and on which terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) scheme: Option<Scheme>,
    pub(super) authority: Option<Authority>,
    /// Whether our certificate may be shown.
    pub(super) identified: bool,
    /// Which state of the certificates it was made with.
    pub(super) generation: u64,
}

impl Key {
    pub(super) fn new(uri: &Uri, identified: bool, generation: u64) -> Self {
        let (scheme, authority) = (uri.scheme().cloned(), uri.authority().cloned());
        Self { scheme, authority, identified, generation }
    }
}

/// Open connections, in the order of their last use.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<(Key, Connection)>>);

impl Pool {
    fn kept(&self) -> MutexGuard<'_, Vec<(Key, Connection)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, key: &Key) -> Option<Connection> {
        let mut kept = self.kept();
        let at = kept.iter().rposition(|(of, _)| of == key)?;
        Some(kept.remove(at).1)
    }

    /// Takes a connection on which a request can go out now. Those that others still read from stay.
    pub(super) async fn take(&self, key: &Key) -> Option<Connection> {
        let mut busy = Vec::new();
        let mut found = None;
        while let Some(mut connection) = self.remove(key) {
            match connection.is_free().await {
                Free::Yes => {
                    found = Some(connection);
                    break;
                }
                Free::NotYet => busy.push(connection),
                Free::Never => (),
            }
        }
        if !busy.is_empty() {
            let mut kept = self.kept();
            busy.into_iter().rev().for_each(|connection| kept.push((key.clone(), connection)));
        }
        found
    }

    /// Keeps a connection.
    pub(super) fn put(&self, key: Key, connection: Connection) {
        let mut kept = self.kept();
        kept.retain(|(_, connection)| !connection.is_closed());
        if kept.len() >= KEPT {
            kept.remove(0);
        }
        kept.push((key, connection));
    }

    /// Closes all.
    pub(super) fn clear(&self) {
        self.kept().clear();
    }
}
