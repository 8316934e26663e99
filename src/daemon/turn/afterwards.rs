//! What comes after an attempt: old trees are put away, those who watch files are told, and what
//! nobody waits for begins.

use crate::daemon::turn::{Loop, lending};

/// Tells how an attempt ended and begins what goes on behind. `first` if it was the first
/// success.
pub(super) async fn afterwards(me: &mut Loop, first: bool) {
    // Hooks that were told by now start first.
    tokio::task::yield_now().await;
    let (now, history) = (me.board.now(), me.board.history_now());
    let attempts = me.attempts.as_ref();
    if me.collected.is_some()
        || attempts.is_some_and(|attempts| {
            attempts.is_untidy() || attempts.has_news(&now, &history, first)
        })
    {
        announce(me, first).await;
    }
    begin_behind(me);
}

/// Begins what goes on behind attempts.
pub(super) fn begin_behind(me: &mut Loop) {
    if let Some(layout) = me.attempts.as_mut().and_then(|attempts| attempts.trash()) {
        me.behind.clean(layout);
    }
    if let Some(shelf) = me.attempts.as_mut().and_then(|attempts| attempts.prepare()) {
        me.behind.prepare(shelf);
    }
}

async fn announce(me: &mut Loop, first: bool) {
    let collected = me.collected.take();
    let idle = !me.behind.is_collecting();
    let history = me.board.history_now();
    let garbage = lending::tell(me, move |attempts, status, stop| {
        attempts.tidy();
        if attempts.has_news(status, &history, first) {
            attempts.tell(status, &history, first);
        }
        attempts.collected(collected, stop);
        idle.then(|| attempts.garbage()).flatten()
    });
    if let Some(collection) = garbage.await.flatten() {
        me.behind.collect(collection);
    }
}

/// Makes what was collected count, while no attempt runs.
pub(super) async fn install(me: &mut Loop) {
    let collected = me.collected.take();
    lending::tell(me, |attempts, _, stop| attempts.collected(collected, stop)).await;
}
