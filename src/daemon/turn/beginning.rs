//! What comes before the first attempt: a look at what an earlier run left.

use crate::daemon::errand::PATIENCE;
use crate::daemon::turn::{Loop, SHORT_PATIENCE, lending};
use crate::runtime::Stop;
use crate::runtime::blocking;
use tokio::time::Instant;

/// Looks for a tree that an earlier run left, before the source is asked for anything.
pub(super) async fn find(me: &mut Loop) {
    let Some(mut attempts) = me.attempts.take() else {
        return;
    };
    let turn = me.common.short.wait(SHORT_PATIENCE).await;
    let limit = Stop::new(me.stop.clone(), Instant::now() + me.config.sync_timeout);
    let held = (me.present.clone(), turn.counted());
    let looked = blocking::run_holding(held, &limit, PATIENCE, move || {
        let found = attempts.find();
        let past = (attempts.past(), attempts.shown());
        (attempts, (found, past))
    });
    let looked = turn.spend(looked).await;
    if let Some((found, past)) = lending::back(me, looked) {
        if let Some(publication) = &found {
            tracing::info!(commit = %publication.live.commit, "found an intact tree published");
        }
        if let Some(attempts) = &me.attempts {
            me.board.found(past, found.as_ref(), attempts.pinned());
        }
    }
}
