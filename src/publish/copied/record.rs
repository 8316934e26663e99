//! What was copied: of each file what it was in the tree and what it became in the copy, so that the
//! next copy takes only what differs, and a change by others is seen.
//!
//! It is one text for each path, ended by a zero byte. The first is for the copy as a whole.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::look::read_below;
use crate::disk::{Durable, replace_file};
use crate::model::{Cause, CommitId};
use crate::publish::Layout;
use rustix::fs::{FileType, Stat};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

/// How much is read of it at a time.
const CHUNK: usize = 16 * 1024;
/// How many paths are looked at each time.
const PATHS: usize = 64;
/// More than a record is long.
const LONGEST: u64 = 1 << 34;

/// What counts of a file's stat data: kind and permissions, size, and when it was changed last. Of a
/// directory the size does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    mode: u32,
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl Mark {
    pub(super) fn of(found: &Stat) -> Self {
        let is_directory = FileType::from_raw_mode(found.st_mode) == FileType::Directory;
        let size = u64::try_from(found.st_size).unwrap_or_default();
        Self {
            mode: found.st_mode,
            size: if is_directory { 0 } else { size },
            seconds: found.st_mtime,
            nanoseconds: i64::try_from(found.st_mtime_nsec).unwrap_or_default(),
        }
    }

    fn at(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        Some(Self {
            mode: found.mode(),
            size: if found.is_dir() { 0 } else { found.size() },
            seconds: found.mtime(),
            nanoseconds: found.mtime_nsec(),
        })
    }

    /// Whether both are of the same kind, mode and size.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        (self.mode, self.size) == (other.mode, other.size)
    }

    fn text(&self) -> String {
        format!("{:o} {} {} {}", self.mode, self.size, self.seconds, self.nanoseconds)
    }

    fn read(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        Some(Self {
            mode: u32::from_str_radix(parts.next()?, 8).ok()?,
            size: parts.next()?.parse().ok()?,
            seconds: parts.next()?.parse().ok()?,
            nanoseconds: parts.next()?.parse().ok()?,
        })
    }
}

/// What is known of one path: what it was in the tree, and what it is in the copy.
pub(super) type Marks = (Mark, Mark);

/// A record that is being written.
#[derive(Debug)]
pub(super) struct Draft {
    text: Vec<u8>,
}

impl Draft {
    pub(super) fn new(commit: &CommitId) -> Self {
        Self { text: [commit.as_str().as_bytes(), b"\0"].concat() }
    }

    /// Adds one path. The top has none.
    pub(super) fn add(&mut self, path: &Path, (from, to): &Marks) {
        self.text.extend_from_slice(format!("{},{}/", from.text(), to.text()).as_bytes());
        self.text.extend_from_slice(path.as_os_str().as_bytes());
        self.text.push(0);
    }

    /// Makes it count.
    pub(super) fn keep(&self, layout: &Layout) -> Result<(), DiskError> {
        replace_file(&path(layout), &self.text, Durable::Yes)
    }
}

pub(super) fn path(layout: &Layout) -> PathBuf {
    layout.own().join("copied")
}

fn line(text: &[u8]) -> Option<(&Path, Marks)> {
    let slash = text.iter().position(|byte| *byte == b'/')?;
    let (marks, path) = (text.get(..slash)?, text.get(slash + 1..)?);
    let (from, to) = std::str::from_utf8(marks).ok()?.split_once(',')?;
    Some((Path::new(OsStr::from_bytes(path)), (Mark::read(from)?, Mark::read(to)?)))
}

/// Which commit was copied whole, as far as the record says.
pub(super) fn commit(layout: &Layout) -> Option<CommitId> {
    let mut begin = [0_u8; 65];
    let read = File::open(path(layout)).ok()?.read_at(&mut begin, 0).ok()?;
    let begin = begin.get(..read)?.split(|byte| *byte == 0).next()?;
    std::str::from_utf8(begin).ok()?.parse().ok()
}

/// All that was copied.
pub(super) fn all(layout: &Layout) -> HashMap<PathBuf, Marks> {
    let text = read_below(&path(layout), LONGEST).ok().flatten().unwrap_or_default();
    let lines = text.split(|byte| *byte == 0).skip(1).filter_map(line);
    lines.map(|(path, marks)| (path.to_owned(), marks)).collect()
}

/// Whether any file is as it was copied.
pub(super) fn is_any_there(layout: &Layout) -> bool {
    let is_there = |(path, (_, to)): (&PathBuf, &Marks)| {
        let is_file = FileType::from_raw_mode(to.mode) != FileType::Directory;
        is_file && Mark::at(&layout.place().join(path)) == Some(*to)
    };
    all(layout).iter().any(is_there)
}

/// Notes of each path that was copied what it is now.
pub(super) fn accept(layout: &Layout) -> Result<(), DiskError> {
    let Some(commit) = commit(layout) else { return Ok(()) };
    let mut draft = Draft::new(&commit);
    for (path, (from, _)) in all(layout) {
        if let Some(to) = Mark::at(&below(layout.place(), &path)) {
            draft.add(&path, &(from, to));
        }
    }
    draft.keep(layout)
}

fn below(place: &Path, path: &Path) -> PathBuf {
    if path.as_os_str().is_empty() { place.to_owned() } else { place.join(path) }
}

/// Goes round a copy, a few paths at a time, and sees what is not as it was left.
#[derive(Debug)]
pub struct Round {
    record: File,
    path: PathBuf,
    place: PathBuf,
    /// Where the next look begins; none at the end.
    offset: u64,
}

impl Round {
    pub(super) fn begin(layout: &Layout) -> Result<Self, DiskError> {
        let path = path(layout);
        let record = File::open(&path).at("open", &path)?;
        Ok(Self { record, path, place: layout.place().to_owned(), offset: 0 })
    }

    /// Looks at all that is left of the round.
    pub fn finish(&mut self) -> Result<Option<Cause>, DiskError> {
        loop {
            if let Some(cause) = self.look()? {
                return Ok(Some(cause));
            }
            if self.offset == 0 {
                return Ok(None);
            }
        }
    }

    /// Looks at the next paths, and says what is not as it was left.
    pub fn look(&mut self) -> Result<Option<Cause>, DiskError> {
        let mut chunk = vec![0; CHUNK];
        let mut read = self.record.read_at(&mut chunk, self.offset).at("read", &self.path)?;
        if read == CHUNK && !chunk.contains(&0) {
            chunk.resize(CHUNK * 8, 0);
            read = self.record.read_at(&mut chunk, self.offset).at("read", &self.path)?;
        }
        let chunk = chunk.get(..read).unwrap_or_default();
        let mut passed = 0;
        for text in chunk.split_inclusive(|byte| *byte == 0).take(PATHS) {
            let Some(text) = text.strip_suffix(b"\0") else { break };
            if let Some((path, (_, to))) = line(text) {
                let path = below(&self.place, path);
                if Mark::at(&path) != Some(to) {
                    return Ok(Some(Cause::new(format!("{} was changed", path.display()))));
                }
            }
            passed += text.len() + 1;
        }
        self.offset += u64::try_from(passed).unwrap_or_default();
        if passed == 0 {
            self.offset = 0;
        }
        Ok(None)
    }
}
