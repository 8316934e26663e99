//! How much memory it may take to put objects together. gix keeps each object that others are made
//! from until all of those are made, so it is more than the largest object, and how much cannot be
//! told before: so it is looked at meanwhile.

use crate::git::intake::Excess;
use crate::model::{Limits, Size};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many of the largest objects may be in memory at once.
const OBJECTS: u64 = 4;
/// What may be besides: many small objects, and the work of others.
const BESIDES: u64 = 256 << 20;
/// How often is looked. No more than some megabytes can be filled meanwhile.
const GLANCE: Duration = Duration::from_millis(5);

/// How much that is; none is no limit.
pub(super) fn most(limits: Limits) -> Option<Size> {
    (limits.object.0 != 0)
        .then(|| Size(limits.object.0.saturating_mul(OBJECTS).saturating_add(BESIDES)))
}

/// A look at the memory of the program from time to time.
#[derive(Debug)]
pub(super) struct Watch {
    most: Option<Size>,
    before: u64,
    looked: Mutex<Instant>,
    exceeded: AtomicBool,
}

impl Watch {
    /// What is in use now is not counted.
    pub(super) fn new(limits: Limits) -> Self {
        let (before, looked) = (in_use().unwrap_or_default(), Mutex::new(Instant::now()));
        Self { most: most(limits), before, looked, exceeded: AtomicBool::new(false) }
    }

    /// Says whether the work may go on.
    pub(super) fn allows(&self) -> bool {
        let Some(most) = self.most else {
            return true;
        };
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if looked.elapsed() >= GLANCE {
            *looked = Instant::now();
            let more = in_use().map_or(0, |now| now.saturating_sub(self.before));
            if more > most.0 {
                self.exceeded.store(true, Ordering::Relaxed);
            }
        }
        !self.exceeded.load(Ordering::Relaxed)
    }

    /// What was exceeded, if anything was.
    pub(super) fn verdict(&self) -> Option<Excess> {
        self.most.filter(|_| self.exceeded.load(Ordering::Relaxed)).map(Excess::Memory)
    }
}

/// The memory of the program that is no file.
fn in_use() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_seen() {
        assert!(in_use().unwrap() > 1 << 10);
        let watch = Watch::new(Limits::default());
        assert!(watch.allows());
        let limits = Limits { object: Size(1), pack: Size(0) };
        let watch = Watch::new(limits);
        assert!(watch.allows());
        assert_eq!(watch.verdict(), None);
    }
}
