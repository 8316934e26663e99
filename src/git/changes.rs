//! What differs between the trees of two commits, as a list of files: read from the tree objects
//! that differ, and from no others.
//!
//! The list is believed only if each of these trees is one that Git would make. In any doubt there
//! is no list, and the whole tree is looked at instead.

use crate::git::Marker;
use crate::git::Scope;
use crate::git::folded;
use crate::git::tree;
use gix::ObjectId;
use gix::bstr::{BStr, BString};
use gix::diff::tree::recorder::Change as Record;
use gix::diff::tree::{Recorder, State};
use gix::index::entry::Mode;
use gix::objs::Exists;
use gix::objs::TreeRefIter;
use gix::objs::tree::{EntryKind, EntryMode};
use gix::validate::path::component;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// All files, symlinks and submodules that are not the same in two trees, by path, in no order, those
/// that are not written among them. One that became a directory, or was one, is in the list twice or more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes(pub(crate) Vec<Change>);

/// One path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) path: BString,
    /// What was there; none if nothing or a directory.
    pub(crate) old: Option<Leaf>,
    /// What is to be there; none if nothing or a directory.
    pub(crate) new: Option<Leaf>,
}

/// What stands at a path that is no directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) mode: Mode,
    pub(crate) id: ObjectId,
    /// Whether it is not written, as the rules say.
    pub(crate) skipped: bool,
}

impl Changes {
    /// Whether a rule for other files is among them, so that files may differ whose objects do not.
    pub(crate) fn touch_attributes(&self) -> bool {
        self.0.iter().any(|change| tree::is_attributes(change.path.as_ref()))
    }
}

/// Lists the changes from one tree to another. None if an object is missing or anything is odd.
/// What the rules leave out of the new one need not be here.
pub(super) fn between(
    repo: &gix::Repository,
    old: ObjectId,
    new: ObjectId,
    scope: &Scope,
) -> Option<Changes> {
    if old == new {
        return Some(Changes::default());
    }
    if scope.folds() {
        return folded::between(repo, old, new, scope);
    }
    let (before, after) = (repo.find_tree(old).ok()?, repo.find_tree(new).ok()?);
    if !(is_in_order(repo, &old) && is_in_order(repo, &new)) {
        return None;
    }
    let mut recorder = Recorder::default();
    // Other trees than these two are looked at afterwards, so this may meet anything.
    let walked = catch_unwind(AssertUnwindSafe(|| {
        let before = TreeRefIter::from_bytes(&before.data, old.kind());
        let after = TreeRefIter::from_bytes(&after.data, new.kind());
        gix::diff::tree(before, after, State::default(), &repo.objects, &mut recorder)
    }));
    if !matches!(walked, Ok(Ok(()))) {
        return None;
    }
    let mut changes = Vec::new();
    let mut marker = scope.sparse.as_deref().map(Marker::new);
    for record in recorder.records {
        let (path, old, new) = sides(record);
        for (_, id) in [old, new].into_iter().flatten().filter(|(mode, _)| mode.is_tree()) {
            if !is_in_order(repo, &id) {
                return None;
            }
        }
        let mut sorted = |side: Side| {
            let leaf = side.and_then(leaf)?;
            let is_written = marker.as_mut().is_none_or(|marker| marker.includes(path.as_ref()));
            Some(Leaf { skipped: !is_written, ..leaf })
        };
        let (old, new) = (sorted(old), sorted(new));
        let mut is_needed = || Scope::needs(marker.as_mut(), path.as_ref());
        if new.is_some_and(|new| is_needed() && !is_here(repo, new)) {
            return None;
        }
        if old != new {
            changes.push(Change { path, old, new });
        }
    }
    Some(Changes(changes))
}

type Side = Option<(EntryMode, ObjectId)>;

fn sides(record: Record) -> (BString, Side, Side) {
    match record {
        Record::Addition { entry_mode, oid, path, .. } => (path, None, Some((entry_mode, oid))),
        Record::Deletion { entry_mode, oid, path, .. } => (path, Some((entry_mode, oid)), None),
        Record::Modification { previous_entry_mode, previous_oid, entry_mode, oid, path } => {
            (path, Some((previous_entry_mode, previous_oid)), Some((entry_mode, oid)))
        }
    }
}

pub(super) fn leaf((mode, id): (EntryMode, ObjectId)) -> Option<Leaf> {
    let mode = match mode.kind() {
        EntryKind::Tree => return None,
        EntryKind::Blob => Mode::FILE,
        EntryKind::BlobExecutable => Mode::FILE_EXECUTABLE,
        EntryKind::Link => Mode::SYMLINK,
        EntryKind::Commit => Mode::COMMIT,
    };
    Some(Leaf { mode, id, skipped: false })
}

/// Whether the content is in the repository. That of submodules lives elsewhere.
pub(super) fn is_here(repo: &gix::Repository, leaf: Leaf) -> bool {
    leaf.mode == Mode::COMMIT || repo.objects.exists(&leaf.id)
}

/// Whether a tree is one that Git would make: sorted, no name twice, no name that is refused.
pub(super) fn is_in_order(repo: &gix::Repository, id: &ObjectId) -> bool {
    let Ok(tree) = repo.find_tree(*id) else {
        return false;
    };
    let Ok(tree) = tree.decode() else {
        return false;
    };
    let mut names = HashSet::new();
    tree.entries.is_sorted_by(|one, next| one < next)
        && tree.entries.iter().all(|entry| {
            let is_link = entry.mode.kind() == EntryKind::Link;
            names.insert(entry.filename) && is_allowed(entry.filename, is_link)
        })
}

pub(super) fn is_allowed(name: &BStr, is_link: bool) -> bool {
    let options =
        component::Options { protect_windows: false, protect_hfs: true, protect_ntfs: true };
    let mode = is_link.then_some(component::Mode::Symlink);
    component(name, mode, options).is_ok()
}
