//! Collecting garbage: one pack of what is still needed takes the place of all packs there are.
//!
//! It is done in two parts. The long one, [`Collection::pack`], only reads the repository and makes
//! the pack at a place of its own, so attempts may go on beside it. The short one,
//! [`Packed::install`], packs what came meanwhile, moves the pack in and removes the others; no
//! attempt may run then. The new packs are complete and on the disk before the first old one goes,
//! so an interruption costs room and nothing else. Stock Git may read all the while: it looks again
//! when a pack is gone.

use crate::disk::{Durable, make_directory, remove, replace_file};
use crate::git::GitError;
use crate::git::Store;
use crate::git::copy::{CopyError, Parcel, transfer};
use crate::git::error::words;
use crate::git::format;
use crate::git::packs;
use crate::git::packs::Sizes;
use crate::git::partial;
use crate::git::select::{Here, Selection, Walk};
use crate::model::{Cause, CommitId, Garbage, Limits};
use crate::runtime::Stop;
use gix::ObjectId;
use gix::object::Kind;
use gix::zlib::Compression;
use gix_pack::{MMap, index};
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// How many packs there may be before they are made into one.
const PACKS: usize = 50;
/// How much larger than twice the largest one all packs together may be.
const SLACK: u64 = 64 * 1024 * 1024;

/// The refs that the list of kept commits stands for.
const OURS: &[u8] = b"refs/gitsyncd/";

/// Says when the next collection is due.
#[derive(Debug)]
pub struct Due {
    mode: Garbage,
    /// Whether anything came since it was last asked.
    grown: bool,
    /// Failures in a row. After each, more has to come before it is tried again.
    failures: u32,
}

impl Due {
    /// An earlier run may have left much.
    pub fn new(mode: Garbage) -> Self {
        Self { mode, grown: mode == Garbage::Auto, failures: 0 }
    }

    /// Something was published.
    pub fn published(&mut self) {
        self.grown = true;
    }

    /// Says whether it is time, once for each time that something was published.
    pub fn is_now(&mut self, git: &Path) -> bool {
        std::mem::take(&mut self.grown)
            && self.mode != Garbage::Off
            && Sizes::of(git).is_ok_and(|sizes| self.is_worth_it(sizes))
    }

    fn is_worth_it(&self, sizes: Sizes) -> bool {
        let times = self.failures.saturating_add(1);
        let many = PACKS.saturating_mul(usize::try_from(times).unwrap_or(usize::MAX));
        let much = sizes.largest.saturating_mul(2).saturating_add(SLACK);
        match self.mode {
            Garbage::Off => false,
            // One pack is what a collection makes, or a first fetch.
            Garbage::Always | Garbage::Aggressive => sizes.packs > 1,
            Garbage::Auto => {
                sizes.packs > many || sizes.bytes > much.saturating_mul(u64::from(times))
            }
        }
    }

    /// A collection has ended.
    pub fn ended(&mut self, well: bool) {
        self.failures = if well { 0 } else { self.failures.saturating_add(1) };
    }

    /// A collection of what these commits need, made at `place`, where nothing is.
    pub fn begin(&self, git: PathBuf, place: PathBuf, kept: Vec<CommitId>) -> Collection {
        let compression =
            if self.mode == Garbage::Aggressive { Compression::BEST } else { Compression::DEFAULT };
        Collection { git, kept, place: Place(place), compression }
    }
}

/// A directory that is removed with this value.
#[derive(Debug)]
struct Place(PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        if let Err(error) = remove(&self.0) {
            tracing::warn!(error = %Cause::of(&error), "could not remove what was packed");
        }
    }
}

/// Garbage that is to be collected.
#[derive(Debug)]
pub struct Collection {
    git: PathBuf,
    kept: Vec<CommitId>,
    place: Place,
    compression: Compression,
}

/// What is needed, in a pack beside the repository. Dropping it is giving it up.
#[derive(Debug)]
pub struct Packed {
    git: PathBuf,
    pack: PathBuf,
    /// Whether the history in it has no ends.
    whole: bool,
    /// Whether what was missing in the repository could be passed over.
    partial: bool,
    _place: Place,
    compression: Compression,
}

