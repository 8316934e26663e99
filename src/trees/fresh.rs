//! A whole checkout into an empty directory, as `git checkout` would make it.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::make_directory;
use crate::git::Fetched;
use crate::git::GitError;
use crate::git::{Part, Sparse, Store};
use crate::lfs::LfsError;
use crate::model::Cause;
use crate::model::Class;
use crate::model::CommitId;
use crate::runtime::{Stop, Stopped};
use crate::trees::Extent;
use crate::trees::halting::Halting;
use crate::trees::index::{Amendment, is_skipped};
use crate::trees::lengths;
use crate::trees::parts;
use crate::trees::parts::Noted;
use crate::trees::path_of;
use crate::trees::special;
use gix::index::Entry;
use gix::index::entry::Mode;
use gix::progress::Discard;
use gix::worktree::stack::state::attributes::Source;
use gix::worktree::state::checkout;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Threads that write files.
const THREADS: usize = 2;

/// Proves that all files of a commit are on disk under a private name, and knows their stat data.
pub struct Written {
    pub(super) listing: Listing,
    pub(super) commit: CommitId,
    pub(super) path: PathBuf,
    pub(super) files: u64,
    pub(super) bytes: u64,
    /// The submodules in it.
    pub(super) submodules: Noted,
    /// By which settings it was written.
    pub(super) shape: String,
    /// Which files were written; none means all.
    pub(super) sparse: Option<Arc<Sparse>>,
}

/// What the index of a written tree is made of.
pub(super) enum Listing {
    /// All files, with their stat data.
    Whole(gix::index::File),
    /// The index of the directory that the tree was made from, and what was changed there.
    Changed(Amendment),
}

