//! Medians, and how far the runs lie apart.

use crate::support::sampler::Memory;
use crate::support::usage::Cost;

/// The middle of some figures, and their quartiles.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Summary {
    /// The median.
    pub(crate) median: f64,
    /// The distance of the quartiles, as a part of the median.
    pub(crate) spread: f64,
}

/// Sums figures up; there must be some.
pub(crate) fn summary(figures: impl IntoIterator<Item = f64>) -> Summary {
    let mut figures: Vec<_> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let at = |quarters: usize| figures[(figures.len() - 1) * quarters / 4];
    let middle = figures.len() / 2;
    let median = if figures.len().is_multiple_of(2) {
        f64::midpoint(figures[middle - 1], figures[middle])
    } else {
        figures[middle]
    };
    Summary { median, spread: if median > 0.0 { (at(3) - at(1)) / median } else { 0.0 } }
}

/// The seconds that passed in each run.
pub(crate) fn wall(costs: &[Cost]) -> Summary {
    summary(costs.iter().map(|cost| cost.wall.as_secs_f64()))
}

/// The seconds of processor time in each run.
pub(crate) fn cpu(costs: &[Cost]) -> Summary {
    summary(costs.iter().map(|cost| cost.cpu.as_secs_f64()))
}

/// The megabytes of anonymous memory in each run.
pub(crate) fn anonymous(runs: &[Memory]) -> Summary {
    summary(runs.iter().map(|memory| megabytes(memory.anonymous)))
}

/// The megabytes of resident memory in each run.
pub(crate) fn resident(runs: &[Memory]) -> Summary {
    summary(runs.iter().map(|memory| megabytes(memory.resident)))
}

/// The megabytes that were resident at the end of each run.
pub(crate) fn resident_now(runs: &[Memory]) -> Summary {
    summary(runs.iter().map(|memory| megabytes(memory.now)))
}

/// Bytes in MiB.
pub(crate) fn megabytes(bytes: u64) -> f64 {
    // Kilobytes are few enough for 32 bits: four terabytes.
    f64::from(u32::try_from(bytes / 1024).unwrap()) / 1024.0
}
