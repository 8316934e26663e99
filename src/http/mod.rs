//! What others may ask over HTTP: probes and metrics.
//!
//! The caller binds the socket and decides when to stop. A client can hold little: few headers, a
//! small buffer, a short time to say what it wants, one of a bounded number of connections, and
//! that only for a while. Nothing is read from the body of a request.

mod answer;
mod route;
#[cfg(test)]
mod tests;
mod webhook;

use crate::config::Serving;
use crate::model::{Reference, RepoUrl};
use crate::observe::history::History;
use crate::observe::metrics::Metrics;
use crate::observe::status::Status;
use crate::runtime::beat::Beat;
use crate::trigger::order::Desk;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How many connections there may be at a time; more wait in the kernel.
const MOST_CONNECTIONS: usize = 256;
/// How long a client may take for the head of a request, and may be silent between two.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// How many headers a request may have.
const MOST_HEADERS: usize = 64;
/// How many bytes the head of a request may have.
const MOST_HEAD_BYTES: usize = 16 * 1024;
/// How old a connection may get before it is asked to end; it holds a place of the bounded number.
const OLDEST: Duration = Duration::from_mins(5);
/// How long a connection that was asked to end may take.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long to wait when the system is out of sockets or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What the answers are made of.
#[derive(Clone, Debug)]
pub struct Observed {
    /// The status. `/` is good once `last_success_at` is set, which must mean a success of this
    /// process; `/readyz` is good while `tree` is set, which may have been found at the start;
    /// `/healthz` is good unless `last_attempt` failed.
    pub status: watch::Receiver<Arc<Status>>,
    /// What the loop marks as it turns.
    pub beat: Arc<Beat>,
    /// How long the loop may take for one turn; `/livez` is good while the beat is younger.
    pub stuck_after: Duration,
    /// What `/metrics` shows, if the options want that.
    pub metrics: Arc<Metrics>,
    /// What has happened.
    pub history: watch::Receiver<Arc<History>>,
    /// Where attempts are asked for, and more.
    pub desk: Desk,
    /// Who may ask what.
    pub serving: Serving,
    /// The repository that webhooks may be about.
    pub repo: RepoUrl,
    /// The ref that webhooks may be about.
    pub reference: Reference,
}

/// Serves until told to stop, then lets the answers that are under way go out, and returns within
/// half a second.
pub async fn serve(listener: TcpListener, observed: Observed, stop: CancellationToken) {
    serve_up_to(MOST_CONNECTIONS, listener, observed, stop).await;
}

async fn serve_up_to(
    most: usize,
    listener: TcpListener,
    observed: Observed,
    stop: CancellationToken,
) {
    let observed = Arc::new(observed);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => break,
            Some(ended) = connections.join_next() => report(ended),
            stream = accept(&listener), if connections.len() < most => {
                connections.spawn(converse(stream, Arc::clone(&observed), stop.clone()));
            }
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        report(ended);
    }
}

/// Waits for a connection. What concerns one client only is skipped, and what concerns the whole
/// system, such as too many open files, is waited out.
async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _peer)) => return stream,
            Err(error) if concerns_one_client(&error) => (),
            Err(error) => {
                tracing::warn!(%error, "cannot accept HTTP connections at the moment");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}

fn concerns_one_client(error: &io::Error) -> bool {
    let kinds = [
        io::ErrorKind::ConnectionAborted,
        io::ErrorKind::ConnectionRefused,
        io::ErrorKind::ConnectionReset,
    ];
    kinds.contains(&error.kind())
}

/// Answers one client, until it goes, stop is asked for, or the connection is too old.
async fn converse(stream: TcpStream, observed: Arc<Observed>, stop: CancellationToken) {
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let route = route::Route::of(request.method(), request.uri().path());
        let response = answer::answer(&observed, route, Instant::now());
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let mut connection = pin!(
        http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_TIME)
            .max_headers(MOST_HEADERS)
            .max_buf_size(MOST_HEAD_BYTES)
            .serve_connection(TokioIo::new(stream), service)
    );
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => Some(ended),
        () = stop.cancelled() => None,
        () = tokio::time::sleep(OLDEST) => None,
    };
    let ended = if let Some(ended) = ended {
        Ok(ended)
    } else {
        connection.as_mut().graceful_shutdown();
        tokio::time::timeout(FAREWELL, connection).await
    };
    match ended {
        Ok(Ok(())) => (),
        Ok(Err(error)) => tracing::debug!(%error, "an HTTP connection broke"),
        Err(_elapsed) => tracing::debug!("an HTTP connection was cut off"),
    }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an HTTP connection was lost");
    }
}
