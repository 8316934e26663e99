//! Who asked for what, and who was refused: one event of the log each.
//!
//! Refusals cost nothing to provoke, so only so many are told in a while; the next that is told
//! says how many were left out.

use crate::observe::log::AUDIT;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How many refusals are told in a while.
const MOST: u32 = 20;
/// How long a while is.
const WHILE: Duration = Duration::from_mins(1);

/// Remembers how much was told.
#[derive(Debug, Default)]
pub(super) struct Audit(Mutex<Window>);

#[derive(Debug, Default)]
struct Window {
    since: Option<Instant>,
    told: u32,
    left_out: u64,
}

impl Window {
    /// Says whether to tell one more, and how many were left out before it.
    fn tell(&mut self, now: Instant) -> Option<u64> {
        if self.since.is_none_or(|since| now.duration_since(since) >= WHILE) {
            self.since = Some(now);
            self.told = 0;
        }
        if self.told == MOST {
            self.left_out = self.left_out.saturating_add(1);
            return None;
        }
        self.told += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

/// Tells that somebody may do what they asked for.
pub(super) fn granted(from: SocketAddr, by: &str, event: &str, what: &str) {
    tracing::info!(target: AUDIT, event, %from, by, what, "granted");
}

impl Audit {
    /// Tells that somebody may not do what they asked for.
    pub(super) fn refused(&self, from: SocketAddr, event: &str, what: &str) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner).tell(Instant::now());
        match told {
            Some(0) => tracing::warn!(target: AUDIT, event, %from, what, "refused"),
            Some(left_out) => {
                tracing::warn!(target: AUDIT, event, %from, what, left_out, "refused");
            }
            None => (),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_counted_and_not_told() {
        let mut window = Window::default();
        let start = Instant::now();
        for _ in 0..MOST {
            assert_eq!(window.tell(start), Some(0));
        }
        for _ in 0..5 {
            assert_eq!(window.tell(start + WHILE / 2), None);
        }
        assert_eq!(window.tell(start + WHILE), Some(5));
        assert_eq!(window.tell(start + WHILE), Some(0));
    }
}
