//! Files that are written anew into a tree that has all others.

use crate::disk::DiskError;
use crate::disk::remove;
use crate::git::{Leaf, Store};
use crate::model::CommitId;
use crate::runtime::Stop;
use crate::trees::fresh::{TreeError, fill};
use crate::trees::index::is_skipped;
use crate::trees::parts::Owners;
use crate::trees::update::list_with_attributes;
use gix::index::File;
use std::path::Path;

/// Writes files of one repository, and notes their stat data in the list of all.
pub(super) fn write_some(
    (store, commit): (&Store, &CommitId),
    (index, owners): (&mut File, &Owners<'_>),
    places: &[usize],
    tree: &Path,
    stop: &Stop,
) -> Result<u64, TreeError> {
    let entries = places.iter().filter_map(|place| index.entries().get(*place));
    let leaves = entries.map(|entry| {
        let (_, path) = owners.of(entry.path(index));
        (path, Leaf { mode: entry.mode, id: entry.id, skipped: is_skipped(entry) })
    });
    let mut written = list_with_attributes(store, commit, leaves.collect())?;
    let new = fill(store, commit, &mut written, tree, stop)?;
    for place in places {
        let Some(path) = index.entries().get(*place).map(|entry| entry.path(index).to_owned())
        else {
            continue;
        };
        let (_, path) = owners.of(path.as_ref());
        let stat = written.entry_by_path(path).map(|entry| entry.stat);
        if let (Some(stat), Some(entry)) = (stat, index.entries_mut().get_mut(*place)) {
            entry.stat = stat;
        }
    }
    Ok(new.bytes)
}

/// Removes whatever stands where a file is to be written, and what is no directory above it.
pub(super) fn clear_the_way(tree: &Path, file: &Path) -> Result<(), DiskError> {
    let mut above = tree.to_owned();
    for part in file.parent().unwrap_or(Path::new("")) {
        above.push(part);
        if above.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            remove(&above)?;
        }
    }
    remove(&tree.join(file))
}
