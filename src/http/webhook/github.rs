//! Webhooks of GitHub, and of Gitea, Forgejo and Gogs, whose payloads are like GitHub's.
//!
//! They differ in their headers. Gitea tells of a branch that is gone by an event of its own, so the
//! events of what comes and goes are read everywhere.

use crate::http::webhook::Delivery;
use crate::http::webhook::proof::{Claim, Flaw, hex, named_hex, value};
use crate::http::webhook::provider::Provider;
use crate::http::webhook::push::{Malformed, News, Push, branch, full_names, parse};
use crate::model::Place;
use crate::model::Secret;
use http::HeaderMap;
use serde::Deserialize;

#[derive(Debug, Deserialize)]
struct Payload {
    r#ref: Option<String>,
    ref_type: Option<String>,
    repository: Option<Repository>,
}

#[derive(Debug, Default, Deserialize)]
struct Repository {
    clone_url: Option<String>,
    ssh_url: Option<String>,
    git_url: Option<String>,
    html_url: Option<String>,
    full_name: Option<String>,
    default_branch: Option<String>,
}

/// GitHub names the algorithm.
pub(super) fn claim(headers: &HeaderMap, _secrets: &[&Secret]) -> Result<Claim, Flaw> {
    match value(headers, "x-hub-signature-256") {
        Some(signature) => named_hex(signature),
        None if headers.contains_key("x-hub-signature") => Err(Flaw::Sha1),
        None => Err(Flaw::NoSignature),
    }
}

/// Gitea's own header.
pub(super) fn claim_gitea(headers: &HeaderMap, _secrets: &[&Secret]) -> Result<Claim, Flaw> {
    bare("x-gitea-signature", headers)
}

/// Forgejo's own header.
pub(super) fn claim_forgejo(headers: &HeaderMap, _secrets: &[&Secret]) -> Result<Claim, Flaw> {
    bare("x-forgejo-signature", headers)
}

/// Gogs's own header.
pub(super) fn claim_gogs(headers: &HeaderMap, _secrets: &[&Secret]) -> Result<Claim, Flaw> {
    bare("x-gogs-signature", headers)
}

/// A signature without a name; the header is sent empty if there is no secret.
fn bare(header: &str, headers: &HeaderMap) -> Result<Claim, Flaw> {
    let signature = value(headers, header).filter(|text| !text.is_empty());
    hex(signature.ok_or(Flaw::NoSignature)?)
}

/// Reads what is told.
pub(super) fn read(provider: Provider, delivery: &Delivery<'_>) -> Result<News, Malformed> {
    let header = match provider {
        Provider::Forgejo => "x-forgejo-event",
        Provider::Gitea => "x-gitea-event",
        Provider::Gogs => "x-gogs-event",
        Provider::GitHub
        | Provider::GitLab
        | Provider::BitbucketCloud
        | Provider::BitbucketDataCenter
        | Provider::AzureDevOps => "x-github-event",
    };
    let event = value(delivery.headers, header).ok_or(Malformed::NoEvent)?;
    match event {
        "ping" => Ok(News::Ping),
        "push" | "create" | "delete" => parse(delivery.body).and_then(push),
        _ => Ok(News::Other),
    }
}

fn push(payload: Payload) -> Result<News, Malformed> {
    let Payload { r#ref, ref_type, repository } = payload;
    let name = r#ref.ok_or(Malformed::NoRef)?;
    let repository = repository.unwrap_or_default();
    let Repository { clone_url, ssh_url, git_url, html_url, full_name, default_branch } =
        repository;
    let urls = [clone_url, ssh_url, git_url, html_url];
    let urls = urls.iter().flatten().filter_map(|url| Place::told(url));
    Ok(News::Push(Push {
        refs: Some(full_names(&name, ref_type.as_deref())),
        default_branch: branch(default_branch),
        places: urls.chain(full_name.as_deref().map(Place::path)).collect(),
    }))
}
