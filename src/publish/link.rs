//! The link, and the one step by which it comes to name another tree.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{
    exchange, is_there, make_directory, remove, rename, replace_link, sync_directory,
};
use crate::model::{CommitId, Form};
use crate::publish::placed;
use crate::publish::sweep::retire;
use crate::publish::takeover;
use crate::publish::unseen;
use crate::publish::{Layout, RootError};
use crate::trees::relative;
use crate::trees::{Admin, Written, point_at};
use jiff::Timestamp;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The tree that the link names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Live {
    /// Its commit.
    pub commit: CommitId,
    /// Its directory.
    pub tree: PathBuf,
}

/// Reads which tree the link names, if it is one of ours and there. However the link spells it, it
/// is spelled here as [`Layout::trees`] is.
pub fn live(layout: &Layout) -> Option<Live> {
    let Ok(target) = fs::read_link(layout.link()) else {
        return placed::live(layout);
    };
    let commit: CommitId = target.file_name()?.to_str()?.parse().ok()?;
    let tree = layout.link().parent()?.join(&target).canonicalize().ok()?;
    let trees = layout.trees().canonicalize().ok()?;
    let below = tree.strip_prefix(trees).ok().filter(|_| tree.is_dir())?;
    Some(Live { commit, tree: layout.trees().join(below) })
}

/// Reads which commit the link names, even if its tree is lost.
pub fn named(layout: &Layout) -> Option<CommitId> {
    let target = fs::read_link(layout.link()).ok()?;
    let trees = layout.trees();
    let is_below = target.components().any(|part| Some(part.as_os_str()) == trees.file_name());
    target.file_name()?.to_str()?.parse().ok().filter(|_| is_below)
}

/// Reads when the link was made, which is when the tree it names was published.
pub fn since(layout: &Layout) -> Option<Timestamp> {
    if !layout.link().is_symlink() {
        return placed::since(layout);
    }
    let made = layout.link().symlink_metadata().and_then(|found| found.modified()).ok()?;
    Timestamp::try_from(made).ok()
}

/// Gives a written tree its final name and points the link at it.
///
/// Whatever happens on the way, the link names a complete tree, before or after. A crash leaves
/// trees and administrative directories that nothing names; [`sweep`](crate::publish::sweep())
/// removes them.
pub fn publish(layout: &Layout, written: &Written) -> Result<Live, RootError> {
    if layout.form() == Form::Exchange {
        return placed::publish(layout, written);
    }
    let commit = written.commit();
    let now = live(layout);
    let tree = match now.filter(|now| now.commit == *commit) {
        Some(live) if live.tree != layout.tree(commit) => own_place(layout, commit)?,
        Some(_) if try_exchange(layout).is_err() => numbered(layout, commit)?,
        Some(_) | None => own_place(layout, commit)?,
    };
    place(layout, written, &tree, &admin_of(layout, &tree))?;
    name(layout, commit, tree)
}

/// Gives a written tree its final name, with all that Git needs to know of it, and leaves the link
/// alone. Readers must not be shown a tree of this commit; some may still be in one that was retired,
/// which is left alone. Until [`name`] it is noted that nobody has seen it: after a crash it is thrown
/// away, as nobody knows whether it may be seen.
pub fn lay(layout: &Layout, written: &Written) -> Result<PathBuf, DiskError> {
    unseen::discard(layout)?;
    let mut tree = own_place(layout, written.commit())?;
    if is_there(&tree) && live(layout).is_some() {
        tree = numbered(layout, written.commit())?;
    }
    let admin = admin_of(layout, &tree);
    unseen::note(layout, &tree)?;
    place(layout, written, &tree, &admin)?;
    admin.complete(written)?;
    Ok(tree)
}

/// Tells Git what is in a tree that was published just now, if that was not known before. A crash
/// before the end leaves a tree of which Git does not know the files; it is written anew at the start.
pub fn complete(layout: &Layout, written: &Written, live: &Live) -> Result<(), DiskError> {
    admin_of(layout, &live.tree).complete(written)
}

/// Points the link at a whole tree that is under its final name.
pub fn name(layout: &Layout, commit: &CommitId, tree: PathBuf) -> Result<Live, RootError> {
    // Before readers see it: what they have seen must not be taken for it after a crash.
    unseen::forget(layout)?;
    if layout.form() == Form::Exchange {
        return placed::bring(layout, commit, &tree);
    }
    if let Some(now) = live(layout).filter(|now| now.tree != tree) {
        retire(&now.tree);
    } else if let Some(old) = takeover::old_live(layout) {
        retire(&old);
    }
    point(layout, &tree)?;
    Ok(Live { commit: commit.clone(), tree })
}

