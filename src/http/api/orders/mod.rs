//! Calls that ask for something: an attempt, another commit, or the ref again.

mod several;

use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::Caller;
use crate::http::api::input::{Nothing, Pin, Rollback, object};
use crate::http::api::problem::{Refused, failed, unread};
use crate::http::body::Limit;
use crate::http::pick::{Names, Picked};
use crate::http::route::Call;
use crate::http::{Repository, Site};
use crate::model::{CommitId, Trigger};
use crate::observe::audit;
use crate::observe::status::{Attempt, Outcome, Status, Waiting};
use crate::trigger::order::{Choice, Refusal, Reply, Wish};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

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
    /// What was fetched and is not published before a window opens.
    waiting: Option<&'a Waiting>,
}

impl<'a> Done<'a> {
    fn new(attempt: &'a Attempt, status: &'a Status) -> Self {
        Self {
            attempt,
            commit: status.commit.as_ref().map(|commit| &commit.id),
            pinned: status.pinned,
            waiting: status.waiting.as_ref(),
        }
    }
}

/// What somebody wants.
#[derive(Debug)]
struct Asked<'a> {
    call: Call,
    by: &'a str,
    from: SocketAddr,
    wish: Wish,
}

/// Answers a call of somebody who may ask.
pub(super) async fn answer(
    site: &Site,
    call: Call,
    request: Request<Incoming>,
    (caller, by): (&Caller<'_>, &str),
) -> Result<Response<Body>, Refused> {
    let query = super::query(site, request.uri(), &["wait"])?;
    let picked = super::pick(site, &query)?;
    let (head, body) = request.into_parts();
    let content = site.budget.read(caller.busy, LIMIT, body).await;
    let content = content.map_err(|why| unread(why, LIMIT.most))?;
    let (headers, bytes) = (&head.headers, &content.bytes);
    let wish = match call {
        Call::Rollback => Wish::Pin(object::<Rollback>(headers, bytes, None)?.choice()?),
        Call::Pin => Wish::Pin(object(headers, bytes, Some(Pin::default()))?.choice()),
        Call::Unpin => object(headers, bytes, Some(Nothing {})).map(|Nothing {}| Wish::Unpin)?,
        Call::Sync | Call::Status | Call::History | Call::Events | Call::Document => {
            object(headers, bytes, Some(Nothing {})).map(|Nothing {}| Wish::Sync)?
        }
    };
    let wait = match wish {
        Wish::Sync => query.wait,
        Wish::Pin(_) | Wish::Unpin => Some(query.wait.unwrap_or(PATIENCE)),
    };
    let asked = Asked { call, by, from: caller.from, wish };
    let wait = wait.filter(|wait| !wait.is_zero());
    match picked {
        Picked::One(one) => give(site, &one, asked, wait).await,
        Picked::All(all) if asked.wish == Wish::Sync => {
            several::give(site, &all, &asked, wait).await
        }
        Picked::All(all) => {
            let names = if all.is_empty() {
                String::new()
            } else {
                format!("; there are {}", Names::of(&*all))
            };
            let words = format!("say of which repository, with ?repo=NAME{names}");
            Err(Refused::new(StatusCode::BAD_REQUEST, words).in_short("no repository was named"))
        }
    }
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

async fn give(
    site: &Site,
    one: &Repository,
    asked: Asked<'_>,
    wait: Option<Duration>,
) -> Result<Response<Body>, Refused> {
    let Some(wait) = wait else {
        if asked.wish == Wish::Sync {
            // Any number of these come to one attempt, and none is kept.
            one.desk.ring(Trigger::Api);
            asked.note(one.name.as_deref());
        } else {
            drop(asked.order(one)?);
        }
        return Ok(accepted());
    };
    let permit = site.waiters.try_acquire();
    let _waiter = permit.map_err(|_none| Refused::for_now("too many requests wait already"))?;
    let reply = asked.order(one)?;
    match await_end(site, reply, Instant::now() + wait).await {
        Some(reply) => Ok(ended(one, &reply?)),
        None => Ok(accepted()),
    }
}

impl Asked<'_> {
    /// Orders it.
    fn order(&self, one: &Repository) -> Result<oneshot::Receiver<Reply>, Refusal> {
        let reply = one.desk.order(self.wish.clone(), self.by.to_owned())?;
        self.note(one.name.as_deref());
        Ok(reply)
    }

    /// Tells the audit log that it is going to be tried.
    fn note(&self, name: Option<&str>) {
        let mut words = in_words(&self.wish);
        if let Some(name) = name {
            words.extend([" (", name, ")"]);
        }
        audit::order(super::known(self.call), self.by, self.from, &words);
    }
}

/// Gives the reply if it comes in time.
async fn await_end(site: &Site, reply: oneshot::Receiver<Reply>, until: Instant) -> Option<Reply> {
    tokio::select! {
        biased;
        reply = reply => Some(reply.unwrap_or(Err(Refusal::Stopping))),
        () = site.stop.cancelled() => Some(Err(Refusal::Stopping)),
        () = tokio::time::sleep_until(until) => None,
    }
}

fn ended(one: &Repository, attempt: &Attempt) -> Response<Body> {
    match attempt.outcome {
        Outcome::Failed | Outcome::Refused => failed(attempt),
        Outcome::Published | Outcome::Unchanged => {
            let status = one.status.borrow();
            answer::json(StatusCode::OK, JSON, &Done::new(attempt, &status))
        }
    }
}

fn accepted() -> Response<Body> {
    answer::json(StatusCode::ACCEPTED, JSON, &Accepted { accepted: true })
}
