//! Files that others write and replace: how they look from outside, and what they hold.

use crate::disk::if_there;
use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::io;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How old a change must be before another one is sure to have another time, in seconds: the clocks
/// of file systems may advance in steps.
const STEP: i64 = 2;

/// What tells one state of a place from another without reading it; links are followed. Take it
/// before reading, so that a change while reading shows afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    found: Option<Found>,
    /// Whether any later change will look different.
    settled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    /// By device and inode. What is in it does not matter.
    Directory([u64; 2]),
    /// By device, inode, size, and both times in seconds and nanoseconds.
    File([u64; 3], [i64; 4]),
}

impl Look {
    /// Looks at a place.
    pub fn at(path: &Path) -> Self {
        let Ok(metadata) = path.metadata() else {
            return Self { found: None, settled: true };
        };
        let age = Timestamp::now().as_second().saturating_sub(metadata.ctime());
        Self { found: Some(Found::of(&metadata)), settled: age > STEP }
    }

    /// Says whether nothing was there, or nothing that may be looked at.
    pub fn is_nothing(&self) -> bool {
        self.found.is_none()
    }

    /// Says whether the place looks the same now.
    pub fn is_still(&self, path: &Path) -> bool {
        self.found == Self::at(path).found
    }

    /// Says whether both looks found the same.
    pub fn is_like(&self, other: &Self) -> bool {
        self.found == other.found
    }

    /// The same look, taken long after the last change.
    #[cfg(test)]
    pub(crate) fn settled(self) -> Self {
        Self { settled: true, ..self }
    }

    /// Says whether every change after this look shows. Two that come within a moment may not.
    pub fn is_settled(&self) -> bool {
        self.settled
    }
}

impl Found {
    fn of(it: &Metadata) -> Self {
        if it.is_dir() {
            return Self::Directory([it.dev(), it.ino()]);
        }
        let times = [it.mtime(), it.mtime_nsec(), it.ctime(), it.ctime_nsec()];
        Self::File([it.dev(), it.ino(), it.size()], times)
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// There is a directory.
    #[error("it is a directory")]
    Directory,
    /// There is a pipe, a device or the like, from which reading might never end.
    #[error("it is not a regular file")]
    NoFile,
    /// It is longer than anything that is meant to be there.
    #[error("it is longer than {0} bytes")]
    Long(u64),
    /// The system does not let us.
    #[error(transparent)]
    System(#[from] io::Error),
}

impl Unread {
    /// There is nothing, where something must be.
    pub fn missing() -> Self {
        Self::System(Errno::NOENT.into())
    }
}

/// The same where something else than a directory may be on the way: then there is no file either.
pub fn read_below(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Unread> {
    match read(path, limit) {
        Err(Unread::System(error)) if error.kind() == io::ErrorKind::NotADirectory => Ok(None),
        found => found,
    }
}

/// Reads a file of no more than `limit` bytes; none if there is none. It never waits for a writer.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Unread> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let opened = rustix::fs::open(path, flags, Mode::empty()).map_err(io::Error::from);
    let Some(opened) = if_there(opened)? else {
        return Ok(None);
    };
    let file = File::from(opened);
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(Unread::Directory);
    }
    if !kind.is_file() {
        return Err(Unread::NoFile);
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit) {
        return Err(Unread::Long(limit));
    }
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_change_shows_and_a_look_changes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        let look = Look::at(&at("link"));
        assert!(look.is_nothing() && look.is_settled());
        fs::write(at("one"), "1").unwrap();
        fs::write(at("two"), "1").unwrap();
        symlink("one", at("link")).unwrap();
        assert!(!look.is_still(&at("link")));
        let look = Look::at(&at("link"));
        assert_eq!(fs::read(at("link")).unwrap(), b"1");
        assert!(look.is_still(&at("link")) && look.is_like(&Look::at(&at("one"))));
        assert!(!look.is_settled(), "it was written a moment ago");
        fs::remove_file(at("link")).unwrap();
        symlink("two", at("link")).unwrap();
        assert!(!look.is_still(&at("link")), "the same content in another file");
        let look = Look::at(&at("two"));
        fs::write(at("two"), "22").unwrap();
        assert!(!look.is_still(&at("two")));
    }

    #[test]
    fn of_a_directory_counts_only_which_one_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        let look = Look::at(&one);
        fs::write(one.join("file"), "").unwrap();
        assert!(look.is_still(&one));
        fs::remove_dir_all(&one).unwrap();
        fs::rename(&other, &one).unwrap();
        assert!(!look.is_still(&one));
    }

    #[test]
    fn only_short_files_are_read_and_nothing_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        assert!(read(&path, 3).unwrap().is_none());
        fs::write(&path, "123").unwrap();
        assert_eq!(read(&path, 3).unwrap().as_deref(), Some(b"123".as_slice()));
        fs::write(&path, "1234").unwrap();
        assert!(matches!(read(&path, 3), Err(Unread::Long(3))));
        assert!(matches!(read(dir.path(), 3), Err(Unread::Directory)));
        assert!(matches!(read(Path::new("/dev/zero"), 3), Err(Unread::NoFile)));
        let pipe = dir.path().join("pipe");
        let mode = Mode::RUSR | Mode::WUSR;
        let kind = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).unwrap();
        assert!(matches!(read(&pipe, 3), Err(Unread::NoFile)), "and nobody writes to it");
        assert!(matches!(read(&path.join("below"), 3), Err(Unread::System(_))));
        assert!(read_below(&path.join("below"), 3).unwrap().is_none());
        assert!(matches!(read_below(&path, 3), Err(Unread::Long(3))));
    }
}
