//! Why a root cannot be used, or a tree not be put before readers.

use crate::disk::DiskError;
use crate::git::GitError;
use std::path::PathBuf;

/// Why the root cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RootError {
    /// Somebody works there.
    #[error("{} is a Git repository with commits that gitsyncd did not make", path.display())]
    Foreign {
        /// The root.
        path: PathBuf,
    },
    /// There is something else where the root, or a directory above it, should be.
    #[error("{} is not a directory", path.display())]
    NotDirectory {
        /// Where.
        path: PathBuf,
    },
    /// Something that is not ours has the name of the link.
    #[error("{} exists and is not a symlink, so it cannot become the link", path.display())]
    LinkTaken {
        /// The link.
        path: PathBuf,
    },
    /// Something that is not ours, or is so no longer, is where a tree is to stand.
    #[error("{} is there and this root does not keep it up to date, so no tree can take its place", path.display())]
    PlaceTaken {
        /// Where.
        path: PathBuf,
    },
    /// A tree is to stand on another file system than the root.
    #[error("{} is on another file system than the root, so that no tree can be exchanged with it", path.display())]
    OtherFileSystem {
        /// Where.
        path: PathBuf,
    },
    /// Another file system, or a part of one, is mounted where a tree is to stand.
    #[error("{} is a mount point, so that nothing else can take its place", path.display())]
    MountPoint {
        /// Where.
        path: PathBuf,
    },
    /// The file system does not have what exchanging names takes.
    #[error("the file system cannot exchange names, so that no tree can take the place of {}", path.display())]
    CannotExchange {
        /// Where a tree is to stand.
        path: PathBuf,
        /// What the system said.
        source: DiskError,
    },
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The repository could not be opened even when it was new.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl RootError {
    /// What to do about it, where that is not the same as for any file operation.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Foreign { .. } => {
                Some("choose another root: a new or empty directory, or one that gitsyncd made")
            }
            Self::NotDirectory { .. } => Some("choose another root"),
            Self::LinkTaken { .. } | Self::PlaceTaken { .. } => Some(
                "choose another link, or move away what is there: a copy that was left for another link, too",
            ),
            Self::OtherFileSystem { .. } | Self::MountPoint { .. } => Some(
                "choose a link on the file system of the root that is no mount point, and mount what is above it",
            ),
            Self::CannotExchange { .. } => {
                Some("put the root on another file system, or use publish=symlink")
            }
            Self::Disk(_) | Self::Git(_) => None,
        }
    }
}
