//! The status: one immutable snapshot after each change, as `.git-sync` and the API show it.

use crate::model::{Class, CommitId, Step, Trigger};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything that can be asked about one repository. Times are RFC 3339, in UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Status {
    /// What the repository is called where there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The version of this program.
    pub version: &'static str,
    /// The repository, without its password.
    pub repo: String,
    /// The ref that is followed.
    #[serde(rename = "ref")]
    pub reference: String,
    /// The full name of the ref that named what is published, as the source has it; none if no ref
    /// did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ref_name: Option<String>,
    /// How far the program is.
    pub phase: Phase,
    /// What is published.
    pub commit: Option<Commit>,
    /// The directory that holds it.
    pub tree: Option<String>,
    /// When it was published.
    pub published_at: Option<Timestamp>,
    /// What was published before it.
    pub previous: Option<CommitId>,
    /// Whether publication stays at one commit on request.
    pub pinned: bool,
    /// What waits for a window in which it may be published.
    pub waiting: Option<Waiting>,
    /// Which source served it.
    pub source: Option<String>,
    /// Failures in a row.
    pub failures: u64,
    /// The attempt that ended last.
    pub last_attempt: Option<Attempt>,
    /// When an attempt last succeeded.
    pub last_success_at: Option<Timestamp>,
    /// When the next attempt starts, if nothing triggers one before.
    pub next_attempt_at: Option<Timestamp>,
}

impl Status {
    /// What is known at the start: what is followed, and nothing of how it goes.
    pub fn new(repo: String, reference: String) -> Self {
        Self {
            name: None,
            version: env!("CARGO_PKG_VERSION"),
            repo,
            reference,
            ref_name: None,
            phase: Phase::Initial,
            commit: None,
            tree: None,
            published_at: None,
            previous: None,
            pinned: false,
            waiting: None,
            source: None,
            failures: 0,
            last_attempt: None,
            last_success_at: None,
            next_attempt_at: None,
        }
    }

    /// Says whether a later status adds nothing but that another attempt ended in the same way.
    pub fn says_no_less_than(&self, later: &Self) -> bool {
        let Self { phase, commit, tree, published_at, previous, pinned, .. } = self;
        let Self { ref_name, waiting, source, failures, .. } = self;
        let end = |attempt: &Option<Attempt>| {
            attempt.as_ref().map(|last| (last.outcome, last.step, last.error.clone()))
        };
        *phase == later.phase
            && *commit == later.commit
            && *ref_name == later.ref_name
            && *tree == later.tree
            && *published_at == later.published_at
            && *previous == later.previous
            && *pinned == later.pinned
            && *waiting == later.waiting
            && *source == later.source
            && *failures == later.failures
            && end(&self.last_attempt) == end(&later.last_attempt)
    }
}

/// How far the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No attempt has succeeded yet.
    Initial,
    /// One has.
    Steady,
    /// There will be no more.
    Stopped,
}

/// A commit, as people know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// Its full id.
    pub id: CommitId,
    /// The first line of its message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed.
    pub time: Option<Timestamp>,
}

/// A commit that was fetched and may not be published yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Which.
    pub commit: CommitId,
    /// When a window opens; none if that is not in sight.
    pub until: Option<Timestamp>,
}

/// One attempt that has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attempt {
    /// Counts from 1 since the program started.
    pub number: u64,
    /// What started it.
    pub trigger: Trigger,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// The step at which it failed.
    pub step: Option<Step>,
    /// Why it failed.
    pub error: Option<Failure>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Readers see something new.
    Published,
    /// Everything was as it should be already.
    Unchanged,
    /// A new commit was found and not published, on purpose.
    Refused,
    /// It went wrong.
    Failed,
}

impl Outcome {
    /// The label, as in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Unchanged => "unchanged",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// An error in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What kind of error.
    pub class: Class,
    /// What was tried and what came back.
    pub message: String,
    /// What to check.
    pub hint: String,
}
