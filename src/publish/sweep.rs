//! What may go, and its way out.

use crate::disk::DiskError;
use crate::disk::{is_there, list, make_directory, name, remove, remove_most, rename};
use crate::model::CommitId;
use crate::publish::Layout;
use crate::publish::link;
use crate::publish::link::live;
use crate::publish::modules;
use crate::publish::placed;
use crate::publish::takeover;
use crate::publish::unseen;
use crate::runtime::Stop;
use crate::trees::is_whole;
use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, utimensat};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Which retired trees are to stay.
#[derive(Clone, Copy, Debug)]
pub struct Retired {
    /// Those that were retired less than this ago.
    pub younger_than: Duration,
    /// So many of those that were retired last, whatever their age.
    pub newest: usize,
}

/// Moves retired trees that are old enough, and leftovers, to the trash. The tree that the link
/// names and one that is spared stay, whatever their age; so does what we did not make. While the
/// link cannot be read, everything stays. Says how long the next one has to stay.
pub fn sweep(
    layout: &Layout,
    staying: Retired,
    spared: Option<&Path>,
) -> Result<Option<Duration>, DiskError> {
    let Some(live) = live(layout) else {
        return Ok(None);
    };
    // It is none that was retired, and none to keep.
    let (mut all, mut next) = (unseen::discard(layout), None);
    let timeout = staying.younger_than;
    let retired = trees(layout)?.into_iter().filter(|tree| live.tree != *tree);
    let mut kept = 0;
    for tree in last_retired_first(retired) {
        // One that a crash left by halves is none to keep, nor is a symlink to what stands in the
        // place of the link.
        let is_tree = !tree.is_symlink();
        if is_tree && kept < staying.newest && is_whole(&link::admin_of(layout, &tree)) {
            kept += 1;
            continue;
        }
        if spared == Some(&tree) {
            continue;
        }
        let rest = age(&tree).map(|age| timeout.saturating_sub(age));
        if let Some(rest) = rest.filter(|rest| !rest.is_zero()) {
            next = Some(next.map_or(rest, |next: Duration| next.min(rest)));
            continue;
        }
        tracing::debug!(tree = %tree.display(), "removing a tree that nobody should be reading");
        // Where the root has another path now, this cannot be told when the tree is gone.
        let admin = takeover::admin_of(layout, &tree).filter(|_| is_tree);
        all = all.and(discard(layout, &tree));
        if let Some(admin) = admin.filter(|_| !is_there(&tree)) {
            all = all.and(to_trash(layout, &admin));
        }
    }
    let left: Vec<_> = trees(layout)?.iter().map(|tree| admin(layout, tree)).collect();
    let ours = link::admin_of(layout, &live.tree).path().to_owned();
    for admin in list(&layout.admins())? {
        if name(&admin).is_some_and(takeover::is_of_a_commit)
            && !left.contains(&admin)
            && admin != ours
            && (takeover::is_left_over(layout, &admin) || placed::is_outdated(layout, &admin))
        {
            all = all.and(to_trash(layout, &admin));
        }
    }
    all = all.and(modules::sweep(layout));
    all.map(|()| next)
}

/// Puts those first that were retired last.
fn last_retired_first(trees: impl Iterator<Item = PathBuf>) -> Vec<PathBuf> {
    let since = |tree: &Path| tree.symlink_metadata().and_then(|found| found.modified()).ok();
    let mut dated: Vec<_> = trees.map(|tree| (since(&tree), tree)).collect();
    dated.sort_unstable_by(|one, other| other.cmp(one));
    dated.into_iter().map(|(_, tree)| tree).collect()
}

/// Lets others remove the worktrees.
pub fn release(layout: &Layout) -> Result<(), DiskError> {
    let admins = trees(layout)?.into_iter().map(|tree| link::admin_of(layout, &tree));
    // Each is tried, whatever became of those before.
    let released: Vec<_> = admins.map(|admin| admin.release()).collect();
    released.into_iter().collect()
}

