//! The owner of every task that lives as long as the program, or as one repository is kept.
//!
//! Nothing is restarted here: a task that ends unbidden is a mistake, and ends all the others.

use std::collections::HashMap;
use std::future::Future;
use std::time::Duration;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

/// Owns tasks and the token that tells them to end.
///
/// Dropping it aborts them all; [`Tasks::run`] lets them end by themselves.
#[derive(Debug, Default)]
pub struct Tasks {
    set: JoinSet<()>,
    names: HashMap<Id, &'static str>,
    stop: CancellationToken,
}

/// How it was with the tasks when all had ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All ended when told to.
    Cleanly,
    /// This one ended, or panicked, without being told to.
    Unbidden(&'static str),
    /// These did not end in time and were aborted.
    Late(Vec<&'static str>),
}

impl Tasks {
    /// Owns nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Owns nothing yet, and is told to stop when others are, at the latest.
    pub fn under(stop: &CancellationToken) -> Self {
        Self { stop: stop.child_token(), ..Self::default() }
    }

    /// The token that is cancelled when the tasks are to end.
    pub fn token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Starts a task in the span that this is called in. It must end soon after [`Tasks::token`] is cancelled, and not before.
    pub fn spawn(&mut self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let id = self.set.spawn(task.in_current_span()).id();
        self.names.insert(id, name);
    }

    /// Waits until told to stop or until a task ends unbidden, then brings all of them home; what
    /// is not home when `patience` is over is aborted.
    ///
    /// A task that is late hides one that ended unbidden before; the log has both.
    pub async fn run(mut self, stop: impl Future<Output = ()>, patience: Duration) -> Ended {
        let unbidden = tokio::select! {
            biased;
            () = stop => None,
            Some(ended) = self.set.join_next_with_id() => Some(self.home(ended)),
        };
        if let Some(task) = unbidden {
            tracing::error!(task, "a task ended unbidden");
        }
        self.stop.cancel();
        let all_home = async {
            while let Some(ended) = self.set.join_next_with_id().await {
                self.home(ended);
            }
        };
        if tokio::time::timeout(patience, all_home).await.is_ok() {
            return unbidden.map_or(Ended::Cleanly, Ended::Unbidden);
        }
        let mut late: Vec<_> = self.names.into_values().collect();
        late.sort_unstable();
        tracing::error!(tasks = ?late, "tasks did not end in time and are aborted");
        self.set.shutdown().await;
        Ended::Late(late)
    }

    /// Strikes a task off the list and gives its name; tells of a panic.
    fn home(&mut self, ended: Result<(Id, ()), JoinError>) -> &'static str {
        let id = match &ended {
            Ok((id, ())) => *id,
            Err(lost) => lost.id(),
        };
        let task = self.names.remove(&id).unwrap_or("unknown");
        if let Err(lost) = ended {
            tracing::error!(task, error = %lost, "a task was lost");
        }
        task
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::{pending, ready};

    const LONG: Duration = Duration::from_mins(1);

    fn obedient(tasks: &Tasks) -> impl Future<Output = ()> + Send + 'static {
        tasks.token().cancelled_owned()
    }

    #[tokio::test]
    async fn all_end_when_told_to() {
        let mut tasks = Tasks::new();
        tasks.spawn("one", obedient(&tasks));
        tasks.spawn("two", obedient(&tasks));
        assert_eq!(tasks.run(ready(()), LONG).await, Ended::Cleanly);
    }

    #[tokio::test]
    async fn no_tasks_at_all_wait_for_the_stop_too() {
        assert_eq!(Tasks::new().run(tokio::task::yield_now(), LONG).await, Ended::Cleanly);
    }

    #[tokio::test]
    async fn a_task_that_ends_unbidden_ends_the_others() {
        let mut tasks = Tasks::new();
        tasks.spawn("obedient", obedient(&tasks));
        tasks.spawn("short", ready(()));
        assert_eq!(tasks.run(pending(), LONG).await, Ended::Unbidden("short"));
    }

    #[tokio::test]
    async fn a_panic_is_an_unbidden_end() {
        let mut tasks = Tasks::new();
        tasks.spawn("obedient", obedient(&tasks));
        tasks.spawn("broken", async { panic!("as the test wants it") });
        assert_eq!(tasks.run(pending(), LONG).await, Ended::Unbidden("broken"));
    }

    #[tokio::test(start_paused = true)]
    async fn the_late_are_named_and_aborted() {
        let mut tasks = Tasks::new();
        let alive = CancellationToken::new();
        let guard = alive.clone().drop_guard();
        tasks.spawn("obedient", obedient(&tasks));
        tasks.spawn("deaf", async move {
            let _guard = guard;
            pending::<()>().await;
        });
        assert_eq!(tasks.run(ready(()), LONG).await, Ended::Late(vec!["deaf"]));
        assert!(alive.is_cancelled(), "the task was dropped");
    }
}
