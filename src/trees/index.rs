//! Indexes: that of a tree that was made by changing another, one of some files only, and one that
//! is read a part at a time.

use crate::disk::At;
use crate::disk::DiskError;
use crate::git::{Change, Changes, Leaf, SKIPPED};
use gix::bstr::{BStr, ByteSlice};
use gix::hash::Kind;
use gix::index::Entry;
use gix::index::File;
use gix::index::State;
use gix::index::decode::Options;
use gix::index::entry::stat::Time;
use gix::index::entry::{Flags, Mode, Stat};
use std::collections::HashSet;
use std::fs;
use std::io;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// What makes one index out of another.
pub(super) struct Amendment {
    /// Where the other index is.
    pub(super) base: PathBuf,
    /// What is not as it was there.
    pub(super) changes: Changes,
    /// The new files, with their stat data. Others may be in it that were only needed to write
    /// these.
    pub(super) written: State,
}

impl Amendment {
    /// Reads the other index and changes it.
    pub(super) fn apply(&self) -> Result<File, DiskError> {
        let mut index = read(&self.base, self.written.object_hash())?;
        let gone: HashSet<&BStr> =
            self.changes.0.iter().map(|change| change.path.as_bstr()).collect();
        index.remove_entries(|_, path, _| gone.contains(path));
        let new = self.changes.0.iter().filter_map(|change| Some((change, change.new?)));
        for (Change { path, .. }, leaf) in new {
            let written = self.written.entry_by_path(path.as_ref()).filter(|_| !leaf.skipped);
            let stat = written.map(|entry| entry.stat).unwrap_or_default();
            index.dangerously_push_entry(stat, leaf.id, flags(leaf), leaf.mode, path.as_ref());
        }
        index.sort_entries();
        Ok(index)
    }
}

/// Reads an index of ours, in a repository that names objects so.
pub(super) fn read(path: &Path, kind: Kind) -> Result<File, DiskError> {
    let read = File::at(path, kind, false, Options::default());
    read.map_err(|error| io::Error::other(error.to_string())).at("read", path)
}

/// Whether a file is not written, as the rules say.
pub(super) fn is_skipped(entry: &Entry) -> bool {
    entry.flags.contains(Flags::SKIP_WORKTREE)
}

fn flags(leaf: Leaf) -> Flags {
    if leaf.skipped { SKIPPED } else { Flags::empty() }
}

/// Says whether two indexes list the same content, written or not, whatever stat data they have.
pub(super) fn list_the_same(one: &State, other: &State) -> bool {
    let same = |(entry, against): (&Entry, &Entry)| {
        (entry.path(one), entry.id, entry.mode) == (against.path(other), against.id, against.mode)
            && is_skipped(entry) == is_skipped(against)
    };
    one.entries().len() == other.entries().len()
        && one.entries().iter().zip(other.entries()).all(same)
}

/// Writes an index where none is.
pub(super) fn write(index: &File, path: &Path) -> Result<(), DiskError> {
    let mut out = BufWriter::new(fs::File::create(path).at("create", path)?);
    let bytes = |out: &mut dyn Write| {
        index
            .write_to(out, gix::index::write::Options::default())
            .map_err(|error| io::Error::other(error.to_string()))
    };
    let has_directories = || index.entries().iter().any(|entry| entry.mode == Mode::DIR);
    if !index.is_sparse() && has_directories() {
        let mut whole = Vec::new();
        bytes(&mut whole).at("write", path)?;
        let whole = said_to_be_sparse(whole, index.object_hash())
            .ok_or_else(|| io::Error::other("no index"));
        whole.and_then(|whole| out.write_all(&whole)).at("write", path)?;
    } else {
        bytes(&mut out).at("write", path)?;
    }
    out.into_inner().map_err(io::IntoInnerError::into_error).at("write", path).map(drop)
}

/// Says in an index that directories may stand in it as a whole (gitformat-index, `sdir`). gix does
/// that only for one that said so when it was read.
fn said_to_be_sparse(mut index: Vec<u8>, kind: Kind) -> Option<Vec<u8>> {
    index.truncate(index.len().checked_sub(kind.len_in_bytes())?);
    index.extend_from_slice(b"sdir\0\0\0\0");
    let mut hasher = gix::hash::hasher(kind);
    hasher.update(&index);
    index.extend_from_slice(hasher.try_finalize().ok()?.as_slice());
    Some(index)
}

