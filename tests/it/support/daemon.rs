//! The program, as a process.

use rustix::process::{Signal, kill_process};
use serde_json::Value;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::TempDir;

use crate::support::get::{Reply, get};
use crate::support::process::{Group, program, verdict};
use crate::support::snapshot::Snapshot;
use crate::support::wait::{SOON, eventually, pause};

/// A working directory for the program, which several runs may share one after the other.
#[derive(Debug)]
pub(crate) struct Root {
    dir: TempDir,
}

impl Root {
    /// Names a place where nothing is yet.
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    /// The directory.
    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    /// The link that readers use.
    pub(crate) fn link(&self) -> PathBuf {
        self.path().join("latest")
    }

    /// The commit that the link names, if there is a link.
    pub(crate) fn published(&self) -> Option<String> {
        let target = fs::read_link(self.link()).ok()?;
        Some(target.file_name()?.to_string_lossy().into_owned())
    }

    /// Waits until all files of what is published are in the directory for the next change.
    #[track_caller]
    pub(crate) fn eventually_prepares(&self) {
        let files = |dir: &Path| Snapshot::of(dir).0.without_pointers().files();
        eventually("the next change is prepared", SOON, || {
            let prepared = fs::read_dir(self.path().join(".git/gitsyncd/prepared"));
            let mut trees = prepared.into_iter().flatten().flatten();
            let tree = trees.next().map(|entry| entry.path().join("tree"));
            tree.filter(|tree| files(tree) == files(&self.link()))
        });
    }

    /// Waits until the link names the commit.
    #[track_caller]
    pub(crate) fn eventually_publishes(&self, commit: &str) {
        eventually(&format!("{commit} is published"), SOON, || {
            (self.published().as_deref() == Some(commit)).then_some(())
        });
    }

    /// The status file, if there is one yet.
    pub(crate) fn status(&self) -> Option<Value> {
        let text = fs::read(self.path().join(".git-sync")).ok()?;
        Some(serde_json::from_slice(&text).expect("the status file holds JSON at every moment"))
    }
}

/// How to start the program.
#[derive(Debug)]
pub(crate) struct Setup {
    program: PathBuf,
    name: Option<&'static str>,
    flags: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
}

/// Begins to describe a run that follows a repository: into the root, with logs in JSON.
pub(crate) fn following(url: &str, root: &Root) -> Setup {
    bare()
        .flag(format!("--repo={url}"))
        .flag(format!("--root={}", root.path().display()))
        .flag("--link=latest")
        .flag("--log-format=json")
}

/// Begins to describe a run without any flag.
pub(crate) fn bare() -> Setup {
    Setup {
        program: env!("CARGO_BIN_EXE_gitsyncd").into(),
        name: None,
        flags: Vec::new(),
        variables: Vec::new(),
    }
}

/// What `unshare` is told to make a process the first one of a process id space of its own.
pub(crate) const ALONE: [&str; 3] = ["--pid", "--fork", "--mount-proc"];

/// Begins to describe a run as the first process of a container.
pub(crate) fn alone() -> Setup {
    let setup = bare().program(program("unshare"));
    ALONE.into_iter().fold(setup, Setup::flag).flag(env!("CARGO_BIN_EXE_gitsyncd"))
}

impl Setup {
    /// Runs another file, such as a link of another name to the program.
    pub(crate) fn program(mut self, program: PathBuf) -> Self {
        self.program = program;
        self
    }

    /// Calls it by another name.
    pub(crate) fn called(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// Adds a flag.
    pub(crate) fn flag(mut self, flag: impl Into<OsString>) -> Self {
        self.flags.push(flag.into());
        self
    }

    /// Adds a variable to the environment, which is empty otherwise.
    pub(crate) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.variables.push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Starts it as a daemon with an HTTP server on a port of its own choice.
    pub(crate) fn start(self) -> Daemon {
        self.flag("--http-bind=127.0.0.1:0").spawn()
    }

    /// Runs it with `--one-time` to its end.
    #[track_caller]
    pub(crate) fn once(self) -> Finished {
        self.flag("--one-time").finish()
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn finish(self) -> Finished {
        let mut daemon = self.spawn();
        let status = daemon.exit(SOON);
        eventually("nobody holds its output any more", SOON, || daemon.drained().then_some(()));
        Finished { status, log: daemon.log(), stdout: daemon.stdout() }
    }

    /// Starts it as it is described.
    pub(crate) fn spawn(self) -> Daemon {
        let name = self.name.map_or_else(|| self.program.clone().into_os_string(), OsString::from);
        let mut process = Group::start(
            Command::new(self.program)
                .arg0(name)
                .args(self.flags)
                .env_clear()
                .envs(self.variables)
                .current_dir("/")
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped()),
        );
        let (log, stdout) = (Arc::default(), Arc::default());
        let readers = vec![
            collect(process.leader().stderr.take().unwrap(), &log),
            collect(process.leader().stdout.take().unwrap(), &stdout),
        ];
        Daemon { process, log, stdout, readers }
    }
}

type Lines = Arc<Mutex<Vec<String>>>;

fn collect(from: impl Read + Send + 'static, to: &Lines) -> JoinHandle<()> {
    let to = Arc::clone(to);
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let line = String::from_utf8_lossy(&line.unwrap()).into_owned();
            to.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    })
}

