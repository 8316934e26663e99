//! What hooks are told.

use crate::config;
use crate::config::Config;
use crate::model::CommitId;
use std::path::PathBuf;

/// What is the same for all of them.
#[derive(Debug)]
pub(super) struct Facts {
    /// The repository as somebody wrote it, without its password.
    pub(super) repo: String,
    pub(super) reference: String,
    /// Variables that programs are not to inherit.
    pub(super) hidden: Vec<String>,
}

/// A commit, where it is, and what was before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The commit.
    pub commit: CommitId,
    /// What readers saw before it.
    pub previous: Option<CommitId>,
    /// Its tree.
    pub tree: PathBuf,
}

impl Facts {
    pub(super) fn of(config: &Config) -> Self {
        Self {
            repo: config.named_repo.to_string(),
            reference: config.reference.to_string(),
            hidden: config::secret_variables(std::env::vars_os()),
        }
    }

    /// The variables for a program.
    pub(super) fn variables(&self, notice: &Notice) -> [(&'static str, String); 4] {
        let previous = notice.previous.as_ref().map(ToString::to_string);
        [
            ("GITSYNC_HASH", notice.commit.to_string()),
            ("GITSYNC_PREVIOUS_HASH", previous.unwrap_or_default()),
            ("GITSYNC_REF", self.reference.clone()),
            ("GITSYNC_REPO", self.repo.clone()),
        ]
    }
}
