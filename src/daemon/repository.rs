//! One repository at work: its loop, what rings for it, and what it tells others.

use crate::attempt::Attempts;
use crate::config::{Config, SparseBy};
use crate::daemon::board::Board;
use crate::daemon::turn::Loop;
use crate::daemon::{DaemonError, Ended, system};
use crate::git;
use crate::hooks::Hooks;
use crate::http;
use crate::http::Freshness;
use crate::model::Location;
use crate::observe::metrics::Metrics;
use crate::runtime::beat::Beat;
use crate::runtime::reaper;
use crate::runtime::tasks::Tasks;
use crate::trigger;
use crate::trigger::Bell;
use crate::trigger::order;
use crate::trigger::watch;
use crate::trigger::watch::Places;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A repository at work.
pub(super) struct Repository {
    /// What others may see of it and ask of it.
    pub(super) seen: Arc<http::Repository>,
    /// Rings for it.
    pub(super) bell: Bell,
    /// How its loop ended, when it has.
    pub(super) ended: oneshot::Receiver<Ended>,
}

/// Begins to keep a repository, by tasks that end with the others.
pub(super) fn begin(config: Config, tasks: &mut Tasks) -> Result<Repository, DaemonError> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        repo = %config.repo,
        r#ref = %config.reference,
        root = %config.root.display(),
        link = %config.link.display(),
        "starting"
    );
    let (bell, ear) = trigger::bell();
    watch_files(&config, tasks, bell.clone());
    let (desk, orders) = order::desk(bell.clone());
    let metrics = Metrics::new(config.name.as_deref())
        .map_err(|source| system("register metrics", &source))?;
    let metrics = Arc::new(metrics);
    let board = Board::new(&config);
    let hooks = run_hooks(&config, &metrics, &board, tasks);
    let beat = Arc::new(Beat::new(Instant::now()));
    let seen = Arc::new(http::Repository {
        name: config.name.clone(),
        late: false,
        freshness: Freshness::new(Instant::now()),
        status: board.subscribe(),
        beat: Arc::clone(&beat),
        stuck_after: config.sync_timeout * 2,
        metrics: Arc::clone(&metrics),
        history: board.history(),
        desk,
        repo: config.repo.clone(),
        reference: config.reference.clone(),
    });
    let attempts = Attempts::new(&config, Arc::clone(&metrics), Arc::clone(&hooks));
    let (done, ended) = oneshot::channel();
    let turning = Loop::new(config, attempts, board, metrics, (beat, hooks, tasks.token()));
    let token = tasks.token();
    tasks.spawn("loop", async move {
        if done.send(turning.run(ear, orders).await).is_err() {
            tracing::debug!("nobody asks how the loop ended");
        }
        token.cancelled().await;
    });
    Ok(Repository { seen, bell, ended })
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
