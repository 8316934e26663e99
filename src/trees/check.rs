//! Compares a tree with its index by stat data, without reading any file.

use crate::disk::DiskError;
use crate::disk::{is_there, list};
use crate::model::Cause;
use crate::trees::Admin;
use crate::trees::index;
use crate::trees::index::is_skipped;
use crate::trees::pair::{DIRECTORY, enter};
use gix::bstr::{BStr, ByteSlice};
use gix::index::entry;
use gix::index::entry::{Flags, Mode};
use gix::index::{Entry, State};
use rustix::fs::{AtFlags, CWD, FileType, Stat};
use rustix::fs::{openat, statat};
use rustix::io::Errno;
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// How large a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many files it has.
    pub files: u64,
    /// How much they hold.
    pub bytes: u64,
}

/// Looks whether every file of the index is in the tree with the kind, size, time and mode it was
/// published with. Neither files that the rules leave out are looked for, nor those that somebody
/// added. Inode numbers and change times
/// are not compared, because a restore or a hardlink changes them and no content.
pub fn intact(tree: &Path, admin: &Admin) -> Result<Extent, Cause> {
    let index = [admin.record(), admin.index()].into_iter().find(|path| is_there(path));
    let index = index.ok_or_else(|| Cause::new("it was published by halves".to_owned()))?;
    let index = index::read(&index, admin.kind()).map_err(|error| Cause::of(&error))?;
    if !admin.is_of(tree) {
        return Err(Cause::new(format!("{} is no worktree that Git knows", tree.display())));
    }
    if !admin.modules_are_told(tree) {
        return Err(Cause::new(format!(
            "{} has submodules that Git does not know",
            tree.display()
        )));
    }
    let mut extent = Extent { files: 0, bytes: 0 };
    let mut walk = Walk::new(tree)?;
    let noted = admin.submodules().map_err(|error| Cause::of(&error))?;
    for entry in index.entries() {
        if entry.flags.contains(Flags::SKIP_WORKTREE) {
            continue;
        }
        if entry.mode == Mode::COMMIT && noted.wanted.is_none() {
            // git-sync made it, or an earlier version.
            return Err(Cause::new("it is not known how many of its submodules were wanted"));
        }
        if entry.flags.contains(Flags::ASSUME_VALID) {
            continue;
        }
        let found = walk.compare(entry.path(&index), entry.mode, &entry.stat)?;
        if entry.mode != Mode::COMMIT {
            extent.files += 1;
            extent.bytes += found.size;
        }
    }
    Ok(extent)
}

/// Looks at files one after the other, most of them in the directory of the one before. No symlink
/// is followed on the way.
#[derive(Debug)]
pub(super) struct Walk<'a> {
    path: &'a Path,
    tree: OwnedFd,
    /// The directory that was met last, below the tree.
    last: Option<(PathBuf, OwnedFd)>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(path: &'a Path) -> Result<Self, Cause> {
        let tree = openat(CWD, path, DIRECTORY, rustix::fs::Mode::empty());
        Ok(Self { path, tree: tree.map_err(|error| gone(path, error))?, last: None })
    }

    /// Compares a file with what was recorded. An error says what is not as it was.
    pub(super) fn compare(
        &mut self,
        file: &[u8],
        mode: Mode,
        stat: &entry::Stat,
    ) -> Result<Seen, Cause> {
        let (directory, name) = match file.rfind_byte(b'/') {
            Some(slash) => (file.get(..slash), file.get(slash + 1..)),
            None => (None, Some(file)),
        };
        let directory = Path::new(OsStr::from_bytes(directory.unwrap_or_default()));
        let path = || self.path.join(OsStr::from_bytes(file));
        let (_, above) = match self.last.take() {
            Some(last) if last.0.as_os_str() == directory.as_os_str() => self.last.insert(last),
            Some(_) | None => {
                let entered = enter(self.tree.as_fd(), directory, false);
                let entered = entered.map_err(|error| gone(&path(), error))?;
                self.last.insert((directory.to_owned(), entered))
            }
        };
        let found = statat(above, name.unwrap_or_default(), AtFlags::SYMLINK_NOFOLLOW);
        let found = Seen::from(&found.map_err(|error| gone(&path(), error))?);
        match difference(mode, stat, &found) {
            None => Ok(found),
            Some(difference) => {
                Err(Cause::new(format!("{} has another {difference}", path().display())))
            }
        }
    }
}

fn gone(path: &Path, error: Errno) -> Cause {
    Cause::new(format!("{}: {error}", path.display()))
}