pub(super) fn point(layout: &Layout, tree: &Path) -> Result<(), DiskError> {
    let directory = layout.link().parent().unwrap_or(layout.root());
    make_directory(directory)?;
    let real = directory.canonicalize().at("look at", directory)?;
    // Only above it symlinks are followed: its own name is the commit's, and it must be a directory.
    let found = fs::symlink_metadata(tree).at("look at", tree)?;
    if !found.is_dir() {
        return Err(io::Error::from(io::ErrorKind::NotADirectory)).at("publish", tree);
    }
    let (above, name) = (tree.parent().unwrap_or(tree), tree.file_name().unwrap_or_default());
    let target = relative(&real, &above.canonicalize().at("look at", above)?.join(name));
    if fs::read_link(layout.link()).is_ok_and(|current| current == target) {
        return Ok(());
    }
    replace_link(layout.link(), &target)
}

/// The name under which Git administers a tree: that of its directory, numbered if that is.
pub(super) fn admin_name(layout: &Layout, tree: &Path) -> String {
    let below = tree.strip_prefix(layout.trees()).unwrap_or(tree);
    let parts: Vec<_> = below.iter().rev().map(|part| part.to_string_lossy()).collect();
    parts.join("-")
}

/// The administrative directory of a tree.
pub fn admin_of(layout: &Layout, tree: &Path) -> Admin {
    if tree == layout.link() {
        return placed::admin(layout);
    }
    Admin::at(layout.admins().join(admin_name(layout, tree)))
}

/// Moves a written tree and what Git needs to know of it to their places.
fn place(layout: &Layout, written: &Written, tree: &Path, admin: &Admin) -> Result<(), DiskError> {
    let staged = Admin::at(Layout::fresh(&layout.staging()));
    staged.write(written, tree)?;
    admin.write_modules(written, tree)?;
    point_at(written, tree, admin)?;
    make_directory(&layout.admins())?;
    make_directory(&layout.trash())?;
    if let Some(above) = tree.parent() {
        make_directory(above)?;
    }
    take_place(layout, staged.path(), admin.path())?;
    take_place(layout, written.path(), tree)?;
    sync_directory(&layout.trees())
}

/// Gives `new` the name `place`. What has that name goes to the trash, without a moment in which
/// nothing has it where the file system can exchange names.
pub(super) fn take_place(layout: &Layout, new: &Path, place: &Path) -> Result<(), DiskError> {
    if !is_there(place) {
        return rename(new, place);
    }
    match exchange(new, place) {
        Ok(()) => rename(new, &Layout::fresh(&layout.trash())),
        Err(_unsupported) => {
            rename(place, &Layout::fresh(&layout.trash()))?;
            rename(new, place)
        }
    }
}

/// Tries whether the file system of the root can exchange names.
pub(super) fn try_exchange(layout: &Layout) -> Result<(), DiskError> {
    let (one, other) = (Layout::fresh(&layout.staging()), Layout::fresh(&layout.staging()));
    let tried = make_directory(&one)
        .and_then(|()| make_directory(&other))
        .and_then(|()| exchange(&one, &other));
    let cleared = remove(&one).and_then(|()| remove(&other));
    tried.and(cleared)
}

/// The place of a tree of its own. If somebody has a worktree elsewhere that Git administers under the
/// same name, there is none.
pub(super) fn own_place(layout: &Layout, commit: &CommitId) -> Result<PathBuf, DiskError> {
    let tree = layout.tree(commit);
    if takeover::is_somebodys(layout, admin_of(layout, &tree).path()) {
        return numbered(layout, commit);
    }
    Ok(tree)
}

/// Finds a place for a tree whose own is taken by a damaged one that readers still see.
pub(super) fn numbered(layout: &Layout, commit: &CommitId) -> Result<PathBuf, DiskError> {
    let mut number = 1_u32;
    loop {
        let above = layout.trees().join(number.to_string());
        let tree = above.join(commit.as_str());
        if !is_there(&tree) {
            make_directory(&above)?;
            return Ok(tree);
        }
        number += 1;
    }
}
