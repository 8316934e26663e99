//! A heartbeat: the loop marks it, others see how long ago that was.
//!
//! It says only that the loop turned, not that it got anything done.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Remembers, to the millisecond, when it was marked last. Shared without a lock.
#[derive(Debug)]
pub struct Beat {
    start: Instant,
    millis: AtomicU64,
    ended: AtomicBool,
}

impl Beat {
    /// Begins with a first mark.
    pub fn new(now: Instant) -> Self {
        Self { start: now, millis: AtomicU64::new(0), ended: AtomicBool::new(false) }
    }

    /// Marks a turn of the loop. An instant before the last mark changes nothing.
    pub fn mark(&self, now: Instant) {
        self.millis.fetch_max(self.since_start(now), Ordering::Relaxed);
    }

    /// There will be no more marks, and none is missed.
    pub fn end(&self) {
        self.ended.store(true, Ordering::Relaxed);
    }

    /// Whether a mark is missed for that long.
    pub fn is_missed(&self, now: Instant, longest: Duration) -> bool {
        !self.ended.load(Ordering::Relaxed) && self.age(now) >= longest
    }

    /// How long ago the last mark was; nothing if it lies ahead.
    pub fn age(&self, now: Instant) -> Duration {
        let marked = self.millis.load(Ordering::Relaxed);
        Duration::from_millis(self.since_start(now).saturating_sub(marked))
    }

    fn since_start(&self, now: Instant) -> u64 {
        let millis = now.saturating_duration_since(self.start).as_millis();
        u64::try_from(millis).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_misses_what_has_ended() {
        let (start, long) = (Instant::now(), Duration::from_secs(9));
        let beat = Beat::new(start);
        assert!(!beat.is_missed(start, long));
        assert!(beat.is_missed(start + long, long));
        beat.end();
        assert!(!beat.is_missed(start + long, long));
    }

    #[test]
    fn the_age_counts_from_the_last_mark() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let beat = Beat::new(start);
        assert_eq!(beat.age(at(5)), Duration::from_secs(5));
        beat.mark(at(4));
        assert_eq!(beat.age(at(5)), Duration::from_secs(1));
        beat.mark(at(2));
        assert_eq!(beat.age(at(5)), Duration::from_secs(1), "a late mark does not turn back time");
        assert_eq!(beat.age(at(1)), Duration::ZERO);
    }
}
