//! The receipt of webhooks: who may send them and how large they may be. What they mean is judged
//! elsewhere.

use crate::http::Site;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::Caller;
use crate::http::audit;
use crate::http::body::{Limit, Unread};
use crate::http::secrets::Missing;
use crate::http::webhook;
use crate::http::webhook::{Delivery, Verdict};
use crate::model::Trigger;
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// How large a delivery may be (GitHub sends none that is larger), and how long it may take to come.
const LIMIT: Limit = Limit { most: 25 * 1024 * 1024, time: Duration::from_secs(30) };
/// What the log calls it.
const EVENT: &str = "webhook";

/// The body of every answer.
#[derive(Serialize)]
struct Said<'a> {
    result: &'a str,
}

/// Answers a delivery. Nothing is read of one that could not be believed anyway.
pub(super) async fn answer(
    site: &Site,
    request: Request<Incoming>,
    caller: &Caller<'_>,
) -> Response<Body> {
    let refuse = |code, words| {
        site.audit.refused(caller.from, EVENT, words);
        say(code, words)
    };
    let secrets = match site.hook_secrets.current().await {
        Ok(secrets) => secrets,
        Err(Missing::Unset) => {
            let words = "no secret for webhooks is configured here, so none is taken";
            return refuse(StatusCode::FORBIDDEN, words);
        }
        Err(Missing::Unreadable) => {
            let words = "the secrets of webhooks cannot be read at the moment";
            return answer::soon(refuse(StatusCode::SERVICE_UNAVAILABLE, words));
        }
    };
    let (head, body) = request.into_parts();
    let content = match site.budget.read(caller.busy, LIMIT, body).await {
        Ok(content) => content,
        Err(why) => return unread(why),
    };
    let delivery = Delivery { headers: &head.headers, body: &content.bytes };
    let followed = std::slice::from_ref(&site.followed);
    let verdict = webhook::judge(&delivery, secrets.all(), followed, Timestamp::now());
    note(site, caller, &verdict);
    if !verdict.look.is_empty() {
        site.observed.desk.ring(Trigger::Webhook);
    }
    say(verdict.code, &verdict.words)
}

fn note(site: &Site, caller: &Caller<'_>, verdict: &Verdict) {
    let Verdict { code, words, provider, delivery, look: _ } = verdict;
    let what = format!("{provider} {delivery}: {words}");
    if code.is_success() {
        audit::granted(caller.from, provider, EVENT, &what);
    } else {
        site.audit.refused(caller.from, EVENT, &what);
    }
}

fn unread(why: Unread) -> Response<Body> {
    match why {
        Unread::Long => say(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than 25 MiB"),
        Unread::Crowded => answer::soon(say(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many large webhooks are being read",
        )),
        Unread::Slow => say(StatusCode::REQUEST_TIMEOUT, "the body took too long"),
        Unread::Broken => say(StatusCode::BAD_REQUEST, "the body is not as HTTP has it"),
    }
}

fn say(code: StatusCode, result: &str) -> Response<Body> {
    answer::json(code, JSON, &Said { result })
}
