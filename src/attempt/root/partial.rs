//! A repository to which a filter did not let everything come.

use crate::attempt::root::Root;
use crate::disk::DiskError;
use crate::git::{GitError, Store};
use crate::model::{Cause, Class};
use crate::publish;
use crate::runtime::Stop;

/// Tells Git what a filter may leave out. What it left out before may be missing until it was
/// fetched.
pub(super) fn promise(root: &Root, store: &Store) -> Result<(), DiskError> {
    match &root.repo {
        Some(_) if root.scope.filter.is_none() && store.is_partial() => Ok(()),
        Some(repo) => publish::promise(&root.layout, repo, root.scope.filter.as_ref()),
        None => Ok(()),
    }
}

/// What is to become of what a filter left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum LeftOut {
    /// Nothing, or there is nothing.
    #[default]
    Stays,
    /// There is no filter any more, so it is needed.
    IsWanted,
}

/// Says what is to become of it.
pub(super) fn look(root: &Root, store: &Store) -> LeftOut {
    if root.scope.filter.is_some() || !store.is_partial() {
        return LeftOut::Stays;
    }
    tracing::info!("there is no filter any more, so what it left out is needed");
    LeftOut::IsWanted
}

/// Whether what a filter left out is to be fetched, as there is none any more.
pub(in crate::attempt) fn is_to_be_whole(root: &Root) -> bool {
    root.left_out == LeftOut::IsWanted
}

/// Nothing is missing any more, which Git is told.
pub(in crate::attempt) fn made_whole(root: &mut Root, store: &Store) -> Result<(), DiskError> {
    root.touch();
    root.left_out = LeftOut::Stays;
    promise(root, store)
}

/// Looks whether the repository is as it was and has the published commit. What is missing of
/// that may have been left out by another filter; then it is asked for.
pub(super) fn examine(root: &mut Root, store: &Store, stop: &Stop) -> Result<(), GitError> {
    let whole = match &root.trusted {
        Some(live) => store.still_has(&live.commit, stop),
        None => Ok(()),
    };
    let sound = if root.suspect { store.verify(stop) } else { store.skim() };
    match whole {
        Err(error) if error.class() == Class::Disk && sound.is_ok() && store.is_partial() => {
            tracing::info!(error = %Cause::of(&error), "fetching what is missing");
            root.lacking = true;
            Ok(())
        }
        whole => whole.and(sound),
    }
}
