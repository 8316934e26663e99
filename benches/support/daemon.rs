//! A program as a daemon that is watched from outside.

use nix::time::ClockId;
use nix::unistd::Pid;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify;
use rustix::process::{Signal, kill_process};
use std::fs;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::processes;
use crate::support::program::Program;
use crate::support::usage::pause;

/// How long anything may take.
const LONG: Duration = Duration::from_mins(5);
/// It rests if it used no more than this in so many glances, which lie so far apart.
const REST: Duration = Duration::from_micros(500);
const GLANCES: u32 = 6;
const BETWEEN: Duration = Duration::from_millis(25);

/// A running daemon; it ends with this value.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    root: PathBuf,
    address: SocketAddr,
    names: OwnedFd,
}

impl Daemon {
    /// Starts it and waits until it has published for the first time.
    pub(crate) fn start(program: &Program, url: &str, root: PathBuf, flags: &[&str]) -> Self {
        fs::create_dir_all(&root).unwrap();
        let names = inotify::init(inotify::CreateFlags::CLOEXEC | inotify::CreateFlags::NONBLOCK);
        let names = names.unwrap();
        inotify::add_watch(&names, &root, inotify::WatchFlags::MOVED_TO).unwrap();
        // Free a moment ago; if somebody takes it meanwhile, the daemon ends and so does the bench.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = program
            .command(url, &root)
            .args(flags)
            .arg(format!("--http-bind={address}"))
            .arg("--http-metrics")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut daemon = Self { child, root, address, names };
        let end = Instant::now() + LONG;
        while !daemon.has_begun() {
            assert!(daemon.child.try_wait().unwrap().is_none(), "the daemon has ended");
            assert!(Instant::now() < end, "the daemon publishes nothing");
            pause(Duration::from_millis(10));
        }
        daemon
    }

    /// The id of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Where it answers HTTP.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The directory that it keeps.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The processor time that it has used since it began: of all its threads, those that ended
    /// included, and of all processes that it started and that ended.
    pub(crate) fn cpu(&self) -> Duration {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        let own = ClockId::pid_cpu_clock_id(process).and_then(ClockId::now).unwrap();
        Duration::from(own) + processes::cpu_of_children(self.child.id())
    }

    /// Sends the signal that asks for an attempt.
    pub(crate) fn signal(&self) {
        self.send(Signal::HUP);
    }

    /// Waits, without using a processor, until the link names the commit.
    pub(crate) fn wait_until_published(&self, commit: &str) {
        let link = self.root.join("latest");
        let end = Instant::now() + LONG;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut names = inotify::Reader::new(&self.names, &mut buffer);
        while !fs::read_link(&link).is_ok_and(|target| target.ends_with(commit)) {
            let error = &self.status()["last_attempt"]["error"];
            assert!(error.is_null(), "the attempt failed: {error}");
            assert!(Instant::now() < end, "the daemon does not publish {commit}");
            let wait = Timespec { tv_sec: 1, tv_nsec: 0 };
            poll(&mut [PollFd::new(&self.names, PollFlags::IN)], Some(&wait)).unwrap();
            while names.next().is_ok() {}
        }
    }

    /// Waits until it does nothing any more, so that the next thing begins as seldom changes do:
    /// no thread runs, no process that it started is there, and its clock stands still.
    pub(crate) fn wait_until_idle(&self) {
        let end = Instant::now() + LONG;
        let (mut quiet, mut before) = (0, self.cpu());
        while quiet < GLANCES {
            assert!(Instant::now() < end, "the daemon does not come to rest");
            pause(BETWEEN);
            let now = self.cpu();
            let busy = processes::is_busy(self.child.id()) || now.saturating_sub(before) > REST;
            quiet = if busy { 0 } else { quiet + 1 };
            before = now;
        }
    }

    /// How many attempts there were, and how many seconds those took that changed nothing.
    pub(crate) fn attempts(&self) -> Attempts {
        let text = self.get("/metrics").unwrap_or_default();
        let sum = |name: &str, status: &str| {
            let lines = text.lines().filter(|line| line.starts_with(name));
            let lines = lines.filter(|line| line.contains(status));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        Attempts {
            done: sum("git_sync_count_total{", ""),
            failed: sum("git_sync_count_total{", "\"error\""),
            unchanged: sum("git_sync_count_total{", "\"noop\""),
            seconds: sum("git_sync_duration_seconds_sum{", "\"noop\""),
        }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) {
        self.send(Signal::TERM);
        self.child.wait().unwrap();
    }

    fn send(&self, signal: Signal) {
        kill_process(rustix::process::Pid::from_child(&self.child), signal).unwrap();
    }

    fn has_begun(&self) -> bool {
        fs::read_link(self.root.join("latest")).is_ok() && self.attempts().done > 0.0
    }

    /// What the program to measure says about itself in a file; a peer says nothing.
    fn status(&self) -> serde_json::Value {
        let text = fs::read(self.root.join(".git-sync")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    fn get(&self, path: &str) -> Option<String> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut text = String::new();
        stream.read_to_string(&mut text).ok()?;
        Some(text)
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        drop(self.child.kill().and_then(|()| self.child.wait()));
    }
}

/// What a daemon has counted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempts {
    /// All attempts.
    pub(crate) done: f64,
    /// Attempts that went wrong.
    pub(crate) failed: f64,
    /// Attempts that found nothing new.
    pub(crate) unchanged: f64,
    /// The seconds that those took together.
    pub(crate) seconds: f64,
}
