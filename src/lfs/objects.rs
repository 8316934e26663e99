//! Where large files are kept: at the places where stock git-lfs keeps them.
//!
//! Trees may share these files by hardlinks, so somebody who writes to a tree may write to what is
//! kept. So each carries a seal, and what is not as it was sealed is read as a whole before it is
//! used: the seal is the part below a second of its modification time, and is made of its id.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{if_there, is_there, list, make_directory, name, remove, rename};
use crate::lfs::partial::{FIRST, Partial, Sound};
use crate::lfs::{LfsError, Oid, Pointer, Wanted};
use crate::runtime::Stop;
use rustix::fs::{Timespec, Timestamps, futimens, ioctl_ficlone};
use std::collections::HashSet;
use std::fs;
use std::fs::{File, Metadata};
use std::io;
use std::io::Read;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much is read at once.
const CHUNK: usize = 128 << 10;
/// How much is copied at once by the kernel.
const PIECE: u64 = 4 << 20;
/// How long before it was brought a file seems to have been made, in seconds: Git reads a file
/// again if its time is not older than that of the index.
const BEFORE: i64 = 3;
/// How long the beginning of a file is kept that nobody asked for again.
const KEPT: Duration = Duration::from_hours(24);

/// The files of one repository.
#[derive(Clone, Debug)]
pub struct Objects {
    git: PathBuf,
}

impl Objects {
    /// Those of the repository in this directory.
    pub fn of(git: &Path) -> Self {
        Self { git: git.to_owned() }
    }

    fn top(&self) -> PathBuf {
        self.git.join("lfs/objects")
    }

    /// Where beginnings of files are.
    pub(super) fn partial(&self) -> PathBuf {
        self.git.join("gitsyncd/lfs/partial")
    }

    /// Where notes are of which commit needs which files.
    pub(super) fn notes(&self) -> PathBuf {
        self.git.join("gitsyncd/lfs/needed")
    }

    /// Where a file is, or would be.
    pub fn path(&self, oid: &Oid) -> PathBuf {
        place(&self.git, oid)
    }

    /// Says whether a file is here and holds what it should. One that does not is removed.
    pub fn has(&self, pointer: &Pointer, stop: &Stop) -> Result<bool, LfsError> {
        if pointer.is_empty() {
            return Ok(true);
        }
        let path = self.path(&pointer.oid);
        let found = if_there(path.symlink_metadata()).at("look at", &path)?;
        let Some(found) = found.filter(Metadata::is_file) else {
            return Ok(false);
        };
        let same_size = found.len() == pointer.size;
        if is_sealed(&found, &pointer.oid) {
            // If the size is another one, it is the pointer that is wrong.
            return Ok(same_size);
        }
        // Trees may share it, so it is left as it is, and one that is like it takes its place.
        if same_size && self.copy(&path, pointer, stop)?.is_ok() {
            return Ok(true);
        }
        tracing::warn!(path = %path.display(), "a kept file of Git LFS was changed");
        remove(&path)?;
        Ok(false)
    }

    /// How much of a file came already, in bytes, of one that is not here as a whole.
    pub fn begun(&self, pointer: &Pointer) -> u64 {
        let begun = self.partial().join(pointer.oid.as_str()).metadata();
        begun.map_or(0, |begun| begun.len())
    }

    /// Takes a file in from a repository of this machine, if it is there.
    pub fn copy_from(&self, git: &Path, file: &Wanted, stop: &Stop) -> Result<bool, LfsError> {
        let from = place(git, &file.pointer.oid);
        if !is_there(&from) {
            return Ok(false);
        }
        let copied = self.copy(&from, &file.pointer, stop)?;
        copied.map(|()| true).map_err(|reason| file.unlike(&from.display().to_string(), reason))
    }

    /// Copies a file that is to be kept, and looks at all of it on the way.
    fn copy(&self, from: &Path, pointer: &Pointer, stop: &Stop) -> Result<Sound<()>, LfsError> {
        let mut source = File::open(from).at("open", from)?;
        let mut partial = Partial::anew(self, pointer)?;
        match fill(&mut partial, &mut source, from, stop) {
            Ok(Ok(())) => Ok(partial.finish(self)?),
            Ok(Err(reason)) => Ok(Err(reason)),
            Err(error) => {
                // Nobody goes on with it.
                partial.discard()?;
                Err(error)
            }
        }
    }

    /// Gives a whole file its place.
    pub(super) fn keep(&self, made: &Path, oid: &Oid) -> Result<(), DiskError> {
        seal(made, oid)?;
        let path = self.path(oid);
        if let Some(above) = path.parent() {
            make_directory(above)?;
        }
        if path.is_dir() {
            remove(&path)?;
        }
        rename(made, &path)
    }

