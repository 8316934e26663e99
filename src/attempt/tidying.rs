//! What is thrown away after an attempt, once others know how it ended: retired trees whose time is
//! over, and leftovers. If the program ends before, the next one finds them.

use crate::attempt::Attempts;
use crate::model::Step;

impl Attempts {
    /// Says whether the last attempt may have left something to throw away.
    pub fn is_untidy(&self) -> bool {
        self.untidy && self.root.needs_sweep()
    }

    /// Throws away what is no longer needed. What stays behind is not worth a failure.
    pub fn tidy(&mut self) {
        if !self.is_untidy() {
            return;
        }
        self.untidy = false;
        let swept = self.step(Step::Cleanup, |me| me.root.sweep(me.stale_after, me.bases.spared()));
        if let Err(failed) = swept {
            tracing::warn!(error = %failed.chain(), "could not clean up");
        }
    }
}
