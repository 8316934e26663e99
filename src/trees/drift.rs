//! Notices that somebody changed a tree that readers see: at each poll the stat data of a few files
//! are compared with what was recorded, going round.
//!
//! The record is an index, of which only a part is read each time (gitformat-index, versions 2
//! and 3). Files that somebody added are not seen.

use crate::disk::At;
use crate::disk::DiskError;
use crate::git::kind_of;
use crate::model::{Cause, CommitId};
use crate::trees::check::Walk;
use crate::trees::index::pieces;
use gix::hash::Kind;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// How many files are looked at each time.
const FILES: usize = 64;
/// How much of the record is read each time, in bytes: these many files with long paths.
const CHUNK: usize = 12 * 1024;

/// Goes round a tree.
#[derive(Debug)]
pub struct Patrol {
    tree: PathBuf,
    record: File,
    kind: Kind,
    path: PathBuf,
    /// Where in the record the next look begins.
    offset: u64,
    left: u32,
}

/// What a look found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Look {
    /// These files are as they were, and there are more.
    Well,
    /// All files were looked at since the beginning.
    Round,
    /// This one is not as it was.
    Changed(Cause),
}

impl Patrol {
    /// Begins a round through the tree of a commit.
    pub fn new(tree: &Path, commit: &CommitId, record: PathBuf) -> Result<Self, DiskError> {
        let file = File::open(&record).at("open", &record)?;
        let (tree, kind) = (tree.to_owned(), kind_of(commit.format()));
        let mut patrol = Self { tree, record: file, kind, path: record, offset: 0, left: 0 };
        patrol.begin()?;
        Ok(patrol)
    }

    fn begin(&mut self) -> Result<(), DiskError> {
        let mut header = [0_u8; 12];
        self.record.read_exact_at(&mut header, 0).at("read", &self.path)?;
        let [b'D', b'I', b'R', b'C', 0, 0, 0, 2 | 3, number @ ..] = header else {
            let what = io::Error::other("it is not an index of version 2 or 3");
            return Err(what).at("read", &self.path);
        };
        self.offset = 12;
        self.left = u32::from_be_bytes(number);
        Ok(())
    }

    /// Looks at the next files.
    pub fn look(&mut self) -> Result<Look, DiskError> {
        let mut chunk = vec![0; CHUNK];
        let mut read = self.record.read_at(&mut chunk, self.offset).at("read", &self.path)?;
        if self.left > 0
            && pieces(chunk.get(..read).unwrap_or_default(), self.kind).next().is_none()
        {
            // A path longer than all that.
            chunk.resize(CHUNK * 8, 0);
            read = self.record.read_at(&mut chunk, self.offset).at("read", &self.path)?;
        }
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(FILES);
        let before = self.left;
        let mut walk = match Walk::new(&self.tree) {
            Ok(walk) => walk,
            Err(cause) => return Ok(Look::Changed(cause)),
        };
        for piece in pieces(chunk.get(..read).unwrap_or_default(), self.kind).take(most) {
            if !piece.ignored
                && let Err(cause) = walk.compare(piece.path, piece.mode, &piece.stat)
            {
                return Ok(Look::Changed(cause));
            }
            self.offset += piece.length;
            self.left -= 1;
        }
        if self.left == before && before > 0 {
            let what = io::Error::other("it ends too early");
            return Err(what).at("read", &self.path);
        }
        if self.left == 0 {
            self.begin()?;
            return Ok(Look::Round);
        }
        Ok(Look::Well)
    }
}
