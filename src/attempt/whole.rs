//! A repository that lacks what a filter left out, and is to have it: because there is no filter any
//! more, or because a source gives all or nothing. What is missing is fetched into the same
//! repository, which counts as one that lacks something until all of it is there.

use crate::attempt::AttemptError;
use crate::attempt::Attempts;
use crate::attempt::root::partial;
use crate::attempt::wanted::Wanted;
use crate::disk::DiskError;
use crate::git;
use crate::git::{GitError, Resolved, Store};
use crate::model::{Cause, Class, CommitId};
use crate::publish;
use crate::runtime::Stop;
use std::slice::from_ref;

/// Brings what a filter left out of the commits that are kept, if there is no filter any more. A
/// source that does not have one of the earlier ones any more is no reason to fail: it is forgotten.
/// Without what is published, the repository stays as it is for now.
pub(super) fn complete(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    stop: &Stop,
) -> Result<(), AttemptError> {
    if !partial::is_to_be_whole(&me.root) {
        return Ok(());
    }
    let live = publish::live(me.root.layout()).map(|live| live.commit);
    let kept = [kept(me, live.as_ref())?, git::of_others(store)].concat();
    if !git::has_all(store, &kept, stop)? {
        fetch(me, store, wanted, &kept, stop)?;
    }
    if !git::make_whole(store, &kept, stop)? {
        if let Some(live) = &live
            && !git::has_all(store, from_ref(live), stop)?
        {
            tracing::info!(commit = %live, "the source does not give what is published any more");
            return Ok(());
        }
        forget(me, store, stop)?;
        let kept = self::kept(me, live.as_ref())?;
        if !git::make_whole(store, &kept, stop)? {
            tracing::info!("the source does not give all that trees and refs here need");
            return Ok(());
        }
    }
    tracing::info!("what the filter left out was fetched");
    Ok(partial::made_whole(&mut me.root, store)?)
}

/// Looks whether nothing is missing any more, after all of a commit was fetched. Then the next can
/// be built upon it.
pub(super) fn settle(
    me: &Attempts,
    store: &Store,
    object: &Resolved,
    stop: &Stop,
) -> Result<(), GitError> {
    let live = publish::live(me.root.layout()).map(|live| live.commit);
    let kept = kept(me, live.as_ref());
    let Ok(mut commits) = kept.inspect_err(|error| {
        tracing::warn!(error = %Cause::of(error), "could not look which commits are kept");
    }) else {
        return Ok(());
    };
    commits.extend(object.id());
    if git::make_whole(store, &commits, stop)? {
        tracing::debug!("nothing is missing any more");
    }
    Ok(())
}

/// The commits whose objects are to stay.
fn kept(me: &Attempts, live: Option<&CommitId>) -> Result<Vec<CommitId>, DiskError> {
    let mut kept = match live {
        Some(live) => publish::kept(me.root.layout(), live)?,
        None => Vec::new(),
    };
    kept.sort_unstable();
    kept.dedup();
    Ok(kept)
}

/// Lets go of commits that the source did not give.
fn forget(me: &Attempts, store: &Store, stop: &Stop) -> Result<(), AttemptError> {
    let mut failure = Ok(());
    publish::forget(me.root.layout(), |commit| {
        git::has_all(store, from_ref(commit), stop).unwrap_or_else(|error| {
            failure = Err(error);
            true
        })
    })?;
    Ok(failure?)
}

/// Fetches all of them, and what is wanted, together if the source gives them so.
fn fetch(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    kept: &[CommitId],
    stop: &Stop,
) -> Result<(), GitError> {
    let (depth, object) = (me.depth.wanted, wanted.object.clone());
    let kept: Vec<_> =
        kept.iter().filter_map(|id| Some((id.clone(), Resolved::exactly(id).ok()?))).collect();
    let all: Vec<_> = std::iter::once(&object).chain(kept.iter().map(|(_, one)| one)).collect();
    let not_given = |error: &GitError| error.class() == Class::Ref && stop.check().is_ok();
    let session = me.sources.session(wanted, stop)?;
    match session.fetch(&git::order_all(&all, depth), store, stop) {
        Err(error) if not_given(&error) => {
            wanted.session = None;
            let session = me.sources.session(wanted, stop)?;
            session.fetch(&git::order_all(&[&object], depth), store, stop)?;
        }
        fetched => fetched?,
    }
    for (id, one) in &kept {
        if git::has_all(store, from_ref(id), stop)? {
            continue;
        }
        let session = me.sources.session(wanted, stop)?;
        match session.fetch(&git::order_all(&[one], depth), store, stop) {
            Err(error) if not_given(&error) => {
                tracing::info!(error = %Cause::of(&error), "an earlier commit is not given any more");
                wanted.session = None;
            }
            fetched => fetched?,
        }
    }
    Ok(())
}
