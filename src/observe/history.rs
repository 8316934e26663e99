//! What has happened, as the API and the page show it: each change of what readers see, and each
//! beginning and end of trouble. Attempts that changed nothing are not in it.

use crate::model::{CommitId, Step, Trigger};
use crate::observe::status::{Commit, Failure};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many entries are kept.
pub const MOST: usize = 100;

/// How many publications are kept among them, however much else happens.
const SPARED: usize = 10;

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
        let id = self.last_id().saturating_add(1);
        self.entries.push_back(Entry { id, ..entry });
        while self.entries.len() > MOST {
            let spared = self.spared();
            let oldest = self.entries.iter().position(|entry| !spared.contains(&entry.id));
            self.entries.remove(oldest.unwrap_or_default());
        }
    }

    /// The entries that stay however many others come: what was published last.
    fn spared(&self) -> Vec<u64> {
        let published = self.newest_first().filter(|entry| entry.what == What::Published);
        published.take(SPARED).map(|entry| entry.id).collect()
    }

    /// Puts what somebody else recorded, if there is any, before the entries that came after the one
    /// with the id `known`, which were added here.
    pub fn adopt(&mut self, past: Self, known: u64) {
        if past.entries.iter().all(|entry| self.entries.contains(entry)) {
            return;
        }
        let ours = std::mem::replace(self, past);
        for entry in ours.entries.into_iter().filter(|entry| entry.id > known) {
            self.add(entry);
        }
    }

    /// The id of the newest entry; 0 if there is none.
    pub fn last_id(&self) -> u64 {
        self.entries.back().map_or(0, |last| last.id)
    }

    /// The entries, newest first.
    pub fn newest_first(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().rev()
    }

    /// The entries after the one with this id, oldest first.
    pub fn after(&self, id: u64) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.id > id)
    }

    /// The commit that was published last.
    pub fn last_published(&self) -> Option<&CommitId> {
        let mut published = self.newest_first().filter(|entry| entry.what == What::Published);
        published.find_map(|entry| entry.commit.as_ref().map(|commit| &commit.id))
    }

    /// The commit that readers saw before this one, as far as is known.
    pub fn before(&self, commit: &CommitId) -> Option<&CommitId> {
        self.newest_first().filter(|entry| entry.what == What::Published).find_map(|entry| {
            let now = entry.commit.as_ref()?;
            // A tree that was only repaired had none before it.
            (now.id == *commit).then_some(entry.previous.as_ref()?)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: &str) -> CommitId {
        digit.repeat(40).parse().unwrap()
    }

    fn published(now: &str, previous: Option<&str>) -> Entry {
        let id = commit(now);
        let (subject, author) = ("a".to_owned(), "b".to_owned());
        Entry {
            id: 0,
            at: Timestamp::UNIX_EPOCH,
            what: What::Published,
            trigger: Some(Trigger::Start),
            commit: Some(Commit { id, subject, author, time: None }),
            previous: previous.map(commit),
            source: None,
            duration_ms: Some(1),
            step: None,
            error: None,
            by: None,
        }
    }

    #[test]
    fn ids_go_up_and_the_oldest_entries_go() {
        let mut history = History::default();
        for _ in 0..MOST + 5 {
            history.add(published("a", None));
        }
        let ids: Vec<_> = history.newest_first().map(|entry| entry.id).collect();
        assert_eq!((ids.len(), ids[0], ids[MOST - 1]), (MOST, 105, 6));
        assert_eq!(history.after(103).map(|entry| entry.id).collect::<Vec<_>>(), [104, 105]);
        assert_eq!(history.after(0).count(), MOST);
        let text = serde_json::to_string(&history).unwrap();
        assert_eq!(serde_json::from_str::<History>(&text).unwrap(), history);
    }

    #[test]
    fn trouble_does_not_push_out_what_was_published() {
        let mut history = History::default();
        for (now, previous) in [("a", None), ("b", Some("a"))] {
            history.add(published(now, previous));
        }
        for _ in 0..MOST {
            history.add(Entry { what: What::Failed, commit: None, ..published("b", None) });
        }
        assert_eq!(history.newest_first().count(), MOST);
        assert_eq!(history.last_published(), Some(&commit("b")));
        assert_eq!(history.before(&commit("b")), Some(&commit("a")));
        assert_eq!(history.last_id(), 102);
    }

    #[test]
    fn the_commit_before_is_found_however_often_one_was_published() {
        let mut history = History::default();
        assert_eq!(history.before(&commit("a")), None);
        for (now, previous) in [("a", None), ("b", Some("a")), ("a", Some("b")), ("c", Some("a"))] {
            history.add(published(now, previous));
        }
        assert_eq!(history.before(&commit("a")), Some(&commit("b")));
        assert_eq!(history.before(&commit("c")), Some(&commit("a")));
        assert_eq!(history.before(&commit("d")), None);
    }

    #[test]
    fn what_another_instance_recorded_meanwhile_comes_first() {
        let mut past = History::default();
        past.add(published("a", None));
        let mut ours = past.clone();
        ours.add(published("c", None));
        past.add(published("b", Some("a")));
        ours.adopt(past, 1);
        let all = ours.clone();
        ours.adopt(all.clone(), 1);
        assert_eq!(ours, all, "what was recorded by ourselves is not new");
        let commits = ours.newest_first().map(|entry| entry.commit.clone().unwrap().id);
        assert_eq!(commits.collect::<Vec<_>>(), [commit("c"), commit("b"), commit("a")]);
        assert_eq!(ours.last_id(), 3);
    }
}
