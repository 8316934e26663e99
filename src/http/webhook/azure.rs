//! Webhooks of Azure DevOps, which are not signed: the password of basic authentication is the
//! secret. How much of an event is sent is chosen there; what is not told may be anything.

use crate::http::webhook::Delivery;
use crate::http::webhook::proof::{Claim, Flaw, password};
use crate::http::webhook::provider::Provider;
use crate::http::webhook::push::{Few, Malformed, News, Push, branch, full_names, parse};
use crate::model::Place;
use crate::model::Secret;
use http::HeaderMap;
use serde::Deserialize;

/// Which event it is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kind {
    event_type: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    resource: Option<Resource>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    ref_updates: Option<Few<Update>>,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
struct Update {
    name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    remote_url: Option<String>,
    default_branch: Option<String>,
}

/// Compares the password.
pub(super) fn claim(headers: &HeaderMap, secrets: &[&Secret]) -> Result<Claim, Flaw> {
    password(headers, secrets)
}

/// Reads what is told.
pub(super) fn read(_: Provider, delivery: &Delivery<'_>) -> Result<News, Malformed> {
    let Kind { event_type } = parse(delivery.body)?;
    match event_type.ok_or(Malformed::NoEvent)?.as_str() {
        "git.push" => parse(delivery.body).map(push).map(News::Push),
        _ => Ok(News::Other),
    }
}

fn push(payload: Payload) -> Push {
    let Some(Resource { ref_updates, repository }) = payload.resource else {
        return Push::default();
    };
    let Repository { remote_url, default_branch } = repository.unwrap_or_default();
    let name_of = |update: Update| Some(full_names(&update.name?, None));
    Push {
        refs: ref_updates.and_then(|updates| updates.refs(name_of)),
        default_branch: branch(default_branch),
        places: remote_url.as_deref().and_then(Place::told).into_iter().collect(),
    }
}
