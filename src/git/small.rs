//! Files of a commit that say something about it. Whoever wrote the commit wrote them, so their size
//! is looked at before they are read.

use crate::git::GitError;
use crate::git::Store;
use crate::git::error::words;
use crate::model::CommitId;
use gix::bstr::BString;
use gix::index::entry::Mode;
use std::collections::BTreeSet;

/// Such a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Small {
    /// There is no plain file of that name.
    Absent,
    /// It was not read.
    TooLarge,
    /// What it holds.
    Text(Vec<u8>),
}

/// Reads a file at the top of a commit that was fetched, if it is no larger than this.
pub(super) fn small_file(
    store: &Store,
    commit: &CommitId,
    name: &str,
    largest: u64,
) -> Result<Small, GitError> {
    let found = store.find_leaves(commit, BTreeSet::from([BString::from(name)]))?;
    let plain = |mode: Mode| matches!(mode, Mode::FILE | Mode::FILE_EXECUTABLE);
    let Some((_, leaf)) = found.into_iter().find(|(_, leaf)| plain(leaf.mode)) else {
        return Ok(Small::Absent);
    };
    let damaged = |error: gix::Error| GitError::Damaged {
        path: store.path().to_owned(),
        source: words(&error),
    };
    if store.repo.find_header(leaf.id).map_err(damaged)?.size() > largest {
        return Ok(Small::TooLarge);
    }
    Ok(Small::Text(store.repo.find_object(leaf.id).map_err(damaged)?.detach().data))
}
