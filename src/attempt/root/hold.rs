//! Who may use the root: the lock that keeps others out, and what is done for those who come after.

use crate::attempt::AttemptError;
use crate::attempt::root::Root;
use crate::config::Config;
use crate::disk::{DiskError, make_directory, remove};
use crate::model::Cause;
use crate::publish;
use crate::publish::Lock;
use crate::runtime::Stop;

/// What is done for others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manners {
    /// Whether Git is to know a user here.
    pub(super) has_user: bool,
    /// Whether git-sync may come back when this ends.
    yields: bool,
}

impl Manners {
    /// As the options say.
    pub(super) fn of(config: &Config) -> Self {
        Self { has_user: config.add_user, yields: config.personality.is_peer() }
    }
}

impl Root {
    /// Leaves the trees to whoever comes next. What is locked git-sync cannot make anew, and would
    /// fail for ever.
    pub(in crate::attempt) fn release(&self) {
        if !self.manners.yields || !self.is_ours() {
            return;
        }
        if let Err(error) = publish::release(&self.layout) {
            tracing::warn!(error = %Cause::of(&error), "could not leave the trees to others");
        }
    }

    /// Whether nobody else writes here.
    pub(in crate::attempt) fn is_ours(&self) -> bool {
        self.lock.as_ref().is_some_and(Lock::is_in_place)
    }

    /// Makes the root, and says whether another instance is using it.
    pub(in crate::attempt) fn is_taken(&self) -> Result<bool, DiskError> {
        make_directory(self.layout.root())?;
        Lock::is_held(self.layout.root())
    }

    /// Waits to be the only one here.
    pub(in crate::attempt) fn take(&mut self, stop: &Stop) -> Result<(), AttemptError> {
        make_directory(self.layout.root())?;
        self.lock = Some(Lock::acquire(self.layout.root(), stop)?);
        // An earlier process may have been killed while it packed, and leaves what it prepared.
        if let Err(error) = publish::discard_prepared(&self.layout) {
            tracing::warn!(error = %Cause::of(&error), "could not clear what was prepared");
        }
        let packing = self.layout.packing();
        if packing.is_dir()
            && let Err(error) = remove(&packing)
        {
            tracing::warn!(error = %Cause::of(&error), "could not remove what was packed");
        }
        Ok(())
    }
}
