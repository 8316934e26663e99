//! The calls of the API: reading what is published and how it goes, and asking for something else.
//!
//! The order of checks is always the same: who asks, then the parameters, then the body.

mod document;
pub(super) mod input;
mod orders;
pub(super) mod problem;

use crate::config::ApiRead;
use crate::http::answer;
use crate::http::answer::{Body, JSON};
use crate::http::api::input::Query;
use crate::http::api::problem::Refused;
use crate::http::events::{Events, Scope, Source, Told};
use crate::http::pick::Picked;
use crate::http::places::Busy;
use crate::http::route::Call;
use crate::http::secrets::Missing;
use crate::http::{Repositories, Site};
use crate::observe::audit;
use crate::observe::history;
use crate::observe::metrics;
use crate::observe::metrics::CallResult;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use hyper::body::Incoming;
use serde::Serialize;
use std::cmp::Reverse;
use std::net::SocketAddr;
use std::sync::Arc;

/// The type of a stream of events.
const EVENTS: &str = "text/event-stream";
/// The header that says which event a client saw last.
const LAST_EVENT_ID: &str = "last-event-id";
/// The header that asks proxies not to keep a stream until there is much of it.
const ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
const NO: HeaderValue = HeaderValue::from_static("no");

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
    let from = caller.from;
    let answer = match who(site, call, request.headers()).await {
        Ok(by) => {
            let answered = match call {
                Call::Status => status(site, &request),
                Call::History => history(site, &request),
                Call::Events => events(site, &request),
                Call::Document => {
                    let text = document::text(site.observed.several);
                    Ok(answer::full(StatusCode::OK, JSON, text))
                }
                Call::Sync | Call::Rollback | Call::Pin | Call::Unpin => {
                    let by = by.as_deref().unwrap_or_default();
                    orders::answer(site, call, request, (caller, by)).await
                }
            };
            answered.unwrap_or_else(|refused| {
                // Nonsense of who may only read does no harm, and anybody can make much of it.
                if by.is_some() || refused.code != StatusCode::BAD_REQUEST {
                    audit::refusal(known(call), by.as_deref(), from, refused.why());
                }
                refused.answer()
            })
        }
        Err(refused) => {
            audit::refusal(known(call), None, from, refused.why());
            refused.answer()
        }
    };
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

/// Says which token somebody knows, where one is needed, or refuses.
async fn who(site: &Site, call: Call, headers: &HeaderMap) -> Result<Option<String>, Refused> {
    match call {
        Call::Document => return Ok(None),
        Call::Status | Call::History | Call::Events => {
            if site.observed.serving.api_read == ApiRead::Open {
                return Ok(None);
            }
        }
        Call::Sync | Call::Rollback | Call::Pin | Call::Unpin => (),
    }
    let tokens = site.tokens.current().await.map_err(|missing| match missing {
        Missing::Unset => {
            let words = "no token is configured (--api-token-file), so nobody may do this";
            Refused::new(StatusCode::FORBIDDEN, words).in_short("no token is configured")
        }
        Missing::Unreadable => Refused::for_now("the tokens cannot be read at the moment"),
    })?;
    let mut logins = headers.get_all(AUTHORIZATION).iter();
    let token = match (logins.next(), logins.next()) {
        (Some(login), None) => bearer(login.as_bytes()),
        _ => None,
    };
    let (words, why) = match token.map(|token| tokens.position(token)) {
        Some(Some(number)) => return Ok(Some(format!("token {number}"))),
        Some(None) => ("the token is not one that is known here", "wrong token"),
        None => ("this needs the header \"Authorization: Bearer TOKEN\"", "no token was sent"),
    };
    Err(Refused::new(StatusCode::UNAUTHORIZED, words).in_short(why))
}

/// Takes the token out of the header.
fn bearer(login: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = login.split_at_checked("Bearer".len())?;
    let token = token.strip_prefix(b" ")?.trim_ascii();
    (scheme.eq_ignore_ascii_case(b"Bearer") && !token.is_empty()).then_some(token)
}

/// Reads the query, in which these names may be, and that of a repository where there are several.
fn query(site: &Site, uri: &Uri, names: &[&str]) -> Result<Query, Refused> {
    let repo: &[_] = if site.observed.several { &["repo"] } else { &[] };
    Ok(Query::read(uri, &[names, repo].concat())?)
}

/// Which repositories are meant. Who asks may know which there are.
fn pick(site: &Site, query: &Query) -> Result<Picked, Refused> {
    let picked = site.observed.pick(query.repo.as_deref());
    picked.map_err(|unknown| {
        Refused::new(StatusCode::NOT_FOUND, unknown.words(true)).in_short("unknown repository")
    })
}

fn status<B>(site: &Site, request: &Request<B>) -> Result<Response<Body>, Refused> {
    match pick(site, &query(site, request.uri(), &[])?)? {
        Picked::One(one) => {
            let status = Arc::clone(&one.status.borrow());
            Ok(answer::json(StatusCode::OK, JSON, &*status))
        }
        Picked::All(all) => {
            let all: Vec<_> = all.iter().map(|one| Arc::clone(&one.status.borrow())).collect();
            let all: Vec<_> = all.iter().map(|status| &**status).collect();
            Ok(answer::json(StatusCode::OK, JSON, &all))
        }
    }
}

/// What has happened, newest first.
#[derive(Serialize)]
struct Entries<'a> {
    entries: Vec<Told<'a>>,
}

fn history<B>(site: &Site, request: &Request<B>) -> Result<Response<Body>, Refused> {
    let query = query(site, request.uri(), &["limit"])?;
    let most = query.limit.unwrap_or(history::MOST);
    let all: Repositories = match pick(site, &query)? {
        Picked::One(one) => [one].into(),
        Picked::All(all) => all,
    };
    let alone = all.len() == 1;
    let histories: Vec<_> = all.iter().map(|one| Arc::clone(&one.history.borrow())).collect();
    let entries = all.iter().zip(&histories).flat_map(|(one, history)| {
        let name = one.name.as_deref();
        history.newest_first().take(most).map(move |entry| Told { name, entry })
    });
    let mut entries: Vec<_> = entries.collect();
    if !alone {
        entries.sort_by_key(|told| Reverse(told.entry.at));
        entries.truncate(most);
    }
    Ok(answer::json(StatusCode::OK, JSON, &Entries { entries }))
}

fn events<B>(site: &Site, request: &Request<B>) -> Result<Response<Body>, Refused> {
    let query = query(site, request.uri(), &[])?;
    pick(site, &query)?;
    let seen = input::number(request.headers(), LAST_EVENT_ID)?;
    if request.method() == Method::HEAD {
        return Ok(answer::full(StatusCode::OK, EVENTS, ""));
    }
    let Ok(permit) = Arc::clone(&site.streams).try_acquire_owned() else {
        return Err(Refused::for_now("too many streams of events are open"));
    };
    let source = Source {
        repositories: site.observed.repositories.clone(),
        scope: match query.repo {
            Some(name) => Scope::Named(name),
            None if site.observed.several => Scope::All,
            None => Scope::Only,
        },
        stop: site.stop.clone(),
        permit,
    };
    let body = Body::Events(Box::new(Events::new(source, seen)));
    let mut response = answer::respond(StatusCode::OK, EVENTS, body);
    response.headers_mut().insert(ACCEL_BUFFERING, NO);
    Ok(response)
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
