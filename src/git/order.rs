//! What to ask a source for when a commit is wanted: which one, what may be left out, and what is
//! claimed to be here already.

use crate::git::Order;
use crate::git::Resolved;
use crate::git::Store;
use crate::git::format;
use crate::git::history;
use crate::git::partial::{Lack, lack};
use crate::model::{CommitId, Filter};
use crate::runtime::Stop;
use gix::objs::Exists;
use std::num::NonZeroU32;

/// Writes down what to bring. Only what is really here is claimed to be: a server that is told
/// otherwise leaves out what it believes we have, and the repository would be broken. `filters` says
/// whether the source can leave out anything.
pub fn order(
    store: &Store,
    wanted: &Resolved,
    live: Option<&CommitId>,
    depth: Option<NonZeroU32>,
    filters: bool,
) -> Order {
    let live = live
        .and_then(|commit| format::object(&store.repo, commit))
        .filter(|object| store.repo.objects.exists(object));
    let (filter, claims) = filter(store, depth, live.is_some(), filters);
    let haves = live.into_iter().filter(|_| claims).collect();
    Order { wants: vec![wanted.object], haves, depth, filter, exact: false }
}

/// Orders all that commits need, as if nothing were here. Of a local source only the first comes.
pub fn order_all(wanted: &[&Resolved], depth: Option<NonZeroU32>) -> Order {
    let (wants, haves) = (wanted.iter().map(|wanted| wanted.object).collect(), Vec::new());
    Order { wants, haves, depth, filter: None, exact: false }
}

/// Chooses the filter for a commit, and says whether another may be claimed to be here: a server
/// builds a pack upon what that needs, all of it, as far as the filter lets it.
fn filter(
    store: &Store,
    depth: Option<NonZeroU32>,
    has_live: bool,
    filters: bool,
) -> (Option<Filter>, bool) {
    let (lack, scope) = (lack(store), store.scope());
    let Some(wanted) = scope.filter().filter(|_| filters) else {
        return (None, lack == Lack::Nothing);
    };
    let single = depth == Some(NonZeroU32::MIN);
    match (wanted, lack) {
        // There is nothing to leave out.
        (_, Lack::Nothing) if single && scope.sparse.is_none() => (None, true),
        // The files of the root, and the trees of the directories in it, are needed at first.
        (Filter::Trees(_), _) | (_, Lack::Trees) if single => {
            let first = !has_live && scope.folds();
            (Some(Filter::Trees(if first { 2 } else { 1 })), false)
        }
        // Of commits that came before, only themselves are here for sure.
        (Filter::Trees(_), _) | (_, Lack::Trees) => (Some(Filter::Trees(0)), true),
        (Filter::NoBlobs, _) | (_, Lack::Blobs) => (Some(Filter::NoBlobs), true),
        (other, Lack::Nothing) => (Some(other), true),
    }
}

/// Says whether a commit is here with its history; that of `known` is.
pub fn has_history(
    store: &Store,
    wanted: &Resolved,
    known: Option<&CommitId>,
    stop: &Stop,
) -> bool {
    store.commit_of(wanted.object, "").is_ok_and(|tip| {
        history::is_here(store, tip.id, known, stop).is_ok_and(|here| here.is_ok())
    })
}
