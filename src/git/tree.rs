//! The files of a commit as an index, checked before anything is written.

use crate::git::Marker;
use crate::git::Scope;
use crate::git::error::words;
use crate::git::folded;
use crate::git::scope::is_about_others;
use crate::model::Cause;
use crate::model::CommitId;
use crate::runtime::Stopped;
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::index::entry::{Flags, Mode};
use gix::index::{Entry, File, State};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Why a tree could not be listed.
#[derive(Debug)]
pub(super) enum ListError {
    /// An object of it could not be read.
    Missing(Cause),
    /// It holds names that must not reach a disk.
    Hostile(String),
}

/// Lists all files of a tree. Reading it proves that every tree object is here that has to be.
pub(super) fn list(
    repo: &gix::Repository,
    root: ObjectId,
    commit: &CommitId,
    scope: &Scope,
) -> Result<File, ListError> {
    if scope.folds() {
        return folded::list(repo, root, scope);
    }
    // gix documents that it may panic on trees that Git would never make.
    let listed = catch_unwind(AssertUnwindSafe(|| repo.index_from_tree(&root)));
    let Ok(listed) = listed else {
        return Err(ListError::Hostile("it is not a tree that Git would make".to_owned()));
    };
    let index = listed.map_err(|error| {
        let text = words(&error);
        if error.is_validation() {
            ListError::Hostile(text.to_string())
        } else {
            ListError::Missing(text)
        }
    })?;
    if let Some(path) = clash(&index) {
        return Err(ListError::Hostile(format!("{path:?} stands in it twice")));
    }
    tracing::debug!(%commit, files = index.entries().len(), "listed the tree");
    Ok(index)
}

/// Finds a path that is there twice, or as a file and as a directory.
fn clash(index: &File) -> Option<String> {
    let mut last: Option<&BStr> = None;
    for entry in index.entries() {
        let path = entry.path(index);
        if last == Some(path) {
            return Some(path.to_string());
        }
        if parent(last) != parent(Some(path)) {
            let mut above = parent(Some(path));
            while let Some(directory) = above {
                if index.entry_index_by_path(directory).is_ok() {
                    return Some(directory.to_string());
                }
                above = parent(Some(directory));
            }
        }
        last = Some(path);
    }
    None
}

/// Whether the file holds attributes of others.
pub(crate) fn is_attributes(path: &BStr) -> bool {
    path == ".gitattributes" || path.ends_with_str("/.gitattributes")
}

fn parent(path: Option<&BStr>) -> Option<&BStr> {
    let path = path?;
    path.rfind_byte(b'/').and_then(|slash| path.get(..slash)).map(ByteSlice::as_bstr)
}

/// The mark, and that it is to be stored.
pub(crate) const SKIPPED: Flags = Flags::SKIP_WORKTREE.union(Flags::EXTENDED);

/// After how many files to look whether to go on: many patterns take their time.
const BETWEEN_CHECKS: usize = 256;

/// Marks what is not to be written, as long as it may go on.
pub(super) fn leave_out(
    index: &mut File,
    scope: &Scope,
    go_on: impl Fn() -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let Some(sparse) = &scope.sparse else {
        return Ok(());
    };
    let mut marker = Marker::new(sparse);
    // What stands for a directory is marked already.
    let all = index.entries_mut_with_paths().filter(|(entry, _)| entry.mode != Mode::DIR);
    for (number, (entry, path)) in all.enumerate() {
        if number % BETWEEN_CHECKS == 0 {
            go_on()?;
        }
        entry.flags.set(SKIPPED, !marker.includes(path));
    }
    Ok(())
}

/// Whether attributes in this file hold for any file that is to be written, whether or not it is to
/// be written itself.
pub(crate) fn governs_any(index: &State, attributes: &BStr) -> bool {
    let directory = attributes.rfind_byte(b'/').map_or(0, |slash| slash + 1);
    let below = index.prefixed_entries(attributes.get(..directory).unwrap_or_default().as_bstr());
    below.unwrap_or_default().iter().any(|entry| !entry.flags.contains(Flags::SKIP_WORKTREE))
}

/// Finds a file whose content is needed to write the tree and is not here. Submodules live elsewhere.
pub(super) fn first_missing(index: &File, has: impl Fn(&gix::oid) -> bool) -> Option<String> {
    let mut needed = index.entries().iter().filter(|entry| is_needed(index, entry));
    let missing = needed.find(|entry| !has(&entry.id))?;
    Some(format!("{} ({})", missing.path(index), missing.id))
}

/// Whether the content of a file is needed to write the tree, or to find what else it takes.
pub(super) fn is_needed(index: &State, entry: &Entry) -> bool {
    let path = entry.path(index);
    entry.mode != Mode::COMMIT
        && (!entry.flags.contains(Flags::SKIP_WORKTREE)
            || is_attributes(path) && governs_any(index, path)
            || is_about_others(path))
}
