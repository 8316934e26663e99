//! What the kernel says of a process and of those below it, in `/proc`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use crate::support::sampler::Memory;
use crate::support::stats::megabytes;

/// The unit of processor time in `/proc`, which Linux never changed.
const TICK: Duration = Duration::from_millis(10);

/// A process and all below it together: the anonymous memory, the mark of the largest resident
/// size, and the resident size at this moment.
pub(crate) fn memory(process: u32) -> Memory {
    let own = status(process).unwrap_or_default();
    let below = children(process).into_iter().map(memory);
    below.fold(own, |sum, child| Memory {
        anonymous: sum.anonymous + child.anonymous,
        resident: sum.resident.max(child.resident),
        now: sum.now + child.now,
    })
}

/// The resident size of a process at this moment.
pub(crate) fn resident(process: u32) -> f64 {
    megabytes(status(process).map_or(0, |memory| memory.now))
}

/// Its memory at this moment that is in no file.
pub(crate) fn anonymous(process: u32) -> f64 {
    megabytes(status(process).map_or(0, |memory| memory.anonymous))
}

/// The processor time of all processes below one that have ended.
pub(crate) fn cpu_of_children(process: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // Behind the name, which may contain anything, the state is the third field of all.
    let fields = text.rsplit_once(") ").map_or("", |(_, fields)| fields);
    let ticks = fields.split(' ').skip(13).take(2).filter_map(|ticks| ticks.parse::<u32>().ok());
    TICK * ticks.sum()
}

/// Says whether a thread of it runs or waits for a disk, or a process is below it.
pub(crate) fn is_busy(process: u32) -> bool {
    let states = threads(process).into_iter().filter_map(|thread| {
        let text = fs::read_to_string(thread.join("stat")).ok()?;
        text.rsplit_once(") ")?.1.chars().next()
    });
    states.into_iter().any(|state| matches!(state, 'R' | 'D')) || !children(process).is_empty()
}

fn status(process: u32) -> Option<Memory> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let fields: BTreeMap<_, _> = text.lines().filter_map(|line| line.split_once(':')).collect();
    let field = |name: &str| {
        let kilobytes = fields.get(name)?.split_ascii_whitespace().next()?.parse::<u64>().ok()?;
        Some(kilobytes * 1024)
    };
    Some(Memory { anonymous: field("RssAnon")?, resident: field("VmHWM")?, now: field("VmRSS")? })
}

fn children(process: u32) -> Vec<u32> {
    let lists = threads(process).into_iter().map(|thread| thread.join("children"));
    let texts = lists.filter_map(|list| fs::read_to_string(list).ok());
    let parse = |text: String| {
        let numbers = text.split_ascii_whitespace().filter_map(|number| number.parse().ok());
        numbers.collect::<Vec<_>>()
    };
    texts.flat_map(parse).collect()
}

fn threads(process: u32) -> Vec<PathBuf> {
    let threads = fs::read_dir(format!("/proc/{process}/task"));
    threads.into_iter().flatten().flatten().map(|thread| thread.path()).collect()
}