/// Throws away a tree that readers have not seen.
pub fn withdraw(layout: &Layout, tree: &Path) -> Result<(), DiskError> {
    if live(layout).is_some_and(|live| live.tree == tree) {
        return Ok(());
    }
    discard(layout, tree)?;
    unseen::forget(layout)
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

/// The trees that we made: directories named by a commit id, at most one level below a number. And
/// those that git-sync made where it kept them once.
pub(super) fn trees(layout: &Layout) -> Result<Vec<PathBuf>, DiskError> {
    let mut found = Vec::new();
    for home in homes(layout)? {
        found.extend(list(&home)?.into_iter().filter(|child| ours(child)));
    }
    found.extend(takeover::old_trees(layout)?);
    Ok(found)
}

/// The directories in which trees of ours are at home.
pub(super) fn homes(layout: &Layout) -> Result<Vec<PathBuf>, DiskError> {
    let is_number = |path: &PathBuf| name(path).is_some_and(|name| name.parse::<u32>().is_ok());
    let numbered = list(&layout.trees())?.into_iter().filter(is_number);
    Ok([layout.trees()].into_iter().chain(numbered).collect())
}

fn ours(path: &Path) -> bool {
    let is_commit = |name: &str| name.parse::<CommitId>().is_ok();
    name(path).is_some_and(is_commit)
}

/// Where Git administers a tree.
fn admin(layout: &Layout, tree: &Path) -> PathBuf {
    takeover::admin_of(layout, tree)
        .unwrap_or_else(|| link::admin_of(layout, tree).path().to_owned())
}

/// Notes the time from which on a tree is stale, as git-sync does: whoever looks after the root
/// later can tell. A tree that does not let us counts from when it was made.
pub(super) fn retire(tree: &Path) {
    note_time(tree, AtFlags::empty());
}

fn note_time(tree: &Path, flags: AtFlags) {
    let (keep, now) =
        (Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT }, Timespec { tv_sec: 0, tv_nsec: UTIME_NOW });
    let times = Timestamps { last_access: keep, last_modification: now };
    if let Err(error) = utimensat(CWD, tree, &times, flags) {
        tracing::warn!(tree = %tree.display(), %error, "could not note the time");
    }
}

/// How long ago a tree was retired. If the clock was put back since then, it begins anew.
pub(super) fn age(tree: &Path) -> Option<Duration> {
    let retired = fs::symlink_metadata(tree).and_then(|found| found.modified()).ok()?;
    let age = retired.elapsed();
    if age.is_err() {
        // A symlink must not give its time to what it leads to.
        note_time(tree, AtFlags::SYMLINK_NOFOLLOW);
    }
    Some(age.unwrap_or_default())
}

/// Throws a tree away. What Git knows of it goes with what is known of others that are gone.
pub(super) fn discard(layout: &Layout, tree: &Path) -> Result<(), DiskError> {
    to_trash(layout, tree)?;
    let above = tree.parent().unwrap_or(tree);
    if above != layout.trees() && above != layout.root() && list(above)?.is_empty() {
        remove(above)?;
    }
    Ok(())
}

pub(super) fn to_trash(layout: &Layout, path: &Path) -> Result<(), DiskError> {
    make_directory(&layout.trash())?;
    rename(path, &Layout::fresh(&layout.trash()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn the_time_of_a_symlink_begins_anew_and_is_not_that_of_what_it_leads_to() {
        let dir = tempfile::tempdir().unwrap();
        let (tree, link) = (dir.path().join("tree"), dir.path().join("link"));
        fs::create_dir(&tree).unwrap();
        symlink("tree", &link).unwrap();
        for path in [&tree, &link] {
            let future = Timespec { tv_sec: 1 << 33, tv_nsec: 0 };
            let times = Timestamps { last_access: future, last_modification: future };
            utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
        }
        assert_eq!(age(&link), Some(Duration::ZERO));
        assert!(link.symlink_metadata().unwrap().mtime() < 1 << 33);
        assert_eq!(tree.metadata().unwrap().mtime(), 1 << 33);
    }
}
