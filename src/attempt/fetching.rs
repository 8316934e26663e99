//! Bringing a commit from the source that named it.

use crate::attempt::Attempts;
use crate::attempt::error::AttemptError;
use crate::attempt::gathering::bring;
use crate::attempt::kinship;
use crate::attempt::lfs;
use crate::attempt::modules;
use crate::attempt::root;
use crate::attempt::wanted::Wanted;
use crate::attempt::whole;
use crate::git::{Before, Fetched, GitError, Resolved, Store};
use crate::model::Cause;
use crate::runtime::Stop;

/// Brings the commit. If that fails and the local repository turns out to be damaged, it is
/// rebuilt, once.
pub(super) fn fetch(
    me: &mut Attempts,
    store: Store,
    wanted: &mut Wanted,
    stop: &Stop,
) -> Result<(Store, Fetched), AttemptError> {
    let store = store.wake()?;
    let store = in_their_format(me, store, wanted, stop)?;
    whole::complete(me, &store, wanted, stop)?;
    let (store, fetched) = match fetch_into(me, &store, wanted, stop) {
        Ok(fetched) => (store, fetched),
        Err(error) if error.may_be_ours() && store.verify(stop).is_err() => {
            tracing::warn!(error = %Cause::of(&error), "the repository is damaged");
            let store = root::rebuild(&mut me.root, store)?;
            wanted.session = None;
            let fetched = fetch_into(me, &store, wanted, stop)?;
            (store, fetched)
        }
        Err(error) => return Err(error.into()),
    };
    let fetched = modules::bring(me, &store, fetched, wanted.place, stop)?;
    lfs::bring(me, (&store, &fetched), wanted.place, stop)?;
    Ok((store, fetched))
}

/// Has the repository made anew if the source names objects by another hash and nothing was published
/// yet. If something was, what is ordered then says what is wrong.
fn in_their_format(
    me: &mut Attempts,
    store: Store,
    wanted: &mut Wanted,
    stop: &Stop,
) -> Result<Store, AttemptError> {
    let format = wanted.object.format();
    if format == store.format() {
        return Ok(store);
    }
    // A full id does not say whether the source has such.
    let theirs = me.sources.session(wanted, stop)?.format();
    if theirs == format { root::turn_to(&mut me.root, format, store) } else { Ok(store) }
}

fn fetch_into(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    stop: &Stop,
) -> Result<Fetched, GitError> {
    let url = &me.sources.url(wanted.place);
    let before = Before { tree: me.bases.commit().cloned(), history: me.root.known().cloned() };
    if let Ok(fetched) = store.confirm(&wanted.object, &before, url, stop) {
        return Ok(fetched);
    }
    let object = wanted.object.clone();
    let _turn = kinship::turn(me, stop);
    if kinship::take(me, store, wanted, stop)
        && let Ok(fetched) = store.confirm(&object, &before, url, stop)
    {
        arrived(me, &fetched);
        restore(me, store, wanted, stop);
        return Ok(fetched);
    }
    let base = before.tree.as_ref().or(before.history.as_ref());
    bring(me, store, wanted, (&object, base), stop)?;
    restore(me, store, wanted, stop);
    let fetched = store.confirm(&object, &before, url, stop)?;
    arrived(me, &fetched);
    Ok(fetched)
}

/// A commit came, with as much of its history as is wanted.
fn arrived(me: &mut Attempts, fetched: &Fetched) {
    me.depth.fetched(me.root.layout());
    me.kinship.has(fetched.commit());
}

/// Brings back the objects of what is published if they were lost. A source that does not have
/// them any more is no reason to fail: the tree goes soon.
fn restore(me: &mut Attempts, store: &Store, wanted: &mut Wanted, stop: &Stop) {
    let lost = me.root.lacking().and_then(|commit| Resolved::exactly(commit).ok());
    let brought = lost.map_or(Ok(()), |lost| bring(me, store, wanted, (&lost, None), stop));
    if let Err(error) = brought {
        tracing::warn!(error = %Cause::of(&error), "could not bring back lost objects");
    }
    me.root.restored();
}
