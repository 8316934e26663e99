//! Making a repository whole again from which a filter kept objects away: after all that is missing
//! was fetched, and not before it was looked whether it is here.

use crate::git::GitError;
use crate::git::Store;
use crate::git::collect::of_others;
use crate::git::copy::CopyError;
use crate::git::format;
use crate::git::partial;
use crate::git::select::{Selection, Walk};
use crate::model::CommitId;
use crate::runtime::Stop;
use gix::ObjectId;
use gix::objs::Exists;

/// Says whether all these commits are here with all that they need, up to where history ends. Every
/// tree is read.
pub fn has_all(store: &Store, commits: &[CommitId], stop: &Stop) -> Result<bool, GitError> {
    let tips: Option<Vec<ObjectId>> =
        commits.iter().map(|commit| format::object(&store.repo, commit)).collect();
    match tips {
        Some(tips) => are_here(store, &tips, stop),
        None => Ok(false),
    }
}

/// Believes no longer that anything may be missing, if these commits and what refs of others name are
/// here with all that they need. Says whether it is so.
pub fn make_whole(store: &Store, commits: &[CommitId], stop: &Stop) -> Result<bool, GitError> {
    if !has_all(store, commits, stop)? {
        return Ok(false);
    }
    let mut tags = Selection::default();
    let tips = of_others(store, None, &mut tags);
    if !are_here(store, &tips, stop)? {
        return Ok(false);
    }
    partial::unmark(store)?;
    Ok(true)
}

fn are_here(store: &Store, tips: &[ObjectId], stop: &Stop) -> Result<bool, GitError> {
    let (mut walk, mut needed) = (Walk::new(&store.repo, None, stop), Selection::default());
    for tip in tips {
        match walk.history(*tip, None, &mut needed) {
            Ok(()) => (),
            Err(CopyError::Stopped(stopped)) => return Err(stopped.into()),
            Err(_missing) => return Ok(false),
        }
    }
    let objects = &store.repo.objects;
    let is_here = |id: &ObjectId| objects.exists_without_refresh(id) || objects.exists(id);
    Ok(needed.objects.iter().all(is_here))
}
