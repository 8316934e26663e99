//! Trying one source after the other.

use crate::attempt::bringing;
use crate::attempt::error::Failed;
use crate::attempt::{AttemptError, Attempts, Done};
use crate::git::Store;
use crate::model::Cause;
use crate::runtime::Stop;

/// Tries one source after the other, and says which served. If none does, the failure of the
/// first is the one to tell.
pub(super) fn look_around(
    me: &mut Attempts,
    store: Store,
    stop: &Stop,
) -> Result<(Done, usize), Failed> {
    let mut store = Some(store);
    let mut first = None;
    for place in 0..me.sources.count() {
        let mut done = look_at(me, place, &mut store, stop);
        if let Err(failed) = &done
            && me.sources.was_refused(failed)
        {
            done = look_at(me, place, &mut store, stop);
        }
        match done {
            Ok(done) => {
                me.sources.served(place, first.as_ref());
                return Ok((done, place));
            }
            Err(failed) if me.sources.may_help(place, &failed, stop) => {
                let source = me.sources.url(place);
                tracing::debug!(source, error = %failed.chain(), "trying the next source");
                first.get_or_insert(failed);
            }
            Err(failed) => return Err(first.unwrap_or(failed)),
        }
    }
    Err(first.unwrap_or_else(|| Failed::lost(Cause::new("there is no source"))))
}

/// Tries one source. The store is used up, if it comes to that.
fn look_at(
    me: &mut Attempts,
    place: usize,
    store: &mut Option<Store>,
    stop: &Stop,
) -> Result<Done, Failed> {
    let wanted = me.ask(place, stop)?;
    let store = match store.take() {
        Some(store) => store,
        None => me.root.open(stop).map_err(AttemptError::before_any_step)?,
    };
    bringing::bring(me, wanted, store, stop)
}
