//! The wait for a window that opens for a commit: it rings once for each moment.

use jiff::Timestamp;
use std::future::pending;
use std::time::Duration;

/// When to wake for a window.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    at: Option<Timestamp>,
    /// For when it was heard last.
    rung: Option<Timestamp>,
}

impl Alarm {
    /// Sets it, or turns it off. It may be for a moment that has passed while an attempt ran; but
    /// not for one for which it was heard: whatever waits still waits for something else.
    pub(super) fn set(&mut self, at: Option<Timestamp>) {
        self.at = at.filter(|at| self.rung.is_none_or(|rung| *at != rung));
    }

    /// When it rings next.
    pub(super) fn at(&self) -> Option<Timestamp> {
        self.at
    }

    /// It rang, and that was heard.
    pub(super) fn heard(&mut self) {
        if let Some(at) = self.at.take() {
            self.rung = Some(at);
        }
    }
}

/// Waits until the clock says that it is time. If it was put forward meanwhile, that is noticed when
/// the loop turns the next time; if it was put back, the wait goes on.
pub(super) async fn ringing(at: Option<Timestamp>) {
    let Some(at) = at else {
        return pending().await;
    };
    loop {
        let rest = Duration::try_from(at.duration_since(Timestamp::now())).unwrap_or_default();
        if rest.is_zero() {
            return;
        }
        tokio::time::sleep(rest).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{Instant, timeout};

    #[test]
    fn it_rings_once_for_each_moment() {
        let now = Timestamp::now();
        let (past, next) = (now - Duration::from_secs(5), now + Duration::from_secs(5));
        let mut alarm = Alarm::default();
        for at in [past, next] {
            alarm.set(Some(at));
            assert_eq!(alarm.at(), Some(at));
            alarm.heard();
            assert_eq!(alarm.at(), None);
            alarm.set(Some(at));
            assert_eq!(alarm.at(), None, "it was heard for that");
        }
        alarm.set(Some(now));
        alarm.set(None);
        assert_eq!(alarm.at(), None);
        alarm.heard();
        alarm.set(Some(now));
        assert_eq!(alarm.at(), Some(now), "nothing was heard yet");
    }

    #[tokio::test(start_paused = true)]
    async fn it_rings_when_it_is_time_and_at_once_if_that_is_over() {
        let begun = Instant::now();
        ringing(Some(Timestamp::now() - Duration::from_secs(5))).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
        let at = Timestamp::now() + Duration::from_millis(20);
        ringing(Some(at)).await;
        assert!(Timestamp::now() >= at);
        assert!(timeout(Duration::from_hours(1000), ringing(None)).await.is_err());
    }
}
