//! Connections: taking them, bounding them, and ending them.

use crate::http::Site;
use crate::http::answer;
use crate::http::answer::Body;
use crate::http::api;
use crate::http::api::Caller;
use crate::http::api::problem::problem;
use crate::http::events;
use crate::http::metrics;
use crate::http::page;
use crate::http::places::{Busy, Place, Places};
use crate::http::probes;
use crate::http::profiling;
use crate::http::push;
use crate::http::route::{Door, Offered, Route};
use crate::http::wire::Wire;
use crate::observe::metrics::{Call, CallResult};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioTimer;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// What holds for all connections but in tests.
pub(super) const BOUNDS: Bounds = Bounds {
    most: 256,
    unread: Duration::from_secs(30),
    // Nothing begins after the first of both.
    end: OLDEST.saturating_add(events::LONGEST).saturating_add(LOOK),
};
/// How long a client may take for the head of a request, and may be silent between two.
pub(super) const HEAD_TIME: Duration = Duration::from_secs(10);
/// How many headers a request may have.
pub(super) const MOST_HEADERS: usize = 64;
/// How many bytes the head of a request may have.
pub(super) const MOST_HEAD_BYTES: usize = 16 * 1024;
/// How old a connection may get before it is asked to end.
pub(super) const OLDEST: Duration = Duration::from_mins(5);
/// How long a connection that was asked to end may take when the program stops, and how long what a
/// client still sends is heard after the last answer.
const FAREWELL: Duration = Duration::from_millis(500);
/// How often to look whether an old connection is still being answered.
const LOOK: Duration = Duration::from_secs(10);
/// How much a client may still send after the last answer.
const LEFTOVER: u64 = 256 * 1024;
/// How long to wait when the system is out of sockets or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// What connections may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// How many there may be at a time.
    pub(super) most: usize,
    /// How long a client may read nothing of what it is sent.
    pub(super) unread: Duration,
    /// How old a connection may get, whatever it does.
    pub(super) end: Duration,
}

/// Serves until told to stop, then lets the answers that are under way go out.
pub(super) async fn serve(bounds: Bounds, listener: TcpListener, door: Door, site: Arc<Site>) {
    let places = Places::new(bounds.most);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            biased;
            () = site.stop.cancelled() => break,
            Some(ended) = connections.join_next() => report(ended),
            (stream, peer) = accept(&listener, &places) => {
                let place = Arc::new(places.take());
                let wire = Wire::new(stream, bounds.unread);
                let end = Instant::now() + bounds.end;
                connections.spawn(converse((wire, peer), place, end, (door, Arc::clone(&site))));
            }
        }
    }
    drop(listener);
    while let Some(ended) = connections.join_next().await {
        report(ended);
    }
}