    /// Writes a file into a tree, where none is: it shares its blocks with the one that is kept, or
    /// else is the same file, or else is a copy. Says whether it is here at all.
    pub fn put(
        &self,
        pointer: &Pointer,
        to: &Path,
        executable: bool,
        stop: &Stop,
    ) -> Result<bool, LfsError> {
        if !self.has(pointer, stop)? {
            return Ok(false);
        }
        let rights = if executable { 0o777 } else { 0o666 };
        let mut new = File::options().write(true).create_new(true).mode(rights).open(to);
        let new = new.as_mut().map_err(|error| io::Error::from(error.kind())).at("create", to)?;
        if pointer.is_empty() {
            return Ok(true);
        }
        let path = self.path(&pointer.oid);
        let mut kept = File::open(&path).at("open", &path)?;
        let found = kept.metadata().at("look at", &path)?;
        if ioctl_ficlone(&*new, &kept).is_err() {
            let written = new.metadata().at("look at", to)?;
            let alike = |one: &Metadata| (one.mode(), one.uid(), one.gid());
            if alike(&written) == alike(&found) && link(&path, to)? {
                return Ok(true);
            }
            while io::copy(&mut (&mut kept).take(PIECE), new).at("write", to)? > 0 {
                stop.check()?;
            }
        }
        let time = time(found.mtime(), found.mtime_nsec());
        futimens(&*new, &time).at("note the time at", to)?;
        Ok(true)
    }

    /// Removes what is not needed, and beginnings of files that nobody asked for lately.
    pub fn sweep(&self, needed: &HashSet<Oid>) -> Result<(), DiskError> {
        let mut places = list(&self.top())?;
        // Two levels of directories, and then files.
        for _ in 0..2 {
            let below: Result<Vec<_>, _> = places.iter().map(|place| list(place)).collect();
            places = below?.concat();
        }
        for path in places {
            let oid = name(&path).and_then(Oid::new);
            if oid.is_some_and(|oid| !needed.contains(&oid)) {
                tracing::debug!(path = %path.display(), "no commit needs it any more");
                remove(&path)?;
                // Those that hold others stay.
                let emptied = path.ancestors().skip(1).take(2).map(fs::remove_dir);
                emptied.take_while(Result::is_ok).for_each(drop);
            }
        }
        for path in list(&self.partial())? {
            let Ok(found) = path.metadata() else {
                continue;
            };
            let is_copy = name(&path).and_then(Oid::new).is_none();
            let age = found.modified().ok().and_then(|written| written.elapsed().ok());
            if age.is_some_and(|age| age > KEPT) || (is_copy && found.mtime() < *FIRST) {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

/// Takes in what a file holds.
fn fill(
    partial: &mut Partial,
    source: &mut File,
    from: &Path,
    stop: &Stop,
) -> Result<Sound<()>, LfsError> {
    let mut chunk = vec![0; CHUNK];
    loop {
        stop.check()?;
        let count = source.read(&mut chunk).at("read", from)?;
        if count == 0 {
            return Ok(Ok(()));
        }
        if let Err(reason) = partial.write(chunk.get(..count).unwrap_or_default())? {
            return Ok(Err(reason));
        }
    }
}

fn place(git: &Path, oid: &Oid) -> PathBuf {
    let text = oid.as_str();
    let part = |from: usize| text.get(from..from + 2).unwrap_or_default();
    git.join("lfs/objects").join(part(0)).join(part(2)).join(text)
}

/// Puts a link in the place of a new, empty file. Where there can be none, the file stays.
fn link(kept: &Path, to: &Path) -> Result<bool, DiskError> {
    let mut beside = to.as_os_str().to_owned();
    beside.push(".gitsyncd-new");
    let beside = PathBuf::from(beside);
    if fs::hard_link(kept, &beside).is_err() {
        return Ok(false);
    }
    rename(&beside, to).map(|()| true)
}

/// The time that a file has to have, below a second. Some file systems keep no more than six digits.
fn nanoseconds(oid: &Oid) -> i64 {
    let digits = oid.as_str().get(..7).unwrap_or_default();
    i64::from_str_radix(digits, 16).unwrap_or_default() % 1_000_000 * 1_000
}

fn is_sealed(found: &Metadata, oid: &Oid) -> bool {
    found.mtime_nsec() == nanoseconds(oid)
}

fn seal(path: &Path, oid: &Oid) -> Result<(), DiskError> {
    let now = jiff::Timestamp::now().as_second();
    let file = File::options().write(true).open(path).at("open", path)?;
    futimens(&file, &time(now - BEFORE, nanoseconds(oid))).at("note the time at", path)
}

fn time(seconds: i64, nanoseconds: i64) -> Timestamps {
    let time = Timespec { tv_sec: seconds, tv_nsec: nanoseconds };
    Timestamps { last_access: time, last_modification: time }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lfs::stops::{calm, soon};
    use std::time::Instant;

    fn pointer(content: &[u8]) -> Pointer {
        let digest = ring::digest::digest(&ring::digest::SHA256, content);
        let size = u64::try_from(content.len()).unwrap();
        Pointer { oid: Oid::of(digest.as_ref()), size, extension: None }
    }

    fn kept(objects: &Objects, content: &[u8]) -> Pointer {
        let pointer = pointer(content);
        let mut partial = Partial::anew(objects, &pointer).unwrap();
        partial.write(content).unwrap().unwrap();
        partial.finish(objects).unwrap().unwrap();
        pointer
    }

    #[test]
    fn what_is_kept_is_found_until_somebody_changes_it() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let pointer = kept(&objects, b"content");
        let path = objects.path(&pointer.oid);
        assert!(objects.has(&pointer, &calm()).unwrap());
        fs::write(&path, b"CONTENT").unwrap();
        assert!(!objects.has(&pointer, &calm()).unwrap());
        assert!(!path.exists());
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, b"content").unwrap();
        assert!(objects.has(&pointer, &calm()).unwrap(), "git-lfs may have put it there");
        assert!(is_sealed(&path.metadata().unwrap(), &pointer.oid), "it is read once");
        fs::write(&path, b"").unwrap();
        assert!(!objects.has(&pointer, &calm()).unwrap());
    }

    #[test]
    fn a_pointer_with_a_wrong_size_does_no_harm_to_what_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let pointer = kept(&objects, b"content");
        assert!(!objects.has(&Pointer { size: 8, ..pointer.clone() }, &calm()).unwrap());
        assert!(objects.has(&pointer, &calm()).unwrap());
    }

    #[test]
    fn trees_get_what_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(&dir.path().join("git"));
        let pointer = kept(&objects, b"content");
        let (plain, program) = (dir.path().join("plain"), dir.path().join("program"));
        assert!(objects.put(&pointer, &plain, false, &calm()).unwrap());
        assert!(objects.put(&pointer, &program, true, &calm()).unwrap());
        let time = |path: &Path| path.metadata().map(|found| (found.mtime(), found.mtime_nsec()));
        for path in [&plain, &program] {
            assert_eq!(fs::read(path).unwrap(), b"content");
            let kept = time(&objects.path(&pointer.oid)).unwrap();
            assert_eq!(time(path).unwrap(), kept, "{}", path.display());
        }
        let is_program = |path: &Path| path.metadata().unwrap().mode() & 0o100 != 0;
        assert!(is_program(&program) && !is_program(&plain));
        fs::write(&program, b"by a reader").unwrap();
        assert!(objects.has(&pointer, &calm()).unwrap(), "another mode needs another file");
        assert!(objects.put(&pointer, &plain, false, &calm()).is_err(), "nothing is written over");
        objects.sweep(&HashSet::new()).unwrap();
        let other = dir.path().join("other");
        assert!(!objects.put(&pointer, &other, false, &calm()).unwrap());
        assert!(!other.exists());
    }

