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
use crate::observe::metrics::{HookResult, Provider};
use crate::runtime::Stop;
use crate::runtime::blocking;
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
    match judge(site, request, caller).await {
        Ok(Verdict { code, words, provider, delivery, look }) => {
            let delivery = Some(&*delivery).filter(|delivery| !delivery.is_empty());
            note(site, caller, (Provider::named(provider), delivery), (code, &words));
            if !look.is_empty() {
                site.observed.desk.ring(Trigger::Webhook);
            }
            say(code, &words)
        }
        Err((code, words)) => {
            note(site, caller, (Provider::Unknown, None), (code, words));
            let answer = say(code, words);
            if code == StatusCode::SERVICE_UNAVAILABLE { answer::soon(answer) } else { answer }
        }
    }
}

/// Judges a delivery, or says why it was not even read. Nothing is read of one that could not be
/// believed anyway.
async fn judge(
    site: &Site,
    request: Request<Incoming>,
    caller: &Caller<'_>,
) -> Result<Verdict, (StatusCode, &'static str)> {
    let secrets = site.hook_secrets.current().await.map_err(|missing| match missing {
        Missing::Unset => {
            let words = "no secret for webhooks is configured here, so none is taken";
            (StatusCode::FORBIDDEN, words)
        }
        Missing::Unreadable => {
            let words = "the secrets of webhooks cannot be read at the moment";
            (StatusCode::SERVICE_UNAVAILABLE, words)
        }
    })?;
    let (head, body) = request.into_parts();
    let content = site.budget.read(caller.busy, LIMIT, body).await.map_err(unread)?;
    let large = content.bytes.len() > LARGE;
    let followed = site.followed.clone();
    let work = move || {
        let delivery = Delivery { headers: &head.headers, body: &content.bytes };
        let followed = std::slice::from_ref(&followed);
        webhook::judge(&delivery, secrets.all(), followed, Timestamp::now())
    };
    if !large {
        return Ok(work());
    }
    let limit = Stop::new(site.stop.clone(), Instant::now() + LIMIT.time);
    blocking::run(&limit, Duration::ZERO, work).await.map_err(|cut| {
        tracing::warn!(error = %cut, "a webhook could not be judged");
        (StatusCode::SERVICE_UNAVAILABLE, "the webhook could not be judged in time")
    })
}

/// Counts a delivery, and tells the audit log of it.
fn note(
    site: &Site,
    caller: &Caller<'_>,
    (provider, delivery): (Provider, Option<&str>),
    (code, words): (StatusCode, &str),
) {
    let result = HookResult::of(code.as_u16());
    site.observed.metrics.webhook(provider, result);
    audit::webhook(provider, delivery, caller.from, result, words);
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
