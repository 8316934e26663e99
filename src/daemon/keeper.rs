//! Brings all tasks of a repository home when it has come to its end or is told to.

use crate::daemon::{Ended, PATIENCE};
use crate::runtime::tasks;
use crate::runtime::tasks::Tasks;
use std::future::pending;
use tokio::sync::oneshot;

/// Waits for the end of one run of a repository.
pub(super) struct Keeper {
    pub(super) run: u64,
    pub(super) tasks: Tasks,
    pub(super) ended: oneshot::Receiver<Ended>,
}

/// A run that is over.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) run: u64,
    /// What its loop said.
    pub(super) ended: Option<Ended>,
    /// The task that ended when it should not have.
    pub(super) unbidden: Option<&'static str>,
}

impl Keeper {
    /// Waits until its loop has ended, or it is told to stop, or something is wrong with it; then for
    /// all its tasks, but not for long.
    pub(super) async fn keep(self) -> Home {
        let Self { run, tasks, mut ended } = self;
        let token = tasks.token();
        let mut verdict = None;
        let stop = async {
            tokio::select! {
                () = token.cancelled() => (),
                said = &mut ended => match said {
                    Ok(said) => verdict = Some(said),
                    // It was lost in a panic, which is seen in its task.
                    Err(_lost) => pending().await,
                },
            }
        };
        let home = tasks.run(stop, PATIENCE).await;
        let unbidden = match home {
            tasks::Ended::Unbidden(name) => Some(name),
            tasks::Ended::Cleanly | tasks::Ended::Late(_) => None,
        };
        // After a signal the loop has its say only now, if it was not too late for that.
        let ended = verdict.or_else(|| ended.try_recv().ok());
        Home { run, ended, unbidden }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keeper(spawn: impl FnOnce(&mut Tasks, oneshot::Sender<Ended>)) -> Keeper {
        let mut tasks = Tasks::new();
        let (done, ended) = oneshot::channel();
        spawn(&mut tasks, done);
        Keeper { run: 1, tasks, ended }
    }

    #[tokio::test]
    async fn the_end_of_the_loop_is_the_end_of_all() {
        let keeper = keeper(|tasks, done| {
            tasks.spawn("other", tasks.token().cancelled_owned());
            let stop = tasks.token();
            tasks.spawn("loop", async move {
                done.send(Ended::GaveUp).unwrap();
                stop.cancelled().await;
            });
        });
        let home = keeper.keep().await;
        assert_eq!((home.ended, home.unbidden), (Some(Ended::GaveUp), None));
    }

    #[tokio::test]
    async fn a_loop_that_panics_is_no_end_but_a_loss() {
        let keeper = keeper(|tasks, done| {
            tasks.spawn("other", tasks.token().cancelled_owned());
            tasks.spawn("loop", async move {
                let _done = done;
                panic!("as the test wants it");
            });
        });
        let home = keeper.keep().await;
        assert_eq!((home.ended, home.unbidden), (None, Some("loop")));
    }

    #[tokio::test]
    async fn what_the_loop_says_after_it_was_told_to_stop_counts() {
        let keeper = keeper(|tasks, done| {
            let stop = tasks.token();
            stop.cancel();
            tasks.spawn("loop", async move {
                stop.cancelled().await;
                done.send(Ended::Interrupted).unwrap();
            });
        });
        assert_eq!(keeper.keep().await.ended, Some(Ended::Interrupted));
    }
}