/// A new index that lists some files without stat data.
pub(super) fn of(leaves: Vec<(&BStr, Leaf)>, kind: Kind) -> File {
    let mut state = State::new(kind);
    for (path, leaf) in leaves {
        state.dangerously_push_entry(Stat::default(), leaf.id, flags(leaf), leaf.mode, path);
    }
    state.sort_entries();
    File::from_state(state, PathBuf::new())
}

/// An entry of an index that is not read as a whole.
pub(super) struct Piece<'a> {
    pub(super) mode: Mode,
    pub(super) stat: Stat,
    pub(super) path: &'a [u8],
    /// Whether it is not to be looked at: it is not written, or somebody changed it who may.
    pub(super) ignored: bool,
    /// How long it is in the file, in bytes.
    pub(super) length: u64,
}

/// Reads the entries of an index of version 2 or 3 from a part of it that begins with one. An entry
/// of which the end is not there is left out.
pub(super) fn pieces(mut bytes: &[u8], kind: Kind) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let (piece, rest) = piece(bytes, kind)?;
        bytes = rest;
        Some(piece)
    })
}

/// The flag that says that a file counts as unchanged.
const ASSUME_VALID: u16 = 0x8000;
/// The flag that says that two more bytes of flags follow.
const EXTENDED: u16 = 0x4000;
/// The flag among those that says that a file is not written.
const SKIP_WORKTREE: u16 = 0x4000;

fn piece(bytes: &[u8], kind: Kind) -> Option<(Piece<'_>, &[u8])> {
    let mut rest = bytes;
    let mut number = || take::<4>(&mut rest).map(u32::from_be_bytes);
    let mut time = || Some(Time { secs: number()?, nsecs: number()? });
    let (ctime, mtime) = (time()?, time()?);
    let (dev, ino, mode) = (number()?, number()?, number()?);
    let (uid, gid, size) = (number()?, number()?, number()?);
    rest = rest.get(kind.len_in_bytes()..)?;
    let flags = u16::from_be_bytes(take::<2>(&mut rest)?);
    let mut extended = 0;
    if flags & EXTENDED != 0 {
        extended = u16::from_be_bytes(take::<2>(&mut rest)?);
    }
    let path = rest.get(..rest.find_byte(0)?)?;
    // Each entry ends with one to eight zeros, so that its length is a multiple of eight.
    let length = (bytes.len() - rest.len() + path.len() + 8) / 8 * 8;
    let after = bytes.get(length..)?;
    let stat = Stat { mtime, ctime, dev, ino, uid, gid, size };
    let mode = Mode::from_bits_truncate(mode);
    let ignored = flags & ASSUME_VALID != 0 || extended & SKIP_WORKTREE != 0;
    Some((Piece { mode, stat, path, ignored, length: u64::try_from(length).ok()? }, after))
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_whole_is_read_in_pieces(
            paths in proptest::collection::btree_set("[a-z]{1,40}", 0..20),
            executable: bool,
            skipped: bool,
            size: u32,
            long: bool,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("index");
            let mode = if executable { Mode::FILE_EXECUTABLE } else { Mode::FILE };
            let kind = if long { Kind::Sha256 } else { Kind::Sha1 };
            let id = gix::ObjectId::null(kind);
            let leaves = paths.iter().map(|path| (BStr::new(path), Leaf { mode, id, skipped }));
            let mut index = of(leaves.collect(), kind);
            for entry in index.entries_mut() {
                entry.stat.size = size;
                entry.stat.mtime.nsecs = size / 5;
            }
            write(&index, &path).unwrap();
            let bytes = fs::read(&path).unwrap();
            let read: Vec<_> = pieces(&bytes[12..], kind).take(paths.len()).collect();
            let written: Vec<_> = index.entries().iter().map(|entry| entry.path(&index)).collect();
            prop_assert_eq!(read.iter().map(|piece| BStr::new(piece.path)).collect::<Vec<_>>(), written);
            prop_assert!(read.iter().all(|piece| piece.mode == mode && piece.ignored == skipped));
            prop_assert!(read.iter().all(|piece| piece.stat.size == size));
            prop_assert!(read.iter().all(|piece| piece.stat.mtime.nsecs == size / 5));
        }
    }
}
