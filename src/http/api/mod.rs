//! The calls of the API: reading what is published and how it goes, and asking for something else.
//!
//! The order of checks is always the same: who asks, then the parameters, then the body.

mod document;
pub(super) mod input;
mod orders;
pub(super) mod problem;

use crate::config::ApiRead;
use crate::http::Site;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::input::Query;
use crate::http::api::problem::{problem, unavailable};
use crate::http::events::{Events, Source};
use crate::http::places::Busy;
use crate::http::route::Call;
use crate::http::secrets::Missing;
use crate::observe::audit;
use crate::observe::history;
use crate::observe::history::Entry;
use crate::observe::metrics;
use crate::observe::metrics::CallResult;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;

/// The type of a stream of events.
const EVENTS: &str = "text/event-stream";
/// The header that says which event a client saw last.
const LAST_EVENT_ID: &str = "last-event-id";
/// How a client is asked for the token.
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"gitsyncd\"");

/// Who calls.
#[derive(Debug)]
pub(super) struct Caller<'a> {
    pub(super) from: SocketAddr,
    pub(super) busy: &'a Busy,
}

/// Answers a call.
pub(super) async fn answer(
    site: &Site,
    call: Call,
    request: Request<Incoming>,
    caller: &Caller<'_>,
) -> Response<Body> {
    let reading = site.observed.serving.api_read == ApiRead::Token;
    let by = match call {
        Call::Document => Ok(String::new()),
        Call::Status | Call::History | Call::Events if !reading => Ok(String::new()),
        Call::Status
        | Call::History
        | Call::Events
        | Call::Sync
        | Call::Rollback
        | Call::Pin
        | Call::Unpin => who(site, request.headers()).await,
    };
    let answered = match by {
        Ok(by) => match call {
            Call::Status => status(site, &request),
            Call::History => history(site, &request),
            Call::Events => events(site, &request),
            Call::Document => Ok(answer::full(StatusCode::OK, JSON, document::text())),
            Call::Sync | Call::Rollback | Call::Pin | Call::Unpin => {
                orders::answer(site, call, request, (caller, &by)).await
            }
        },
        Err((refusal, why)) => {
            audit::refusal(known(call).label(), caller.from, why);
            Ok(refusal)
        }
    };
    let answer = answered.unwrap_or_else(|wrong| wrong.answer());
    site.observed.metrics.call(known(call), CallResult::of(answer.status().as_u16()));
    answer
}

/// What logs and metrics call it.
fn known(call: Call) -> metrics::Call {
    match call {
        Call::Status => metrics::Call::Status,
        Call::History => metrics::Call::History,
        Call::Events => metrics::Call::Events,
        Call::Sync => metrics::Call::Sync,
        Call::Rollback => metrics::Call::Rollback,
        Call::Pin => metrics::Call::Pin,
        Call::Unpin => metrics::Call::Unpin,
        Call::Document => metrics::Call::Openapi,
    }
}

/// Says which token somebody knows, or refuses, and why.
async fn who(site: &Site, headers: &HeaderMap) -> Result<String, (Response<Body>, &'static str)> {
    let tokens = match site.tokens.current().await {
        Ok(tokens) => tokens,
        Err(Missing::Unset) => {
            let why = "no token is configured (--api-token-file), so nobody may do this";
            return Err((problem(StatusCode::FORBIDDEN, why), "no token is configured"));
        }
        Err(Missing::Unreadable) => {
            let why = "the tokens cannot be read at the moment";
            return Err((unavailable(why), why));
        }
    };
    let mut logins = headers.get_all(AUTHORIZATION).iter();
    let token = match (logins.next(), logins.next()) {
        (Some(login), None) => bearer(login.as_bytes()),
        _ => None,
    };
    let (words, why) = match token.map(|token| tokens.position(token)) {
        Some(Some(number)) => return Ok(format!("token {number}")),
        Some(None) => ("the token is not one that is known here", "wrong token"),
        None => ("this needs the header \"Authorization: Bearer TOKEN\"", "no token was sent"),
    };
    let mut refusal = problem(StatusCode::UNAUTHORIZED, words);
    refusal.headers_mut().insert(WWW_AUTHENTICATE, CHALLENGE);
    Err((refusal, why))
}

/// Takes the token out of the header.
fn bearer(login: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = login.split_at_checked("Bearer".len())?;
    let token = token.strip_prefix(b" ")?.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer") && !token.is_empty()).then_some(token)
}

fn status<B>(site: &Site, request: &Request<B>) -> Result<Response<Body>, input::Wrong> {
    Query::read(request.uri(), &[])?;
    let status = Arc::clone(&site.observed.status.borrow());
    Ok(answer::json(StatusCode::OK, JSON, &*status))
}

/// What has happened, newest first.
#[derive(Serialize)]
struct Entries<'a> {
    entries: Vec<&'a Entry>,
}

fn history<B>(site: &Site, request: &Request<B>) -> Result<Response<Body>, input::Wrong> {
    let query = Query::read(request.uri(), &["limit"])?;
    let history = Arc::clone(&site.observed.history.borrow());
    let newest = history.newest_first().take(query.limit.unwrap_or(history::MOST));
    Ok(answer::json(StatusCode::OK, JSON, &Entries { entries: newest.collect() }))
}

fn events<B>(site: &Site, request: &Request<B>) -> Result<Response<Body>, input::Wrong> {
    Query::read(request.uri(), &[])?;
    let seen = input::number(request.headers(), LAST_EVENT_ID)?;
    if request.method() == Method::HEAD {
        return Ok(answer::full(StatusCode::OK, EVENTS, ""));
    }
    let Ok(permit) = Arc::clone(&site.streams).try_acquire_owned() else {
        return Ok(unavailable("too many streams of events are open"));
    };
    let source = Source {
        status: site.observed.status.clone(),
        history: site.observed.history.clone(),
        stop: site.stop.clone(),
        permit,
    };
    let body = Body::Events(Box::new(Events::new(source, seen)));
    Ok(answer::respond(StatusCode::OK, EVENTS, body))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_follows_bearer() {
        let token = |text: &'static str| bearer(text.as_bytes()).map(<[u8]>::to_vec);
        assert_eq!(token("Bearer abc"), Some(b"abc".to_vec()));
        assert_eq!(token("bearer  abc "), Some(b"abc".to_vec()));
        for none in ["", "Bearer", "Bearer ", "Bearer  ", "Basic abc", "Bearerabc", "abc"] {
            assert_eq!(token(none), None, "{none:?}");
        }
    }
}
