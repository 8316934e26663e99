//! Mirrors lag: what a fallback names may be older than what readers see. Who asked for a commit by
//! a pin gets it all the same, and who left one follows whatever the ref names.

use crate::attempt::Attempts;
use crate::attempt::wanted::Wanted;
use crate::git::{Fetched, Store};
use crate::model::CommitId;
use crate::publish;
use crate::publish::Live;

/// What is published, if a fallback names something that was published before it.
pub(super) fn ahead_of(me: &Attempts, wanted: &Wanted, store: &Store) -> Option<Live> {
    let named = wanted.object.id()?;
    let live = passed(me, wanted)?;
    let before = publish::was_published(me.root.layout(), &named);
    (before && time(store, &named) <= time(store, &live.commit)).then_some(live)
}

/// What is published, if a fallback brought something that was committed before it.
pub(super) fn later_than(
    me: &Attempts,
    wanted: &Wanted,
    store: &Store,
    fetched: &Fetched,
) -> Option<Live> {
    let live = passed(me, wanted)?;
    (time(store, fetched.commit()) < time(store, &live.commit)).then_some(live)
}

fn time(store: &Store, commit: &CommitId) -> Option<i64> {
    store.describe(commit).map(|info| info.seconds)
}

/// What is published, if a source may lag behind that.
fn passed(me: &Attempts, wanted: &Wanted) -> Option<Live> {
    me.root.live().filter(|_| wanted.place > 0 && !me.pin.has_a_say())
}