/// What a look at a file tells.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    mode: u32,
    pub(super) size: u64,
    mtime: (i64, i64),
    inode: u64,
}

impl From<&Stat> for Seen {
    fn from(found: &Stat) -> Self {
        let size = u64::try_from(found.st_size).unwrap_or_default();
        let nanoseconds = i64::try_from(found.st_mtime_nsec).unwrap_or_default();
        let mtime = (found.st_mtime, nanoseconds);
        Self { mode: found.st_mode, size, mtime, inode: found.st_ino }
    }
}

/// The index keeps the lower 32 bits of many numbers, as Git does.
fn low(number: u64) -> u32 {
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX)
}

/// Whether it is the very file that was noted, and not another of the same size and time.
pub(super) fn is_same_inode(entry: &Entry, found: &Seen) -> bool {
    entry.stat.ino == low(found.inode)
}

/// Says what is not as it was noted, if anything.
pub(super) fn difference(mode: Mode, stat: &entry::Stat, found: &Seen) -> Option<&'static str> {
    let kind = FileType::from_raw_mode(found.mode);
    let expected = match mode {
        Mode::COMMIT | Mode::DIR => FileType::Directory,
        Mode::SYMLINK => FileType::Symlink,
        _ => FileType::RegularFile,
    };
    // Where there are no symlinks, files hold what they would name.
    let stands_for_link = mode == Mode::SYMLINK && kind == FileType::RegularFile;
    if kind != expected && !stands_for_link {
        return Some("kind");
    }
    if kind == FileType::Directory {
        return None;
    }
    if low(found.size) != stat.size {
        return Some("size");
    }
    let (seconds, nanoseconds) = found.mtime;
    let noted = (stat.mtime.secs, stat.mtime.nsecs);
    if (low(seconds.unsigned_abs()), low(nanoseconds.unsigned_abs())) != noted {
        return Some("modification time");
    }
    let executable = found.mode & 0o100 != 0;
    match mode {
        Mode::FILE_EXECUTABLE if !executable => Some("mode"),
        Mode::FILE if executable => Some("mode"),
        _ => None,
    }
}

/// The stat data as an index keeps it.
pub(super) fn noted(found: &Stat) -> entry::Stat {
    let time = |seconds: i64, nanoseconds: u64| entry::stat::Time {
        secs: low(seconds.unsigned_abs()),
        nsecs: low(nanoseconds),
    };
    entry::Stat {
        mtime: time(found.st_mtime, found.st_mtime_nsec),
        ctime: time(found.st_ctime, found.st_ctime_nsec),
        dev: low(found.st_dev),
        ino: low(found.st_ino),
        uid: found.st_uid,
        gid: found.st_gid,
        size: low(u64::try_from(found.st_size).unwrap_or_default()),
    }
}

/// Finds what is in a tree and not in its index, except what Git needs to know it by.
pub(super) fn strangers(index: &State, tree: &Path) -> Result<Vec<PathBuf>, DiskError> {
    let mut found = Vec::new();
    let mut left = vec![tree.to_owned()];
    while let Some(directory) = left.pop() {
        for path in list(&directory)? {
            let below = path.strip_prefix(tree).unwrap_or(&path);
            let name = below.as_os_str().as_bytes().as_bstr();
            let listed = index.entry_by_path(name).filter(|entry| !is_skipped(entry));
            let has_files =
                |entry: &Entry| entry.mode == Mode::COMMIT && index.path_is_directory(name);
            if listed.is_some_and(has_files) && path.is_dir() && !path.is_symlink() {
                left.push(path);
                continue;
            }
            if listed.is_some() || is_pointer(index, name) {
                continue;
            }
            if path.is_symlink() || !path.is_dir() || !holds_any(index, name) {
                found.push(path);
            } else {
                left.push(path);
            }
        }
    }
    Ok(found)
}

/// Whether anything that is written is in a directory.
fn holds_any(index: &State, directory: &BStr) -> bool {
    let prefix = [directory.as_bytes(), b"/"].concat();
    let below = index.prefixed_entries(prefix.as_bstr()).unwrap_or_default();
    below.iter().any(|entry| !is_skipped(entry))
}

/// Whether this is what Git knows the tree by, or a submodule in it.
fn is_pointer(index: &State, name: &BStr) -> bool {
    let above = name.strip_suffix(b"/.git").map(ByteSlice::as_bstr);
    let above = above.and_then(|above| index.entry_by_path(above));
    name == ".git" || above.is_some_and(|entry| entry.mode == Mode::COMMIT)
}
