//! Builds everything, owns the tasks, and turns events into effects: the only module that knows all
//! the others.

mod behind;
mod board;
mod counter;
mod end;
mod errand;
mod turn;

use crate::attempt::Attempts;
use crate::config::{Config, SparseBy};
use crate::daemon::board::Board;
use crate::daemon::turn::Loop;
use crate::disk;
use crate::git;
use crate::hooks::Hooks;
use crate::http;
use crate::http::{Door, Observed, Site};
use crate::model::{Cause, Location};
use crate::observe::metrics::Metrics;
use crate::runtime::beat::Beat;
use crate::runtime::reaper;
use crate::runtime::single;
use crate::runtime::tasks;
use crate::runtime::tasks::Tasks;
use crate::trigger;
use crate::trigger::Bell;
use crate::trigger::order;
use crate::trigger::signal::{StopSignals, SyncSignal};
use crate::trigger::watch;
use crate::trigger::watch::Places;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Instant;

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
pub fn run(config: Config) -> Result<Ended, DaemonError> {
    disk::let_others_read(config.group_write);
    single::run(BLOCKING_THREADS, serve(config))
        .map_err(|source| system("start the runtime", &source))?
}

fn system(verb: &'static str, source: &(dyn std::error::Error + 'static)) -> DaemonError {
    DaemonError::System { verb, source: Cause::of(source) }
}

async fn serve(config: Config) -> Result<Ended, DaemonError> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        repo = %config.repo,
        r#ref = %config.reference,
        root = %config.root.display(),
        link = %config.link.display(),
        "starting"
    );
    // Before anything else, so that no signal is lost.
    let mut stop_signals =
        StopSignals::listen().map_err(|source| system("listen for signals", &source))?;
    let mut tasks = Tasks::new();
    let (bell, ear) = trigger::bell();
    watch_files(&config, &mut tasks, bell.clone());
    obey_signals(&config, &mut tasks, bell.clone())?;
    let (desk, orders) = order::desk(bell);
    let metrics = Metrics::new().map_err(|source| system("register metrics", &source))?;
    let metrics = Arc::new(metrics);
    let board = Board::new(&config);
    let hooks = run_hooks(&config, &metrics, &board, &mut tasks);
    let beat = Arc::new(Beat::new(Instant::now()));
    let observed = Observed {
        status: board.subscribe(),
        beat: Arc::clone(&beat),
        stuck_after: config.sync_timeout * 2,
        metrics: Arc::clone(&metrics),
        history: board.history(),
        desk,
        serving: config.serving.clone(),
        repo: config.repo.clone(),
        reference: config.reference.clone(),
    };
    answer_http(observed, &mut tasks).await?;
    let attempts = Attempts::new(&config, Arc::clone(&metrics), Arc::clone(&hooks));
    let (done, mut ended) = oneshot::channel();
    let one_time = config.one_time;
    let turning = Loop::new(config, attempts, board, metrics, (beat, hooks, tasks.token()));
    let token = tasks.token();
    tasks.spawn("loop", async move {
        if done.send(turning.run(ear, orders).await).is_err() {
            tracing::debug!("nobody asks how the loop ended");
        }
        token.cancelled().await;
    });
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

/// Rings when a file changes that a source or its credentials are in. A run that is to end looks at
/// them once.
fn watch_files(config: &Config, tasks: &mut Tasks, bell: Bell) {
    let mut files = Vec::new();
    let mut local = Vec::new();
    if let Some(SparseBy::File(path)) = &config.part.sparse {
        files.push(path.clone());
    }
    for repo in std::iter::once(&config.repo).chain(&config.fallback_repos) {
        match repo.location() {
            Location::Http(_) => files.extend(config.access.http_files()),
            Location::Ssh(_) => files.extend(config.access.ssh_files()),
            Location::Local(path) => local.push(path.clone()),
            Location::Daemon(_) => (),
        }
    }
    if config.one_time || (files.is_empty() && local.is_empty()) {
        return;
    }
    let places = move || {
        let mut places = Places { files: files.clone(), trees: Vec::new() };
        for path in &local {
            let (files, trees) = git::ref_places(path);
            places.files.extend(files);
            places.trees.extend(trees);
        }
        places
    };
    tasks.spawn("watch", watch::ring(places, bell, tasks.token()));
}

/// Rings for the sync signal.
fn obey_signals(config: &Config, tasks: &mut Tasks, bell: Bell) -> Result<(), DaemonError> {
    if let Some(number) = config.sync_on_signal {
        let signal = SyncSignal::listen(number)
            .map_err(|source| system("listen for the signal of sync-on-signal", &source))?;
        tasks.spawn("sync signal", signal.ring(bell, tasks.token()));
    }
    Ok(())
}

/// Starts what tells hooks and, as the first process of a container, what collects their orphans.
fn run_hooks(
    config: &Config,
    metrics: &Arc<Metrics>,
    board: &Board,
    tasks: &mut Tasks,
) -> Arc<Hooks> {
    let (hooks, runners) = Hooks::new(config, metrics, board.subscribe(), &tasks.token());
    let hooks = Arc::new(hooks);
    for (name, runner) in runners {
        tasks.spawn(name, runner);
    }
    if reaper::is_needed() {
        let (stop, hooks) = (tasks.token(), Arc::clone(&hooks));
        tasks.spawn("reaper", async move {
            if let Err(error) = reaper::run(stop, |pid| hooks.is_ours(pid)).await {
                tracing::error!(%error, "cannot collect orphans");
            }
        });
    }
    hooks
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