/// What a run left that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// What it logged.
    pub(crate) log: Vec<String>,
    /// What it printed.
    pub(crate) stdout: Vec<String>,
}

impl Finished {
    /// Fails, and shows the log, unless the exit code is this one.
    #[track_caller]
    pub(crate) fn expect_code(&self, code: i32) -> &Self {
        let verdict = verdict(self.status);
        assert_eq!(self.status.code(), Some(code), "{verdict}\n{}", self.log.join("\n"));
        self
    }

    /// What `--print-config` had against what it was given; nothing if it understood all.
    pub(crate) fn complaint(&self) -> Option<String> {
        let warnings = self.stdout.iter().filter(|line| line.starts_with("# warning"));
        let said: Vec<_> = self.log.iter().chain(warnings).map(String::as_str).collect();
        (self.status.code() != Some(0) || !said.is_empty()).then(|| said.join("; "))
    }
}

/// A running program. Its log is printed if the test fails.
#[derive(Debug)]
pub(crate) struct Daemon {
    process: Group,
    log: Lines,
    stdout: Lines,
    readers: Vec<JoinHandle<()>>,
}

impl Daemon {
    /// Says whether its output has come to an end and was read.
    fn drained(&self) -> bool {
        self.readers.iter().all(JoinHandle::is_finished)
    }

    /// The lines of its log so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it printed so far.
    pub(crate) fn stdout(&self) -> Vec<String> {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The events with this message so far.
    pub(crate) fn events(&self, message: &str) -> Vec<Value> {
        events(&self.log(), message)
    }

    /// Waits for an event with this message and gives the first one.
    #[track_caller]
    pub(crate) fn eventually_logs(&self, message: &str) -> Value {
        eventually(&format!("the log says {message:?}"), SOON, || {
            self.events(message).into_iter().next()
        })
    }

    /// Waits until the HTTP server listens and says where.
    #[track_caller]
    pub(crate) fn address(&self) -> SocketAddr {
        let event = self.eventually_logs("listening");
        let address = field(&event, "address").and_then(Value::as_str);
        address.and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("no address: {event}"))
    }

    /// Asks its HTTP server for a path.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> io::Result<Reply> {
        get(self.address(), path)
    }

    /// Says whether it is ready now.
    #[track_caller]
    pub(crate) fn ready(&self) -> bool {
        self.get("/readyz").is_ok_and(|reply| reply.status == 200)
    }

    /// Waits until it is ready.
    #[track_caller]
    pub(crate) fn eventually_ready(&self) {
        eventually("the daemon is ready", SOON, || self.ready().then_some(()));
    }

    /// Sends it a signal.
    pub(crate) fn signal(&mut self, signal: Signal) {
        assert!(self.running(), "the program has ended already");
        kill_process(self.process.pid(), signal).unwrap();
    }

    /// Says whether it still runs.
    pub(crate) fn running(&mut self) -> bool {
        self.process.ended().is_none()
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> i32 {
        self.process.pid().as_raw_nonzero().get()
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn exit(&mut self, deadline: Duration) -> ExitStatus {
        self.process.wait(deadline)
    }

    /// Ends it as `kill -9` does, with all that it started.
    pub(crate) fn kill(mut self) {
        self.process.kill();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let status = self.process.kill();
        if thread::panicking() {
            // The last lines may be on their way; an orphan that holds the pipe must not delay us.
            (0..100).take_while(|_| !self.drained()).for_each(|_| pause(Duration::from_millis(5)));
            println!("--- log of the program ({}):\n{}", verdict(status), self.log().join("\n"));
        }
    }
}

/// The events in a log that have this message.
pub(crate) fn events(log: &[String], message: &str) -> Vec<Value> {
    let parsed = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed.filter(|line| field(line, "message").is_some_and(|text| text == message)).collect()
}

/// A field of an event, wherever the format puts it.
pub(crate) fn field<'a>(event: &'a Value, name: &str) -> Option<&'a Value> {
    event.get(name).or_else(|| event.get("fields")?.get(name))
}
