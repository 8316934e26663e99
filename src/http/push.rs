//! The receipt of webhooks: who may send them and how large they may be. What they mean is judged
//! elsewhere.

use crate::http::Site;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::Caller;
use crate::http::body::{Limit, Unread};
use crate::http::secrets::Missing;
use crate::http::webhook;
use crate::http::webhook::{Delivery, Verdict};
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

/// Answers a delivery.
pub(super) async fn answer(
    site: &Site,
    request: Request<Incoming>,
    caller: &Caller<'_>,
) -> Response<Body> {
    let verdict = judge(site, request, caller).await;
    note(site, caller, &verdict);
    let Verdict { code, words, look, .. } = verdict;
    if !look.is_empty() {
        site.observed.one.desk.ring(Trigger::Webhook);
    }
    let answer = say(code, &words);
    if code == StatusCode::SERVICE_UNAVAILABLE { answer::soon(answer) } else { answer }
}

/// Judges a delivery. Its body is not read if it could not be believed anyway.
async fn judge(site: &Site, request: Request<Incoming>, caller: &Caller<'_>) -> Verdict {
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
    let followed = site.followed.clone();
    let work = move || {
        let delivery = Delivery { headers: &headers, body: &content.bytes };
        let followed = std::slice::from_ref(&followed);
        screened.judge(&delivery, secrets.all(), followed, Timestamp::now())
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
    site.observed.one.metrics.webhook(verdict.provider, result);
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
