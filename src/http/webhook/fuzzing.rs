//! What fuzzers do with webhooks.

use crate::http::webhook::provider::Provider;
use crate::http::webhook::push::News;
use crate::http::webhook::relevance::concerned;
use crate::http::webhook::{Delivery, Followed, judge};
use crate::model::Secret;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;

const ALL: [Provider; 8] = [
    Provider::Forgejo,
    Provider::Gitea,
    Provider::Gogs,
    Provider::GitLab,
    Provider::GitHub,
    Provider::BitbucketCloud,
    Provider::BitbucketDataCenter,
    Provider::AzureDevOps,
];

/// The events of a provider whose payloads are read, as it names them in its header.
fn events(provider: Provider) -> &'static [(&'static str, &'static str)] {
    match provider {
        Provider::Forgejo => &[("x-forgejo-event", "push"), ("x-forgejo-event", "delete")],
        Provider::Gitea => &[("x-gitea-event", "push"), ("x-gitea-event", "delete")],
        Provider::Gogs => &[("x-gogs-event", "push"), ("x-gogs-event", "delete")],
        Provider::GitHub => &[("x-github-event", "push"), ("x-github-event", "delete")],
        Provider::GitLab => &[("x-gitlab-event", "Push Hook"), ("x-gitlab-event", "System Hook")],
        Provider::BitbucketCloud => &[("x-event-key", "repo:push")],
        Provider::BitbucketDataCenter => &[("x-event-key", "repo:refs_changed")],
        Provider::AzureDevOps => &[("x-vss-activityid", "1")],
    }
}

fn followed() -> Vec<Followed> {
    let references = ["HEAD", "main", "refs/heads/main", "semver:*", "tag:v*", "abcdef1"];
    let hosts = ["https://git.example", "ssh://git@dev.azure.com:22", "https://a.visualstudio.com"];
    let all = references.iter().zip(hosts.iter().cycle());
    let one = |(reference, host): (&&str, &&str)| {
        let repo = format!("{host}/harbour-lane/orchard.git").parse().ok()?;
        Some(Followed { repo, reference: reference.parse().ok()? })
    };
    all.filter_map(one).collect()
}

/// Two secrets of every form there is, which no fuzzer should guess.
fn secrets() -> [Secret; 2] {
    ["plain-5d7c1f02b39e", "whsec_bm9ib2R5IGd1ZXNzZXMgdGhpcyBvbmU="].map(Secret::new)
}

/// Reads a body for each event, and judges it without a signature.
pub(in crate::http) fn payload(provider: &str, body: &[u8]) {
    assert!(ALL.iter().any(|one| one.known().label() == provider), "there is no such provider");
    let followed = followed();
    for provider in ALL.into_iter().filter(|one| one.known().label() == provider) {
        for (name, value) in events(provider) {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            let delivery = Delivery { headers: &headers, body };
            assert!(Provider::of(&headers) == Some(provider), "it is taken for another provider");
            if let Ok(News::Push(push)) = (provider.reading().read)(provider, &delivery) {
                let looked_at = concerned(&push, &followed).unwrap_or_default();
                assert!(looked_at.iter().all(|number| *number < followed.len()), "out of range");
                let alone = concerned(&push, followed.get(..1).unwrap_or_default());
                assert!(push.refs.is_some() || alone.is_ok(), "a push of anything counts");
            }
            refused(&delivery, &followed);
        }
    }
}

/// Takes lines of headers, then an empty line, then a body.
pub(in crate::http) fn delivery(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n').filter(|_| headers.len() < 64)
    {
        let (line, after) = rest.split_at(end);
        rest = after.get(1..).unwrap_or_default();
        if line.is_empty() {
            break;
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().and_then(|name| HeaderName::from_bytes(name).ok());
        let value = parts.next().and_then(|value| HeaderValue::from_bytes(value).ok());
        if let Some((name, value)) = name.zip(value) {
            headers.insert(name, value);
        }
    }
    refused(&Delivery { headers: &headers, body: rest }, &followed());
}

fn refused(delivery: &Delivery<'_>, followed: &[Followed]) {
    let now = Timestamp::UNIX_EPOCH;
    let verdict = judge(delivery, &secrets(), followed, now);
    assert!(verdict.look.is_empty(), "nobody knew a secret");
    let code = verdict.code.as_u16();
    assert!([401, 415].contains(&code), "{code}: {}", verdict.words);
    assert!(verdict.delivery.len() <= 64, "the name of a delivery is long");
}
