//! The processes that are ours to wait for, so that nobody else takes their exit codes.

use rustix::process::Pid;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::process::{Child, Command};

/// Those that run now.
#[derive(Debug, Default)]
pub(super) struct Children(Mutex<Vec<Pid>>);

impl Children {
    fn lock(&self) -> MutexGuard<'_, Vec<Pid>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whether a process is one of them. One that is being started is waited for, so that
    /// nobody who sees it can take it for somebody else's.
    pub(super) fn has(&self, pid: Pid) -> bool {
        self.lock().contains(&pid)
    }

    /// Starts one.
    pub(super) fn start(&self, command: &mut Command) -> io::Result<(Child, Pid)> {
        let mut running = self.lock();
        let child = command.spawn()?;
        let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let pid = id.ok_or_else(|| io::Error::other("the system gave it no number"))?;
        running.push(pid);
        Ok((child, pid))
    }

    /// One has ended and was waited for.
    pub(super) fn ended(&self, pid: Pid) {
        self.lock().retain(|running| *running != pid);
    }
}
