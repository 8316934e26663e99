//! How it is, for orchestrators and dashboards. Nothing is waited for here.

use crate::http::Observed;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::route::Probe;
use crate::model::CommitId;
use crate::observe::status::{Attempt, Outcome, Phase, Status};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

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

/// How long ago the last success was, by a clock that nobody sets. Until there is one, the start
/// counts.
#[derive(Debug)]
pub(super) struct Freshness(Mutex<Seen>);

#[derive(Debug)]
struct Seen {
    /// The last success that is known of, as the status tells it.
    success: Option<Timestamp>,
    /// When that was.
    at: Instant,
    /// When it was looked for last.
    looked: Instant,
}

impl Freshness {
    pub(super) fn new(now: Instant) -> Self {
        Self(Mutex::new(Seen { success: None, at: now, looked: now }))
    }

    fn age(&self, success: Option<Timestamp>, wall: Timestamp, now: Instant) -> Duration {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(success) = success.filter(|success| seen.success != Some(*success)) {
            // It was not there at the last look, so it came after that, whatever the wall clock says.
            let ago = Duration::try_from(wall.duration_since(success)).unwrap_or_default();
            let at = now.checked_sub(ago).unwrap_or(seen.looked);
            seen.at = at.max(seen.looked);
            seen.success = Some(success);
        }
        seen.looked = now;
        now.saturating_duration_since(seen.at)
    }
}

/// Answers from what is known at this instant.
pub(super) fn answer(
    observed: &Observed,
    freshness: &Freshness,
    probe: Probe,
    now: Instant,
) -> Response<Body> {
    match probe {
        Probe::Root => root(&observed.one.status.borrow()),
        Probe::Live => live(observed, now),
        Probe::Ready => ready(observed, freshness, now),
        Probe::Health => health(&observed.one.status.borrow()),
        Probe::Metrics => answer::full(StatusCode::OK, METRICS, observed.one.metrics.render()),
    }
}

fn good(words: &'static str) -> Response<Body> {
    answer::text(StatusCode::OK, words)
}

fn bad(words: String) -> Response<Body> {
    answer::text(StatusCode::SERVICE_UNAVAILABLE, words)
}

fn root(status: &Status) -> Response<Body> {
    if status.last_success_at.is_some() {
        good("a sync has succeeded\n")
    } else {
        bad("no sync has succeeded since the start\n".to_owned())
    }
}

fn live(observed: &Observed, now: Instant) -> Response<Body> {
    let (age, limit) = (observed.one.beat.age(now), observed.one.stuck_after);
    if age < limit {
        return good("alive\n");
    }
    bad(format!("stuck: the loop has not turned for {age:?}, more than {limit:?}\n"))
}

fn ready(observed: &Observed, freshness: &Freshness, now: Instant) -> Response<Body> {
    let status = observed.one.status.borrow();
    let age = freshness.age(status.last_success_at, Timestamp::now(), now);
    if status.tree.is_none() {
        return bad("no tree is published yet\n".to_owned());
    }
    match observed.serving.ready_max_age {
        Some(limit) if age > limit => bad(format!(
            "a tree is published, but no sync has succeeded for {age:?}, more than {limit:?}\n"
        )),
        Some(_) | None => good("a tree is published\n"),
    }
}

fn health(status: &Status) -> Response<Body> {
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
    answer::json(code, JSON, &health)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_age_of_a_success_is_not_moved_by_the_wall_clock() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let wall = |second| Timestamp::from_second(second).unwrap();
        let age = |seconds| Duration::from_secs(seconds);
        let freshness = Freshness::new(start);
        assert_eq!(freshness.age(None, wall(0), at(5)), age(5), "since the start");
        assert_eq!(freshness.age(Some(wall(107)), wall(110), at(10)), age(3));
        assert_eq!(
            freshness.age(Some(wall(107)), wall(9999), at(12)),
            age(5),
            "it was set forward"
        );
        assert_eq!(freshness.age(Some(wall(50)), wall(40), at(20)), age(0), "it was set back");
        assert_eq!(freshness.age(Some(wall(60)), wall(99_999), at(30)), age(10), "no older");
    }
}
