//! Calls that ask for something: an attempt, another commit, or the ref again.

use crate::http::Site;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::Caller;
use crate::http::api::input::{Nothing, Pin, Query, Rollback, Wrong, object};
use crate::http::api::problem::{failed, refused, unavailable, unread};
use crate::http::body::Limit;
use crate::http::route::Call;
use crate::model::{CommitId, Trigger};
use crate::observe::audit;
use crate::observe::status::{Attempt, Outcome};
use crate::trigger::order::{Choice, Refusal, Reply, Wish};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;
use std::time::Duration;
use tokio::sync::oneshot;

/// How large the body of a call may be, and how long it may take to come.
const LIMIT: Limit = Limit { most: 64 * 1024, time: Duration::from_secs(10) };
/// How long a choice of a commit waits for the attempt, unless the call says otherwise.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is said when an attempt was asked for and not waited for.
#[derive(Serialize)]
struct Accepted {
    accepted: bool,
}

/// What is said when an attempt has ended well.
#[derive(Serialize)]
struct Done<'a> {
    attempt: &'a Attempt,
    commit: Option<&'a CommitId>,
    pinned: bool,
}

/// Answers a call of somebody who may ask.
pub(super) async fn answer(
    site: &Site,
    call: Call,
    request: Request<Incoming>,
    (caller, by): (&Caller<'_>, &str),
) -> Result<Response<Body>, Wrong> {
    let query = Query::read(request.uri(), &["wait"])?;
    let (head, body) = request.into_parts();
    let content = match site.budget.read(caller.busy, LIMIT, body).await {
        Ok(content) => content,
        Err(why) => return Ok(unread(why, LIMIT.most)),
    };
    let (headers, bytes) = (&head.headers, &content.bytes);
    let wish = match call {
        Call::Rollback => Wish::Pin(object::<Rollback>(headers, bytes, None)?.choice()?),
        Call::Pin => Wish::Pin(object(headers, bytes, Some(Pin::default()))?.choice()),
        Call::Unpin => object(headers, bytes, Some(Nothing {})).map(|Nothing {}| Wish::Unpin)?,
        Call::Sync | Call::Status | Call::History | Call::Events | Call::Document => {
            object(headers, bytes, Some(Nothing {})).map(|Nothing {}| Wish::Sync)?
        }
    };
    audit::order(super::known(call), by, caller.from, &in_words(&wish));
    let wait = match wish {
        Wish::Sync => query.wait,
        Wish::Pin(_) | Wish::Unpin => Some(query.wait.unwrap_or(PATIENCE)),
    };
    Ok(give(site, wish, by, wait.filter(|wait| !wait.is_zero())).await)
}

fn in_words(wish: &Wish) -> String {
    match wish {
        Wish::Sync => "an attempt now".to_owned(),
        Wish::Pin(Choice::Current) => "to stay at what is published".to_owned(),
        Wish::Pin(Choice::Previous) => "to stay at what was published before".to_owned(),
        Wish::Pin(Choice::Commit(id)) => format!("to stay at {id}"),
        Wish::Unpin => "to follow the ref again".to_owned(),
    }
}

async fn give(site: &Site, wish: Wish, by: &str, wait: Option<Duration>) -> Response<Body> {
    let desk = &site.observed.desk;
    let Some(wait) = wait else {
        // Any number of these come to one attempt, and none is kept.
        let given = match wish {
            Wish::Sync => {
                desk.ring(Trigger::Api);
                Ok(())
            }
            Wish::Pin(_) | Wish::Unpin => desk.order(wish, by.to_owned()).map(drop),
        };
        return given.map_or_else(|refusal| refused(&refusal), |()| accepted());
    };
    let Ok(_waiter) = site.waiters.try_acquire() else {
        return unavailable("too many requests wait already");
    };
    match desk.order(wish, by.to_owned()) {
        Ok(reply) => await_end(site, reply, wait).await,
        Err(refusal) => refused(&refusal),
    }
}

async fn await_end(site: &Site, reply: oneshot::Receiver<Reply>, wait: Duration) -> Response<Body> {
    let reply = tokio::select! {
        biased;
        reply = reply => reply.unwrap_or(Err(Refusal::Stopping)),
        () = site.stop.cancelled() => Err(Refusal::Stopping),
        () = tokio::time::sleep(wait) => return accepted(),
    };
    match reply {
        Ok(attempt) => ended(site, &attempt),
        Err(refusal) => refused(&refusal),
    }
}

fn ended(site: &Site, attempt: &Attempt) -> Response<Body> {
    match attempt.outcome {
        Outcome::Failed | Outcome::Refused => failed(attempt),
        Outcome::Published | Outcome::Unchanged => {
            let status = site.observed.status.borrow();
            let commit = status.commit.as_ref().map(|commit| &commit.id);
            let done = Done { attempt, commit, pinned: status.pinned };
            answer::json(StatusCode::OK, JSON, &done)
        }
    }
}

fn accepted() -> Response<Body> {
    answer::json(StatusCode::ACCEPTED, JSON, &Accepted { accepted: true })
}
