//! A directory that the next tree is made from: as it was recorded, and read by nobody.

use crate::disk::DiskError;
use crate::disk::{make_directory, rename};
use crate::model::CommitId;
use crate::trees::Extent;
use crate::trees::Noted;
use std::path::PathBuf;

/// A tree of a commit under a private name, with an index that holds its stat data.
#[derive(Debug)]
pub struct Base {
    pub(super) commit: CommitId,
    pub(super) tree: PathBuf,
    pub(super) index: PathBuf,
    pub(super) extent: Extent,
    /// The submodules in it.
    pub(super) submodules: Noted,
}

impl Base {
    /// Which commit it is of.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// Gives the directory the name under which it is changed, so that nobody takes it for what it
    /// was.
    pub fn claim(self, name: PathBuf) -> Result<Self, DiskError> {
        if let Some(above) = name.parent() {
            make_directory(above)?;
        }
        rename(&self.tree, &name)?;
        Ok(Self { tree: name, ..self })
    }
}

/// A tree that readers may see, and what was recorded of it.
#[derive(Clone, Debug)]
pub struct Original {
    /// Its commit.
    pub commit: CommitId,
    /// Its directory.
    pub tree: PathBuf,
    /// The index that was written when it was published.
    pub record: PathBuf,
    /// The submodules in it.
    pub submodules: Noted,
}
