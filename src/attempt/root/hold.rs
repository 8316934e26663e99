//! Who may use a root: the lock that keeps others out, and what is done for those who come after.

use crate::attempt::AttemptError;
use crate::config::Config;
use crate::disk::remove;
use crate::model::Cause;
use crate::publish;
use crate::publish::{Layout, Lock};
use crate::runtime::Stop;

/// The lock, and what is done for others.
#[derive(Debug, Default)]
pub(super) struct Hold {
    lock: Option<Lock>,
    /// Whether Git is to know a user here.
    pub(super) has_user: bool,
    /// Whether git-sync may come back when this ends.
    yields: bool,
}

impl Hold {
    /// As the options say, and without the lock.
    pub(super) fn of(config: &Config) -> Self {
        Self { lock: None, has_user: config.add_user, yields: config.personality.is_peer() }
    }

    /// Whether nobody else writes here.
    pub(super) fn is_ours(&self) -> bool {
        self.lock.as_ref().is_some_and(Lock::is_in_place)
    }

    /// Waits to be the only one in the root, which is there.
    pub(super) fn take(&mut self, layout: &Layout, stop: &Stop) -> Result<(), AttemptError> {
        self.lock = Some(Lock::acquire(layout.root(), stop)?);
        // An earlier process may have been killed while it packed, and leaves what it prepared.
        if let Err(error) = publish::discard_prepared(layout) {
            tracing::warn!(error = %Cause::of(&error), "could not clear what was prepared");
        }
        let packing = layout.packing();
        if packing.is_dir()
            && let Err(error) = remove(&packing)
        {
            tracing::warn!(error = %Cause::of(&error), "could not remove what was packed");
        }
        Ok(())
    }

    /// Lets others have the root.
    pub(super) fn let_go(&mut self) {
        self.lock = None;
    }

    /// Leaves the trees to whoever comes next. What is locked git-sync cannot make anew, and would
    /// fail for ever.
    pub(super) fn release(&self, layout: &Layout) {
        if !self.yields || !self.is_ours() {
            return;
        }
        if let Err(error) = publish::release(layout) {
            tracing::warn!(error = %Cause::of(&error), "could not leave the trees to others");
        }
    }
}
