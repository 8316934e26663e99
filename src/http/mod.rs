//! What others may ask over HTTP: probes, metrics, the API, the page, and the receipt of webhooks.
//!
//! The caller binds the sockets and decides when to stop. A client can hold little: few headers, a
//! small buffer, a bounded body, a short time to say what it wants, and one of a bounded number of
//! connections, which it loses first when others come and it is slow.

mod answer;
mod api;
mod bind;
mod body;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod metrics;
mod page;
mod pick;
mod places;
mod probes;
mod profiling;
mod push;
mod route;
mod secrets;
mod server;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;

pub use bind::bind;
pub use probes::Freshness;
pub use route::Door;

use crate::config::Serving;
use crate::http::body::Budget;
use crate::http::push::Listed;
use crate::http::secrets::Secrets;
use crate::model::{Reference, RepoUrl};
use crate::observe::history::History;
use crate::observe::metrics::{Metrics, ProcessMetrics};
use crate::observe::status::Status;
use crate::runtime::beat::Beat;
use crate::trigger::order::Desk;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How many streams of events there may be at a time.
const MOST_STREAMS: usize = 32;
/// How many calls may wait for the end of an attempt at a time.
const MOST_WAITERS: usize = 64;
/// How many scrapes may be under way at a time that tell of several repositories: each takes room.
const MOST_SCRAPES: usize = 4;

/// The repositories that are kept at a moment. The list is replaced as a whole.
pub type Repositories = Arc<[Arc<Repository>]>;

/// What the answers are made of.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The repositories that are kept, as they come and go.
    pub repositories: watch::Receiver<Repositories>,
    /// Whether a file lists them, so that each has a name and answers are lists, even of one. If
    /// not, there is exactly one.
    pub several: bool,
    /// What `/metrics` shows of the program as a whole.
    pub metrics: Arc<ProcessMetrics>,
    /// Who may ask what.
    pub serving: Serving,
}

/// One repository, as others may see it and ask something of it.
#[derive(Debug)]
pub struct Repository {
    /// What it is called where there are several.
    pub name: Option<String>,
    /// Whether it was added while the program ran, or begun anew after a success. It takes no
    /// readiness away before its first success.
    pub late: bool,
    /// How long ago its last success was, as far as `ready-max-age` is concerned.
    pub freshness: Freshness,
    /// The status. `/` is good once `last_success_at` is set, which must mean a success of this
    /// process; `/readyz` is good while `tree` is set, which may have been found at the start;
    /// `/healthz` is good unless `last_attempt` failed.
    pub status: watch::Receiver<Arc<Status>>,
    /// What the loop marks as it turns.
    pub beat: Arc<Beat>,
    /// How long the loop may take for one turn; `/livez` is good while the beat is younger, or has
    /// ended.
    pub stuck_after: Duration,
    /// What `/metrics` shows, if the options want that.
    pub metrics: Arc<Metrics>,
    /// What has happened.
    pub history: watch::Receiver<Arc<History>>,
    /// Where attempts are asked for, and more.
    pub desk: Desk,
    /// The repository that webhooks may be about.
    pub repo: RepoUrl,
    /// The ref that webhooks may be about.
    pub reference: Reference,
}

/// What is behind all listeners: what they answer with, and what their clients share.
#[derive(Debug)]
pub struct Site {
    observed: Observed,
    stop: CancellationToken,
    tokens: Secrets,
    hook_secrets: Secrets,
    /// What webhooks may be about.
    listed: Listed,
    budget: Budget,
    streams: Arc<Semaphore>,
    waiters: Semaphore,
    scrapes: Arc<Semaphore>,
    /// Held by who takes a profile.
    profiling: Arc<Semaphore>,
}

impl Site {
    /// All listeners stop with `stop`.
    pub fn new(observed: Observed, stop: CancellationToken) -> Arc<Self> {
        let (token, hook) = (&observed.serving.api_token, &observed.serving.hook_secret);
        Arc::new(Self {
            tokens: Secrets::new(token.as_ref(), "api-token-file", stop.clone()),
            hook_secrets: Secrets::new(hook.as_ref(), "hook-secret-file", stop.clone()),
            listed: Listed::default(),
            observed,
            stop,
            budget: Budget::new(),
            streams: Arc::new(Semaphore::new(MOST_STREAMS)),
            waiters: Semaphore::new(MOST_WAITERS),
            scrapes: Arc::new(Semaphore::new(MOST_SCRAPES)),
            profiling: Arc::new(Semaphore::new(1)),
        })
    }
}

/// Serves until told to stop, then lets the answers that are under way go out, and returns within
/// half a second.
pub async fn serve(listener: TcpListener, door: Door, site: Arc<Site>) {
    server::serve(server::BOUNDS, listener, door, site).await;
}
