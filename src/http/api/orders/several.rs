//! An attempt asked of each of several repositories at once.

use super::{Asked, Done, accepted, await_end, in_words};
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::problem::{Refused, code_of};
use crate::http::{Repository, Site};
use crate::model::Trigger;
use crate::observe::audit;
use crate::observe::status::{Attempt, Outcome, Status};
use crate::trigger::order::Reply;
use http::{Response, StatusCode};
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What is said of one of them.
#[derive(Serialize)]
struct Line<'a> {
    name: Option<&'a str>,
    #[serde(flatten)]
    end: End<'a>,
}

/// How it ended.
#[derive(Serialize)]
#[serde(untagged)]
enum End<'a> {
    /// With an attempt.
    Done(Done<'a>),
    /// Not at all.
    Refused { detail: String },
    /// It goes on.
    Accepted { accepted: bool },
}

/// Asks each, and waits for all if that is wished: then the answer is a list. Its code is 200 if all
/// is well; if not, that of the first that is not; and 202 if some are not over.
pub(super) async fn give(
    site: &Site,
    all: &[Arc<Repository>],
    asked: &Asked<'_>,
    wait: Option<Duration>,
) -> Result<Response<Body>, Refused> {
    let Some(wait) = wait else {
        for one in all {
            one.desk.ring(Trigger::Api);
        }
        note(asked, all.len());
        return Ok(accepted());
    };
    let permit = site.waiters.try_acquire();
    let _waiter = permit.map_err(|_none| Refused::for_now("too many requests wait already"))?;
    let order = |one: &Arc<Repository>| one.desk.order(asked.wish.clone(), asked.by.to_owned());
    let orders: Vec<_> = all.iter().map(order).collect();
    note(asked, all.len());
    let until = Instant::now() + wait;
    let mut replies = Vec::new();
    for order in orders {
        replies.push(match order {
            Ok(reply) => await_end(site, reply, until).await,
            Err(refusal) => Some(Err(refusal)),
        });
    }
    let states: Vec<_> = all.iter().map(|one| Arc::clone(&one.status.borrow())).collect();
    let ends = all.iter().zip(&replies).zip(&states);
    let lines = ends.map(|((one, reply), status)| line(one, reply.as_ref(), status));
    let lines: Vec<_> = lines.collect();
    let codes = || replies.iter().map(|reply| code(reply.as_ref()));
    let bad = codes().find(|code| !code.is_success());
    let open = codes().find(|code| *code == StatusCode::ACCEPTED);
    Ok(answer::json(bad.or(open).unwrap_or(StatusCode::OK), JSON, &lines))
}

/// One line for all of them.
fn note(asked: &Asked<'_>, count: usize) {
    let words = format!("{} (each of {count} repositories)", in_words(&asked.wish));
    audit::order(super::super::known(asked.call), asked.by, asked.from, &words);
}

fn line<'a>(one: &'a Repository, reply: Option<&'a Reply>, status: &'a Status) -> Line<'a> {
    let end = match reply {
        Some(Ok(attempt)) => End::Done(Done::new(attempt, status)),
        Some(Err(refusal)) => End::Refused { detail: refusal.to_string() },
        None => End::Accepted { accepted: true },
    };
    Line { name: one.name.as_deref(), end }
}

fn code(reply: Option<&Reply>) -> StatusCode {
    match reply {
        Some(Ok(attempt)) => match attempt.outcome {
            Outcome::Published | Outcome::Unchanged => StatusCode::OK,
            Outcome::Refused | Outcome::Failed => code_of_failed(attempt),
        },
        Some(Err(refusal)) => Refused::from(refusal.clone()).code,
        None => StatusCode::ACCEPTED,
    }
}

fn code_of_failed(attempt: &Attempt) -> StatusCode {
    attempt.error.as_ref().map_or(StatusCode::CONFLICT, |error| code_of(error.class))
}
