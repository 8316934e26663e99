//! One writer per root: an advisory lock (flock) that ends with the process, however it ends.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::if_there;
use crate::runtime::{Stop, Stopped};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What is locked where directories cannot be.
const FILE: &str = ".git-sync.lock";

/// How often a lock that somebody holds is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// Proves that nobody else writes below the root, until it is dropped.
#[derive(Debug)]
pub struct Lock {
    _held: File,
    /// Which file or directory is locked.
    number: (u64, u64),
    path: PathBuf,
}

/// The lock could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another instance has it.
    #[error("another instance is using the root {}", root.display())]
    Held {
        /// The root.
        root: PathBuf,
        /// Why the wait ended.
        source: Stopped,
    },
    /// The lock could not be tried.
    #[error(transparent)]
    Disk(#[from] DiskError),
}

impl Lock {
    /// Says whether somebody holds the lock at this moment; nobody does where there is no root. Those
    /// who only look do not see each other.
    pub fn is_held(root: &Path) -> Result<bool, DiskError> {
        let is_held = |path: &Path| {
            let file = if_there(File::open(path)).at("open", path)?;
            Ok(file.is_some_and(|file| {
                let tried = rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared);
                tried == Err(Errno::WOULDBLOCK)
            }))
        };
        // Which of them it is depends on the file system.
        Ok(is_held(root)? || is_held(&root.join(FILE))?)
    }

    /// Says whether what is locked is still where it was. If somebody made the root anew, others may
    /// lock that one.
    pub fn is_in_place(&self) -> bool {
        self.path.metadata().is_ok_and(|found| number(&found) == self.number)
    }

    /// Waits for the lock as long as the attempt may take.
    ///
    /// The root directory itself is locked. Where the file system cannot lock directories, as NFS,
    /// a file `.git-sync.lock` in it is.
    pub fn acquire(root: &Path, stop: &Stop) -> Result<Self, LockError> {
        let mut path = root.to_owned();
        let mut file = File::open(root).at("open", root)?;
        let mut told = false;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {
                    let number = number(&file.metadata().at("look at", &path)?);
                    return Ok(Self { _held: file, number, path });
                }
                Err(Errno::WOULDBLOCK) => {
                    if !told {
                        tracing::info!(root = %root.display(), "waiting for another instance");
                        told = true;
                    }
                    stop.wait(tokio::time::sleep(PAUSE))
                        .map_err(|source| LockError::Held { root: root.to_owned(), source })?;
                }
                Err(Errno::BADF | Errno::INVAL | Errno::OPNOTSUPP | Errno::NOLCK)
                    if file.metadata().is_ok_and(|found| found.is_dir()) =>
                {
                    path = root.join(FILE);
                    file = File::options()
                        .create(true)
                        .append(true)
                        .open(&path)
                        .at("create", &path)?;
                }
                Err(error) => return Err(error).at("lock", root).map_err(Into::into),
            }
        }
    }
}

fn number(found: &Metadata) -> (u64, u64) {
    (found.dev(), found.ino())
}
