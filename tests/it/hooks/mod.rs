//! Who is told what is published, and who is asked before: programs and addresses.

mod addresses;
mod drift;
mod ends;
mod gates;
mod letters;
mod programs;
mod runs;

use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

use crate::contract::polling;
use crate::support::daemon::{Daemon, Root, Setup, events, field};
use crate::support::process;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A program, and what it notes beside itself.
struct Script {
    dir: TempDir,
}

impl Script {
    /// Writes one for a shell. `$D` is the directory for its notes; each run notes its commit in
    /// `$D/ran` first.
    fn new(body: &str) -> Self {
        let dir = TempDir::new().unwrap();
        let text =
            format!("D={}\necho \"$GITSYNC_HASH\" >> $D/ran\n{body}\n", dir.path().display());
        fs::write(dir.path().join("script"), text).unwrap();
        Self { dir }
    }

    /// How it is given as a command.
    fn command(&self) -> String {
        let shell = process::program("sh");
        serde_json::json!([shell, self.dir.path().join("script")]).to_string()
    }

    /// A file beside it.
    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What is in a file beside it; nothing if there is none.
    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_default()
    }

    /// Makes an empty file beside it.
    fn touch(&self, name: &str) {
        fs::write(self.file(name), "").unwrap();
    }

    /// The commits that it was run for.
    fn ran(&self) -> Vec<String> {
        self.read("ran").lines().map(str::to_owned).collect()
    }

    /// Waits until it was run for exactly these.
    #[track_caller]
    fn eventually_ran(&self, commits: &[&str]) {
        eventually(&format!("it runs for {commits:?}"), SOON, || {
            (self.ran() == commits).then_some(())
        });
    }
}

/// A daemon that looks again and again, whose programs find others.
fn telling(upstream: &Upstream, root: &Root) -> Setup {
    polling(&upstream.repo().display().to_string(), root).variable("PATH", process::path())
}

/// The text of a field in each event with a message.
fn texts(log: &[String], message: &str, name: &str) -> Vec<String> {
    let events = events(log, message);
    let text = |event| field(event, name).and_then(|text| text.as_str()).map(str::to_owned);
    events.iter().filter_map(text).collect()
}

/// How often a hook ended so.
#[track_caller]
fn count(daemon: &Daemon, name: &str, status: &str) -> u64 {
    let name = format!("git_sync_hook_run_count_total{{name=\"{name}\",status=\"{status}\"}}");
    crate::contract::metric(daemon, &name)
}

/// Waits until a hook ended so at least so often, and that is in the log.
#[track_caller]
fn eventually_counts(daemon: &Daemon, name: &str, status: &str, least: usize) {
    let what = if name == "webhook" { "webhook" } else { "hook" };
    let how = if status == "success" { "succeeded" } else { "failed" };
    let message = format!("a {what} {how}");
    eventually(&format!("{name} has {status} {least} times"), SOON, || {
        let counted = usize::try_from(count(daemon, name, status)).unwrap() >= least;
        let told = texts(&daemon.log(), &message, "hook");
        (counted && told.iter().filter(|told| *told == name).count() >= least).then_some(())
    });
}

/// Says whether a process does anything; one that nobody has waited for yet does not.
fn lives(pid: &str) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    let state = stat.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
    state.is_some_and(|state| state != 'Z' && state != 'X')
}