/// Waits for a connection, and for a place for it. What concerns one client only is skipped, and what
/// concerns the whole system, such as too many open files, is waited out.
async fn accept(listener: &TcpListener, places: &Arc<Places>) -> (TcpStream, SocketAddr) {
    loop {
        places.room().await;
        match listener.accept().await {
            Ok(taken) => return taken,
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

/// Answers one client, until it goes, its place is lost to another, stop is asked for, or the
/// connection is too old, which it is at the `end` whoever is to blame for that.
async fn converse(
    (wire, peer): (Wire, SocketAddr),
    place: Arc<Place>,
    end: Instant,
    (door, site): (Door, Arc<Site>),
) {
    let (stop, seat) = (site.stop.clone(), Arc::clone(&place));
    let service = service_fn(move |request: Request<Incoming>| {
        let (site, place) = (Arc::clone(&site), Arc::clone(&seat));
        Box::pin(async move {
            let busy = Busy::with(&place);
            // Who sends many requests at once waits for all others after each.
            tokio::task::yield_now().await;
            let mut response = respond(&site, door, request, peer, &busy).await;
            response.body_mut().hold(busy);
            Ok::<_, Infallible>(response)
        })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MOST_HEADERS)
        .max_buf_size(MOST_HEAD_BYTES)
        .serve_connection(wire, service);
    let (mut stopping, mut asked, mut look) = (false, false, OLDEST);
    let ended = loop {
        tokio::select! {
            biased;
            ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => break Some(ended),
            () = stop.cancelled(), if !stopping => (stopping, look) = (true, FAREWELL),
            () = place.lost() => break None,
            () = tokio::time::sleep_until(end) => break None,
            // An old connection that is still being answered has more time.
            () = tokio::time::sleep(look) => {
                if stopping || (asked && place.is_waiting()) {
                    break None;
                }
                look = LOOK;
            }
        }
        if !asked {
            asked = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
    };
    match &ended {
        Some(Ok(())) => (),
        Some(Err(error)) => tracing::debug!(%error, "an HTTP connection broke"),
        None => tracing::debug!(%peer, "an HTTP connection was cut off"),
    }
    // What is no HTTP was told so. When the program stops, nobody is heard out.
    let wire = connection.into_parts().io;
    if ended.is_none() || stopping {
        wire.cut();
    } else if let Some(stream) = wire.read() {
        part(stream, &place, &stop).await;
    }
}

/// Ends a connection so that the last answer arrives: what the client sends meanwhile would
/// otherwise have the system take it back.
async fn part(mut stream: TcpStream, place: &Place, stop: &CancellationToken) {
    let rest = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut (&mut stream).take(LEFTOVER), &mut tokio::io::sink()).await
    };
    tokio::select! {
        biased;
        heard = rest => {
            if let Err(error) = heard {
                tracing::trace!(%error, "an HTTP connection did not end well");
            }
        }
        () = place.lost() => (),
        () = stop.cancelled() => (),
        () = tokio::time::sleep(FAREWELL) => (),
    }
}

/// Answers one request.
async fn respond(
    site: &Site,
    door: Door,
    request: Request<Incoming>,
    from: SocketAddr,
    busy: &Busy,
) -> Response<Body> {
    let serving = &site.observed.serving;
    let offered = Offered { metrics: serving.metrics, pprof: serving.pprof };
    let path = request.uri().path();
    let of_api = path.starts_with("/api/");
    let mut route = Route::of(door, offered, request.method(), path);
    if site.observed.serving.root_is_everywhere {
        route = route.as_in_git_sync(door, request.method());
    }
    if of_api && matches!(route, Route::NotAllowed { .. } | Route::Unknown) {
        site.observed.metrics.call(Call::Unknown, CallResult::Invalid);
    }
    match route {
        Route::Probe(probe) => {
            probes::answer(&site.observed, probe, request.uri().query(), Instant::now())
        }
        Route::Metrics => metrics::answer(site).await,
        Route::Call(call) => api::answer(site, call, request, &Caller { from, busy }).await,
        Route::Page => page::answer(site.observed.serving.api_token.is_some(), request.headers()),
        Route::Inspect(what) => {
            profiling::answer(site, what, request.uri().query().unwrap_or_default()).await
        }
        Route::Push => push::answer(site, request, &Caller { from, busy }).await,
        Route::NotAllowed { allow } => {
            let code = StatusCode::METHOD_NOT_ALLOWED;
            let words = format!("only {} is allowed here", allow.replace(", ", " or "));
            answer::allowing(refusal(code, &words, of_api), allow)
        }
        Route::Unknown => {
            let paths: Vec<_> = door.paths(offered).collect();
            let words = format!("no such path; there are {}", paths.join(" "));
            refusal(StatusCode::NOT_FOUND, &words, of_api)
        }
    }
}

/// Refuses in the way of the API, or in plain words.
fn refusal(code: StatusCode, words: &str, of_api: bool) -> Response<Body> {
    if of_api { problem(code, words) } else { answer::text(code, format!("{words}\n")) }
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "an HTTP connection was lost");
    }
}
