//! How much memory a process and all below it use, seen by looking again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::processes;
use crate::support::usage::pause;

/// How often to look.
const PERIOD: Duration = Duration::from_millis(1);

/// Peaks, in bytes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Memory {
    /// Anonymous memory of all processes together, at the worst moment that was seen. This is
    /// what a memory limit cannot get back.
    pub(crate) anonymous: u64,
    /// The highest resident size of the largest process, as the kernel noted it; with the pages
    /// of mapped files.
    pub(crate) resident: u64,
    /// The resident size of all processes together, at the worst moment that was seen.
    pub(crate) now: u64,
}

impl Memory {
    /// The higher figures of two.
    pub(crate) fn most(self, other: Self) -> Self {
        Self {
            anonymous: self.anonymous.max(other.anonymous),
            resident: self.resident.max(other.resident),
            now: self.now.max(other.now),
        }
    }
}

/// A thread that looks.
#[derive(Debug)]
pub(crate) struct Sampler {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Memory>,
}

impl Sampler {
    /// Begins to watch a process.
    pub(crate) fn start(process: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = thread::spawn(move || {
            let mut most = Memory::default();
            while !seen.load(Ordering::Relaxed) {
                most = most.most(processes::memory(process));
                pause(PERIOD);
            }
            most
        });
        Self { over, thread }
    }

    /// Ends it and says what was seen.
    pub(crate) fn end(self) -> Memory {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}
