//! The program: once, and as a daemon that is watched from outside.

use nix::time::ClockId;
use nix::unistd::Pid;
use rustix::fs::inotify;
use rustix::process::{Signal, kill_process};
use std::fs;
use std::io::{Read, Write};
use std::mem::MaybeUninit;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::git::search_path;
use crate::support::settings;
use crate::support::usage::pause;

/// How long anything may take.
const LONG: Duration = Duration::from_mins(2);

/// A call of the program that follows `main` into a root.
pub(crate) fn gitsyncd(url: &str, root: &Path) -> Command {
    let mut command = Command::new(settings::program());
    command
        .env_clear()
        .env("PATH", search_path())
        .arg(format!("--repo={url}"))
        .arg(format!("--root={}", root.display()))
        .args(["--ref=main", "--link=latest", "--depth=1"]);
    command
}

/// A running daemon; it ends with this value.
#[derive(Debug)]
pub(crate) struct Daemon {
    child: Child,
    root: PathBuf,
    address: SocketAddr,
    names: OwnedFd,
}

impl Daemon {
    /// Starts it and waits until it has published for the first time and rests.
    pub(crate) fn start(url: &str, root: PathBuf, flags: &[&str]) -> Self {
        fs::create_dir_all(&root).unwrap();
        let names = inotify::init(inotify::CreateFlags::CLOEXEC).unwrap();
        inotify::add_watch(&names, &root, inotify::WatchFlags::MOVED_TO).unwrap();
        // Free a moment ago; if somebody takes it meanwhile, the daemon ends and so does the bench.
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
        let child = gitsyncd(url, &root)
            .args(flags)
            .arg(format!("--http-bind={address}"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut daemon = Self { child, root, address, names };
        let end = Instant::now() + LONG;
        while !daemon.rests() {
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

    /// The processor time it has used since it began, threads that ended included.
    pub(crate) fn cpu(&self) -> Duration {
        let process = Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        ClockId::pid_cpu_clock_id(process).and_then(ClockId::now).unwrap().into()
    }

    /// Sends the signal that asks for an attempt.
    pub(crate) fn signal(&self) {
        kill_process(rustix::process::Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// Waits, without using a processor, until the link names the commit.
    pub(crate) fn wait_until_published(&self, commit: &str) {
        let link = self.root.join("latest");
        self.wait_until(|| fs::read_link(&link).is_ok_and(|target| target.ends_with(commit)));
    }

    /// Waits until the attempt that published the commit is over and the tree before it is deleted,
    /// whether that is a part of the attempt or comes behind it.
    pub(crate) fn wait_until_done(&self, commit: &str) {
        self.wait_until(|| self.status()["commit"]["id"] == commit);
        let many = |path: &str| fs::read_dir(self.root.join(path)).map_or(0, Iterator::count);
        let end = Instant::now() + LONG;
        while many(".worktrees") > 1 || many(".git/gitsyncd/trash") > 0 {
            assert!(Instant::now() < end, "the old tree stays");
            pause(Duration::from_millis(2));
        }
        // What is done after that is little, but it is work.
        pause(Duration::from_millis(20));
    }

    /// How many attempts there were, and how many seconds those took that changed nothing.
    pub(crate) fn attempts(&self) -> Attempts {
        let text = self.get("/metrics");
        let sum = |name: &str, status: &str| {
            let lines = text.lines().filter(|line| line.starts_with(name));
            let lines = lines.filter(|line| line.contains(status));
            lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
        };
        Attempts {
            failed: sum("git_sync_count_total{", "\"error\""),
            unchanged: sum("git_sync_count_total{", "\"noop\""),
            seconds: sum("git_sync_duration_seconds_sum{", "\"noop\""),
        }
    }

    fn rests(&self) -> bool {
        fs::read_link(self.root.join("latest")).is_ok() && !self.status().is_null()
    }

    fn status(&self) -> serde_json::Value {
        let text = fs::read(self.root.join(".git-sync")).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Looks again whenever something in the root has got a new name.
    fn wait_until(&self, mut seen: impl FnMut() -> bool) {
        let end = Instant::now() + LONG;
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut names = inotify::Reader::new(&self.names, &mut buffer);
        while !seen() {
            let error = &self.status()["last_attempt"]["error"];
            assert!(error.is_null(), "the attempt failed: {error}");
            names.next().unwrap();
            assert!(Instant::now() < end, "the daemon does not come to an end");
        }
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
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
    /// Attempts that went wrong.
    pub(crate) failed: f64,
    /// Attempts that found nothing new.
    pub(crate) unchanged: f64,
    /// The seconds that those took together.
    pub(crate) seconds: f64,
}
