//! Text to [`Config`], once, at the start.

use crate::model::{Reference, RepoUrl, Secret};
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

/// What the program was asked to do; every value holds.
#[derive(Clone, Debug)]
pub struct Config {
    /// What to follow.
    pub repo: RepoUrl,
    /// Which ref of it.
    pub reference: Reference,
    /// The working directory, absolute and without `.` or `..`.
    pub root: PathBuf,
    /// The symlink that consumers read, absolute and without `.` or `..`.
    pub link: PathBuf,
    /// The rest between two attempts; none means that only triggers start one.
    pub period: Option<Duration>,
    /// How much longer or shorter a rest may be, at random.
    pub jitter: Duration,
    /// The rest between attempts until the first success.
    pub init_period: Duration,
    /// How long one attempt may take, up to and including the publication.
    pub sync_timeout: Duration,
    /// Exit after the first success.
    pub one_time: bool,
    /// How many failures in a row end the program; none means that it never gives up.
    pub max_failures: Option<NonZeroU64>,
    /// The same, until the first success.
    pub init_max_failures: Option<NonZeroU64>,
    /// How many commits of history to keep; none means all.
    pub depth: Option<NonZeroU32>,
    /// Who to be at the server.
    pub username: Option<String>,
    /// How to prove it.
    pub password: Option<PasswordSource>,
    /// The certificates to trust, in place of the system's.
    pub ca_file: Option<PathBuf>,
    /// A file whose time changes when something was published.
    pub touch_file: Option<PathBuf>,
    /// A file that holds the last error while there is one.
    pub error_file: Option<PathBuf>,
    /// How long a retired tree stays.
    pub stale_worktree_timeout: Duration,
    /// The signal that starts an attempt, by number.
    pub sync_on_signal: Option<i32>,
    /// Where to answer HTTP: `host:port`, all addresses if the host is empty.
    pub http_bind: Option<String>,
    /// Whether `/metrics` is answered.
    pub http_metrics: bool,
    /// How much to log: 0 tells changes and failures, 9 everything.
    pub verbose: u8,
    /// How log lines look.
    pub log_format: LogFormat,
}

/// Where the password is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordSource {
    /// It was given itself.
    Value(Secret),
    /// In a file, which is read again at every attempt.
    File(PathBuf),
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One line of text, for people.
    Text,
    /// One JSON object a line.
    Json,
}
