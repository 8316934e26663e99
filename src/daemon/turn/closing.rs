//! The end of the loop: hooks have their say, what was begun is finished or given up, and the last
//! status is written. What they changed in the tree is noted, so that the next start does not repair it.

use crate::attempt::Done;
use crate::daemon::Ended;
use crate::daemon::turn::{LAST_PATIENCE, Loop, afterwards, lending};
use crate::runtime::Stop;
use crate::runtime::blocking;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long hooks may take to end, most of which is over when this is begun.
const QUIET: Duration = Duration::from_millis(250);

/// Comes to an end, and says how it ended on the whole.
pub(super) async fn close(mut me: Loop, ended: Ended) -> Ended {
    me.beat.end();
    let mut succeeded = me.machine.is_steady();
    let mut told = hear_hooks(&mut me, ended).await;
    if let Some(attempt) = me.running.take() {
        // It was told to stop; what it holds is given back in good order if it hurries. Perhaps
        // it was done already.
        let home = attempt.await;
        if let Ok(Ok(done)) = &home.result {
            succeeded = !matches!(done, Done::Refused(_));
            me.judge(home);
            told = me.hooks.is_done();
        } else {
            me.attempts = home.attempts;
        }
    } else if !me.stop.is_cancelled() {
        me.collected = me.behind.finish().await;
        afterwards::install(&mut me).await;
    }
    me.behind.give_up().await;
    me.board.stopped();
    let history = me.board.history_now();
    // Those that are being killed have changed files too. Who takes too long for that is left alone.
    drop(tokio::time::timeout(QUIET, me.hooks.quiet()).await);
    lending::tell(&mut me, move |attempts, status, _| {
        attempts.say_last(status, &history);
        attempts.visited();
    })
    .await;
    put_away(&mut me).await;
    match ended {
        Ended::Well if me.config.one_time && !(succeeded && told) => {
            if me.stop.is_cancelled() {
                Ended::Interrupted
            } else {
                Ended::GaveUp
            }
        }
        ended @ (Ended::Well | Ended::GaveUp | Ended::Interrupted) => ended,
    }
}

/// Gives back the memory of an open repository, which takes so long that it would hold up the others;
/// at the end of the program the system does that.
async fn put_away(me: &mut Loop) {
    let Some(attempts) = me.attempts.take() else {
        return;
    };
    if me.common.ending.is_cancelled() {
        #[expect(clippy::mem_forget, reason = "its root is given back, and its memory will be")]
        std::mem::forget(attempts);
        return;
    }
    let turn = me.common.short.wait(LAST_PATIENCE).await;
    let limit = Stop::new(me.stop.clone(), Instant::now() + QUIET);
    let held = (me.present.clone(), turn.counted());
    let closed = blocking::run_holding(held, &limit, QUIET, move || drop(attempts));
    if let Err(error) = turn.spend(closed).await {
        tracing::debug!(%error, "a repository that is kept no more takes long to close");
    }
}

/// Lets hooks have their say before the program ends by itself. Says whether all went well.
async fn hear_hooks(me: &mut Loop, ended: Ended) -> bool {
    let (hooks, stop) = (Arc::clone(&me.hooks), me.stop.clone());
    if stop.is_cancelled() {
        return hooks.is_done();
    }
    let told = async {
        match ended {
            Ended::Well => hooks.finish().await,
            Ended::GaveUp | Ended::Interrupted => {
                hooks.last_words().await;
                true
            }
        }
    };
    let told = tokio::select! {
        biased;
        () = stop.cancelled() => false,
        told = told => told,
    };
    if !told {
        tracing::error!("not every hook succeeded");
    }
    told
}

/// Says why there will be no other attempt. One that did not fail was to be the only one.
pub(super) fn give_up(failures: u64) {
    match failures {
        0 => tracing::error!("giving up: the commit is refused, so nothing is published"),
        failures => tracing::error!(failures, "giving up"),
    }
}
