//! Webhooks of Bitbucket Cloud and of Bitbucket Data Center, which have little more in common than
//! the names of their headers.
//!
//! Data Center may use basic authentication instead of a signature; a signature that is there
//! decides.

use crate::http::webhook::Delivery;
use crate::http::webhook::proof::{Claim, Flaw, named_hex, password, value};
use crate::http::webhook::provider::Provider;
use crate::http::webhook::push::{Few, Malformed, News, Push, full_names, parse};
use crate::model::Place;
use crate::model::Secret;
use http::HeaderMap;
use serde::Deserialize;

/// The header that names the event.
pub(super) const EVENT: &str = "x-event-key";
const SIGNATURE: &str = "x-hub-signature";

/// Finds out which of the two it is: only Cloud gives its hooks an id, and only Cloud's pushes are
/// called so.
pub(super) fn which(headers: &HeaderMap) -> Provider {
    if headers.contains_key("x-hook-uuid") || value(headers, EVENT) == Some("repo:push") {
        Provider::BitbucketCloud
    } else {
        Provider::BitbucketDataCenter
    }
}

/// The signature.
pub(super) fn claim(headers: &HeaderMap, _secrets: &[&Secret]) -> Result<Claim, Flaw> {
    named_hex(value(headers, SIGNATURE).ok_or(Flaw::NoSignature)?)
}

/// The signature; or compares the password, if there is none.
pub(super) fn claim_data_center(headers: &HeaderMap, secrets: &[&Secret]) -> Result<Claim, Flaw> {
    match claim(headers, secrets) {
        Err(Flaw::NoSignature) if headers.contains_key("authorization") => {
            password(headers, secrets)
        }
        claim => claim,
    }
}

#[derive(Debug, Deserialize)]
struct Cloud {
    push: Option<Pushed>,
    repository: Option<CloudRepository>,
}

#[derive(Debug, Deserialize)]
struct Pushed {
    changes: Option<Few<CloudChange>>,
}

/// One of the two is missing when a ref comes or goes.
#[derive(Debug, Deserialize)]
struct CloudChange {
    new: Option<State>,
    old: Option<State>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Debug, Deserialize)]
struct State {
    name: Option<String>,
    r#type: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct CloudRepository {
    full_name: Option<String>,
    links: Option<CloudLinks>,
}

#[derive(Debug, Deserialize)]
struct CloudLinks {
    html: Option<Link>,
}

#[derive(Debug, Deserialize)]
struct Link {
    href: Option<String>,
}

/// Reads what Cloud tells.
pub(super) fn read(_: Provider, delivery: &Delivery<'_>) -> Result<News, Malformed> {
    match value(delivery.headers, EVENT) {
        Some("repo:push") => parse(delivery.body).map(push).map(News::Push),
        Some("diagnostics:ping") => Ok(News::Ping),
        Some(_) => Ok(News::Other),
        None => Err(Malformed::NoEvent),
    }
}

fn push(cloud: Cloud) -> Push {
    let changes = cloud.push.and_then(|push| push.changes);
    let CloudRepository { full_name, links } = cloud.repository.unwrap_or_default();
    let page = links.and_then(|links| links.html).and_then(|link| link.href);
    let page = page.as_deref().and_then(Place::told);
    Push {
        refs: changes.and_then(|changes| changes.refs(changed)),
        default_branch: None,
        places: page.into_iter().chain(full_name.as_deref().map(Place::path)).collect(),
    }
}

/// The names that a change is about; none if not all is told.
fn changed(change: CloudChange) -> Option<Vec<String>> {
    let CloudChange { new, old, truncated } = change;
    let State { name, r#type } = new.or(old).filter(|_| !truncated)?;
    Some(full_names(&name?, r#type.as_deref()))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataCenter {
    changes: Option<Few<Change>>,
    #[serde(default)]
    ref_limit_exceeded: bool,
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Change {
    ref_id: Option<String>,
    r#ref: Option<Ref>,
}

#[derive(Debug, Deserialize)]
struct Ref {
    id: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Repository {
    slug: Option<String>,
    project: Option<Project>,
    links: Option<Links>,
}

#[derive(Debug, Deserialize)]
struct Project {
    key: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Links {
    clone: Option<Few<Link>>,
}

/// Reads what Data Center tells, and what its mirrors tell when they have caught up.
pub(super) fn read_data_center(_: Provider, delivery: &Delivery<'_>) -> Result<News, Malformed> {
    match value(delivery.headers, EVENT) {
        Some("repo:refs_changed" | "mirror:repo_synchronized") => {
            parse(delivery.body).map(refs_changed).map(News::Push)
        }
        Some("diagnostics:ping") => Ok(News::Ping),
        Some(_) => Ok(News::Other),
        None => Err(Malformed::NoEvent),
    }
}

fn refs_changed(told: DataCenter) -> Push {
    let all = told.changes.filter(|_| !told.ref_limit_exceeded);
    let Repository { slug, project, links } = told.repository.unwrap_or_default();
    let clones = links.and_then(|links| links.clone).map(Few::into_items).unwrap_or_default();
    let urls = clones.iter().filter_map(|link| Place::told(link.href.as_deref()?));
    let name = project.and_then(|project| project.key).zip(slug);
    let name = name.map(|(key, slug)| Place::path(&format!("{key}/{slug}")));
    Push {
        refs: all.and_then(|changes| changes.refs(name_of)),
        default_branch: None,
        places: urls.chain(name).collect(),
    }
}

fn name_of(change: Change) -> Option<Vec<String>> {
    let name = change.ref_id.or(change.r#ref.and_then(|it| it.id))?;
    Some(full_names(&name, None))
}
