//! What a repository may lack because a source was told not to send it.
//!
//! That is written down before a source is told so, and counts until all of it is here:
//! whoever claims to have a commit is believed to have all that it needs, and gets a pack that may
//! build upon what is not here. Stock Git is told by a file beside each pack (gitrepository-layout).

use crate::disk::{Durable, make_directory, remove, replace_file};
use crate::git::GitError;
use crate::git::Store;
use crate::git::copy::mark_shallow;
use crate::git::error::words;
use crate::git::packs;
use crate::model::{Cause, Filter};
use gix::ObjectId;
use gix::objs::Exists;
use gix_shallow::Update;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What may be missing without being lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lack {
    /// Nothing.
    Nothing,
    /// Contents of files.
    Blobs,
    /// Contents of files, and trees.
    Trees,
}

impl Lack {
    /// What a filter leaves out.
    fn of(filter: &Filter) -> Self {
        match filter {
            Filter::NoBlobs | Filter::BlobLimit(_) => Self::Blobs,
            Filter::Trees(_) | Filter::Other(_) => Self::Trees,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Blobs => "blobs\n",
            Self::Trees => "trees\n",
        }
    }
}

/// Where it is written down.
fn note(git: &Path) -> PathBuf {
    git.join("gitsyncd/partial")
}

/// What may be missing. Of a repository in which others left something out, as stock Git does, it is
/// not known what.
pub(super) fn lack(store: &Store) -> Lack {
    match fs::read_to_string(note(store.path())) {
        Ok(text) if text == Lack::Blobs.text() => Lack::Blobs,
        Ok(_) => Lack::Trees,
        Err(_none) if has_marks(store.path()) => Lack::Trees,
        Err(_none) => Lack::Nothing,
    }
}

/// Writes down that a filter is about to be used.
pub(super) fn note_lack(store: &Store, filter: &Filter) -> Result<(), GitError> {
    let now = Lack::of(filter);
    if now <= lack(store) {
        return Ok(());
    }
    let path = note(store.path());
    make_directory(path.parent().unwrap_or(store.path()))
        .and_then(|()| replace_file(&path, now.text().as_bytes(), Durable::Yes))
        .map_err(|error| disk(store, &error))?;
    complete_marks(store)
}

/// Marks all packs, if anything may be missing.
pub(super) fn complete_marks(store: &Store) -> Result<(), GitError> {
    let all = || packs::indexes(store.path())?.iter().try_for_each(|index| mark(store, index));
    all().map_err(|error| disk(store, &error))
}

/// Tells stock Git that what a pack refers to may be missing, if it may.
pub(super) fn mark(store: &Store, pack: &Path) -> io::Result<()> {
    let mark = pack.with_extension("promisor");
    if !store.is_partial() || mark.exists() { Ok(()) } else { fs::write(mark, "") }
}

/// Where the ends of history are written that come when none is told of.
pub(super) fn new_ends(store: &Store) -> Result<PathBuf, GitError> {
    let path = note(store.path()).with_file_name("shallow");
    remove(&path).map_err(|error| disk(store, &error))?;
    Ok(path)
}

/// Adds those that came to those that are known. If history came as a whole, those go behind which
/// it goes on now: nobody was told of them, and so nobody says so.
pub(super) fn add_ends(store: &Store, whole: bool) -> Result<(), GitError> {
    let path = note(store.path()).with_file_name("shallow");
    let came = gix_shallow::read(&path)
        .map_err(|error| GitError::Disk { path: store.path().to_owned(), source: words(&error) })?;
    let came: Vec<ObjectId> = came.into_iter().flatten().collect();
    mark_shallow(store, &came, Update::Shallow).map_err(|error| error.of_store(store))?;
    if whole {
        let known = gix_shallow::read(&store.shallow_file()).map_err(|error| GitError::Disk {
            path: store.path().to_owned(),
            source: words(&error),
        })?;
        let mut known: Vec<ObjectId> = known.into_iter().flatten().collect();
        known.retain(|end| goes_on(store, *end));
        mark_shallow(store, &known, Update::Unshallow).map_err(|error| error.of_store(store))?;
    }
    remove(&path).map_err(|error| disk(store, &error))
}

/// Whether a commit and those before it are here.
fn goes_on(store: &Store, commit: ObjectId) -> bool {
    let commit = store.repo.find_commit(commit);
    commit.is_ok_and(|commit| commit.parent_ids().all(|id| store.repo.objects.exists(&id)))
}

/// Believes from now on that nothing is missing. The marks go first: the note brings them back.
pub(super) fn unmark(store: &Store) -> Result<(), GitError> {
    let all = || {
        marks(store.path()).try_for_each(|mark| remove(&mark))?;
        remove(&note(store.path()))
    };
    all().map_err(|error| disk(store, &error))
}

fn disk(store: &Store, error: &(dyn std::error::Error + 'static)) -> GitError {
    GitError::Disk { path: store.path().to_owned(), source: Cause::of(error) }
}

/// Whether stock Git is told of any pack that what it refers to may be missing.
fn has_marks(git: &Path) -> bool {
    marks(git).next().is_some()
}

/// What stock Git is told so by.
fn marks(git: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(packs::directory(git)).into_iter().flatten();
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "promisor"))
}
