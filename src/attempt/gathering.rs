//! Bringing the objects of a commit, in as few requests as it takes if only a part of them is wanted.

use crate::attempt::Attempts;
use crate::attempt::wanted::Wanted;
use crate::git;
use crate::git::{GitError, Resolved, Search, Store};
use crate::model::{Cause, CommitId};
use crate::runtime::Stop;

/// What was told of sources that do not help with that.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// Which source does not leave out objects.
    told_whole: Option<usize>,
    /// Which source does not give objects that are asked for by their ids.
    refused: Option<usize>,
}

/// Brings a commit and what it needs by the rules. `base` has all that it needs.
pub(super) fn bring(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    (object, base): (&Resolved, Option<&CommitId>),
    stop: &Stop,
) -> Result<(), GitError> {
    let place = wanted.place;
    let refused = me.gathering.refused == Some(place);
    let session = me.sources.session(wanted, stop)?;
    let filters = session.filters() && !refused;
    let is_wanted = store.scope().filter.is_some();
    if is_wanted && !session.filters() && me.gathering.told_whole != Some(place) {
        let source = me.sources.url(place);
        tracing::warn!(source, "the server does not filter objects; fetching all of each commit");
        me.gathering.told_whole = Some(place);
    }
    let known = me.root.known().cloned();
    let session = me.sources.session(wanted, stop)?;
    // Other rules may want more of the same commit.
    if !(is_wanted && filters && git::has_history(store, object, known.as_ref(), stop)) {
        let order = git::order(store, object, known.as_ref(), me.depth.wanted, filters);
        session.fetch(&order, store, stop)?;
    }
    if !filters || !store.is_partial() {
        return Ok(());
    }
    match gather(me, store, wanted, (object, base), stop) {
        Err(error) if error.may_be_refusal() && stop.check().is_ok() => {
            let (source, error) = (me.sources.url(place), Cause::of(&error));
            tracing::warn!(
                source, %error,
                "the server does not give objects by their ids; fetching all of each commit"
            );
            me.gathering.refused = Some(place);
            wanted.session = None;
            let order = git::order_all(object, me.depth.wanted);
            me.sources.session(wanted, stop)?.fetch(&order, store, stop)
        }
        gathered => gathered,
    }
}

/// Asks for what is missing until nothing is.
fn gather(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    (object, base): (&Resolved, Option<&CommitId>),
    stop: &Stop,
) -> Result<(), GitError> {
    let url = me.sources.url(wanted.place);
    let session = me.sources.session(wanted, stop)?;
    let mut search = Search::new(store, object, base, &url);
    loop {
        let orders = search.next(stop)?;
        if orders.is_empty() {
            return Ok(());
        }
        for order in orders {
            session.fetch(&order, store, stop)?;
        }
    }
}
