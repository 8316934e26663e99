//! The repository's garbage between attempts: when it is collected, and of what.

use crate::attempt::root::Root;
use crate::attempt::{AttemptError, Attempts, room};
use crate::git::{Collection, Due, Packed, Scope, Store};
use crate::model::{Cause, Garbage};
use crate::publish;
use crate::publish::Layout;
use crate::runtime::Stop;
use std::sync::Arc;

/// Begins and ends collections; what is between goes on beside attempts.
#[derive(Debug)]
pub(super) struct Keeper {
    due: Due,
}

impl Keeper {
    pub(super) fn new(mode: Garbage) -> Self {
        Self { due: Due::new(mode) }
    }

    /// Takes note that something was published.
    pub(super) fn published(&mut self) {
        self.due.published();
    }

    /// Begins a collection if it is time for one.
    pub(super) fn begin(&mut self, root: &Root) -> Option<Collection> {
        let live = root.known().filter(|_live| root.is_ours())?;
        let layout = root.layout();
        if !self.due.is_now(&layout.git()) {
            return None;
        }
        match publish::kept(layout, live) {
            Ok(kept) => {
                let place = Layout::fresh(&layout.packing());
                Some(self.due.begin(layout.git(), place, kept))
            }
            Err(error) => {
                self.failed(&Cause::of(&error));
                None
            }
        }
    }

    /// Ends it. What it packed was right when it began; what is live now counts.
    pub(super) fn end(
        &mut self,
        (root, scope): (&Root, &Arc<Scope>),
        packed: Packed,
        store: &mut Option<Store>,
        stop: &Stop,
    ) {
        let Some(live) = root.known().filter(|_live| root.is_ours()) else {
            self.due.ended(false);
            return;
        };
        let git = root.layout().git();
        let anew = || Store::open(&git).map(|store| store.within(scope));
        let open = store.take().map_or_else(anew, Ok);
        let installed = publish::kept(root.layout(), live)
            .map_err(AttemptError::from)
            .and_then(|kept| Ok(packed.install(open?, &kept, stop)?));
        match installed {
            Ok(()) => {
                self.due.ended(true);
                *store = anew().ok();
            }
            Err(error) => self.failed(&Cause::of(&error)),
        }
    }

    /// Takes note that a collection came to nothing.
    pub(super) fn failed(&mut self, cause: &Cause) {
        tracing::warn!(error = %cause, "could not collect garbage");
        self.due.ended(false);
    }
}

/// Makes what was collected count.
pub(super) fn count(me: &mut Attempts, packed: Option<Result<Packed, Cause>>, stop: &Stop) {
    match packed {
        Some(Ok(packed)) => {
            me.keeper.end((&me.root, me.scoping.now()), packed, &mut me.store, stop);
            me.root.collected();
            room::measure(&me.root, &me.metrics);
        }
        Some(Err(cause)) => me.keeper.failed(&cause),
        None => (),
    }
}
