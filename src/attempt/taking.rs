//! Becoming the only one at the root.

use crate::attempt::copying;
use crate::attempt::error::Failed;
use crate::attempt::pin;
use crate::attempt::verifying;
use crate::attempt::wanted::Wanted;
use crate::attempt::{AttemptError, Attempts, Done};
use crate::runtime::Stop;

/// Waits to be the only one at the root. A one-time run that finds another instance there and the
/// wanted commit published is done.
pub(super) fn take_root(me: &mut Attempts, stop: &Stop) -> Result<Option<Done>, Failed> {
    let taken = me.root.is_taken().map_err(AttemptError::before_any_step)?;
    if me.one_time && taken {
        pin::aim(me).map_err(AttemptError::before_any_step)?;
        let wanted = ask_any(me, stop)?;
        if let Some((store, live, _)) = me.root.find()
            && Some(&live.commit) == wanted.object.id().as_ref()
            && copying::is_shown(me.root.layout(), &live)
            && verifying::is_fit(me, &wanted, &store, &live.commit)
        {
            tracing::info!(commit = %live.commit, "another instance has published it already");
            return Ok(Some(Done::Unchanged(me.describe(&store, live))));
        }
    }
    me.root.take(stop).map_err(AttemptError::before_any_step)?;
    Ok(None)
}

/// Asks one source after the other, until one says what is wanted.
fn ask_any(me: &mut Attempts, stop: &Stop) -> Result<Wanted, Failed> {
    let mut place = 0;
    loop {
        match me.ask(place, stop) {
            Err(failed) if me.sources.may_help(place, &failed, stop) => place += 1,
            asked => return asked,
        }
    }
}
