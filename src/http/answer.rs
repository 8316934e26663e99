//! From what is wanted and what is known to a response. Nothing is waited for here.

use crate::http::Observed;
use crate::http::route::Route;
use crate::model::CommitId;
use crate::observe::metrics::Metrics;
use crate::observe::status::{Attempt, Outcome, Phase, Status};
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use jiff::Timestamp;
use serde::Serialize;
use tokio::time::Instant;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";
/// What Prometheus calls version 0.0.4 of its text format.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What `/healthz` shows.
#[derive(Serialize)]
struct Health<'a> {
    healthy: bool,
    phase: Phase,
    commit: Option<&'a CommitId>,
    failures: u64,
    last_success_at: Option<Timestamp>,
    last_attempt: Option<&'a Attempt>,
}

/// Answers from what is known at this instant.
pub(super) fn answer(observed: &Observed, route: Route, now: Instant) -> Response<Full<Bytes>> {
    let metrics = Some(&observed.metrics).filter(|_| observed.serving.metrics);
    match (route, metrics) {
        (Route::Root, _) => root(&observed.status.borrow()),
        (Route::Live, _) => live(observed, now),
        (Route::Ready, _) => ready(&observed.status.borrow()),
        (Route::Health, _) => health(&observed.status.borrow()),
        (Route::Metrics, Some(metrics)) => scrape(metrics),
        (Route::Metrics, None) | (Route::Unknown, _) => unknown(observed),
        (Route::NotAllowed, _) => not_allowed(),
    }
}

fn root(status: &Status) -> Response<Full<Bytes>> {
    if status.last_success_at.is_some() {
        text(StatusCode::OK, "a sync has succeeded\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "no sync has succeeded since the start\n")
    }
}

fn live(observed: &Observed, now: Instant) -> Response<Full<Bytes>> {
    let (age, limit) = (observed.beat.age(now), observed.stuck_after);
    if age < limit {
        return text(StatusCode::OK, "alive\n");
    }
    let words = format!("stuck: the loop has not turned for {age:?}, more than {limit:?}\n");
    text(StatusCode::SERVICE_UNAVAILABLE, words)
}

fn ready(status: &Status) -> Response<Full<Bytes>> {
    if status.tree.is_some() {
        text(StatusCode::OK, "a tree is published\n")
    } else {
        text(StatusCode::SERVICE_UNAVAILABLE, "no tree is published yet\n")
    }
}

fn health(status: &Status) -> Response<Full<Bytes>> {
    let last_attempt = status.last_attempt.as_ref();
    let healthy = match last_attempt.map(|attempt| attempt.outcome) {
        Some(Outcome::Failed) => false,
        Some(Outcome::Published | Outcome::Unchanged | Outcome::Refused) | None => true,
    };
    let health = Health {
        healthy,
        phase: status.phase,
        commit: status.commit.as_ref().map(|commit| &commit.id),
        failures: status.failures,
        last_success_at: status.last_success_at,
        last_attempt,
    };
    let code = if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match serde_json::to_string(&health) {
        Ok(json) => respond(code, JSON, json + "\n"),
        Err(error) => {
            tracing::error!(%error, "cannot write the health");
            text(StatusCode::INTERNAL_SERVER_ERROR, "cannot write the health\n")
        }
    }
}

fn scrape(metrics: &Metrics) -> Response<Full<Bytes>> {
    respond(StatusCode::OK, METRICS, metrics.render())
}

fn unknown(observed: &Observed) -> Response<Full<Bytes>> {
    let words = if observed.serving.metrics {
        "no such path; there are / /livez /readyz /healthz /metrics\n"
    } else {
        "no such path; there are / /livez /readyz /healthz\n"
    };
    text(StatusCode::NOT_FOUND, words)
}

fn not_allowed() -> Response<Full<Bytes>> {
    let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are allowed here\n");
    response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
    response
}

fn text(code: StatusCode, words: impl Into<Bytes>) -> Response<Full<Bytes>> {
    respond(code, TEXT, words)
}

fn respond(
    code: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
