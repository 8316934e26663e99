//! What hooks changed in a tree becomes what the tree is compared with from then on.
//!
//! A file with other content is recorded as it is now. One that is gone, or of another kind or mode,
//! is marked as unchanged (gitformat-index, "assume-valid") and not looked at any more: what is recorded
//! must list the same as Git's index. A tree in which that happened is marked as a whole, because no
//! other may be made from it.

use crate::disk::DiskError;
use crate::disk::{Durable, remove, rename, replace_file};
use crate::trees::Admin;
use crate::trees::check::{Walk, noted};
use crate::trees::index;
use crate::trees::path_of;
use gix::index::entry::Flags;
use rustix::fs::{AtFlags, CWD, statat};
use std::path::Path;

/// Takes a tree as it is. Says how many of its files are not as they were recorded.
pub fn accept(tree: &Path, admin: &Admin) -> Result<usize, DiskError> {
    let record = admin.record();
    let mut index = index::read(&record, admin.kind())?;
    let changed = differences(tree, &index);
    if changed.is_empty() {
        return Ok(0);
    }
    // First of all, and on the disk: no crash and no power failure may leave a tree that looks as if
    // another could be made from it.
    replace_file(&admin.visited(), b"", Durable::Yes)?;
    for (place, found) in &changed {
        if let Some(entry) = index.entries_mut().get_mut(*place) {
            match found {
                Some(found) => entry.stat = *found,
                None => entry.flags.insert(Flags::ASSUME_VALID),
            }
        }
    }
    let new = admin.path().join("accepted.gitsyncd-new");
    remove(&new)?;
    index::write(&index, &new)?;
    rename(&new, &record)?;
    Ok(changed.len())
}

/// A file by its place in the index, and how it is if that can be recorded.
type Difference = (usize, Option<gix::index::entry::Stat>);

fn differences(tree: &Path, index: &gix::index::State) -> Vec<Difference> {
    let Ok(mut walk) = Walk::new(tree) else {
        return Vec::new();
    };
    let mut changed = Vec::new();
    for (place, entry) in index.entries().iter().enumerate() {
        if entry.flags.intersects(Flags::ASSUME_VALID | Flags::SKIP_WORKTREE)
            || walk.compare(entry.path(index), entry.mode, &entry.stat).is_ok()
        {
            continue;
        }
        let found = statat(CWD, tree.join(path_of(entry, index)), AtFlags::SYMLINK_NOFOLLOW);
        let found = found.ok().map(|found| noted(&found));
        // It must be found in order where it is looked for, with its kind and mode.
        let accepted =
            found.filter(|found| walk.compare(entry.path(index), entry.mode, found).is_ok());
        if accepted.is_none() {
            let path = path_of(entry, index).display();
            tracing::debug!(%path, "not looked at any more, as a hook changed what it is");
        }
        changed.push((place, accepted));
    }
    changed
}
