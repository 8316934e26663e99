//! Operations on files, each of which names itself and its path when it fails, and the two ways to
//! replace something at once: [`replace_file`] and [`replace_link`]. [`look`] and [`kept`] are for
//! files that others write.

pub mod kept;
pub mod look;
mod room;
mod umask;

pub use room::room;
pub use umask::let_others_read;

use crate::model::Cause;
use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags, RenameFlags, fchmod, openat, unlinkat};
use rustix::io::Errno;
use rustix::path::Arg;
use std::fs;
use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// An operation on a file that failed.
#[derive(Debug, thiserror::Error)]
#[error("could not {verb} {}", path.display())]
pub struct DiskError {
    verb: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl DiskError {
    /// An operation that failed.
    pub fn new(verb: &'static str, path: &Path, source: io::Error) -> Self {
        Self { verb, path: path.to_owned(), source }
    }

    /// What the system said.
    pub fn kind(&self) -> io::ErrorKind {
        self.source.kind()
    }
}

/// Adds verb and path to what the system said.
pub trait At<T> {
    /// Names the operation: "could not {verb} {path}".
    fn at(self, verb: &'static str, path: &Path) -> Result<T, DiskError>;
}

impl<T> At<T> for io::Result<T> {
    fn at(self, verb: &'static str, path: &Path) -> Result<T, DiskError> {
        self.map_err(|source| DiskError::new(verb, path, source))
    }
}

impl<T> At<T> for rustix::io::Result<T> {
    fn at(self, verb: &'static str, path: &Path) -> Result<T, DiskError> {
        self.map_err(io::Error::from).at(verb, path)
    }
}

/// Takes "it is not there" for an answer.
pub fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Makes a directory and those above it.
pub fn make_directory(path: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(path).at("create the directory", path)
}

/// Lists what is in a directory; nothing if there is no such directory.
pub fn list(directory: &Path) -> Result<Vec<PathBuf>, DiskError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let entries = fs::read_dir(directory).at("list", directory)?;
    entries.map(|entry| entry.map(|entry| entry.path()).at("list", directory)).collect()
}

/// The last name of a path, if it is text.
pub fn name(path: &Path) -> Option<&str> {
    path.file_name().and_then(|name| name.to_str())
}

/// Waits until the names in a directory are on the disk.
pub fn sync_directory(path: &Path) -> Result<(), DiskError> {
    File::open(path).and_then(|directory| directory.sync_all()).at("sync the directory", path)
}

/// Waits until all that was written to the file system of a directory is on the disk.
pub fn sync_file_system(path: &Path) -> Result<(), DiskError> {
    let directory = File::open(path).at("open", path)?;
    rustix::fs::syncfs(directory).map_err(io::Error::from).at("sync the file system of", path)
}

/// Says whether something, even a dangling link, has this name.
pub fn is_there(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

/// Gives something another name, in one step. What had the name before is replaced if it is a file
/// or an empty directory.
pub fn rename(from: &Path, to: &Path) -> Result<(), DiskError> {
    fs::rename(from, to).at("rename to", to)
}

/// Does the same where nothing has the name yet.
pub fn rename_new(from: &Path, to: &Path) -> Result<(), DiskError> {
    rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE).at("rename to", to)
}

/// Lets two directories change names in one step (Linux 3.15, most file systems).
pub fn exchange(one: &Path, other: &Path) -> Result<(), DiskError> {
    rustix::fs::renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE).at("exchange", other)
}

/// Removes a file or a whole directory, if it is there.
pub fn remove(path: &Path) -> Result<(), DiskError> {
    let removed = match path.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    if_there(removed).map(|_| ()).at("remove", path)
}

/// Removes a whole directory, or as much of it as can be: what others made in it may not be ours to
/// remove, and is no reason to keep the rest.
pub fn remove_most(path: &Path) -> Result<(), DiskError> {
    match remove(path) {
        Ok(()) => Ok(()),
        Err(_some_stayed) => remove_at(CWD, path).at("remove", path),
    }
}

