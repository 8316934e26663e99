//! What may go, and its way out.

use crate::disk::DiskError;
use crate::disk::{is_there, list, make_directory, name, remove, remove_most, rename};
use crate::model::CommitId;
use crate::publish::Layout;
use crate::publish::link::{admin_of, live};
use crate::runtime::Stop;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Moves retired trees that are old enough, and leftovers, to the trash. The tree that the link
/// names and one that is spared stay, whatever their age; so does what we did not make. While the
/// link cannot be read, everything stays. Says how long the next one has to stay.
pub fn sweep(
    layout: &Layout,
    timeout: Duration,
    spared: Option<&Path>,
) -> Result<Option<Duration>, DiskError> {
    let Some(live) = live(layout) else {
        return Ok(None);
    };
    let (mut all, mut next) = (Ok(()), None);
    for tree in trees(layout)? {
        if live.tree == tree || spared == Some(&tree) {
            continue;
        }
        let rest = age(layout, &tree).map(|age| timeout.saturating_sub(age));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            next = Some(next.map_or(rest, |next: Duration| next.min(rest)));
            continue;
        }
        tracing::debug!(tree = %tree.display(), "removing a tree that nobody should be reading");
        all = all.and(discard(layout, &tree));
    }
    let left: Vec<_> = trees(layout)?.iter().map(|tree| admin_of(layout, tree)).collect();
    for admin in list(&layout.admins())? {
        if ours(&admin) && !left.iter().any(|left| left.path() == admin) {
            all = all.and(to_trash(layout, &admin));
        }
    }
    all.map(|()| next)
}

/// Says whether anything waits to be deleted.
pub fn has_trash(layout: &Layout) -> bool {
    fs::read_dir(layout.trash()).is_ok_and(|mut things| things.next().is_some())
}

/// Deletes what is in the trash, one tree after the other, until told to stop. Nobody reads there,
/// so it may run beside an attempt; what it leaves is deleted another time. What cannot be deleted,
/// because others made it, does not keep the rest.
pub fn empty_trash(layout: &Layout, stop: &Stop) -> Result<(), DiskError> {
    let mut all = Ok(());
    for thing in list(&layout.trash())? {
        if stop.check().is_err() {
            break;
        }
        all = all.and(remove_most(&thing));
    }
    all
}

/// The trees that we made: directories named by a commit id, at most one level below a number.
fn trees(layout: &Layout) -> Result<Vec<PathBuf>, DiskError> {
    let mut found = Vec::new();
    for child in list(&layout.trees())? {
        if ours(&child) {
            found.push(child);
        } else if name(&child).is_some_and(|name| name.parse::<u32>().is_ok()) {
            found.extend(list(&child)?.into_iter().filter(|below| ours(below)));
        }
    }
    Ok(found)
}

fn ours(path: &Path) -> bool {
    let commit = |name: &str| {
        let id = name.split_once('-').map_or(name, |(id, _number)| id);
        id.parse::<CommitId>().is_ok()
    };
    name(path).is_some_and(commit)
}

/// How long ago a tree was retired; none if that was never noted.
fn age(layout: &Layout, tree: &Path) -> Option<Duration> {
    let lock = admin_of(layout, tree).lock();
    let retired = fs::metadata(lock).and_then(|found| found.modified()).ok()?;
    Some(retired.elapsed().unwrap_or_default())
}

fn discard(layout: &Layout, tree: &Path) -> Result<(), DiskError> {
    let admin = admin_of(layout, tree);
    to_trash(layout, tree)?;
    if is_there(admin.path()) {
        to_trash(layout, admin.path())?;
    }
    let above = tree.parent().unwrap_or(tree);
    if above != layout.trees() && list(above)?.is_empty() {
        remove(above)?;
    }
    Ok(())
}

pub(super) fn to_trash(layout: &Layout, path: &Path) -> Result<(), DiskError> {
    make_directory(&layout.trash())?;
    rename(path, &Layout::fresh(&layout.trash()))
}
