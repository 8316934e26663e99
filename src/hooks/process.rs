//! One run of a program, with everything that belongs to it.
//!
//! It gets a process group of its own, which is killed as a whole when its time is over or nobody
//! waits for it any more. What leaves that group, as services do, is not followed; neither is what
//! goes on after the program itself has ended.

use crate::hooks::children::Children;
use crate::hooks::output;
use crate::runtime::blocking::Share;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};
use rustix::process::{kill_process_group, waitid};
use std::fmt;
use std::future::Future;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

/// How long a program may take to obey SIGTERM.
const OBEDIENCE: Duration = Duration::from_millis(200);
/// How often it is looked whether it did.
const LOOK: Duration = Duration::from_millis(5);
/// How long its output is waited for when it has ended.
const LAST_WORDS: Duration = Duration::from_millis(250);

/// What to run.
#[derive(Debug)]
pub(super) struct Program<'a> {
    /// How it is called in the log.
    pub(super) name: &'static str,
    /// Its name and its arguments.
    pub(super) command: &'a [String],
    /// Where.
    pub(super) dir: &'a Path,
    /// Variables that it gets besides those we have.
    pub(super) variables: &'a [(&'static str, String)],
    /// Variables of ours that it does not get.
    pub(super) hidden: &'a [String],
    /// How long it may take.
    pub(super) timeout: Duration,
    /// Where it is started.
    pub(super) threads: &'a Share,
}

/// Why a run did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// It could not be started.
    Start(String),
    /// It ended with this.
    Status(ExitStatus),
    /// It took longer than this.
    Late(Duration),
    /// Nobody waits for it any more.
    Cut,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(why) => write!(f, "it could not be started: {why}"),
            Self::Status(status) => match (status.code(), status.signal()) {
                (Some(code), _) => write!(f, "it ended with exit status {code}"),
                (None, Some(signal)) => write!(f, "it was killed by signal {signal}"),
                (None, None) => write!(f, "it ended with {status}"),
            },
            Self::Late(limit) => write!(f, "it took longer than {limit:?} and was killed"),
            Self::Cut => write!(f, "it was interrupted"),
        }
    }
}

/// Kills a group of processes when it is dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            signal(pid, Signal::KILL);
        }
    }
}

fn signal(group: Pid, signal: Signal) {
    if let Err(error) = kill_process_group(group, signal) {
        // Most likely nobody is left in it.
        tracing::debug!(%error, group = group.as_raw_nonzero(), "cannot signal a process group");
    }
}

impl Program<'_> {
    /// Runs it to its end, unless `cut` ends first. What it leaves running may go on writing to the
    /// log, by way of `readers`.
    pub(super) async fn run(
        &self,
        children: &Arc<Children>,
        readers: &mut JoinSet<()>,
        cut: impl Future<Output = ()>,
    ) -> Result<(), Failure> {
        while readers.try_join_next().is_some() {}
        tokio::pin!(cut);
        let late = tokio::time::sleep(self.timeout);
        tokio::pin!(late);
        let (mut child, pid, mut group) = tokio::select! {
            biased;
            started = self.start(children) => started?,
            () = &mut cut => return Err(Failure::Cut),
            () = &mut late => return Err(Failure::Late(self.timeout)),
        };
        let (closed, all_read) = oneshot::channel();
        read(&mut child, self.name, closed, readers);
        let ended = tokio::select! {
            biased;
            status = child.wait() => match status {
                Ok(status) if status.success() => Ok(()),
                Ok(status) => Err(Failure::Status(status)),
                Err(error) => Err(Failure::Start(error.to_string())),
            },
            () = &mut cut => Err(Failure::Cut),
            () = &mut late => Err(Failure::Late(self.timeout)),
        };
        if matches!(ended, Err(Failure::Cut | Failure::Late(_))) {
            end(&mut child, pid).await;
        }
        group.0 = None;
        children.ended(pid);
        if ended != Err(Failure::Cut) {
            // Whatever holds it open may do so.
            drop(tokio::time::timeout(LAST_WORDS, all_read).await);
        }
        ended
    }

    /// Starts it on a thread that may block, as its directory may not answer. If this is not waited
    /// for, it is killed as soon as it has been started.
    async fn start(&self, children: &Arc<Children>) -> Result<(Child, Pid, Group), Failure> {
        let (mut command, children) = (self.prepare(), Arc::clone(children));
        let work = move || {
            let (child, pid) = children.start(&mut command)?;
            Ok((child, pid, Group(Some(pid))))
        };
        let started = self.threads.run(work).await.map_err(std::io::Error::other).flatten();
        started.map_err(|error| Failure::Start(self.told(&error)))
    }

    fn prepare(&self) -> Command {
        let (name, arguments) =
            self.command.split_first().map_or(("", &[][..]), |(name, rest)| (name.as_str(), rest));
        // Where a name is looked for that is relative depends on the system, so it is made absolute.
        let program = if name.contains('/') { self.dir.join(name) } else { PathBuf::from(name) };
        let mut command = Command::new(program);
        command.arg0(name).args(arguments).current_dir(self.dir).env("PWD", self.dir);
        for name in self.hidden {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.process_group(0).kill_on_drop(true);
        command
    }

    fn told(&self, error: &std::io::Error) -> String {
        let name = self.command.first().map(String::as_str).unwrap_or_default();
        let place = if name.contains('/') { "" } else { " in PATH" };
        let hint = if error.kind() == std::io::ErrorKind::NotFound {
            "; check the name, and whether what runs it (#! or a loader) is there"
        } else if error.kind() == std::io::ErrorKind::PermissionDenied {
            "; check whether it is executable"
        } else {
            ""
        };
        format!("{name:?}{place}: {error}{hint}")
    }
}

/// Has the output read, and says when all of it was.
fn read(
    child: &mut Child,
    name: &'static str,
    closed: oneshot::Sender<()>,
    readers: &mut JoinSet<()>,
) {
    if let (Some(out), Some(err)) = (child.stdout.take(), child.stderr.take()) {
        let lines = async move {
            tokio::join!(output::log(out, name, "stdout"), output::log(err, name, "stderr"));
            // Perhaps nobody waits for that.
            closed.send(()).unwrap_or_default();
        };
        readers.spawn(lines.in_current_span());
    }
}

/// Ends a process and its group. It is not waited for before the group is killed, so that no other
/// group can have got the number.
async fn end(child: &mut Child, pid: Pid) {
    signal(pid, Signal::TERM);
    let limit = Instant::now() + OBEDIENCE;
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    while Instant::now() < limit && matches!(waitid(WaitId::Pid(pid), options), Ok(None)) {
        tokio::time::sleep(LOOK).await;
    }
    signal(pid, Signal::KILL);
    if let Err(error) = child.wait().await {
        tracing::warn!(%error, "cannot wait for a hook");
    }
}
