//! How much memory a process and all below it use, seen by looking again and again.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

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
}

impl Memory {
    /// The higher figures of two.
    pub(crate) fn most(self, other: Self) -> Self {
        Self {
            anonymous: self.anonymous.max(other.anonymous),
            resident: self.resident.max(other.resident),
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
                most = most.most(look(process));
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

/// Looks at a process and all below it once.
fn look(process: u32) -> Memory {
    let own = status(process).unwrap_or_default();
    let below = children(process).into_iter().map(look);
    below.fold(own, |sum, child| Memory {
        anonymous: sum.anonymous + child.anonymous,
        resident: sum.resident.max(child.resident),
    })
}

fn status(process: u32) -> Option<Memory> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let fields: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let field = |name: &str| {
        let kilobytes = fields.get(name)?.split_ascii_whitespace().next()?.parse::<u64>().ok()?;
        Some(kilobytes * 1024)
    };
    Some(Memory { anonymous: field("RssAnon")?, resident: field("VmHWM")? })
}

fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else { return Vec::new() };
    let lists = threads.flatten().map(|thread| thread.path().join("children"));
    let texts = lists.filter_map(|list| fs::read_to_string(list).ok());
    let parse = |text: String| {
        let numbers = text.split_ascii_whitespace().filter_map(|number| number.parse().ok());
        numbers.collect::<Vec<_>>()
    };
    texts.flat_map(parse).collect()
}
