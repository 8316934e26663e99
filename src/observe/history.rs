//! What has happened, as the API and the page show it: each change of what readers see, and each
//! beginning and end of trouble. Attempts that changed nothing are not in it.

use crate::model::{CommitId, Step, Trigger};
use crate::observe::status::{Commit, Failure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many entries are kept.
pub const MOST: usize = 100;

/// What happened at one time. It never changes afterwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Counts up by one, over restarts too.
    pub id: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
    /// What started the attempt; none if there was no attempt.
    pub trigger: Option<Trigger>,
    /// What readers see from then on.
    pub commit: Option<Commit>,
    /// What they saw before, if that is something else.
    pub previous: Option<CommitId>,
    /// Which source served.
    pub source: Option<String>,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The step that failed.
    pub step: Option<Step>,
    /// Why it failed.
    pub error: Option<Failure>,
    /// Who asked for it, where that is known.
    pub by: Option<String>,
}

/// What can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// Readers see another tree.
    Published,
    /// An attempt failed, and the one before did not fail in the same way.
    Failed,
    /// An attempt succeeded that changed nothing, and the one before had failed.
    Recovered,
    /// A new commit was not published, on purpose.
    Refused,
    /// The choice was made to stay at a commit.
    Pinned,
    /// The ref is followed again.
    Unpinned,
}

/// The last entries, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    entries: VecDeque<Entry>,
}

impl History {
    /// Adds an entry, which gets the next id. The oldest goes when there are too many.
    pub fn add(&mut self, entry: Entry) {
        let id = self.entries.back().map_or(0, |last| last.id).saturating_add(1);
        self.entries.push_back(Entry { id, ..entry });
        while self.entries.len() > MOST {
            self.entries.pop_front();
        }
    }

    /// The entries, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The entries after the one with this id, oldest first.
    pub fn after(&self, id: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.id > id)
    }

    /// The commit that readers saw before this one, as far as is known.
    pub fn before(&self, commit: &CommitId) -> Option<&CommitId> {
        let published =
            self.newest_first().filter(|entry| entry.what == What::Published).find_map(|entry| {
                let now = entry.commit.as_ref()?;
                (now.id == *commit).then_some(entry.previous.as_ref())
            });
        published.flatten()
    }
}
