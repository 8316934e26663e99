//! Webhooks of GitLab: of projects and groups, and of a whole instance ("system hooks").
//!
//! Its old proof is the secret itself in a header. Its new one is a signature with a time, whose key
//! has a form of its own. If there is such a key here and a delivery is signed, the signature
//! decides. Without such a key here it cannot be told, and the token decides: whoever sends chooses
//! the headers anyway.

use crate::http::webhook::Delivery;
use crate::http::webhook::proof::{Claim, Flaw, Timed, token, value};
use crate::http::webhook::provider::Provider;
use crate::http::webhook::push::{Few, Malformed, News, Push, branch, full_names, parse};
use crate::model::Place;
use crate::model::Secret;
use http::HeaderMap;
use serde::Deserialize;

/// Which event it is.
#[derive(Debug, Deserialize)]
struct Kind {
    event_name: Option<String>,
    object_kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Payload {
    r#ref: Option<String>,
    project: Option<Project>,
}

/// What a system hook tells once for each push, however many refs it changed.
#[derive(Debug, Deserialize)]
struct Update {
    refs: Option<Few<String>>,
    project: Option<Project>,
}

#[derive(Debug, Default, Deserialize)]
struct Project {
    git_http_url: Option<String>,
    git_ssh_url: Option<String>,
    web_url: Option<String>,
    path_with_namespace: Option<String>,
    default_branch: Option<String>,
}

/// The signature; or compares the token.
pub(super) fn claim(headers: &HeaderMap, secrets: &[&Secret]) -> Result<Claim, Flaw> {
    let header = |name| value(headers, name);
    let token_given = header("x-gitlab-token");
    match header("webhook-signature") {
        Some(signatures) if Timed::can_be_told(secrets) => {
            let id = header("webhook-id").unwrap_or_default();
            let time = header("webhook-timestamp").unwrap_or_default();
            Timed::of(id, time, signatures)
        }
        Some(_) if token_given.is_none() => Err(Flaw::Signature),
        Some(_) | None => token(token_given.ok_or(Flaw::NoToken)?, secrets),
    }
}

/// Reads what is told.
pub(super) fn read(_: Provider, delivery: &Delivery<'_>) -> Result<News, Malformed> {
    let event = value(delivery.headers, "x-gitlab-event").ok_or(Malformed::NoEvent)?;
    match event {
        "Push Hook" | "Tag Push Hook" => parse(delivery.body).and_then(push),
        "System Hook" => of_the_instance(delivery.body),
        _ => Ok(News::Other),
    }
}

fn of_the_instance(body: &[u8]) -> Result<News, Malformed> {
    let Kind { event_name, object_kind } = parse(body)?;
    match event_name.or(object_kind).as_deref() {
        Some("push" | "tag_push") => parse(body).and_then(push),
        Some("repository_update") => {
            let Update { refs, project } = parse(body)?;
            let refs = refs.and_then(|refs| refs.refs(|name| Some(full_names(&name, None))));
            Ok(News::Push(of_project(project, refs)))
        }
        Some(_) => Ok(News::Other),
        None => Err(Malformed::NoEvent),
    }
}

fn push(payload: Payload) -> Result<News, Malformed> {
    let name = payload.r#ref.ok_or(Malformed::NoRef)?;
    Ok(News::Push(of_project(payload.project, Some(full_names(&name, None)))))
}

fn of_project(project: Option<Project>, refs: Option<Vec<String>>) -> Push {
    let project = project.unwrap_or_default();
    let Project { git_http_url, git_ssh_url, web_url, path_with_namespace, default_branch } =
        project;
    let urls = [git_http_url, git_ssh_url, web_url];
    let urls = urls.iter().flatten().filter_map(|url| Place::told(url));
    let places = urls.chain(path_with_namespace.as_deref().map(Place::path)).collect();
    Push { refs, default_branch: branch(default_branch), places }
}