impl Collection {
    /// Packs what the commits need, up to where history ends. It may take long and can be stopped;
    /// the repository is only read. None if there is nothing to pack.
    pub fn pack(self, stop: &Stop) -> Result<Option<Packed>, GitError> {
        let Self { git, kept, place, compression } = self;
        tracing::debug!(repository = %git.display(), "collecting garbage");
        let store = Store::open(&git)?;
        make_directory(&place.0).map_err(|error| disk(&git, Cause::of(&error)))?;
        let (whole, partial) = (!store.is_shallow(), store.is_partial());
        let parcel =
            Parcel { directory: &place.0, compression, threads: 1, limits: Limits::default() };
        let pack = select(&store, &kept, None, stop)
            .and_then(|selection| put(&store, &selection.objects, parcel, stop))
            .map_err(|error| error.of_store(&store))?;
        let partial = partial || store.is_partial();
        Ok(pack.map(|pack| Packed { git, pack, whole, partial, _place: place, compression }))
    }
}

impl Packed {
    /// The repository that it is for.
    pub fn git(&self) -> &Path {
        &self.git
    }

    /// Puts the pack in the place of all others, which takes a moment. What these commits need and
    /// the pack does not have gets another. The store is used up; it must be opened again.
    pub fn install(self, store: Store, kept: &[CommitId], stop: &Stop) -> Result<(), GitError> {
        let git = store.path().to_owned();
        if self.partial && !store.is_partial() {
            // What was missing then came meanwhile, and the pack does not stand for it.
            tracing::debug!("throwing away what was packed, as more is here now");
            return Ok(());
        }
        let before = Sizes::of(&git).map_err(|error| disk(&git, Cause::of(&error)))?;
        let old = packs::indexes(&git).map_err(|error| disk(&git, Cause::of(&error)))?;
        let here = self.here(&store).map_err(|source| disk(&git, source))?;
        let selection =
            select(&store, kept, Some(&here), stop).map_err(|error| error.of_store(&store))?;
        let directory = packs::directory(&git);
        let parcel = Parcel {
            directory: &directory,
            compression: self.compression,
            threads: 1,
            limits: Limits::default(),
        };
        let more = put(&store, &selection.objects, parcel, stop)
            .map_err(|error| error.of_store(&store))?;
        partial::mark(&store, &self.pack).map_err(|error| disk(&git, Cause::of(&error)))?;
        packs::bring_in(&self.pack, &git).map_err(|source| disk(&git, source))?;
        let new: HashSet<_> = [Some(&self.pack), more.as_ref()]
            .into_iter()
            .flatten()
            .map(|pack| stem(pack))
            .collect();
        let gone: Vec<_> = old.iter().filter(|old| !new.contains(&stem(old))).collect();
        replace(&git, &gone, &here)
            .and_then(|()| keep_ends(&store, &selection))
            .map_err(|error| disk(&git, Cause::of(&error)))?;
        let after = Sizes::of(&git).unwrap_or_default();
        tracing::debug!(
            packs_before = before.packs,
            bytes_before = before.bytes,
            packs = after.packs,
            bytes = after.bytes,
            "collected garbage"
        );
        Ok(())
    }

    /// Says what the pack has. Whatever it has it has with all below, as it was made of whole trees.
    fn here(&self, store: &Store) -> Result<Here<'static>, Cause> {
        let index = index(&self.pack, store)?;
        let whole = self.whole && !store.is_shallow();
        Ok(Here { has: Box::new(move |id| index.lookup(id).is_some()), whole })
    }
}

/// Removes what the new packs stand for.
fn replace(git: &Path, gone: &[&PathBuf], here: &Here<'_>) -> io::Result<()> {
    packs::drop_summaries(git)?;
    for pack in gone {
        packs::drop_pack(pack)?;
    }
    packs::drop_loose(git, |id| ObjectId::from_hex(id.as_bytes()).is_ok_and(|id| here.has(&id)))
}

fn index(pack: &Path, store: &Store) -> Result<index::File<MMap>, Cause> {
    index::File::at(pack.with_extension("idx"), store.repo.object_hash())
        .map_err(|error| words(&error))
}

/// Packs objects of the store and looks whether all of them are in the pack. None if there are none.
fn put(
    store: &Store,
    objects: &[ObjectId],
    parcel: Parcel<'_>,
    stop: &Stop,
) -> Result<Option<PathBuf>, CopyError> {
    if objects.is_empty() {
        return Ok(None);
    }
    let pack = transfer(&store.repo, store, (objects, parcel), stop)?;
    let index = pack.as_ref().map(|pack| index(pack, store)).transpose();
    let index = index.map_err(CopyError::Store)?;
    let missing = |id: &&ObjectId| index.as_ref().is_none_or(|index| index.lookup(id).is_none());
    match objects.iter().find(missing) {
        Some(id) => Err(CopyError::Source(Cause::new(format!("{id} could not be packed")))),
        None => Ok(pack),
    }
}

