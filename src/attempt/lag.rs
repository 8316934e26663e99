//! Mirrors lag: what a fallback names may be older than what readers see. Who asked for a commit by
//! a pin gets it all the same.

use crate::attempt::Attempts;
use crate::attempt::wanted::Wanted;
use crate::git::{Fetched, Store};
use crate::publish;
use crate::publish::Live;

/// What is published, if a fallback names something that was published before it.
pub(super) fn ahead_of(me: &Attempts, wanted: &Wanted) -> Option<Live> {
    let named = wanted.object.id().filter(|_| counts(me, wanted))?;
    me.root.live().filter(|_| publish::was_published(me.root.layout(), &named))
}

/// What is published, if a fallback brought something that was committed before it.
pub(super) fn later_than(
    me: &Attempts,
    wanted: &Wanted,
    store: &Store,
    fetched: &Fetched,
) -> Option<Live> {
    let live = me.root.live().filter(|_| counts(me, wanted))?;
    let time = |commit| store.describe(commit).map(|info| info.seconds);
    (time(fetched.commit()) < time(&live.commit)).then_some(live)
}

fn counts(me: &Attempts, wanted: &Wanted) -> bool {
    wanted.place > 0 && !me.pin.is_on()
}
