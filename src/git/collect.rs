//! Collecting garbage: one pack of what is still needed takes the place of all packs there are.
//!
//! The new pack is complete and on the disk before the first old one goes, so an interruption costs
//! room and nothing else. Stock Git may read meanwhile: it looks again when a pack is gone.

use crate::disk::{Durable, if_there, remove, replace_file};
use crate::git::GitError;
use crate::git::Store;
use crate::git::copy::{CopyError, transfer};
use crate::git::select::{Selection, Walk};
use crate::model::{Cause, CommitId};
use crate::runtime::Stop;
use gix::ObjectId;
use gix::object::Kind;
use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many packs there may be before they are made into one, and how many more may come before
/// that is tried again if it failed.
const PACKS: usize = 50;

/// The refs that the list of kept commits stands for.
const OURS: &[u8] = b"refs/gitsyncd/";

/// Says when the next collection is due, by the number of packs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due(usize);

impl Default for Due {
    fn default() -> Self {
        Self(PACKS)
    }
}

impl Due {
    /// Says whether there are so many packs that room and reading suffer.
    pub fn is_now(self, store: &Store) -> bool {
        packs(store.path()).is_ok_and(|packs| packs.len() > self.0)
    }

    /// After a collection that failed, or had no time to end.
    #[must_use]
    pub fn later(self) -> Self {
        Self(self.0.saturating_add(PACKS))
    }
}

/// Keeps what these commits need, up to where history ends, and drops everything else. The store
/// is used up; it must be opened again.
pub fn collect(store: Store, kept: &[CommitId], stop: &Stop) -> Result<(), GitError> {
    let disk = |error: io::Error| GitError::Disk {
        path: store.path().to_owned(),
        source: Cause::of(&error),
    };
    let before = packs(store.path()).map_err(disk)?;
    let Some(pack) = pack(&store, kept, stop).map_err(|error| error.of_store(&store))? else {
        return Ok(());
    };
    drop_summaries(store.path()).map_err(disk)?;
    for old in before.iter().filter(|old| old.file_stem() != pack.file_stem()) {
        drop_pack(old).map_err(disk)?;
    }
    tracing::debug!(packs = before.len(), into = %pack.display(), "collected garbage");
    Ok(())
}

/// Makes one pack of what these commits need. None if there is nothing to pack.
fn pack(store: &Store, kept: &[CommitId], stop: &Stop) -> Result<Option<PathBuf>, CopyError> {
    let mut selection = Selection::default();
    let mut walk = Walk { source: &store.repo, here: None, seen: HashSet::new(), stop };
    for commit in kept {
        let tip = ObjectId::from_hex(commit.as_str().as_bytes());
        walk.history(tip.map_err(|_not_hex| CopyError::Wanted)?, None, &mut selection)?;
    }
    for tip in of_others(store, &mut selection) {
        walk.history(tip, None, &mut selection)?;
    }
    if selection.objects.is_empty() {
        return Ok(None);
    }
    let pack = transfer(&store.repo, store, &selection.objects, stop)?;
    keep_ends(store, &selection)?;
    Ok(pack)
}

/// The commits that refs name which are not ours: kubernetes/git-sync made them, or somebody did by
/// hand. Tags on the way there are selected. What is missing already cannot be kept.
fn of_others(store: &Store, selection: &mut Selection) -> Vec<ObjectId> {
    let mut tips = Vec::new();
    let refs = store.repo.references().ok();
    let all = refs.as_ref().and_then(|refs| refs.all().ok());
    for mut found in all.into_iter().flatten().filter_map(Result::ok) {
        if found.name().as_bstr().starts_with(OURS) {
            continue;
        }
        let mut next = found.follow_to_object().ok().map(gix::Id::detach);
        while let Some(object) = next.take().and_then(|id| store.repo.find_object(id).ok()) {
            match object.kind {
                Kind::Commit => tips.push(object.id),
                Kind::Tag => {
                    selection.objects.push(object.id);
                    next = Some(object.to_tag_ref().target());
                }
                Kind::Tree | Kind::Blob => (),
            }
        }
    }
    tips
}

impl CopyError {
    /// Says the same of a store that is its own source.
    pub(super) fn of_store(self, store: &Store) -> GitError {
        let path = store.path().to_owned();
        match self {
            Self::Stopped(stopped) => GitError::Stopped(stopped),
            Self::Source(source) => GitError::Damaged { path, source },
            Self::Store(source) => GitError::Disk { path, source },
            Self::Wanted | Self::NoCommit => GitError::Damaged {
                path,
                source: Cause::new("a commit that was published is missing"),
            },
        }
    }
}

/// Leaves only the ends of history that a collection met.
fn keep_ends(store: &Store, selection: &Selection) -> Result<(), CopyError> {
    let mut text = String::new();
    for commit in &selection.boundary {
        text.push_str(&commit.to_hex().to_string());
        text.push('\n');
    }
    let path = store.shallow_file();
    let kept = if text.is_empty() {
        remove(&path)
    } else {
        replace_file(&path, text.as_bytes(), Durable::Yes)
    };
    kept.map_err(|error| CopyError::Store(Cause::of(&error)))
}

/// The index of every pack.
fn packs(git: &Path) -> io::Result<HashSet<PathBuf>> {
    let entries = fs::read_dir(git.join("objects/pack"))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "idx")).collect())
}

/// Removes what stock Git may have written down about all packs and commits there were.
fn drop_summaries(git: &Path) -> io::Result<()> {
    let objects = git.join("objects");
    if_there(fs::remove_file(objects.join("info/commit-graph")))?;
    if_there(fs::remove_dir_all(objects.join("info/commit-graphs")))?;
    for entry in fs::read_dir(objects.join("pack"))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("multi-pack-index")) && path.is_file() {
            if_there(fs::remove_file(path))?;
        }
    }
    Ok(())
}

/// Removes a pack, its index first, because that is what readers find it by.
fn drop_pack(index: &Path) -> io::Result<()> {
    fs::remove_file(index)?;
    for end in ["rev", "bitmap", "mtimes", "promisor", "pack"] {
        if_there(fs::remove_file(index.with_extension(end)))?;
    }
    Ok(())
}
