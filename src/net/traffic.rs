//! Counting what goes over the wire, for each of those who share connections apart.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many there have been.
static LAST: AtomicU64 = AtomicU64::new(0);

/// Counts what went over the wire.
#[derive(Debug)]
pub struct Traffic {
    number: u64,
    received: AtomicU64,
    requests: AtomicU64,
}

impl Default for Traffic {
    fn default() -> Self {
        let number = LAST.fetch_add(1, Ordering::Relaxed);
        Self { number, received: AtomicU64::default(), requests: AtomicU64::default() }
    }
}

impl Traffic {
    /// Tells it from any other there is or was.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Counts bytes that came in.
    pub fn receive(&self, bytes: usize) {
        self.received.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Counts one request that went out.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes received and requests sent since the last call.
    pub fn take(&self) -> (u64, u64) {
        (self.received.swap(0, Ordering::Relaxed), self.requests.swap(0, Ordering::Relaxed))
    }
}
