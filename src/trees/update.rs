//! Makes one tree out of another by changing what differs, and nothing else.
//!
//! A file is never written to: it goes, and another takes its place, because other trees may share
//! what it holds. In any doubt this fails, and a whole checkout is made instead; the directory is of
//! no use then.

use crate::disk::At;
use crate::disk::DiskError;
use crate::git::{Change, Changes, Content, Fetched, Leaf, Part, Store};
use crate::model::CommitId;
use crate::runtime::Stop;
use crate::trees::Base;
use crate::trees::Extent;
use crate::trees::Noted;
use crate::trees::fresh::{Listing, TreeError, Written, fill};
use crate::trees::index;
use crate::trees::index::Amendment;
use crate::trees::pair::{DIRECTORY, enter};
use crate::trees::parts;
use gix::bstr::{BStr, BString, ByteSlice};
use gix::index::State;
use gix::index::entry::Mode;
use rustix::fs::{AtFlags, CWD, openat, statat, unlinkat};
use rustix::io::Errno;
use std::collections::{BTreeSet, HashSet};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Turns the directory into a tree of the commit, if that was listed by what differs and nothing
/// speaks against it. The directory keeps its name.
pub fn update(
    store: &Store,
    base: Base,
    fetched: &Fetched,
    stop: &Stop,
) -> Result<Written, TreeError> {
    let commit = fetched.commit().clone();
    let changes = parts::flatten(fetched, &base.commit, &base.submodules.modules)
        .filter(|changes| !changes.touch_attributes())
        .ok_or(TreeError::Unfit)?;
    let Base { tree, index: base, extent, submodules, .. } = base;
    let mut extent = take_away(&tree, &changes, extent)?;
    stop.check()?;
    let (written, bytes) = put(store, fetched, &tree, stop)?;
    extent.files += count(changes.0.iter().map(|change| change.new));
    extent.bytes += bytes;
    let adds = |change: &Change| change.new.is_some_and(|new| new.mode == Mode::COMMIT);
    let added = changes.0.iter().any(adds).then(|| store.scope().submodules);
    let listing = Listing::Changed(Amendment { base, changes, written });
    let Extent { files, bytes } = extent;
    let modules = fetched.parts.iter().map(|part| part.module.clone()).collect();
    let submodules = Noted { wanted: submodules.wanted.or(added), modules };
    let (shape, sparse) = (store.shape(), store.scope().sparse.clone());
    Ok(Written { listing, commit, path: tree, files, bytes, submodules, shape, sparse })
}

/// Writes what is new, each repository by its own attributes. Gives what was written, and how much.
fn put(
    store: &Store,
    fetched: &Fetched,
    tree: &Path,
    stop: &Stop,
) -> Result<(State, u64), TreeError> {
    let new = |content: &Content| match content {
        Content::Since(_, changes) => changes.0.iter().any(|change| change.new.is_some()),
        Content::Whole(_) => false,
    };
    let commit = fetched.commit();
    let mut written = changed(store, commit, &fetched.content)?;
    let mut bytes = fill(store, commit, &mut written, tree, stop)?.bytes;
    let (mut written, _) = written.into_parts();
    let top = openat(CWD, tree, DIRECTORY, rustix::fs::Mode::empty()).at("open", tree)?;
    for Part { module, content } in &fetched.parts {
        let place = tree.join(module.path());
        // It may have held nothing but what has gone. Others may have been in the tree: no link is
        // followed.
        enter(top.as_fd(), module.path(), true).at("make the directory", &place)?;
        if new(content) {
            let store = store.of_module(module)?;
            let mut files = changed(&store, module.commit(), content)?;
            bytes += fill(&store, module.commit(), &mut files, &place, stop)?.bytes;
            parts::merge(&mut written, module, &files);
        }
    }
    if !fetched.parts.is_empty() {
        written.sort_entries();
    }
    Ok((written, bytes))
}

