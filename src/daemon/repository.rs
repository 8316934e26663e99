//! One repository at work: its loop, what rings for it, and what it tells others.

use crate::attempt::Attempts;
use crate::config::{Config, SparseBy};
use crate::daemon::board::Board;
use crate::daemon::common::{Common, Mood};
use crate::daemon::turn::{Around, Loop};
use crate::daemon::{DaemonError, Ended, system};
use crate::git;
use crate::hooks::Hooks;
use crate::http;
use crate::http::Freshness;
use crate::model::Location;
use crate::observe::metrics::Metrics;
use crate::runtime::beat::Beat;
use crate::runtime::presence::{Absence, Presence, presence};
use crate::runtime::tasks::Tasks;
use crate::trigger;
use crate::trigger::Bell;
use crate::trigger::hub::Hub;
use crate::trigger::order;
use crate::trigger::order::Order;
use crate::trigger::watch;
use crate::trigger::watch::Places;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Span;

/// A repository at work.
pub(super) struct Repository {
    /// What others may see of it and ask of it.
    pub(super) seen: Arc<http::Repository>,
    /// Rings for it.
    pub(super) bell: Bell,
    /// How its loop ended, when it has.
    pub(super) ended: oneshot::Receiver<Ended>,
    /// All that it is done by.
    pub(super) tasks: Tasks,
    /// Tells when the last thread has ended that may have to do with its root.
    pub(super) absence: Absence,
    /// What names it in the log, where there are several.
    pub(super) span: Span,
}

/// What a repository is begun with, besides what is asked for it.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) common: Common,
    /// Where it says how it goes.
    pub(super) mood: Arc<Mood>,
    /// Its number among others, if there are any.
    pub(super) rank: Option<u64>,
    /// Whether readiness does not wait for it.
    pub(super) late: bool,
}

/// Begins to keep a repository, until the token is cancelled at the latest; or to carry out the only
/// order that there is to be.
pub(super) fn begin(
    config: Config,
    place: Place,
    only: Option<Order>,
    stop: &CancellationToken,
) -> Result<Repository, DaemonError> {
    let span = match &config.name {
        Some(name) => tracing::error_span!("repository", repo_name = %name),
        None => Span::none(),
    };
    let mut tasks = Tasks::under(stop);
    let (present, absence) = presence();
    let begun = span.in_scope(|| begin_tasks(config, (place, present), only, &mut tasks));
    let (seen, bell, ended) = begun?;
    Ok(Repository { seen, bell, ended, tasks, absence, span })
}

fn begin_tasks(
    config: Config,
    (place, present): (Place, Presence),
    only: Option<Order>,
    tasks: &mut Tasks,
) -> Result<(Arc<http::Repository>, Bell, oneshot::Receiver<Ended>), DaemonError> {
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        repo = %config.repo,
        r#ref = %config.reference,
        root = %config.root.display(),
        link = %config.link.display(),
        "starting"
    );
    let Place { common, mood, rank, late } = place;
    let (bell, ear) = trigger::bell();
    watch_files(&config, tasks, bell.clone(), common.hub.clone());
    let (desk, orders) = order::desk(bell.clone());
    let metrics = Metrics::new(config.name.as_deref())
        .map_err(|source| system("register metrics", &source))?;
    let metrics = Arc::new(metrics);
    let board = Board::new(&config);
    let told = board.subscribe();
    let (hooks, runners) = Hooks::new(&config, &metrics, told, &common.hooks, &tasks.token());
    let hooks = Arc::new(hooks);
    for (name, runner) in runners {
        tasks.spawn(name, runner);
    }
    let beat = Arc::new(Beat::new(Instant::now()));
    let seen = Arc::new(http::Repository {
        name: config.name.clone(),
        late,
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
    let attempts = Attempts::new(&config, &common.shared, Arc::clone(&metrics), Arc::clone(&hooks));
    let (done, ended) = oneshot::channel();
    let around = Around { beat, hooks, common, mood, rank, present, stop: tasks.token() };
    let turning = Loop::new(config, attempts, board, metrics, around);
    let token = tasks.token();
    tasks.spawn("loop", async move {
        if done.send(turning.run(ear, orders, only).await).is_err() {
            tracing::debug!("nobody asks how the loop ended");
        }
        token.cancelled().await;
    });
    Ok((seen, bell, ended))
}

/// Rings when a file changes that a source or its credentials are in. A run that is to end looks at
/// them once.
fn watch_files(config: &Config, tasks: &mut Tasks, bell: Bell, hub: Hub) {
    let mut files = Vec::new();
    let mut local = Vec::new();
    let keys = config.verify.keys().map(Path::to_owned);
    files.extend(keys.clone());
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
        let mut places = Places { files: files.clone(), trees: keys.iter().cloned().collect() };
        for path in &local {
            let (files, trees) = git::ref_places(path);
            places.files.extend(files);
            places.trees.extend(trees);
        }
        places
    };
    tasks.spawn("watch", watch::ring(places, bell, hub, tasks.token()));
}
