//! Files that are read anew whenever they change.

use std::path::PathBuf;

/// A file that somebody named, or that may be where it is usually mounted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChoice {
    /// Where it is.
    pub path: PathBuf,
    /// Whether it is no mistake if there is no such file.
    pub optional: bool,
}

impl FileChoice {
    /// A file that must be there.
    pub fn named(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), optional: false }
    }

    /// A file that may be missing.
    pub fn perhaps(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), optional: true }
    }
}