/// Removes what is to go or to be replaced, and the directories that are empty because of that.
fn take_away(tree: &Path, changes: &Changes, extent: Extent) -> Result<Extent, DiskError> {
    let mut left = extent;
    let old = |change: &Change| change.old;
    left.files = left.files.saturating_sub(count(changes.0.iter().map(old)));
    let top = openat(CWD, tree, DIRECTORY, rustix::fs::Mode::empty()).at("open", tree)?;
    for Change { path, old, new } in &changes.0 {
        let Some(old) = old.filter(|old| !old.skipped) else {
            continue;
        };
        let new = new.filter(|new| !new.skipped);
        let file = Path::new(OsStr::from_bytes(path));
        let (directory, name) = split(file);
        // Others may have been in a tree that is used again: no link is followed.
        let above = enter(top.as_fd(), directory, false).at("open the directory of", file)?;
        if old.mode != Mode::COMMIT {
            let found = statat(&above, name, AtFlags::SYMLINK_NOFOLLOW).at("look at", file)?;
            let bytes = u64::try_from(found.st_size).unwrap_or_default();
            left.bytes = left.bytes.saturating_sub(bytes);
            unlinkat(&above, name, AtFlags::empty()).at("remove", file)?;
        } else if new.is_none_or(|new| new.mode != Mode::COMMIT) {
            unlinkat(&above, name, AtFlags::REMOVEDIR).at("remove", file)?;
        }
        if new.is_none() {
            remove_empty(top.as_fd(), directory).at("remove the directory of", file)?;
        }
    }
    Ok(left)
}

fn split(path: &Path) -> (&Path, &OsStr) {
    (path.parent().unwrap_or(Path::new("")), path.file_name().unwrap_or_default())
}

/// Removes a directory and those above it as long as they are empty, but not the tree itself.
fn remove_empty(top: BorrowedFd<'_>, directory: &Path) -> rustix::io::Result<()> {
    let mut directory = directory;
    while !directory.as_os_str().is_empty() {
        let (above, name) = split(directory);
        let removed =
            enter(top, above, false).and_then(|above| unlinkat(above, name, AtFlags::REMOVEDIR));
        match removed {
            Ok(()) | Err(Errno::NOENT) => directory = above,
            Err(Errno::NOTEMPTY | Errno::EXIST) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Lists what is to be written, with the attributes that say how.
pub(super) fn changed(
    store: &Store,
    commit: &CommitId,
    content: &Content,
) -> Result<gix::index::File, TreeError> {
    let Content::Since(_, changes) = content else {
        return Err(TreeError::Unfit);
    };
    let new = changes.0.iter().filter_map(|change| Some((change.path.as_bstr(), change.new?)));
    let new = new.filter(|(_, leaf)| !leaf.skipped);
    list_with_attributes(store, commit, new.collect())
}

/// An index of some files of a commit, and of the attributes that hold for them, which are marked as
/// not to be written.
pub(super) fn list_with_attributes(
    store: &Store,
    commit: &CommitId,
    leaves: Vec<(&BStr, Leaf)>,
) -> Result<gix::index::File, TreeError> {
    let paths: HashSet<&BStr> = leaves.iter().map(|(path, _)| *path).collect();
    let mut attributes = store.find_leaves(commit, attributes_above(&paths))?;
    attributes.retain(|(path, _)| !paths.contains(path.as_bstr()));
    let beside =
        attributes.iter().map(|(path, leaf)| (path.as_bstr(), Leaf { skipped: true, ..*leaf }));
    let all = leaves.iter().copied().chain(beside).collect();
    Ok(index::of(all, store.repo.object_hash()))
}

/// Where attributes for these paths may be.
fn attributes_above(paths: &HashSet<&BStr>) -> BTreeSet<BString> {
    let mut found = BTreeSet::from([BString::from(".gitattributes")]);
    for path in paths {
        let mut rest = path.as_bytes();
        while let Some(slash) = rest.rfind_byte(b'/') {
            rest = rest.get(..slash).unwrap_or_default();
            if !found.insert(BString::from([rest, b"/.gitattributes"].concat())) {
                break;
            }
        }
    }
    found
}

/// How many of them are files or symlinks that are written.
fn count(leaves: impl Iterator<Item = Option<Leaf>>) -> u64 {
    leaves.flatten().filter(|leaf| leaf.mode != Mode::COMMIT && !leaf.skipped).map(|_| 1).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_looked_for_in_every_directory_above() {
        let paths = ["a/b/c", "a/d", "e", "a/b/f"].map(BStr::new).into();
        let expected = [".gitattributes", "a/.gitattributes", "a/b/.gitattributes"];
        let found = attributes_above(&paths);
        assert!(found.iter().eq(expected.iter()), "{found:?}");
    }
}
