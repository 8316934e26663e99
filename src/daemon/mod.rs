//! Builds everything, owns the tasks, and turns events into effects: the only module that knows all
//! the others.

mod behind;
mod board;
mod common;
mod counter;
mod end;
mod errand;
mod fleet;
mod follow;
mod fulfil;
mod keeper;
mod manager;
mod repository;
mod turn;

pub use fulfil::{Fulfilled, Published, fulfil};

use crate::config;
use crate::config::{Again, Process};
use crate::daemon::common::Common;
use crate::daemon::fleet::Fleet;
use crate::daemon::follow::{Means, News, Read};
use crate::disk;
use crate::http;
use crate::http::{Door, Observed, Site};
use crate::model::{Cause, Trigger};
use crate::observe::audit;
use crate::observe::metrics::ProcessMetrics;
use crate::runtime::reaper;
use crate::runtime::single;
use crate::runtime::tasks;
use crate::runtime::tasks::Tasks;
use crate::trigger::signal::{StopSignals, SyncSignal};
use jiff::Timestamp;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// How long tasks may take to come home when the program stops. A second is promised in all.
const PATIENCE: Duration = Duration::from_millis(700);
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
pub fn run(fleet: config::Fleet) -> Result<Ended, DaemonError> {
    disk::let_others_read(fleet.process.group_write);
    let is_one = fleet.repositories.iter().any(|one| one.name.is_none());
    let threads = if is_one { common::THREADS_OF_ONE } else { common::THREADS_OF_MANY };
    single::run(threads, serve(fleet)).map_err(|source| system("start the runtime", &source))?
}

fn system(verb: &'static str, source: &(dyn std::error::Error + 'static)) -> DaemonError {
    DaemonError::System { verb, source: Cause::of(source) }
}

async fn serve(asked: config::Fleet) -> Result<Ended, DaemonError> {
    let config::Fleet { process, repositories, again } = asked;
    // Before anything else, so that no signal is lost, nor any that came before this.
    let stop_signals =
        StopSignals::listen().map_err(|source| system("listen for signals", &source))?;
    let sync_signal = listen_for_sync(&process)?;
    let mut tasks = Tasks::new();
    let common = Common::new(tasks.token());
    reap(&common, &mut tasks);
    let several = repositories.iter().all(|one| one.name.is_some());
    let (hub, turns) = (common.hub.clone(), common.short.clone());
    let means = Means { hub, turns, stop: tasks.token() };
    let mut fleet = Fleet::new(common, tasks.token());
    fleet.keep(repositories)?;
    let (sender, news) = mpsc::channel(1);
    if let Some(again) = again.filter(|_| !process.one_time) {
        let file = again.file().to_owned();
        tasks.spawn("configuration file", follow::follow(file, anew(again), means, sender));
    }
    let metrics =
        ProcessMetrics::new(several).map_err(|source| system("register metrics", &source))?;
    let (metrics, serving) = (Arc::new(metrics), process.serving.clone());
    let counts = Arc::clone(&metrics);
    let observed = Observed { repositories: fleet.subscribe(), several, metrics, serving };
    answer_http(observed, &mut tasks).await?;
    tasks.spawn("service manager", manager::tell(fleet.subscribe(), tasks.token()));
    let mut watch = Watch { fleet, stop_signals, sync_signal, news, process, metrics: counts };
    let mut end = None;
    let home = tasks.run(async { end = Some(watch.stand().await) }, PATIENCE).await;
    let late = watch.fleet.bring_home().await;
    match (end, home) {
        (Some(Err(error)), _) => Err(error),
        (None, tasks::Ended::Unbidden(name)) => Err(DaemonError::Unbidden(name.to_owned())),
        (Some(Ok(Some(verdict))), _) => Ok(verdict),
        (Some(Ok(None)) | None, _) => Ok(late),
    }
}

/// Reads a file as it was read at the start; what was told then is not told again.
fn anew(mut again: Again) -> Read {
    Box::new(move || {
        let (fleet, warnings) = again.read()?;
        again = fleet.again.clone().unwrap_or_else(|| again.clone());
        Ok((fleet, warnings))
    })
}

/// Looks after all repositories.
struct Watch {
    fleet: Fleet,
    stop_signals: StopSignals,
    sync_signal: Option<SyncSignal>,
    news: mpsc::Receiver<News>,
    process: Process,
    metrics: Arc<ProcessMetrics>,
}

impl Watch {
    /// Waits until there is nothing more to do, and says how that ended; or until a signal, with
    /// nothing to say.
    async fn stand(&mut self) -> Result<Option<Ended>, DaemonError> {
        loop {
            if let Some(verdict) = self.fleet.verdict() {
                return Ok(Some(verdict));
            }
            let sync = async {
                match &mut self.sync_signal {
                    Some(signal) => signal.heard().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                signal = self.stop_signals.heard() => {
                    tracing::info!(%signal, "stopping");
                    return Ok(None);
                }
                turned = self.fleet.turn() => turned?,
                () = sync => self.fleet.ring(Trigger::Signal),
                Some(news) = self.news.recv() => self.hear(news)?,
            }
        }
    }

    /// The file that lists the repositories says something else, or something is wrong with it.
    fn hear(&mut self, news: News) -> Result<(), DaemonError> {
        self.metrics.reloaded(news.as_ref().map(|_| Timestamp::now()));
        let Some(config::Fleet { process, repositories, .. }) = news else {
            return Ok(());
        };
        let needs_restart = differences(&self.process, &process);
        if !needs_restart.is_empty() {
            let options = needs_restart.join(", ");
            tracing::warn!(options, "these options changed, which needs a restart");
        }
        let changes = self.fleet.keep(repositories)?;
        if !changes.is_nothing() {
            audit::reload(&changes.added, &changes.changed, &changes.removed);
        }
        Ok(())
    }
}

/// The options of the program as a whole that are not the same.
fn differences(before: &Process, now: &Process) -> Vec<&'static str> {
    let same = [
        ("what is served over HTTP", before.serving == now.serving),
        ("sync-on-signal", before.sync_on_signal == now.sync_on_signal),
        ("one-time", before.one_time == now.one_time),
        ("group-write", before.group_write == now.group_write),
        ("verbose", before.verbose == now.verbose),
        ("log-format", before.log_format == now.log_format),
    ];
    same.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
}

/// Listens to the signal that starts attempts, if there is one.
fn listen_for_sync(process: &Process) -> Result<Option<SyncSignal>, DaemonError> {
    process
        .sync_on_signal
        .map(SyncSignal::listen)
        .transpose()
        .map_err(|source| system("listen for the signal of sync-on-signal", &source))
}

/// Collects orphans where this is the first process of a container.
fn reap(common: &Common, tasks: &mut Tasks) {
    if reaper::is_needed() {
        let (stop, hooks) = (tasks.token(), common.hooks.clone());
        tasks.spawn("reaper", async move {
            if let Err(error) = reaper::run(stop, |pid| hooks.is_ours(pid)).await {
                tracing::error!(%error, "cannot collect orphans");
            }
        });
    }
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
