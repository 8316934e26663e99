//! Looks after the copy that readers see, where they see one: it is completed, brought to what is
//! published, and put right when others changed it.

use crate::attempt::error::{AttemptError, Failed};
use crate::attempt::{Attempts, Done};
use crate::config::Drift;
use crate::git::Store;
use crate::model::{Cause, Form, Step};
use crate::publish;
use crate::publish::{Halted, Layout, Live, Round};
use crate::runtime::Stop;

/// What is known of the copy.
#[derive(Debug)]
pub(super) struct Copies {
    mode: Drift,
    /// Where the look at it is; none if it was not looked at yet.
    round: Option<Round>,
    /// What was told last, so that nothing is told twice.
    told: Option<Cause>,
}

impl Copies {
    /// Has looked at nothing yet.
    pub(super) fn new(mode: Drift) -> Self {
        Self { mode, round: None, told: None }
    }

    /// What is not as it was left, if anything is seen. The first look is at everything.
    fn look(&mut self, layout: &Layout) -> Option<Cause> {
        if self.mode == Drift::Off {
            return None;
        }
        let looked = match &mut self.round {
            Some(round) => round.look(),
            None => publish::round(layout).and_then(|round| self.round.insert(round).finish()),
        };
        match looked {
            Ok(changed) => changed,
            Err(error) => Some(Cause::of(&error)),
        }
    }
}

impl From<Halted> for AttemptError {
    fn from(halted: Halted) -> Self {
        match halted {
            Halted::Disk(error) => error.into(),
            Halted::Root(error) => error.into(),
            Halted::Stopped(stopped) => stopped.into(),
        }
    }
}

/// Whether readers are shown a tree, as far as notes say.
pub(super) fn is_shown(layout: &Layout, live: &Live) -> bool {
    layout.form() != Form::Copy || publish::shown(layout).as_ref() == Some(&live.commit)
}

/// Brings the copy to what was published, if readers see one.
pub(super) fn follow(me: &mut Attempts, live: &Live, stop: &Stop) -> Result<(), Failed> {
    if me.root.layout().form() != Form::Copy {
        return Ok(());
    }
    me.copies.round = None;
    let copied = me.step(Step::Publish, |me| publish::copy(me.root.layout(), live, stop))?;
    me.metrics.published(&live.commit, &me.reference, copied.files, copied.bytes);
    me.copies.round = publish::round(me.root.layout()).ok();
    Ok(())
}

/// Takes the copy as programs of the user left it.
pub(super) fn accept(me: &mut Attempts) {
    me.copies.round = None;
    if let Err(error) = publish::accept(me.root.layout()) {
        tracing::warn!(error = %Cause::of(&error), "could not note what hooks changed");
    }
}

/// Looks after the copy of what stays published. Says what comes of that if it had to be changed.
pub(super) fn look_after(
    me: &mut Attempts,
    live: &Live,
    store: &Store,
    stop: &Stop,
) -> Result<Option<Done>, Failed> {
    if me.root.layout().form() != Form::Copy {
        return Ok(None);
    }
    if is_shown(me.root.layout(), live) {
        if me.hooks.is_at_work() {
            return Ok(None);
        }
        let changed = me.copies.look(me.root.layout());
        let Some(cause) = changed else { return Ok(None) };
        me.copies.round = None;
        if me.copies.mode == Drift::Report && me.copies.told.as_ref() == Some(&cause) {
            return Ok(None);
        }
        me.metrics.drifted();
        tracing::warn!(commit = %live.commit, %cause, "the copy was changed");
        me.copies.told = Some(cause);
        if me.copies.mode == Drift::Report {
            return Ok(None);
        }
    }
    follow(me, live, stop)?;
    tracing::info!(commit = %live.commit, "the copy is complete");
    Ok(Some(Done::Published(me.describe(store, live.clone()))))
}