/// Removes a file or a directory below another, if it is there. Goes on after an error and tells the
/// first. No link is followed, whoever puts one there.
pub fn remove_at(directory: BorrowedFd<'_>, name: impl Arg + Copy) -> rustix::io::Result<()> {
    match unlinkat(directory, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => (),
        Err(Errno::NOENT) => return Ok(()),
        ended => return ended,
    }
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = openat(directory, name, flags, Mode::empty())?;
    // It may forbid even its owner to remove what is in it. Others cannot change that, and fail below.
    let mut all = match fchmod(&opened, Mode::RWXU) {
        Ok(()) | Err(Errno::PERM) => Ok(()),
        failed => failed,
    };
    for entry in Dir::read_from(&opened)? {
        let entry = entry?;
        let below = entry.file_name();
        if below != c"." && below != c".." {
            all = all.and(remove_at(opened.as_fd(), below));
        }
    }
    all?;
    unlinkat(directory, name, AtFlags::REMOVEDIR)
}

/// The name beside `path` under which its replacement is made. A crash leaves it there; the next
/// replacement makes room for itself.
pub fn beside(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".gitsyncd-new");
    path.with_file_name(name)
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Whether the system must have written a file before its name appears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durable {
    /// After a power failure the old or the new content is there.
    Yes,
    /// After a power failure the content may be lost; it is told again soon.
    No,
}

/// Replaces the content of a file: a reader sees the old or the new one, never a part.
pub fn replace_file(path: &Path, content: &[u8], durable: Durable) -> Result<(), DiskError> {
    replace_file_by_way_of(&beside(path), path, content, durable)
}

/// Does the same with a place of the caller's choice, on the same file system, for the new content.
pub fn replace_file_by_way_of(
    new: &Path,
    path: &Path,
    content: &[u8],
    durable: Durable,
) -> Result<(), DiskError> {
    remove(new)?;
    let mut file = File::create_new(new).at("create", new)?;
    file.write_all(content).at("write", new)?;
    if durable == Durable::Yes {
        file.sync_all().at("sync", new)?;
    }
    drop(file);
    rename(new, path)?;
    match durable {
        Durable::Yes => sync_directory(parent(path)),
        Durable::No => Ok(()),
    }
}

/// Points a symlink at `target`: a reader sees the old target or the new one, never neither.
/// Afterwards the link is on the disk, unless the system fails at that: readers see it all the same,
/// so it is no failure, and after a power failure they may see the old one again.
pub fn replace_link(link: &Path, target: &Path) -> Result<(), DiskError> {
    let new = beside(link);
    remove(&new)?;
    std::os::unix::fs::symlink(target, &new).at("create", &new)?;
    rename(&new, link)?;
    if let Err(error) = sync_directory(parent(link)) {
        tracing::warn!(error = %Cause::of(&error), "the new link may not survive a power failure");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leftover_from_a_crash_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::create_dir(beside(&file)).unwrap();
        fs::write(beside(&file).join("x"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", beside(&link)).unwrap();
        replace_file(&file, b"one", Durable::Yes).unwrap();
        replace_file(&file, b"two", Durable::No).unwrap();
        replace_link(&link, Path::new("a")).unwrap();
        replace_link(&link, Path::new("b")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"two");
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("b"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    #[test]
    fn an_error_names_what_was_tried() {
        let error = rename(Path::new("/nowhere/a"), Path::new("/nowhere/b")).unwrap_err();
        assert_eq!(error.to_string(), "could not rename to /nowhere/b");
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_can_be_removed_is_and_links_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (tree, outside) = (dir.path().join("tree"), dir.path().join("outside"));
        fs::create_dir_all(tree.join("a/b")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("kept"), "").unwrap();
        fs::write(tree.join("a/b/file"), "").unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("a/link")).unwrap();
        remove_at(CWD, tree.as_path()).unwrap();
        remove_at(CWD, tree.as_path()).unwrap();
        assert!(!is_there(&tree) && outside.join("kept").exists());
    }

    #[test]
    fn two_directories_change_names() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        fs::create_dir(&one).unwrap();
        fs::create_dir(&other).unwrap();
        fs::write(one.join("x"), "").unwrap();
        exchange(&one, &other).unwrap();
        assert!(other.join("x").exists() && !one.join("x").exists());
    }
}
