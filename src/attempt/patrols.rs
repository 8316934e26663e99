//! Looks after what is published: a few files at each attempt that changes nothing.

use crate::attempt::root::Root;
use crate::config::Drift;
use crate::model::Cause;
use crate::observe::metrics::Metrics;
use crate::publish;
use crate::publish::Live;
use crate::trees::{Look, Patrol};

/// What goes round the published tree.
#[derive(Debug)]
pub(super) struct Patrols {
    mode: Drift,
    /// The tree that is gone round, and how far that is.
    round: Option<(Live, Patrol)>,
    /// What was told last of which tree, so that nothing is told twice.
    told: Option<(Live, Cause)>,
}

impl Patrols {
    /// Has looked at nothing yet.
    pub(super) fn new(mode: Drift) -> Self {
        Self { mode, round: None, told: None }
    }

    /// Another tree is published, perhaps under the name of the last: begins anew.
    pub(super) fn published(&mut self) {
        self.round = None;
        self.told = None;
    }

    /// Looks at some files. Says whether the tree is to be replaced; `damaged` files were seen
    /// already by somebody else.
    pub(super) fn look(
        &mut self,
        root: &Root,
        live: &Live,
        damaged: usize,
        metrics: &Metrics,
    ) -> bool {
        if self.mode == Drift::Off {
            return false;
        }
        let cause = if damaged > 0 {
            Some(Cause::new(format!("{damaged} files are not as they were")))
        } else {
            self.next(root, live)
        };
        let Some(cause) = cause else {
            return false;
        };
        self.round = None;
        let told = (live.clone(), cause.clone());
        if self.mode == Drift::Report && self.told.as_ref() == Some(&told) {
            return false;
        }
        self.told = Some(told);
        metrics.drifted();
        tracing::warn!(commit = %live.commit, %cause, "the published tree was changed");
        self.mode == Drift::Repair
    }

    fn next(&mut self, root: &Root, live: &Live) -> Option<Cause> {
        if self.round.as_ref().is_none_or(|(tree, _)| tree != live) {
            let record = publish::admin_of(root.layout(), &live.tree).record();
            // A tree that an earlier version published has none; it was looked at at the start.
            let patrol = Patrol::new(&live.tree, &live.commit, record).ok()?;
            self.round = Some((live.clone(), patrol));
        }
        let (_, patrol) = self.round.as_mut()?;
        match patrol.look() {
            Ok(Look::Well | Look::Round) => None,
            Ok(Look::Changed(cause)) => Some(cause),
            Err(error) => Some(Cause::of(&error)),
        }
    }
}
