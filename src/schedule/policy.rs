//! What the options say about when, and rests that are a little longer or shorter.

use crate::schedule::backoff::Growth;
use std::num::NonZeroU64;
use std::time::Duration;

/// The golden ratio as a part of the range of `u64`: its multiples never come close to each other.
const TURN: u64 = 0x9E37_79B9_7F4A_7C15;

/// What the options say about when.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The rest between two attempts; none means on triggers only.
    pub period: Option<Duration>,
    /// How much longer or shorter a rest may be.
    pub jitter: Duration,
    /// The first rest after a failure until the first success.
    pub init_period: Duration,
    /// How many failures in a row are too many; none means never.
    pub max_failures: Option<NonZeroU64>,
    /// The same, until the first success.
    pub init_max_failures: Option<NonZeroU64>,
    /// Whether each failure makes the rest after it longer.
    pub grows: bool,
    /// Whether the first success is the end.
    pub one_time: bool,
    /// Whether too many failures are the end; else attempts go on.
    pub gives_up: bool,
    /// The part of the period, from 0 to 1, that the first rest after the first success takes, so that
    /// many who began at once do not go on at once; later polls keep to it. None means all of it.
    pub phase: Option<f64>,
}

impl Policy {
    /// The rests after failures.
    pub(super) fn growth(&self, first: Duration, cap: Duration) -> Growth {
        Growth::new(first, if self.grows { cap.max(first) } else { first })
    }
}

/// Makes a rest longer or shorter by up to the jitter.
pub(super) fn spread(rest: Duration, jitter: Duration, chance: f64) -> Duration {
    let latest = rest + jitter;
    latest.saturating_sub(jitter.mul_f64(2.0 * chance.clamp(0.0, 1.0)))
}

/// The [`Policy::phase`] of the repository with this number, so that polls are spread over the period
/// however many repositories there are.
pub fn phase_of(number: u64) -> f64 {
    let turned = number.wrapping_add(1).wrapping_mul(TURN) >> 32;
    f64::from(u32::try_from(turned).unwrap_or_default()) / f64::from(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_repositories_is_spread_over_the_period() {
        for many in [2, 3, 50, 500] {
            let mut phases: Vec<_> = (0..many).map(phase_of).collect();
            phases.sort_by(f64::total_cmp);
            let again = phases[0] + 1.0;
            phases.push(again);
            let most = 2.7 / f64::from(u32::try_from(many).unwrap());
            for pair in phases.windows(2) {
                let gap = pair[1] - pair[0];
                assert!(gap > 0.0 && gap < most, "{many}: {gap}");
            }
        }
    }
}
