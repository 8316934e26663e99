//! What the program as a whole was asked to do, and each repository in it.

use crate::config::{Again, Config, LogFormat, Serving};
use std::time::Duration;

/// Everything that the program was asked to do; every value holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fleet {
    /// What counts for the program as a whole.
    pub process: Process,
    /// The repositories. If no file lists them there is one, without a name; if one does, each has a
    /// name of its own.
    pub repositories: Vec<Config>,
    /// The file that some of it is from, if there is one, and how to read that anew.
    pub again: Option<Again>,
}

/// What counts for the program as a whole, however many repositories it keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// What others may ask over HTTP.
    pub serving: Serving,
    /// The signal that starts an attempt, by number.
    pub sync_on_signal: Option<i32>,
    /// Exit after the first success.
    pub one_time: bool,
    /// Whether the group may write what is made.
    pub group_write: bool,
    /// How much to log: 0 tells changes and failures, 9 everything.
    pub verbose: u8,
    /// How log lines look.
    pub log_format: LogFormat,
}

impl Fleet {
    /// How long the work for all repositories may take, one after the other; a year at most.
    pub fn all_attempts(&self) -> Duration {
        let times = self.repositories.iter().map(|one| one.sync_timeout);
        times.fold(Duration::ZERO, Duration::saturating_add).min(Duration::from_hours(24 * 365))
    }

    /// The only repository, where a test has no other.
    #[cfg(test)]
    pub(crate) fn into_only(mut self) -> Config {
        assert_eq!(self.repositories.len(), 1);
        self.repositories.remove(0)
    }
}
