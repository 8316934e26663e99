//! Brings one directory to equality with another, file by file. Each file is replaced by one rename,
//! so that a reader sees the old one or the new one; who has the old one open keeps it.
//!
//! No symlink is followed, whoever puts one there.

use crate::disk::{DiskError, remove_at};
use crate::publish::copied::Halted;
use crate::publish::copied::record::{Draft, Mark, Marks};
use crate::runtime::Stop;
use rustix::fs::{
    AtFlags, CWD, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, fchmod, fstat, futimens,
    ioctl_ficlone, mkdirat, openat, readlinkat, renameat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

const DIRECTORY: OFlags =
    OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
const READ: OFlags = OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// How much is copied between two looks whether to stop.
const PIECE: u64 = 16 << 20;
/// What file systems make for themselves at the top.
const LOST: &CStr = c"lost+found";

/// The work for one commit.
pub(super) struct Fill<'a> {
    pub(super) from: &'a Path,
    pub(super) to: &'a Path,
    pub(super) known: HashMap<PathBuf, Marks>,
    pub(super) draft: Draft,
    pub(super) stop: &'a Stop,
    /// How many files were copied, and how many things removed.
    pub(super) copied: u64,
    pub(super) removed: u64,
    /// How many files there are, and how much they hold.
    pub(super) files: u64,
    pub(super) bytes: u64,
}

/// One directory of both.
struct Both {
    from: OwnedFd,
    to: OwnedFd,
    path: PathBuf,
}

type Names = Vec<(CString, Stat)>;

impl Fill<'_> {
    /// Does all of it.
    pub(super) fn run(&mut self) -> Result<(), Halted> {
        let open = |path: &Path| {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
            openat(CWD, path, flags, Mode::empty()).map_err(|error| failed("open", path, error))
        };
        let both = Both { from: open(self.from)?, to: open(self.to)?, path: PathBuf::new() };
        self.fill(&both)?;
        self.prune(&both)
    }

    /// Makes everything in a directory that is to be there.
    fn fill(&mut self, both: &Both) -> Result<(), Halted> {
        for (name, found) in &self.names(both.from.as_fd(), &both.path)? {
            self.stop.check()?;
            if name.as_c_str() == c".git" {
                continue;
            }
            let path = both.path.join(OsStr::from_bytes(name.to_bytes()));
            if kind(found) == FileType::Directory {
                let below = self.directory(both, name, found, path)?;
                self.fill(&below)?;
            } else {
                let told = self.to.join(&path);
                let marks = self.file(both, name, found, &path);
                let marks = marks.map_err(|error| match error {
                    Fault::Disk(error) => failed("write", &told, error),
                    Fault::Halted(halted) => halted,
                })?;
                self.draft.add(&path, &marks);
                self.files += 1;
                self.bytes += u64::try_from(found.st_size).unwrap_or_default();
            }
        }
        Ok(())
    }

    /// Makes a directory if there is none, in the place of whatever else has its name.
    fn directory(
        &mut self,
        both: &Both,
        name: &CStr,
        found: &Stat,
        path: PathBuf,
    ) -> Result<Both, Halted> {
        let told = self.to.join(&path);
        let make = || -> rustix::io::Result<OwnedFd> {
            match look(both.to.as_fd(), name)? {
                Some(there) if kind(&there) == FileType::Directory => (),
                Some(_) => remove_at(both.to.as_fd(), name)?,
                None => (),
            }
            match mkdirat(&both.to, name, Mode::RWXU) {
                Ok(()) | Err(Errno::EXIST) => (),
                Err(error) => return Err(error),
            }
            let to = openat(&both.to, name, DIRECTORY, Mode::empty())?;
            if Mode::from_raw_mode(fstat(&to)?.st_mode) != Mode::from_raw_mode(found.st_mode) {
                fchmod(&to, Mode::from_raw_mode(found.st_mode))?;
            }
            Ok(to)
        };
        let to = make().map_err(|error| failed("create the directory", &told, error))?;
        let from = openat(&both.from, name, DIRECTORY, Mode::empty());
        let from = from.map_err(|error| failed("open", &self.from.join(&path), error))?;
        Ok(Both { from, to, path })
    }

    /// Makes a file or a symlink what it is in the tree, if it is not.
    fn file(
        &mut self,
        both: &Both,
        name: &CStr,
        found: &Stat,
        path: &Path,
    ) -> Result<Marks, Fault> {
        let from = Mark::of(found);
        let there = look(both.to.as_fd(), name)?;
        if let Some(there) = &there {
            let to = Mark::of(there);
            if self.known.get(path) == Some(&(from, to)) {
                return Ok((from, to));
            }
            if to.is_like(&from) && !self.known.contains_key(path) && same(both, name, found)? {
                utimensat(&both.to, name, &times(found), AtFlags::SYMLINK_NOFOLLOW)?;
                let now = look(both.to.as_fd(), name)?.ok_or(Errno::NOENT)?;
                return Ok((from, Mark::of(&now)));
            }
        }
        let new = free_name(both.from.as_fd())?;
        remove_at(both.to.as_fd(), new.as_c_str())?;
        let written = self.write(both, name, found, &new);
        if written.is_err() {
            // What stays of it is removed with all else that the tree does not have.
            remove_at(both.to.as_fd(), new.as_c_str()).unwrap_or_default();
        }
        written?;
        if there.is_some_and(|there| kind(&there) == FileType::Directory) {
            remove_at(both.to.as_fd(), name)?;
        }
        renameat(&both.to, new.as_c_str(), &both.to, name)?;
        self.copied += 1;
        let now = look(both.to.as_fd(), name)?.ok_or(Errno::NOENT)?;
        Ok((from, Mark::of(&now)))
    }

    /// Writes a whole file or symlink under a private name.
    fn write(&self, both: &Both, name: &CStr, found: &Stat, new: &CStr) -> Result<(), Fault> {
        if kind(found) == FileType::Symlink {
            let target = readlinkat(&both.from, name, Vec::new())?;
            symlinkat(&target, &both.to, new)?;
            utimensat(&both.to, new, &times(found), AtFlags::SYMLINK_NOFOLLOW)?;
            return Ok(());
        }
        let source = openat(&both.from, name, READ, Mode::empty())?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let target = openat(&both.to, new, flags, Mode::RUSR | Mode::WUSR)?;
        if ioctl_ficlone(&target, &source).is_err() {
            let (mut source, mut target) = (File::from(source), File::from(target.try_clone()?));
            loop {
                self.stop.check().map_err(Halted::from)?;
                if io::copy(&mut Read::by_ref(&mut source).take(PIECE), &mut target)? == 0 {
                    break;
                }
            }
        }
        fchmod(&target, Mode::from_raw_mode(found.st_mode))?;
        futimens(&target, &times(found))?;
        Ok(())
    }

    /// Removes what the tree does not have, and notes the directory as it is then.
    fn prune(&mut self, both: &Both) -> Result<(), Halted> {
        for (name, there) in &self.names(both.to.as_fd(), &both.path)? {
            self.stop.check()?;
            let path = both.path.join(OsStr::from_bytes(name.to_bytes()));
            let told = self.to.join(&path);
            let wanted = look(both.from.as_fd(), name);
            let wanted = wanted.map_err(|error| failed("look at", &told, error))?;
            let wanted = wanted.filter(|_| name.as_c_str() != c".git");
            let is_directory = kind(there) == FileType::Directory;
            let is_top = both.path.as_os_str().is_empty();
            if wanted.is_none() && !(is_top && is_directory && name.as_c_str() == LOST) {
                remove_at(both.to.as_fd(), name.as_c_str())
                    .map_err(|error| failed("remove", &told, error))?;
                self.removed += 1;
            } else if wanted.is_some_and(|wanted| kind(&wanted) == FileType::Directory) {
                let open = |above: &OwnedFd| {
                    openat(above, name, DIRECTORY, Mode::empty())
                        .map_err(|error| failed("open", &told, error))
                };
                self.prune(&Both { from: open(&both.from)?, to: open(&both.to)?, path })?;
            }
        }
        let marks = fstat(&both.from).and_then(|from| Ok((from, fstat(&both.to)?)));
        let (from, to) =
            marks.map_err(|error| failed("look at", &self.to.join(&both.path), error))?;
        self.draft.add(&both.path, &(Mark::of(&from), Mark::of(&to)));
        Ok(())
    }

    fn names(&self, directory: BorrowedFd<'_>, path: &Path) -> Result<Names, Halted> {
        let list = || -> rustix::io::Result<Names> {
            let mut names = Names::new();
            for entry in Dir::read_from(directory)? {
                let name = entry?.file_name().to_owned();
                if name.as_c_str() == c"." || name.as_c_str() == c".." {
                    continue;
                }
                if let Some(found) = look(directory, &name)? {
                    names.push((name, found));
                }
            }
            Ok(names)
        };
        list().map_err(|error| failed("list", &self.to.join(path), error))
    }
}

