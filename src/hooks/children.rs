//! The processes that are ours to wait for, so that nobody else takes their exit codes.

use rustix::process::Pid;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::process::{Child, Command};

/// Those that run now.
#[derive(Debug, Default)]
pub(super) struct Children {
    running: Mutex<Vec<Pid>>,
    /// How many are being started.
    starting: AtomicUsize,
}

impl Children {
    fn running(&self) -> MutexGuard<'_, Vec<Pid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether a process is one of them, or may be, because one is being started. Never waits
    /// for that.
    pub(super) fn has(&self, pid: Pid) -> bool {
        self.starting.load(Ordering::SeqCst) > 0 || self.running().contains(&pid)
    }

    /// Starts one, which may take long if its directory is on a slow disk.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<(Child, Pid)> {
        self.starting.fetch_add(1, Ordering::SeqCst);
        let started = self.spawn(command);
        self.starting.fetch_sub(1, Ordering::SeqCst);
        started
    }

    fn spawn(&self, command: &mut Command) -> io::Result<(Child, Pid)> {
        let child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = id.ok_or_else(|| io::Error::other("the system gave it no number"))?;
        self.running().push(pid);
        Ok((child, pid))
    }

    /// One has ended and was waited for.
    pub(super) fn ended(&self, pid: Pid) {
        self.running().retain(|running| *running != pid);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_ours_from_its_start_until_it_was_waited_for() {
        let children = Children::default();
        let (mut child, pid) = children.start(&mut Command::new("true")).unwrap();
        assert!(children.has(pid));
        child.wait().await.unwrap();
        children.ended(pid);
        assert!(!children.has(pid));
        // While one is being started nobody knows its number yet.
        children.starting.fetch_add(1, Ordering::SeqCst);
        assert!(children.has(pid));
    }
}
