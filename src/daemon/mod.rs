//! Builds everything, owns the tasks, and turns events into effects: the only module that knows all
//! the others.

mod behind;
mod board;
mod counter;
mod end;
mod errand;
mod repository;
mod turn;

use crate::config::{Fleet, Process};
use crate::daemon::repository::Repository;
use crate::disk;
use crate::http;
use crate::http::{Door, Observed, Repositories, Site};
use crate::model::Cause;
use crate::observe::metrics::ProcessMetrics;
use crate::runtime::single;
use crate::runtime::tasks;
use crate::runtime::tasks::Tasks;
use crate::trigger::Bell;
use crate::trigger::signal::{StopSignals, SyncSignal};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long tasks may take to come home when the program stops. A second is promised in all.
const PATIENCE: Duration = Duration::from_millis(700);
/// How many threads may block at once: one for the attempt, four at most for hooks, and the rest for
/// name look-ups and files.
const BLOCKING_THREADS: usize = 10;

/// How the program came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The work is done, or the program was told to stop.
    Well,
    /// There were too many failures, which were told as they came.
    GaveUp,
    /// It was told to stop before the one sync that it was to do had succeeded.
    Interrupted,
}

/// Why the program could not run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The address of `http-bind` or `hook-bind` cannot be had.
    #[error("could not listen on {address} ({option})")]
    Bind {
        /// The address.
        address: String,
        /// Which option it is from.
        option: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The system did not give what every program needs.
    #[error("could not {verb}")]
    System {
        /// What was tried.
        verb: &'static str,
        /// Why.
        source: Cause,
    },
    /// A part of the program ended that must not.
    #[error("a mistake in gitsyncd: the task {0:?} ended unbidden")]
    Unbidden(String),
}

/// Runs until the work is done, or for ever.
pub fn run(fleet: Fleet) -> Result<Ended, DaemonError> {
    disk::let_others_read(fleet.process.group_write);
    single::run(BLOCKING_THREADS, serve(fleet))
        .map_err(|source| system("start the runtime", &source))?
}

fn system(verb: &'static str, source: &(dyn std::error::Error + 'static)) -> DaemonError {
    DaemonError::System { verb, source: Cause::of(source) }
}

async fn serve(fleet: Fleet) -> Result<Ended, DaemonError> {
    let Fleet { process, repositories } = fleet;
    // Before anything else, so that no signal is lost.
    let mut stop_signals =
        StopSignals::listen().map_err(|source| system("listen for signals", &source))?;
    let mut tasks = Tasks::new();
    let mut begun = Vec::new();
    for config in repositories {
        begun.push(repository::begin(config, &mut tasks)?);
    }
    let Some(Repository { seen, bell, mut ended }) = begun.pop() else {
        return Ok(Ended::Well);
    };
    obey_signals(&process, &mut tasks, bell)?;
    let Process { serving, one_time, .. } = process;
    let several = seen.name.is_some();
    // It is held until the end: who listens would take its loss for the end of all.
    let listed = watch::Sender::new(Repositories::from([seen]));
    let metrics =
        ProcessMetrics::new(several).map_err(|source| system("register metrics", &source))?;
    let (repositories, metrics) = (listed.subscribe(), Arc::new(metrics));
    answer_http(Observed { repositories, several, metrics, serving }, &mut tasks).await?;
    let mut verdict = None;
    let stop = async {
        tokio::select! {
            signal = stop_signals.heard() => tracing::info!(%signal, "stopping"),
            end = &mut ended => verdict = end.ok(),
        }
    };
    let home = tasks.run(stop, PATIENCE).await;
    match home {
        tasks::Ended::Unbidden(name) => Err(DaemonError::Unbidden(name.to_owned())),
        tasks::Ended::Cleanly | tasks::Ended::Late(_) => {
            // After a signal the loop has its say only now, if it was not too late for that.
            let late = if one_time { Ended::Interrupted } else { Ended::Well };
            Ok(verdict.or_else(|| ended.try_recv().ok()).unwrap_or(late))
        }
    }
}

/// Rings for the sync signal.
fn obey_signals(process: &Process, tasks: &mut Tasks, bell: Bell) -> Result<(), DaemonError> {
    if let Some(number) = process.sync_on_signal {
        let signal = SyncSignal::listen(number)
            .map_err(|source| system("listen for the signal of sync-on-signal", &source))?;
        tasks.spawn("sync signal", signal.ring(bell, tasks.token()));
    }
    Ok(())
}

/// Answers HTTP where the options say.
async fn answer_http(observed: Observed, tasks: &mut Tasks) -> Result<(), DaemonError> {
    let (main, hooks) = (observed.serving.bind.clone(), observed.serving.hook_bind.clone());
    let site = Site::new(observed, tasks.token());
    if let Some(address) = main {
        let door = if hooks.is_some() { Door::Main } else { Door::Only };
        let listener = bind(&address, "http-bind").await?;
        tasks.spawn("http", http::serve(listener, door, Arc::clone(&site)));
    }
    if let Some(address) = hooks {
        let listener = bind(&address, "hook-bind").await?;
        tasks.spawn("webhooks", http::serve(listener, Door::Hooks, site));
    }
    Ok(())
}

/// Listens at an address, and says so.
async fn bind(address: &str, option: &'static str) -> Result<TcpListener, DaemonError> {
    let failed = |source| DaemonError::Bind { address: address.to_owned(), option, source };
    let listener = http::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    tracing::info!(address = %bound, option, "listening");
    Ok(listener)
}
