//! The receipt of webhooks: who may send them and how large they may be. What they mean is judged
//! elsewhere.

use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::Caller;
use crate::http::body::{Limit, Unread};
use crate::http::secrets::Missing;
use crate::http::webhook;
use crate::http::webhook::{Delivery, Followed, Verdict};
use crate::http::{Repositories, Repository, Site};
use crate::model::Trigger;
use crate::observe::audit;
use crate::observe::metrics::HookResult;
use crate::runtime::Stop;
use crate::runtime::blocking;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde::Serialize;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// How large a delivery may be (GitHub sends none that is larger), and how long it may take to come.
const LIMIT: Limit = Limit { most: 25 * 1024 * 1024, time: Duration::from_secs(30) };

/// From which length on a body is judged on another thread: a checksum of much takes long.
const LARGE: usize = 128 * 1024;

/// The body of every answer.
#[derive(Serialize)]
struct Said<'a> {
    result: &'a str,
}

/// What webhooks may be about, made once for each list of repositories.
#[derive(Debug, Default)]
pub(super) struct Listed(Mutex<Option<Made>>);

/// Of which list it was made. Those that are gone are not held by it.
type Made = (Weak<[Arc<Repository>]>, Arc<[Followed]>);

impl Listed {
    fn of(&self, list: &Repositories) -> Arc<[Followed]> {
        let mut made = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some((of, followed)) if of.ptr_eq(&Arc::downgrade(list)) => Arc::clone(followed),
            Some(_) | None => {
                let followed: Arc<[Followed]> = list.iter().map(|one| followed(one)).collect();
                *made = Some((Arc::downgrade(list), Arc::clone(&followed)));
                followed
            }
        }
    }
}

fn followed(one: &Repository) -> Followed {
    Followed { repo: one.repo.clone(), reference: one.reference.clone() }
}

/// Answers a delivery.
pub(super) async fn answer(
    site: &Site,
    request: Request<Incoming>,
    caller: &Caller<'_>,
) -> Response<Body> {
    let list = site.observed.list();
    let verdict = judge(site, &list, request, caller).await;
    note(site, caller, &verdict);
    let Verdict { code, words, look, .. } = verdict;
    for one in look.iter().filter_map(|place| list.get(*place)) {
        one.desk.ring(Trigger::Webhook);
    }
    let answer = say(code, &words);
    if code == StatusCode::SERVICE_UNAVAILABLE { answer::soon(answer) } else { answer }
}

/// Judges a delivery. Its body is not read if it could not be believed anyway.
async fn judge(
    site: &Site,
    list: &Repositories,
    request: Request<Incoming>,
    caller: &Caller<'_>,
) -> Verdict {
    let secrets = match site.hook_secrets.current().await {
        Ok(secrets) => secrets,
        Err(Missing::Unset) => {
            let words = "no secret for webhooks is configured here, so none is taken";
            return Verdict::unseen(StatusCode::FORBIDDEN, words);
        }
        Err(Missing::Unreadable) => {
            let words = "the secrets of webhooks cannot be read at the moment";
            return Verdict::unseen(StatusCode::SERVICE_UNAVAILABLE, words);
        }
    };
    let (Parts { headers, .. }, body) = request.into_parts();
    let screened = match webhook::screen(&headers, secrets.all()) {
        Ok(screened) => screened,
        Err(verdict) => return verdict,
    };
    let content = match site.budget.read(caller.busy, LIMIT, body).await {
        Ok(content) => content,
        Err(why) => {
            let (code, words) = unread(why);
            return screened.refuse(&headers, code, words);
        }
    };
    let large = content.bytes.len() > LARGE;
    let late = StatusCode::SERVICE_UNAVAILABLE;
    let late = screened.refuse(&headers, late, "the webhook could not be judged in time");
    let followed = site.listed.of(list);
    let work = move || {
        let delivery = Delivery { headers: &headers, body: &content.bytes };
        screened.judge(&delivery, secrets.all(), &followed, Timestamp::now())
    };
    if !large {
        return work();
    }
    let limit = Stop::new(site.stop.clone(), Instant::now() + LIMIT.time);
    blocking::run(&limit, Duration::ZERO, work).await.unwrap_or_else(|cut| {
        tracing::warn!(error = %cut, "a webhook could not be judged");
        late
    })
}

/// Counts a delivery, and tells the audit log of it.
fn note(site: &Site, caller: &Caller<'_>, verdict: &Verdict) {
    let result = HookResult::of(verdict.code.as_u16());
    site.observed.metrics.webhook(verdict.provider, result);
    let delivery = Some(&*verdict.delivery).filter(|delivery| !delivery.is_empty());
    audit::webhook(verdict.provider, delivery, caller.from, result, &verdict.words);
}

fn unread(why: Unread) -> (StatusCode, &'static str) {
    match why {
        Unread::Long => (StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 25 MiB"),
        Unread::Crowded => {
            (StatusCode::SERVICE_UNAVAILABLE, "too many large webhooks are being read")
        }
        Unread::Slow => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Unread::Broken => (StatusCode::BAD_REQUEST, "the body is not as HTTP has it"),
    }
}

fn say(code: StatusCode, result: &str) -> Response<Body> {
    answer::json(code, JSON, &Said { result })
}
