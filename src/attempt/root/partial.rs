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

/// Says whether there is no filter any more, so that what it left out is needed.
pub(super) fn is_to_be_whole(root: &Root, store: &Store) -> bool {
    let is_to_be = root.scope.filter.is_none() && store.is_partial();
    if is_to_be {
        tracing::info!("there is no filter any more, so what it left out is needed");
    }
    is_to_be
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
