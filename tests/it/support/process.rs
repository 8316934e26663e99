//! Child processes that leave nothing behind.

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use std::env;
use std::ffi::OsString;
use std::fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use crate::support::wait::eventually;

/// A process and all it starts, in a process group of their own, which ends with this value.
///
/// A guardian, a shell that reads from this process, ends the group if this process is killed.
#[derive(Debug)]
pub(crate) struct Group {
    leader: Child,
    guardian: Child,
    status: Option<ExitStatus>,
}

impl Group {
    /// Starts the command as the leader of a new group.
    pub(crate) fn start(command: &mut Command) -> Self {
        let leader = command.process_group(0).spawn().unwrap_or_else(|error| {
            panic!("cannot start {}: {error}", command.get_program().display())
        });
        let guardian = Command::new("/bin/sh")
            .args([
                "-c",
                "read -r _; kill -s KILL -- \"-$1\"",
                "guardian",
                &leader.id().to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .unwrap();
        Self { leader, guardian, status: None }
    }

    /// Lends the leader, to take its pipes.
    pub(crate) fn leader(&mut self) -> &mut Child {
        &mut self.leader
    }

    /// The process id of the leader.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.leader)
    }

    /// How the leader ended, if it has; then all that it left behind is ended too.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        if self.status.is_none() && waitid(WaitId::Pid(self.pid()), look).unwrap().is_some() {
            self.kill();
        }
        self.status
    }

    /// Waits until the leader ends by itself.
    #[track_caller]
    pub(crate) fn wait(&mut self, deadline: Duration) -> ExitStatus {
        eventually("the process ends by itself", deadline, || self.ended())
    }

    /// Ends the whole group at once and says how the leader ended.
    pub(crate) fn kill(&mut self) -> ExitStatus {
        if let Some(status) = self.status {
            return status;
        }
        // Until the leader is reaped, its id names this group and no other.
        kill_process_group(self.pid(), Signal::KILL).unwrap();
        let status = self.leader.wait().unwrap();
        self.status = Some(status);
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
        // Before its standard input closes, or it would signal a group that may be another's.
        self.guardian.kill().unwrap();
        self.guardian.wait().unwrap();
    }
}

/// Where the paths of plain users do not lead.
pub(crate) const MORE_PATHS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Where a program is, if it is installed; also looks in [`MORE_PATHS`].
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    env::split_paths(&path())
        .chain(MORE_PATHS.map(PathBuf::from))
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Where a program is that a test cannot do without.
pub(crate) fn program(name: &str) -> PathBuf {
    installed(name)
        .unwrap_or_else(|| panic!("{name} is not installed; ./test installs what the tests need"))
}

/// The search path for programs that start others.
pub(crate) fn path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())
}

/// The processes that any thread of a process has started, and those that were left to it.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    // A thread may end while this looks.
    let lists = threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace().map(|child| child.parse().unwrap()).collect::<Vec<_>>()
        })
        .collect()
}

/// Says in words how a process ended.
pub(crate) fn verdict(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "neither exit nor signal".to_owned(),
    }
}
