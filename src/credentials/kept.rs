//! Something that a service told, which is kept so that the service is not asked at each attempt.

use jiff::Timestamp;
use std::time::{Duration, Instant};

/// How long before its end something is asked for anew, unless it lives for so short a time that
/// this would be often.
const MARGIN: Duration = Duration::from_mins(5);
/// The part of a short life that is not used.
const RESERVE: u32 = 4;

/// What was told, and until when it may be used.
#[derive(Clone, Debug)]
pub(super) struct Kept<T> {
    value: T,
    until: Instant,
    /// When it ends, if that was told.
    expires: Option<Timestamp>,
}

impl<T: Clone> Kept<T> {
    /// Keeps it for so long.
    pub(super) fn for_a_while(value: T, length: Duration) -> Self {
        Self { value, until: after(length), expires: None }
    }

    /// Keeps it until shortly before it expires. Changes of the clock after this do not matter.
    pub(super) fn until(value: T, expires: Timestamp) -> Self {
        let life = expires.duration_since(Timestamp::now());
        let life = Duration::try_from(life).unwrap_or_default();
        let used = life.saturating_sub(MARGIN.min(life / RESERVE));
        Self { value, until: after(used), expires: Some(expires) }
    }

    /// When it ends, if that was told.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        self.expires
    }

    /// It, whether it may still be used or not.
    pub(super) fn value(&self) -> &T {
        &self.value
    }

    /// It, if it may still be used.
    pub(super) fn get(&self) -> Option<T> {
        (Instant::now() < self.until).then(|| self.value.clone())
    }
}

fn after(length: Duration) -> Instant {
    // Only a length of ages has no end.
    let now = Instant::now();
    now.checked_add(length).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn it_is_used_until_shortly_before_its_end() {
        let check = |life: i64, used: u64| {
            let kept = Kept::until((), Timestamp::now() + SignedDuration::from_secs(life));
            let left = kept.until.saturating_duration_since(Instant::now()).as_secs_f64();
            #[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
            #[expect(clippy::as_conversions, reason = "the numbers are small")]
            let used = used as f64;
            assert!((left - used).abs() < 1.0, "{life}: {left}, not {used}");
            assert_eq!(kept.get().is_some(), used > 0.0);
        };
        check(3600, 3300);
        check(1200, 900);
        check(60, 45);
        check(0, 0);
        check(-60, 0);
    }
}
