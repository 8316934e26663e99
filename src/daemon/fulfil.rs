//! One wish, carried out in one attempt, without serving anybody meanwhile.

use crate::config::{Config, Fleet};
use crate::daemon::common::{Common, Mood};
use crate::daemon::repository::{Place, Repository};
use crate::daemon::{DaemonError, Ended, PATIENCE, common, reap, repository, system};
use crate::disk;
use crate::model::CommitId;
use crate::observe::status::Waiting;
use crate::runtime::single;
use crate::runtime::tasks::Tasks;
use crate::trigger::order::{Order, Wish};
use crate::trigger::signal::StopSignals;
use std::num::NonZeroU64;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What has become of it, or why it could not be carried out.
pub type Fulfilled = Result<Published, String>;

/// What readers see then.
#[derive(Clone, Debug)]
pub struct Published {
    /// Which commit.
    pub commit: Option<CommitId>,
    /// What waits to take its place.
    pub waiting: Option<Waiting>,
}

/// Carries out a wish for the only repository that is given. If that cannot be done, nothing else is.
pub fn fulfil(fleet: Fleet, wish: Wish, by: &str) -> Result<Fulfilled, DaemonError> {
    disk::let_others_read(fleet.process.group_write);
    let Some(config) = fleet.repositories.into_iter().next() else {
        return Ok(Err("there is no repository".to_owned()));
    };
    let once = Some(NonZeroU64::MIN);
    let config = Config { one_time: true, max_failures: once, init_max_failures: once, ..config };
    let by = by.to_owned();
    single::run(common::THREADS_OF_ONE, carry_out(config, wish, by))
        .map_err(|source| system("start the runtime", &source))?
}

async fn carry_out(config: Config, wish: Wish, by: String) -> Result<Fulfilled, DaemonError> {
    let mut signals =
        StopSignals::listen().map_err(|source| system("listen for signals", &source))?;
    let (reply, mut answer) = oneshot::channel();
    let order = Order { wish, by, reply };
    let mut behind = Tasks::new();
    let common = Common::new(behind.token());
    reap(&common, &mut behind);
    let mood = Arc::new(Mood::new(Arc::default()));
    let place = Place { common, mood, rank: None, late: false };
    let begun = repository::begin(config, place, Some(order), &behind.token())?;
    let Repository { seen, mut ended, tasks, .. } = begun;
    let mut how = None;
    let end = async {
        tokio::select! {
            signal = signals.heard() => tracing::info!(%signal, "stopping"),
            end = &mut ended => how = end.ok(),
        }
    };
    drop(tasks.run(end, PATIENCE).await);
    drop(behind.run(std::future::ready(()), PATIENCE).await);
    let published = {
        let status = seen.status.borrow();
        let commit = status.commit.as_ref().map(|commit| commit.id.clone());
        Published { commit, waiting: status.waiting.clone() }
    };
    Ok(match answer.try_recv() {
        Ok(Ok(attempt)) => match attempt.error {
            Some(error) => Err(format!("{}; {}", error.message, error.hint)),
            None if how == Some(Ended::Well) => Ok(published),
            None => Err("not every hook succeeded".to_owned()),
        },
        Ok(Err(refusal)) => Err(refusal.to_string()),
        Err(_unanswered) => Err("it was told to stop before that was done".to_owned()),
    })
}
