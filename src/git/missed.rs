//! Looks for directories in a commit, to tell people that one is not there.

use crate::git::Store;
use crate::model::CommitId;

/// The paths that are no directories of a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missed {
    /// Those where nothing is.
    pub missing: Vec<String>,
    /// Those where something else is.
    pub files: Vec<String>,
}

impl Store {
    /// Finds which of these paths are no directories of a commit. What cannot be read counts as one.
    pub fn missed(&self, commit: &CommitId, paths: &[String]) -> Missed {
        let mut missed = Missed::default();
        let root = self.root_of(commit).and_then(|root| self.repo.find_tree(root).ok());
        let Some(root) = root.filter(|_| !paths.is_empty()) else {
            return missed;
        };
        for path in paths {
            match root.lookup_entry(path.split('/')) {
                Ok(Some(entry)) if !entry.mode().is_tree() => missed.files.push(path.clone()),
                Ok(None) => missed.missing.push(path.clone()),
                Ok(Some(_)) | Err(_) => (),
            }
        }
        missed
    }
}
