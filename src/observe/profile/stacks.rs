//! Where the threads were: what the profiler has noted, without what it did itself to note it.

use pprof::UnresolvedReport;
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;

/// What a thread executes when it comes back from a signal: it loads the number of a call of the system
/// and makes it. It never looks different, since debuggers know it by that.
const WAY_BACK: &[u8] = if cfg!(target_arch = "x86_64") {
    &[0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05]
} else if cfg!(target_arch = "aarch64") {
    &[0x68, 0x11, 0x80, 0xd2, 0x01, 0, 0, 0xd4]
} else {
    // Not known here: what the profiler does itself is left to who reads the profile.
    &[]
};

/// What the profiler's own functions are called, as a regular expression: where their addresses
/// could not be told from the others, they can be left out when they have names.
pub(super) const PROFILER: &str = "perf_signal_handler|__restore_rt|__kernel_rt_sigreturn";

/// A way into the program that was seen so often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stack {
    pub(super) thread: String,
    /// What was executed, and behind it the calls that led there.
    pub(super) addresses: Vec<u64>,
    pub(super) times: i64,
}

/// Takes all that is in a report.
pub(super) fn all(report: &UnresolvedReport) -> Vec<Stack> {
    let mut code = Code::open();
    let mut stacks = Vec::with_capacity(report.data.len());
    for (seen, times) in &report.data {
        let found = seen.frames.iter().map(|frame| frame.ip().addr());
        let found = found.filter_map(|address| u64::try_from(address).ok());
        // Nothing is at 0: there the first function of a thread would return to.
        let found: Vec<_> = found.filter(|address| *address != 0).collect();
        let name = seen.thread_name.get(..seen.thread_name_length).unwrap_or_default();
        stacks.push(Stack {
            thread: match name {
                [] => seen.thread_id.to_string(),
                name => String::from_utf8_lossy(name).into_owned(),
            },
            addresses: interrupted(&found, |address| code.leads_back(address)),
            times: i64::try_from(*times).unwrap_or_default(),
        });
    }
    stacks
}

/// What the thread did before the signal came. Only the innermost is the address of what would have
/// been next; of a call it is known where it returns to, and the call itself is just before that.
fn interrupted(found: &[u64], leads_back: impl FnMut(u64) -> bool) -> Vec<u64> {
    let calls = |addresses: &[u64]| -> Vec<u64> {
        addresses.iter().map(|address| address.saturating_sub(1)).collect()
    };
    let way_back = found.iter().copied().position(leads_back);
    let behind = way_back.and_then(|at| found.get(at + 1..)).and_then(<[u64]>::split_first);
    match behind {
        Some((here, callers)) => [vec![*here], calls(callers)].concat(),
        None => calls(found),
    }
}

/// The program's memory, and what is known of it.
struct Code {
    memory: Option<File>,
    known: HashMap<u64, bool>,
}

impl Code {
    fn open() -> Self {
        let memory = File::open("/proc/self/mem");
        let memory = memory.inspect_err(|error| tracing::debug!(%error, "no look at our own code"));
        Self { memory: memory.ok(), known: HashMap::new() }
    }

    /// Says whether this is where a thread comes back from a signal.
    fn leads_back(&mut self, address: u64) -> bool {
        let Some(memory) = &self.memory else { return false };
        *self.known.entry(address).or_insert_with(|| {
            let mut there = vec![0; WAY_BACK.len()];
            let read = memory.read_exact_at(&mut there, address);
            !there.is_empty() && read.is_ok() && there == WAY_BACK
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_profiler_does_itself_is_left_out() {
        assert_eq!(interrupted(&[10, 20, 30, 40, 50], |address| address == 20), [30, 39, 49]);
    }

    #[test]
    fn everything_is_kept_where_the_way_back_is_not_known() {
        assert_eq!(interrupted(&[10, 20], |_| false), [9, 19]);
        assert_eq!(interrupted(&[10, 20], |address| address == 20), [9, 19]);
        assert_eq!(interrupted(&[], |_| true), [0; 0]);
    }

    #[test]
    fn the_way_back_is_known_by_what_is_there() {
        let mut code = Code::open();
        let near = u64::try_from(WAY_BACK.as_ptr().addr()).unwrap();
        assert_eq!(code.leads_back(near), !WAY_BACK.is_empty());
        assert!(!code.leads_back(near + 1));
        assert!(!code.leads_back(0));
        assert!(!code.leads_back(u64::MAX));
    }
}