fn stem(pack: &Path) -> std::ffi::OsString {
    pack.file_stem().unwrap_or_default().to_owned()
}

fn disk(git: &Path, source: Cause) -> GitError {
    GitError::Disk { path: git.to_owned(), source }
}

/// Finds out what the kept commits and the refs of others need that is not `here`.
fn select(
    store: &Store,
    kept: &[CommitId],
    here: Option<&Here<'_>>,
    stop: &Stop,
) -> Result<Selection, CopyError> {
    let mut selection = Selection::default();
    let mut walk = Walk::new(&store.repo, here, stop);
    walk.lenient = store.is_partial();
    for commit in kept {
        let tip = format::object(&store.repo, commit).ok_or(CopyError::Wanted)?;
        walk.history(tip, None, &mut selection)?;
    }
    if store.is_partial() && here.is_some() {
        // What was left out when the pack was made may have come since.
        let mut late = Walk::new(&store.repo, here, stop);
        late.lenient = true;
        late.seen.extend(&selection.objects);
        for root in kept.iter().filter_map(|commit| store.root_of(commit)) {
            late.exactly(root, false, &mut selection)?;
        }
    }
    for tip in of_others(store, here, &mut selection) {
        walk.history(tip, None, &mut selection)?;
    }
    Ok(selection)
}

/// The commits that refs name which are not ours: kubernetes/git-sync made them, or somebody did by
/// hand. Tags on the way there are selected. What is missing already cannot be kept.
pub(super) fn of_others(
    store: &Store,
    here: Option<&Here<'_>>,
    selection: &mut Selection,
) -> Vec<ObjectId> {
    let mut tips = Vec::new();
    let refs = store.repo.references().ok();
    let all = refs.as_ref().and_then(|refs| refs.all().ok());
    let mut tags = HashSet::new();
    for mut found in all.into_iter().flatten().filter_map(Result::ok) {
        if found.name().as_bstr().starts_with(OURS) {
            continue;
        }
        let mut next = found.follow_to_object().ok().map(gix::Id::detach);
        while let Some(object) = next.take().and_then(|id| store.repo.find_object(id).ok()) {
            match object.kind {
                Kind::Commit => tips.push(object.id),
                Kind::Tag => {
                    if tags.insert(object.id) && !here.is_some_and(|here| here.has(&object.id)) {
                        selection.objects.push(object.id);
                    }
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
            Self::Excess(excess) => GitError::TooLarge { url: path.display().to_string(), excess },
            Self::Store(source) => GitError::Disk { path, source },
            Self::Wanted | Self::NoCommit => GitError::Damaged {
                path,
                source: Cause::new("a commit that was published is missing"),
            },
        }
    }
}

/// Leaves only the ends of history that a collection met. Until then there are too many, which does
/// no harm; commits without theirs would.
fn keep_ends(store: &Store, selection: &Selection) -> io::Result<()> {
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
    kept.map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1024 * 1024;

    fn due(mode: Garbage, packs: usize, mib: u64, largest: u64) -> bool {
        let sizes = Sizes { packs, bytes: mib * MIB, largest: largest * MIB };
        Due::new(mode).is_worth_it(sizes)
    }

    #[test]
    fn by_itself_it_is_due_when_packs_are_many_or_large() {
        assert!(!due(Garbage::Auto, 50, 1, 1) && due(Garbage::Auto, 51, 1, 1));
        assert!(!due(Garbage::Auto, 3, 264, 100) && due(Garbage::Auto, 3, 265, 100));
        assert!(!due(Garbage::Auto, 9, 64, 1), "little is never much");
        for mode in [Garbage::Always, Garbage::Aggressive] {
            assert!(due(mode, 2, 1, 1) && !due(mode, 1, 1, 1));
        }
        assert!(!due(Garbage::Off, 1000, 1000, 1));
    }

    #[test]
    fn after_a_failure_more_has_to_come() {
        let mut due = Due::new(Garbage::Auto);
        let sizes = |packs| Sizes { packs, bytes: 0, largest: 0 };
        due.ended(false);
        assert!(!due.is_worth_it(sizes(100)) && due.is_worth_it(sizes(101)));
        due.ended(false);
        assert!(!due.is_worth_it(sizes(150)) && due.is_worth_it(sizes(151)));
        due.ended(true);
        assert!(due.is_worth_it(sizes(51)));
    }
}