/// Why a file could not be copied.
enum Fault {
    Disk(io::Error),
    Halted(Halted),
}

impl From<Errno> for Fault {
    fn from(error: Errno) -> Self {
        Self::Disk(error.into())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Disk(error)
    }
}

impl From<Halted> for Fault {
    fn from(halted: Halted) -> Self {
        Self::Halted(halted)
    }
}

fn failed(verb: &'static str, path: &Path, error: impl Into<io::Error>) -> Halted {
    Halted::Disk(DiskError::new(verb, path, error.into()))
}

fn kind(found: &Stat) -> FileType {
    FileType::from_raw_mode(found.st_mode)
}

fn look(directory: BorrowedFd<'_>, name: &CStr) -> rustix::io::Result<Option<Stat>> {
    match statat(directory, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(found) => Ok(Some(found)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

fn times(found: &Stat) -> Timestamps {
    let nanoseconds = found.st_mtime_nsec.try_into().unwrap_or_default();
    let time = Timespec { tv_sec: found.st_mtime, tv_nsec: nanoseconds };
    Timestamps { last_access: time, last_modification: time }
}

/// A name that no file of the tree has.
fn free_name(tree: BorrowedFd<'_>) -> rustix::io::Result<CString> {
    let mut number = 0_u32;
    loop {
        let name = CString::new(format!(".gitsyncd-new-{number}")).map_err(|_zero| Errno::INVAL)?;
        if look(tree, &name)?.is_none() {
            return Ok(name);
        }
        number += 1;
    }
}

/// Whether two files hold the same, or two symlinks name the same.
fn same(both: &Both, name: &CStr, found: &Stat) -> Result<bool, Fault> {
    if kind(found) == FileType::Symlink {
        let read = |above: &OwnedFd| readlinkat(above, name, Vec::new());
        return Ok(read(&both.from)? == read(&both.to)?);
    }
    let open = |above: &OwnedFd| openat(above, name, READ, Mode::empty());
    let (Ok(one), Ok(other)) = (open(&both.from), open(&both.to)) else {
        return Ok(false);
    };
    let (mut one, mut other) = (File::from(one), File::from(other));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        Read::by_ref(&mut one).take(PIECE / 16).read_to_end(&mut left)?;
        Read::by_ref(&mut other).take(PIECE / 16).read_to_end(&mut right)?;
        if left != right || left.is_empty() {
            return Ok(left == right);
        }
    }
}
