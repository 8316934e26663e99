//! Brings all tasks of a repository home when it has come to its end or is told to.

use crate::daemon::{Ended, PATIENCE};
use crate::runtime::presence::Absence;
use crate::runtime::tasks;
use crate::runtime::tasks::Tasks;
use std::future::pending;
use std::path::PathBuf;
use tokio::sync::oneshot;

/// Waits for the end of one run of a repository.
pub(super) struct Keeper {
    pub(super) run: u64,
    pub(super) tasks: Tasks,
    pub(super) ended: oneshot::Receiver<Ended>,
    pub(super) root: PathBuf,
    /// Tells when the last thread has ended that may have to do with the root.
    pub(super) absence: Absence,
}

/// A run that is over.
#[derive(Debug)]
pub(super) struct Home {
    pub(super) run: u64,
    /// What its loop said.
    pub(super) ended: Option<Ended>,
    /// The task that ended when it should not have.
    pub(super) unbidden: Option<&'static str>,
    pub(super) root: PathBuf,
    /// There if a thread was abandoned that may still have to do with the root.
    pub(super) absence: Option<Absence>,
}

impl Keeper {
    /// Waits until its loop has ended, or it is told to stop, or something is wrong with it; then for
    /// all its tasks, but not for long.
    pub(super) async fn keep(self) -> Home {
        let Self { run, tasks, mut ended, root, absence } = self;
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
        let absence = Some(absence).filter(|absence| !absence.is_there());
        Home { run, ended, unbidden, root, absence }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::presence::{Presence, presence};

    fn keeper(spawn: impl FnOnce(&mut Tasks, oneshot::Sender<Ended>)) -> Keeper {
        keeper_with(|tasks, done, _present| spawn(tasks, done))
    }

    fn keeper_with(spawn: impl FnOnce(&mut Tasks, oneshot::Sender<Ended>, Presence)) -> Keeper {
        let mut tasks = Tasks::new();
        let (done, ended) = oneshot::channel();
        let (present, absence) = presence();
        spawn(&mut tasks, done, present);
        Keeper { run: 1, tasks, ended, root: "/root".into(), absence }
    }

    #[tokio::test]
    async fn a_thread_that_is_left_behind_is_told() {
        let mut left = None;
        let keeper = keeper_with(|_tasks, done, present| {
            done.send(Ended::GaveUp).unwrap();
            left = Some(present);
        });
        let absence = keeper.keep().await.absence.unwrap();
        assert!(!absence.is_there());
        drop(left);
        absence.wait().await;
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
        assert!(home.absence.is_none());
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