impl std::fmt::Debug for Written {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Written")
            .field("commit", &self.commit)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl Written {
    /// Which commit it is.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// Where it is now.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many files it has.
    pub fn files(&self) -> u64 {
        self.files
    }

    /// How much they hold.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Why a tree could not be written.
#[derive(Debug, thiserror::Error)]
pub enum TreeError {
    /// A file could not be made.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The files could not be listed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file that Git LFS keeps could not be had.
    #[error(transparent)]
    Lfs(Box<LfsError>),
    /// There is a directory to start from, but not one for this commit.
    #[error("the prepared directory does not fit")]
    Unfit,
    /// It took too long, or the program stops.
    #[error("writing the tree was cut short")]
    Stopped(#[from] Stopped),
    /// A path of the commit is longer than the system allows.
    #[error("could not write {path} of commit {commit}: File name too long")]
    TooLong {
        /// The commit.
        commit: CommitId,
        /// The path, or the beginning of it.
        path: String,
    },
    /// A file of the commit could not be written.
    #[error("could not write the tree of commit {commit}")]
    File {
        /// The commit.
        commit: CommitId,
        /// Which file, and why.
        source: Cause,
        /// Whether the disk is to blame, or else the repository.
        class: Class,
    },
}

impl From<LfsError> for TreeError {
    fn from(error: LfsError) -> Self {
        Self::Lfs(Box::new(error))
    }
}

impl TreeError {
    /// The kind of failure.
    pub fn class(&self) -> Class {
        match self {
            Self::Disk(_) | Self::TooLong { .. } => Class::Disk,
            Self::Unfit => Class::Internal,
            Self::Git(error) => error.class(),
            Self::Lfs(error) => error.class(),
            Self::Stopped(_) => Class::Timeout,
            Self::File { class, .. } => *class,
        }
    }
}

/// Writes all files into `path`, which must not exist. A crash leaves a part of them there.
pub fn write(
    store: &Store,
    fetched: Fetched,
    path: PathBuf,
    stop: &Stop,
) -> Result<Written, TreeError> {
    let Fetched { commit, content, parts } = fetched;
    let mut index = store.list(&commit, content)?;
    stop.check()?;
    make_directory(&path)?;
    let mut extent = fill(store, &commit, &mut index, &path, stop)?;
    let wanted = has_links(&index).then(|| store.scope().submodules);
    let mut modules = Vec::with_capacity(parts.len());
    for Part { module, content } in parts {
        let store = store.of_module(&module)?;
        let mut files = store.list(module.commit(), content)?;
        let place = path.join(module.path());
        let more = fill(&store, module.commit(), &mut files, &place, stop)?;
        parts::merge(&mut index, &module, &files);
        extent.files += more.files;
        extent.bytes += more.bytes;
        modules.push(module);
    }
    if !modules.is_empty() {
        index.sort_entries();
    }
    let Extent { files, bytes } = extent;
    let (shape, sparse) = (store.shape(), store.scope().sparse.clone());
    let submodules = Noted { wanted, modules };
    let listing = Listing::Whole(index);
    Ok(Written { listing, commit, path, files, bytes, submodules, shape, sparse })
}

fn has_links(index: &gix::index::State) -> bool {
    index.entries().iter().any(|entry| entry.mode == Mode::COMMIT)
}

/// Writes the files of an index that are not in the directory yet, and notes their stat data.
pub(super) fn fill(
    store: &Store,
    commit: &CommitId,
    index: &mut gix::index::File,
    path: &Path,
    stop: &Stop,
) -> Result<Extent, TreeError> {
    let failed = |error: &gix::Error| TreeError::File {
        commit: commit.clone(),
        source: crate::git::words(error),
        class: class_of(error),
    };
    let is_file = |entry: &&Entry| entry.mode != Mode::COMMIT && !is_skipped(entry);
    let files = index.entries().iter().filter(is_file).map(|_| 1).sum();
    let executable = special::take_for_plain(index);
    let specials = special::set_aside(store, index).map_err(|error| failed(&error))?;
    let mut options =
        store.repo.checkout_options(Source::IdMapping).map_err(|error| failed(&error))?;
    options.destination_is_initially_empty = true;
    options.thread_limit = Some(THREADS);
    // Modes are written whatever `core.fileMode` says, which is about comparing them.
    options.fs.executable_bit = true;
    let objects = store.repo.objects.clone().into_arc().at("read the objects of", store.path())?;
    let objects = Halting::new(objects, stop);
    let outcome = checkout(index, path, objects, &Discard, &Discard, stop.flag(), options)
        .map_err(|error| match stop.check() {
            Err(stopped) => TreeError::Stopped(stopped),
            Ok(()) => too_long(&error, commit, index, path).unwrap_or_else(|| failed(&error)),
        })?;
    stop.check()?;
    if let Some(collision) = outcome.collisions.first() {
        let text = format!("{} collides with another file", collision.path);
        let commit = commit.clone();
        return Err(TreeError::File { commit, source: Cause::new(text), class: Class::Disk });
    }
    make_submodule_directories(index, path)?;
    let written = special::write(store, specials, index, path, stop)?;
    special::make_executable(index, executable, path)?;
    Ok(Extent { files, bytes: outcome.bytes_written + written })
}

/// Finds the path that is too long, if that is what the system said: it did not say which.
fn too_long(
    error: &gix::Error,
    commit: &CommitId,
    index: &gix::index::State,
    place: &Path,
) -> Option<TreeError> {
    let is_told = |error: &(dyn std::error::Error + 'static)| {
        let error = error.downcast_ref::<std::io::Error>();
        error.is_some_and(|error| error.kind() == std::io::ErrorKind::InvalidFilename)
    };
    let told = error.iter_errors().any(is_told);
    let path = lengths::too_long(index, place).filter(|_| told)?;
    Some(TreeError::TooLong { commit: commit.clone(), path })
}

/// Tells a full or broken disk from a broken repository.
fn class_of(error: &gix::Error) -> Class {
    let disk = error.iter_errors().any(crate::git::of_the_system);
    if disk { Class::Disk } else { Class::Protocol }
}

/// Makes the empty directories that Git shows for submodules that are not checked out.
fn make_submodule_directories(index: &gix::index::File, path: &Path) -> Result<(), TreeError> {
    let is_one = |entry: &&Entry| entry.mode == Mode::COMMIT && !is_skipped(entry);
    for entry in index.entries().iter().filter(is_one) {
        let directory = path.join(path_of(entry, index));
        make_directory(&directory)?;
    }
    Ok(())
}
