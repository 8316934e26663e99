//! Making room for files that are wanted, at the cost of those that are not.

use crate::disk::DiskError;
use crate::disk::{list, name, remove};
use crate::lfs::{Needed, Objects, Wanted};
use crate::model::CommitId;
use std::collections::HashSet;

/// Removes the beginnings of all files but these. Those of a commit that another took the place of
/// before it was whole would be gone on with by nobody.
pub fn forget_others(objects: &Objects, wanted: &[Wanted]) -> Result<(), DiskError> {
    let wanted: HashSet<&str> = wanted.iter().map(|file| file.pointer.oid.as_str()).collect();
    for path in list(&objects.partial())? {
        if !name(&path).is_some_and(|name| wanted.contains(name)) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes all files but those that are wanted, and those that a commit needs. If that is not known of
/// it, everything stays.
pub fn keep_only(
    objects: &Objects,
    wanted: &Needed,
    live: Option<&CommitId>,
    how: &str,
) -> Result<(), DiskError> {
    let mut needed: HashSet<_> = wanted.0.values().map(|file| file.oid.clone()).collect();
    if let Some(live) = live {
        let Some(Needed(files)) = Needed::read(objects, live, how) else {
            return Ok(());
        };
        needed.extend(files.into_values().map(|file| file.oid));
    }
    objects.sweep(&needed)
}
