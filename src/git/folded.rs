//! What is in a commit, and what differs between two, where directories that are left out stand as a
//! whole, as in Git's sparse index: what is in them is not known here, only their own trees.

use crate::git::Changes;
use crate::git::Descent;
use crate::git::Marker;
use crate::git::Scope;
use crate::git::changes::{Change, Leaf, is_here, is_in_order, leaf};
use crate::git::error::words;
use crate::git::gather::below;
use crate::git::tree::{ListError, SKIPPED};
use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::index::entry::{Flags, Mode, Stat};
use gix::index::{File, State};
use gix::objs::Exists;
use gix::objs::tree::EntryMode;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Lists what is in the directories of which something is written.
pub(super) fn list(
    repo: &gix::Repository,
    root: ObjectId,
    scope: &Scope,
) -> Result<File, ListError> {
    let mut state = State::new(repo.object_hash());
    let mut marker = scope.sparse.as_deref().map(Marker::new);
    let mut left = vec![(BString::default(), root)];
    while let Some((directory, id)) = left.pop() {
        let missing = |error: gix::Error| ListError::Missing(words(&error));
        let tree = repo.find_tree(id).map_err(missing)?;
        if is_left_out(marker.as_mut(), &directory) {
            let (path, stat) = (with_slash(&directory), Stat::default());
            state.dangerously_push_entry(stat, id, SKIPPED, Mode::DIR, path.as_ref());
            continue;
        }
        if !is_in_order(repo, &id) {
            let text = format!("the directory {directory:?} is not one that Git would make");
            return Err(ListError::Hostile(text));
        }
        for entry in tree.iter() {
            let entry = entry.map_err(missing)?;
            let path = below(&directory, entry.filename());
            match leaf((entry.mode(), entry.object_id())) {
                Some(Leaf { mode, id, .. }) => {
                    let (stat, flags) = (Stat::default(), Flags::empty());
                    state.dangerously_push_entry(stat, id, flags, mode, path.as_ref());
                }
                None => left.push((path, entry.object_id())),
            }
        }
    }
    state.sort_entries();
    Ok(File::from_state(state, PathBuf::new()))
}

type Entries = BTreeMap<BString, (EntryMode, ObjectId)>;

/// Lists the changes from one tree to another. A directory that is left out is in the list as a
/// whole. None if an object is missing or anything is odd.
pub(super) fn between(
    repo: &gix::Repository,
    old: ObjectId,
    new: ObjectId,
    scope: &Scope,
) -> Option<Changes> {
    let mut changes = Vec::new();
    let mut marker = scope.sparse.as_deref().map(Marker::new);
    let mut left = vec![(BString::default(), Some(old), Some(new))];
    while let Some((directory, old, new)) = left.pop() {
        if old == new {
            continue;
        }
        if is_left_out(marker.as_mut(), &directory) {
            if new.is_some_and(|new| !repo.objects.exists(&new)) {
                return None;
            }
            let leaf = |id| Leaf { mode: Mode::DIR, id, skipped: true };
            let path = with_slash(&directory);
            changes.push(Change { path, old: old.map(leaf), new: new.map(leaf) });
            continue;
        }
        let mut before = entries(repo, old)?;
        let after = entries(repo, new)?;
        let now = after.into_iter().map(|(name, new)| {
            let old = before.remove(&name);
            (name, old, Some(new))
        });
        let now: Vec<_> = now.collect();
        let gone = before.into_iter().map(|(name, old)| (name, Some(old), None));
        for (name, old, new) in now.into_iter().chain(gone) {
            let path = below(&directory, name.as_bstr());
            let (old_leaf, new_leaf) = (old.and_then(leaf), new.and_then(leaf));
            if new_leaf.is_some_and(|new| !is_here(repo, new)) {
                return None;
            }
            if old_leaf != new_leaf {
                changes.push(Change { path: path.clone(), old: old_leaf, new: new_leaf });
            }
            let tree = |side: Option<(EntryMode, ObjectId)>| {
                side.filter(|(mode, _)| mode.is_tree()).map(|(_, id)| id)
            };
            left.push((path, tree(old), tree(new)));
        }
    }
    Some(Changes(changes))
}

fn is_left_out(marker: Option<&mut Marker<'_>>, directory: &BString) -> bool {
    marker.is_some_and(|marker| marker.descent(directory.as_bstr()) == Descent::Nothing)
}

fn with_slash(directory: &BString) -> BString {
    [directory.as_slice(), b"/"].concat().into()
}

/// What is in a tree, if that is one that Git would make. Nothing is in none.
fn entries(repo: &gix::Repository, id: Option<ObjectId>) -> Option<Entries> {
    let Some(id) = id else {
        return Some(Entries::new());
    };
    if !is_in_order(repo, &id) {
        return None;
    }
    let tree = repo.find_tree(id).ok()?;
    let entries = tree.iter().map(|entry| {
        let entry = entry.ok()?;
        Some((entry.filename().to_owned(), (entry.mode(), entry.object_id())))
    });
    entries.collect()
}
