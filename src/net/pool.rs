//! The connections that are kept open from one request to the next.
//!
//! Many may share them, so somebody who wants one never waits for what another still reads, and
//! none is closed that is read from.

use crate::net::connection::{Connection, Free};
use http::Uri;
use http::uri::{Authority, Scheme};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How many that nobody uses are kept for one server; the one that was used longest ago is closed for
/// a new one.
const KEPT: usize = 8;
/// How many that nobody uses are kept in all.
const KEPT_IN_ALL: usize = 64;
/// How long one is kept that others are used before. The last one of a server stays.
const SPARE: Duration = Duration::from_mins(2);

/// Who is at the other end, and on which terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
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

/// A connection, who used it last, and when.
#[derive(Debug)]
struct Kept {
    key: Key,
    user: u64,
    connection: Connection,
    used: Instant,
}

/// Open connections, in the order of their last use.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Kept>>);

impl Pool {
    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove(&self, wanted: impl Fn(&Kept) -> bool) -> Option<Kept> {
        let mut kept = self.kept();
        let at = kept.iter().rposition(wanted)?;
        Some(kept.remove(at))
    }

    /// Takes a connection on which a request can go out now. Those that others still read from stay;
    /// whoever has read an answer but for its end may go on with the same.
    pub(super) async fn take(&self, key: &Key, user: u64) -> Option<Connection> {
        let mut busy = Vec::new();
        let mut found = None;
        let is_mine = |kept: &Kept| kept.key == *key && kept.user == user;
        let is_idle = |kept: &Kept| kept.key == *key && !kept.connection.is_read();
        while let Some(mut kept) = self.remove(is_mine).or_else(|| self.remove(is_idle)) {
            match kept.connection.is_free().await {
                Free::Yes => {
                    found = Some(kept.connection);
                    break;
                }
                Free::NotYet => busy.push(kept),
                Free::Never => (),
            }
        }
        self.kept().extend(busy.into_iter().rev());
        found
    }

    /// Waits for the end of what this one has read but for its end, for as long as a connection may
    /// take to be free. Whoever lets go of an answer before that closes its connection.
    pub(super) async fn settle(&self, user: u64) {
        let is_mine = |kept: &Kept| kept.user == user && kept.connection.is_read();
        let mut mine = Vec::new();
        while let Some(mut kept) = self.remove(is_mine) {
            if kept.connection.is_free().await != Free::Never {
                mine.push(kept);
            }
        }
        self.kept().extend(mine.into_iter().rev());
    }

    /// Keeps a connection.
    pub(super) fn put(&self, key: Key, user: u64, connection: Connection) {
        let now = Instant::now();
        let mut kept = self.kept();
        kept.push(Kept { key, user, connection, used: now });
        let newest = kept.iter().map(|kept| kept.key.generation).max().unwrap_or_default();
        let mut counts = HashMap::<Key, usize>::new();
        let mut all = 0_usize;
        let mut stays = |kept: &Kept| {
            if kept.connection.is_closed() {
                return false;
            }
            let count = counts.entry(kept.key.clone()).or_default();
            if kept.connection.is_read() && all > 0 {
                return true;
            }
            let spare = *count > 0 && now.saturating_duration_since(kept.used) > SPARE;
            if spare || *count >= KEPT || all >= KEPT_IN_ALL || kept.key.generation < newest {
                return false;
            }
            *count += 1;
            all += 1;
            true
        };
        // From the last one used, which counts though it is read, to the first.
        let mut stay: Vec<bool> = kept.iter().rev().map(&mut stays).collect();
        kept.retain(|_| stay.pop().unwrap_or(true));
    }

    /// Closes all.
    pub(super) fn clear(&self) {
        self.kept().clear();
    }
}
