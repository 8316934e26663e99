//! How it is, for orchestrators and dashboards. Nothing is waited for here.

use crate::config::ApiRead;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::pick::{Names, Picked};
use crate::http::route::Probe;
use crate::http::{Observed, Repository};
use crate::model::CommitId;
use crate::observe::status::{Attempt, Outcome, Phase, Status};
use http::{Response, StatusCode};
use jiff::Timestamp;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use url::form_urlencoded;

/// What `/healthz` shows.
#[derive(Serialize)]
struct Health<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
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
pub struct Freshness(Mutex<Seen>);

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
    /// Begins at this moment.
    pub fn new(now: Instant) -> Self {
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

/// What a probe asks about, and when.
struct Question<'a> {
    observed: &'a Observed,
    now: Instant,
}

/// Why there is nothing good to read.
enum Unready {
    NoTree,
    Old(Duration, Duration),
}

/// Answers from what is known at this instant.
pub(super) fn answer(
    observed: &Observed,
    probe: Probe,
    query: Option<&str>,
    now: Instant,
) -> Response<Body> {
    let question = Question { observed, now };
    // Whatever else is in the query is nothing to a probe.
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let name = pairs.filter(|(name, _)| observed.several && name == "repo").last();
    match observed.pick(name.as_ref().map(|(_, value)| &**value)) {
        Ok(Picked::One(one)) => question.one(probe, &one),
        Ok(Picked::All(all)) => question.all(probe, &all),
        Err(unknown) => {
            let words = unknown.words(observed.serving.api_read == ApiRead::Open);
            answer::text(StatusCode::NOT_FOUND, format!("{words}\n"))
        }
    }
}

fn good(words: &'static str) -> Response<Body> {
    answer::text(StatusCode::OK, words)
}

fn bad(words: String) -> Response<Body> {
    answer::text(StatusCode::SERVICE_UNAVAILABLE, words)
}

/// Says that all is good if nobody is bad, and else what is, in a line for each kind.
fn judged(words: &'static str, lacks: &[(&str, Names<'_>)]) -> Response<Body> {
    let told = lacks.iter().filter(|(_, names)| !names.is_empty());
    let told: Vec<_> = told.map(|(lack, names)| format!("{lack}: {names}\n")).collect();
    if told.is_empty() { good(words) } else { bad(told.concat()) }
}

fn has_succeeded(one: &Repository) -> bool {
    one.status.borrow().last_success_at.is_some()
}

/// Whether all wait for it: not if it came later than the program, or was begun anew
/// after a success, and has not succeeded since.
fn counts(one: &Repository) -> bool {
    !one.late || has_succeeded(one)
}

impl Question<'_> {
    fn one(&self, probe: Probe, one: &Repository) -> Response<Body> {
        match probe {
            Probe::Root if has_succeeded(one) => good("a sync has succeeded\n"),
            Probe::Root => bad("no sync has succeeded since the start\n".to_owned()),
            Probe::Live => match self.stuck(one) {
                None => good("alive\n"),
                Some(age) => {
                    let limit = one.stuck_after;
                    bad(format!(
                        "stuck: the loop has not turned for {age:?}, more than {limit:?}\n"
                    ))
                }
            },
            Probe::Ready => match self.unready(one) {
                None => good("a tree is published\n"),
                Some(Unready::NoTree) => bad("no tree is published yet\n".to_owned()),
                Some(Unready::Old(age, limit)) => bad(format!(
                    "a tree is published, but no sync has succeeded for {age:?}, more than {limit:?}\n"
                )),
            },
            Probe::Health => {
                let status = one.status.borrow();
                let health = Health::of(&status);
                answer::json(health.code(), JSON, &health)
            }
        }
    }

    /// No repository at all is nothing to wait for, and well.
    fn all(&self, probe: Probe, all: &[Arc<Repository>]) -> Response<Body> {
        match probe {
            Probe::Root => {
                let missing =
                    all.iter().filter(|one| counts(one)).filter(|one| !has_succeeded(one));
                let lack = ("no sync has succeeded since the start", Names::of(missing));
                judged("each repository was synced\n", &[lack])
            }
            Probe::Live => {
                let stuck = all.iter().filter(|one| self.stuck(one).is_some());
                let lack = ("stuck, the loop has not turned for too long", Names::of(stuck));
                judged("alive\n", &[lack])
            }
            Probe::Ready => {
                let (mut bare, mut old) = (Vec::new(), Vec::new());
                for one in all.iter().filter(|one| counts(one)) {
                    match self.unready(one) {
                        Some(Unready::NoTree) => bare.push(one),
                        Some(Unready::Old(..)) => old.push(one),
                        None => (),
                    }
                }
                let bare = ("no tree is published yet", Names::of(bare));
                let old =
                    ("a tree is published, but no sync has succeeded for too long", Names::of(old));
                judged("each tree is published\n", &[bare, old])
            }
            Probe::Health => {
                let all: Vec<_> = all.iter().map(|one| Arc::clone(&one.status.borrow())).collect();
                let all: Vec<_> = all.iter().map(|status| Health::of(status)).collect();
                let code = all.iter().map(Health::code).max().unwrap_or(StatusCode::OK);
                answer::json(code, JSON, &all)
            }
        }
    }

    /// For how long the loop has not turned, if that is too long. One that closes, or waits to be
    /// begun again, is no reason to end the others.
    fn stuck(&self, one: &Repository) -> Option<Duration> {
        let missed = one.beat.is_missed(self.now, one.stuck_after);
        missed.then(|| one.beat.age(self.now))
    }

    fn unready(&self, one: &Repository) -> Option<Unready> {
        let status = one.status.borrow();
        let age = one.freshness.age(status.last_success_at, Timestamp::now(), self.now);
        if status.tree.is_none() {
            return Some(Unready::NoTree);
        }
        let limit = self.observed.serving.ready_max_age.filter(|limit| age > *limit);
        limit.map(|limit| Unready::Old(age, limit))
    }
}

impl<'a> Health<'a> {
    fn of(status: &'a Status) -> Self {
        let last_attempt = status.last_attempt.as_ref();
        let healthy = match last_attempt.map(|attempt| attempt.outcome) {
            Some(Outcome::Failed) => false,
            Some(Outcome::Published | Outcome::Unchanged | Outcome::Refused) | None => true,
        };
        Self {
            name: status.name.as_deref(),
            healthy,
            phase: status.phase,
            commit: status.commit.as_ref().map(|commit| &commit.id),
            failures: status.failures,
            last_success_at: status.last_success_at,
            last_attempt,
        }
    }

    fn code(&self) -> StatusCode {
        if self.healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
    }
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