    #[test]
    fn the_empty_file_needs_not_be_kept() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let to = dir.path().join("x");
        assert!(objects.put(&pointer(b""), &to, false, &calm()).unwrap());
        assert_eq!(fs::read(to).unwrap(), b"");
    }

    #[test]
    fn only_what_is_needed_stays() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let (one, other) = (kept(&objects, b"one"), kept(&objects, b"other"));
        objects.sweep(&HashSet::from([one.oid.clone()])).unwrap();
        assert!(objects.has(&one, &calm()).unwrap() && !objects.has(&other, &calm()).unwrap());
    }

    #[test]
    fn work_on_a_large_file_ends_when_it_must() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let pointer = Pointer { size: 1 << 36, ..pointer(b"content") };
        let path = objects.path(&pointer.oid);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        File::create(&path).unwrap().set_len(pointer.size).unwrap();
        let begun = Instant::now();
        let ended = objects.has(&pointer, &soon()).unwrap_err();
        assert!(matches!(ended, LfsError::Stopped(_)), "{ended:?}");
        assert_eq!(list(&objects.partial()).unwrap(), [""; 0].map(PathBuf::from));
        seal(&path, &pointer.oid).unwrap();
        // Where blocks can be shared, it is done at once.
        let ended = objects.put(&pointer, &dir.path().join("program"), true, &soon());
        assert!(matches!(ended, Ok(true) | Err(LfsError::Stopped(_))), "{ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    }

    #[test]
    fn copies_of_a_process_that_is_gone_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let pointer = pointer(b"content");
        let of_ours = Partial::anew(&objects, &pointer).unwrap();
        let (begun, copy) = (pointer.oid.to_string(), format!("{}-77", pointer.oid));
        for name in [&begun, &copy] {
            let file = File::create(objects.partial().join(name)).unwrap();
            let before = jiff::Timestamp::now().as_second() - 60;
            futimens(&file, &time(before, 0)).unwrap();
        }
        objects.sweep(&HashSet::new()).unwrap();
        assert_eq!(list(&objects.partial()).unwrap().len(), 2);
        assert!(!objects.partial().join(copy).exists());
        of_ours.discard().unwrap();
    }
}
