//! Bringing the objects of a commit, in as few requests as it takes if only a part of them is wanted.

use crate::attempt::Attempts;
use crate::attempt::wanted::Wanted;
use crate::attempt::whole;
use crate::git;
use crate::git::{GitError, Resolved, Search, Session, Store};
use crate::model::{Cause, CommitId};
use crate::runtime::Stop;
use std::collections::HashSet;

/// What was told of sources that do not help with that.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    /// Which sources do not leave out objects.
    told_whole: HashSet<usize>,
    /// Which sources do not give objects that are asked for by their ids.
    refused: HashSet<usize>,
}

impl Gathering {
    /// Whether to tell a source to leave out objects: then it must give them when they are asked for.
    pub(super) fn may_filter(&self, place: usize, session: &Session) -> bool {
        session.filters() && !self.refused.contains(&place)
    }
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
    let session = me.sources.session(wanted, stop)?;
    let filters = me.gathering.may_filter(place, session);
    let is_wanted = store.scope().filter.is_some();
    if is_wanted && !session.filters() && me.gathering.told_whole.insert(place) {
        let source = me.sources.url(place);
        tracing::warn!(source, "the server does not filter objects; fetching all of each commit");
    }
    let known = me.root.known().or(me.kinship.base()).cloned();
    let session = me.sources.session(wanted, stop)?;
    // Other rules may want more of the same commit.
    if !(is_wanted && filters && git::has_history(store, object, known.as_ref(), stop)) {
        let order = git::order(store, object, known.as_ref(), me.depth.wanted, filters);
        session.fetch(&order, store, stop)?;
    }
    if !store.is_partial() {
        return Ok(());
    }
    if !filters {
        return whole::settle(me, store, object, stop);
    }
    let Some(refusal) = gather(me, store, wanted, (object, base), stop)? else {
        return Ok(());
    };
    let (source, error) = (me.sources.url(place), Cause::of(&refusal));
    tracing::warn!(
        source, %error,
        "the server does not give objects by their ids; fetching all of each commit"
    );
    me.gathering.refused.insert(place);
    wanted.session = None;
    let order = git::order_all(&[object], me.depth.wanted);
    me.sources.session(wanted, stop)?.fetch(&order, store, stop)?;
    whole::settle(me, store, object, stop)
}

/// Asks for what is missing until nothing is, or until it is refused because it is asked for by ids.
fn gather(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    (object, base): (&Resolved, Option<&CommitId>),
    stop: &Stop,
) -> Result<Option<GitError>, GitError> {
    let url = me.sources.url(wanted.place);
    let session = me.sources.session(wanted, stop)?;
    let mut search = Search::new(store, object, base, &url);
    loop {
        let orders = search.next(stop)?;
        if orders.is_empty() {
            return Ok(None);
        }
        for order in orders {
            match session.fetch(&order, store, stop) {
                Err(error) if error.is_refusal_of_ids() && stop.check().is_ok() => {
                    return Ok(Some(error));
                }
                fetched => fetched?,
            }
        }
    }
}
