//! What the first process of a container owes: to collect orphans that have ended.
//!
//! The kernel gives every orphan to process 1, and keeps its entry until somebody waits for it.
//! Waiting for any child at all would also take the exit codes of our own children from whoever
//! waits for those. So the ended children are looked up in `/proc`, and each that is not ours is
//! waited for by its number.
//!
//! Limits: without `/proc` nothing is collected. `is_ours` must know a child of our own from before
//! its start; until it knows the number it must take every process for ours. What is left over is
//! collected when the next child ends.

use rustix::process::{Pid, WaitOptions, waitpid};
use std::fs;
use std::io;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Says whether this process is the one that orphans are given to.
pub fn is_needed() -> bool {
    std::process::id() == 1
}

/// Collects orphans whenever a child ends, until told to stop.
///
/// It fails at once if the signal cannot be listened to, and never later.
pub async fn run(stop: CancellationToken, is_ours: impl Fn(Pid) -> bool) -> io::Result<()> {
    let mut child_ended = signal(SignalKind::child())?;
    loop {
        match reap(&is_ours) {
            Ok(0) => (),
            Ok(orphans) => tracing::debug!(orphans, "collected orphans"),
            Err(error) => tracing::warn!(%error, "cannot look for orphans in /proc"),
        }
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            _ = child_ended.recv() => (),
        }
    }
}

/// Collects every ended child that is not ours, and says how many these were. Never waits.
pub fn reap(is_ours: impl Fn(Pid) -> bool) -> io::Result<usize> {
    let mut orphans = 0;
    for pid in ended_children()? {
        // Somebody else may have collected it since; then there is nothing to do.
        if !is_ours(pid) && matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_))) {
            orphans += 1;
        }
    }
    Ok(orphans)
}

/// Lists the children of this process that have ended and were not waited for.
fn ended_children() -> io::Result<Vec<Pid>> {
    let parent = std::process::id().to_string();
    let mut ended = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(number) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        // A process may go away while this looks.
        let Ok(stat) = fs::read(format!("/proc/{number}/stat")) else {
            continue;
        };
        if is_ended_child(&stat, parent.as_bytes()) {
            ended.extend(Pid::from_raw(number));
        }
    }
    Ok(ended)
}

/// Reads a `stat` line: number, name in brackets, state, number of the parent, and more. A name may
/// hold brackets and spaces, so the fields are counted from the last bracket.
fn is_ended_child(stat: &[u8], parent: &[u8]) -> bool {
    let Some(after_name) = stat.rsplit(|byte| *byte == b')').next() else {
        return false;
    };
    let mut fields = after_name.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    fields.next() == Some(b"Z") && fields.next() == Some(parent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    use std::process::Command;

    #[test]
    fn an_orphan_is_collected_and_our_own_child_is_not() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = Pid::from_child(&child);
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();

        assert_eq!(reap(|_| true).unwrap(), 0);
        assert_eq!(reap(|other| other != pid).unwrap(), 1);
        assert_eq!(reap(|other| other != pid).unwrap(), 0);
        assert!(child.wait().is_err(), "nothing is left to wait for");
    }

    #[test]
    fn the_exit_code_of_our_own_child_stays_ours() {
        let mut child = Command::new("false").spawn().unwrap();
        let pid = Pid::from_child(&child);
        waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        reap(|_| true).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1));
    }

    #[test]
    fn a_stat_line_is_read_from_behind_the_name() {
        assert!(is_ended_child(b"7 (sh) Z 1 7 7 0", b"1"));
        assert!(is_ended_child(b"7 (a) S 2 (b) Z 1 7", b"1"));
        assert!(!is_ended_child(b"7 (sh) S 1 7 7 0", b"1"), "it lives");
        assert!(!is_ended_child(b"7 (sh) Z 12 7 7 0", b"1"), "another's child");
        assert!(!is_ended_child(b"", b"1"));
    }
}
