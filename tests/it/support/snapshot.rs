//! What a directory holds, byte for byte.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Everything below a directory, except `.git` at its top. Times and owners do not count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Snapshot(BTreeMap<PathBuf, Entry>);

/// One name in it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A file, with its permissions.
    File(u32, Vec<u8>),
    /// A symlink and its target.
    Symlink(OsString),
    /// A directory, with its permissions.
    Directory(u32),
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(mode, content) => {
                let start = &content[..content.len().min(60)];
                write!(f, "file {mode:o} of {} bytes \"{}\"", content.len(), start.escape_ascii())
            }
            Self::Symlink(target) => write!(f, "symlink to {}", target.display()),
            Self::Directory(mode) => write!(f, "directory {mode:o}"),
        }
    }
}

impl Snapshot {
    /// Reads a directory. If part of it vanishes meanwhile, gives what was seen, and the error.
    pub(crate) fn of(dir: &Path) -> (Self, io::Result<()>) {
        let mut seen = Self::default();
        let end = seen.read(dir, Path::new(""));
        (seen, end)
    }

    /// Reads a directory that stands still.
    #[track_caller]
    pub(crate) fn whole(dir: &Path) -> Self {
        let (seen, end) = Self::of(dir);
        end.unwrap_or_else(|error| panic!("cannot read {}: {error}", dir.display()));
        seen
    }

    fn read(&mut self, top: &Path, below: &Path) -> io::Result<()> {
        for entry in fs::read_dir(top.join(below))? {
            let entry = entry?;
            let name = below.join(entry.file_name());
            if name == Path::new(".git") {
                continue;
            }
            let path = entry.path();
            let meta = fs::symlink_metadata(&path)?;
            let mode = meta.permissions().mode() & 0o7777;
            let found = if meta.is_symlink() {
                Entry::Symlink(fs::read_link(&path)?.into_os_string())
            } else if meta.is_dir() {
                self.read(top, &name)?;
                Entry::Directory(mode)
            } else {
                Entry::File(mode, fs::read(&path)?)
            };
            self.0.insert(name, found);
        }
        Ok(())
    }

    /// The same without the files by which Git knows submodules.
    pub(crate) fn without_pointers(mut self) -> Self {
        self.0.retain(|path, _| path.file_name() != Some(".git".as_ref()));
        self
    }

    /// How many names there are.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them are no directories.
    pub(crate) fn files(&self) -> usize {
        self.0.values().filter(|entry| !matches!(entry, Entry::Directory(_))).count()
    }

    /// What stands at a path.
    pub(crate) fn get(&self, path: impl AsRef<Path>) -> Option<&Entry> {
        self.0.get(path.as_ref())
    }

    /// Every way in which this differs from what was expected.
    pub(crate) fn differences(&self, expected: &Self) -> Vec<String> {
        let missing = expected.0.iter().filter(|(path, _)| !self.0.contains_key(*path));
        let missing =
            missing.map(|(path, entry)| format!("{} is missing: {entry:?}", quoted(path)));
        self.strangers(expected).into_iter().chain(missing).collect()
    }

    /// Every name that is here and is not the same there.
    pub(crate) fn strangers(&self, expected: &Self) -> Vec<String> {
        let compare = |(path, entry): (&PathBuf, &Entry)| match expected.0.get(path) {
            Some(same) if same == entry => None,
            Some(other) => Some(format!("{} is {entry:?} and should be {other:?}", quoted(path))),
            None => Some(format!("{} should not be there: {entry:?}", quoted(path))),
        };
        self.0.iter().filter_map(compare).collect()
    }
}

/// A name that can be told from every other name.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.as_os_str().as_bytes().escape_ascii())
}
