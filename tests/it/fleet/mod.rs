//! Several repositories in one process, listed by a file.

mod changes;
mod ends;
mod leaks;
mod lives;
mod manager;

use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::support::daemon::{Daemon, Root, Setup, bare, field};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// The file that lists the repositories.
struct List {
    dir: TempDir,
}

impl List {
    fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("repositories.yaml")
    }

    /// Replaces it at once.
    fn write(&self, text: &str) {
        let new = self.dir.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    /// Lists these and no others.
    fn list(&self, entries: &[Entry]) -> &Self {
        self.write(&text(entries));
        self
    }

    /// Begins to describe a run that keeps what is listed, with logs in JSON.
    fn setup(&self) -> Setup {
        bare().flag(format!("--config={}", self.path().display())).flag("--log-format=json")
    }
}

/// What the file says of one repository.
#[derive(Clone)]
struct Entry {
    name: String,
    repo: String,
    root: PathBuf,
    more: String,
}

impl Entry {
    /// One that changes when its source does, and else hardly ever.
    fn new(name: impl Into<String>, repo: &Path, root: &Path) -> Self {
        let repo = repo.to_str().unwrap().to_owned();
        Self { name: name.into(), repo, root: root.to_owned(), more: "period: 1h".to_owned() }
    }

    /// The same with another option.
    fn with(mut self, option: &str) -> Self {
        self.more = format!("{}\n  {option}", self.more);
        self
    }
}

fn text(entries: &[Entry]) -> String {
    let mut text = "repositories:\n".to_owned();
    for Entry { name, repo, root, more } in entries {
        let root = root.display();
        writeln!(text, "- name: {name}\n  repo: {repo}\n  root: {root}\n  {more}").unwrap();
    }
    if entries.is_empty() { "repositories: []\n".to_owned() } else { text }
}

/// A source and the place where it is published.
struct One {
    upstream: Upstream,
    root: Root,
}

impl One {
    fn new() -> Self {
        Self { upstream: Upstream::new(), root: Root::new() }
    }

    fn entry(&self, name: &str) -> Entry {
        Entry::new(name, &self.upstream.repo(), &self.root.path())
    }

    #[track_caller]
    fn eventually_published(&self) {
        self.root.eventually_publishes(&self.upstream.head());
    }

    /// Commits something, and waits until it is published; gives the number of the attempt.
    #[track_caller]
    fn follows(&self, content: &str) -> u64 {
        let commit = self.upstream.commit("file", content);
        self.root.eventually_publishes(&commit);
        eventually("the status tells", SOON, || {
            let status = self.root.status()?;
            let shown = status["commit"]["id"] == commit.as_str();
            shown.then(|| status["last_attempt"]["number"].as_u64()).flatten()
        })
    }
}

/// The events with this message that are about the repository with this name.
fn events_of(daemon: &Daemon, name: &str, message: &str) -> Vec<Value> {
    let of = |event: &Value| field(event, "repo_name").is_some_and(|its| its == name);
    daemon.events(message).into_iter().filter(of).collect()
}

/// Waits for so many events with this message that are about the repository with this name.
#[track_caller]
fn eventually_logs(daemon: &Daemon, name: &str, message: &str, times: usize) -> Value {
    eventually(&format!("{name}: {message} ({times})"), SOON, || {
        events_of(daemon, name, message).into_iter().nth(times - 1)
    })
}
