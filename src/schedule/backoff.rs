//! How rests grow between failures: the policy of the `backoff` crate behind a type of our own, as
//! that crate is no longer maintained.

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff;
use std::time::Duration;

/// Each rest is twice the one before, up to a cap. It holds no clock and no chance.
#[derive(Debug)]
pub(super) struct Growth {
    policy: ExponentialBackoff,
    cap: Duration,
}

impl Growth {
    /// Begins with `first`; a cap below that counts as that.
    pub(super) fn new(first: Duration, cap: Duration) -> Self {
        let cap = cap.max(first);
        let policy = ExponentialBackoff {
            current_interval: first,
            initial_interval: first,
            randomization_factor: 0.0,
            multiplier: 2.0,
            max_interval: cap,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        };
        Self { policy, cap }
    }

    /// The next rest.
    pub(super) fn next(&mut self) -> Duration {
        self.policy.next_backoff().unwrap_or(self.cap).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_double_up_to_the_cap() {
        let seconds = Duration::from_secs;
        let mut growth = Growth::new(seconds(1), seconds(5));
        let rests: Vec<_> = (0..5).map(|_| growth.next()).collect();
        let expected: Vec<_> = [1, 2, 4, 5, 5].into_iter().map(seconds).collect();
        assert_eq!(rests, expected);
        assert_eq!(Growth::new(seconds(9), seconds(5)).next(), seconds(9));
    }
}
