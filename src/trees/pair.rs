//! Two directories that are walked side by side, file by file: one that is read, and one that comes
//! to be like it.

use rustix::fs::{AtFlags, CWD, Mode, OFlags, Stat, Timespec, Timestamps};
use rustix::fs::{ResolveFlags, openat2};
use rustix::fs::{futimens, ioctl_ficlone, linkat, mkdirat, openat, statat};
use rustix::io::{Errno, Result};
use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// The two, and the two directories in them that were met last.
#[derive(Debug)]
pub(super) struct Pair {
    from: OwnedFd,
    to: OwnedFd,
    last: Option<Last>,
}

#[derive(Debug)]
struct Last {
    path: PathBuf,
    /// None if it is not there.
    from: Option<OwnedFd>,
    to: OwnedFd,
}

pub(super) const DIRECTORY: OFlags =
    OFlags::DIRECTORY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC).union(OFlags::RDONLY);

impl Pair {
    pub(super) fn open(from: &Path, to: &Path) -> Result<Self> {
        let open = |path: &Path| openat(CWD, path, DIRECTORY, Mode::empty());
        Ok(Self { from: open(from)?, to: open(to)?, last: None })
    }

    /// Makes the directory in the second tree.
    pub(super) fn make(&mut self, path: &Path) -> Result<()> {
        enter(self.to.as_fd(), path, true).map(drop)
    }

    /// Finds the two directories that hold, or are to hold, a file. No link is followed.
    fn above(&mut self, file: &Path) -> Result<(Option<BorrowedFd<'_>>, BorrowedFd<'_>)> {
        let path = file.parent().unwrap_or(Path::new(""));
        let last = match self.last.take() {
            Some(last) if last.path == path => last,
            Some(_) | None => Last {
                path: path.to_owned(),
                from: enter(self.from.as_fd(), path, false).ok(),
                to: enter(self.to.as_fd(), path, true)?,
            },
        };
        let last = self.last.insert(last);
        Ok((last.from.as_ref().map(OwnedFd::as_fd), last.to.as_fd()))
    }

    /// Looks at the file in the first tree; none if it is not there.
    pub(super) fn look(&mut self, file: &Path) -> Result<Option<Stat>> {
        let (from, _) = self.above(file)?;
        let found = from.map(|from| statat(from, name(file), AtFlags::SYMLINK_NOFOLLOW));
        match found {
            None | Some(Err(Errno::NOENT)) => Ok(None),
            Some(found) => found.map(Some),
        }
    }

    /// Gives the file of the first tree a name in the second.
    pub(super) fn link(&mut self, file: &Path) -> Result<()> {
        match self.above(file)? {
            (Some(from), to) => linkat(from, name(file), to, name(file), AtFlags::empty()),
            (None, _) => Err(Errno::NOENT),
        }
    }

    /// Makes a file in the second tree that shares its blocks with that of the first until either
    /// is written to, with the same mode and time. What is begun and fails leaves an empty file.
    pub(super) fn clone(&mut self, file: &Path, like: &Stat) -> Result<Stat> {
        let (Some(from), to) = self.above(file)? else {
            return Err(Errno::NOENT);
        };
        let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let source = openat(from, name(file), read, Mode::empty())?;
        let create = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let target = openat(to, name(file), create, Mode::from_raw_mode(like.st_mode))?;
        ioctl_ficlone(&target, &source)?;
        let time = Timespec { tv_sec: like.st_mtime, tv_nsec: nanoseconds(like) };
        futimens(&target, &Timestamps { last_access: time, last_modification: time })?;
        rustix::fs::fstat(&target)
    }

    /// Makes a symlink in the second tree with the same target and time.
    pub(super) fn copy_symlink(&mut self, file: &Path, like: &Stat) -> Result<Stat> {
        let (Some(from), to) = self.above(file)? else {
            return Err(Errno::NOENT);
        };
        let target = rustix::fs::readlinkat(from, name(file), Vec::new())?;
        rustix::fs::symlinkat(&target, to, name(file))?;
        let time = Timespec { tv_sec: like.st_mtime, tv_nsec: nanoseconds(like) };
        let times = Timestamps { last_access: time, last_modification: time };
        rustix::fs::utimensat(to, name(file), &times, AtFlags::SYMLINK_NOFOLLOW)?;
        statat(to, name(file), AtFlags::SYMLINK_NOFOLLOW)
    }
}

fn nanoseconds(like: &Stat) -> i64 {
    i64::try_from(like.st_mtime_nsec).unwrap_or_default()
}

fn name(file: &Path) -> &OsStr {
    file.file_name().unwrap_or_default()
}

/// Opens a directory below another. No link is followed.
pub(super) fn enter(top: BorrowedFd<'_>, path: &Path, make: bool) -> Result<OwnedFd> {
    if !make {
        let below = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS;
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        match openat2(top, path, DIRECTORY, Mode::empty(), below) {
            // Linux before 5.6, or a filter that does not know this call.
            Err(Errno::NOSYS | Errno::PERM) => (),
            opened => return opened,
        }
    }
    let mut here = openat(top, ".", DIRECTORY, Mode::empty())?;
    for part in path {
        if make {
            match mkdirat(&here, part, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(Errno::EXIST) => (),
                Err(error) => return Err(error),
            }
        }
        here = openat(&here, part, DIRECTORY, Mode::empty())?;
    }
    Ok(here)
}
