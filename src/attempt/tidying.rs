//! What is thrown away after an attempt, once others know how it ended: retired trees whose time is
//! over, and leftovers. If the program ends before, the next one finds them.

use crate::attempt::Attempts;
use crate::attempt::lfs;
use crate::model::Step;

/// Says whether the last attempt may have left something to throw away.
pub(super) fn is_due(me: &Attempts) -> bool {
    me.untidy && me.root.needs_sweep()
}

/// Throws away what is no longer needed. What stays behind is not worth a failure.
pub(super) fn tidy(me: &mut Attempts) {
    if !is_due(me) {
        return;
    }
    me.untidy = false;
    let swept = me.step(Step::Cleanup, |me| {
        me.root.sweep(me.staying, me.bases.spared()).and_then(|()| lfs::sweep(me))
    });
    if let Err(failed) = swept {
        tracing::warn!(error = %failed.chain(), "could not clean up");
    }
}
