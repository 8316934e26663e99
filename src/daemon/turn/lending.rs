//! What the loop lends to threads that may block, besides attempts, and how it comes back.

use crate::attempt::Attempts;
use crate::daemon::errand::PATIENCE;
use crate::daemon::turn::{LAST_PATIENCE, Loop, SHORT_PATIENCE};
use crate::observe::status::Status;
use crate::runtime::Stop;
use crate::runtime::blocking;
use crate::runtime::blocking::Cut;
use std::sync::Arc;
use tokio::time::Instant;

/// Lets those who watch files know, or does something else that is short and not an attempt, on
/// a thread that may block.
pub(super) async fn tell<T: Send + 'static>(
    me: &mut Loop,
    tell: impl FnOnce(&mut Attempts, &Arc<Status>, &Stop) -> T + Send + 'static,
) -> Option<T> {
    let mut attempts = me.attempts.take()?;
    let status = me.board.now();
    let stops = me.stop.is_cancelled();
    let turn = me.common.short.wait(if stops { LAST_PATIENCE } else { SHORT_PATIENCE });
    let turn = turn.await;
    let limit = Stop::new(me.stop.clone(), Instant::now() + me.config.sync_timeout);
    let inner = limit.clone();
    let held = (me.present.clone(), turn.counted());
    let told = blocking::run_holding(held, &limit, PATIENCE, move || {
        let told = tell(&mut attempts, &status, &inner);
        (attempts, told)
    });
    let told = turn.spend(told).await;
    back(me, told)
}

/// Takes back what a thread had, unless that is lost.
pub(super) fn back<T>(me: &mut Loop, home: Result<(Box<Attempts>, T), Cut>) -> Option<T> {
    match home {
        Ok((attempts, told)) => {
            me.attempts = Some(attempts);
            Some(told)
        }
        Err(cut) => {
            me.lost |= matches!(cut, Cut::Abandoned(_));
            None
        }
    }
}
