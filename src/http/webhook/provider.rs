//! Who sent a delivery, by its headers.
//!
//! Some send the headers of others beside their own. The most specific ones decide, and with them
//! what has to be proven: a wrong signature of one kind is not made good by one of another.

use crate::http::webhook::Delivery;
use crate::http::webhook::proof::{Claim, Flaw, value};
use crate::http::webhook::push::{Malformed, News};
use crate::http::webhook::{azure, bitbucket, github, gitlab};
use crate::model::Secret;
use crate::observe::metrics;
use http::HeaderMap;

/// A service or program that sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Provider {
    Forgejo,
    Gitea,
    Gogs,
    GitLab,
    GitHub,
    BitbucketCloud,
    BitbucketDataCenter,
    AzureDevOps,
}

/// Says what the sender claims to prove that it knows one of the secrets.
type Find = fn(&HeaderMap, &[&Secret]) -> Result<Claim, Flaw>;
/// Reads what is told.
type Read = fn(Provider, &Delivery<'_>) -> Result<News, Malformed>;

/// How the deliveries of a provider are read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) claim: Find,
    pub(super) read: Read,
}

/// Headers that tell by naming the event, the most specific ones first.
const MARKS: [(&str, Provider); 7] = [
    ("x-forgejo-event", Provider::Forgejo),
    ("x-gitea-event", Provider::Gitea),
    ("x-gogs-event", Provider::Gogs),
    ("x-gitlab-event", Provider::GitLab),
    ("x-github-event", Provider::GitHub),
    (bitbucket::EVENT, Provider::BitbucketDataCenter),
    ("x-vss-activityid", Provider::AzureDevOps),
];

impl Provider {
    /// Finds out who sent it.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let mark = MARKS.iter().find(|(name, _)| headers.contains_key(*name));
        match mark {
            Some((_, Self::BitbucketDataCenter)) => Some(bitbucket::which(headers)),
            Some((_, provider)) => Some(*provider),
            // It may send no header of its own.
            None => headers.contains_key("authorization").then_some(Self::AzureDevOps),
        }
    }

    /// How it is called in logs and metrics.
    pub(super) fn known(self) -> metrics::Provider {
        match self {
            Self::Forgejo => metrics::Provider::Forgejo,
            Self::Gitea => metrics::Provider::Gitea,
            Self::Gogs => metrics::Provider::Gogs,
            Self::GitLab => metrics::Provider::Gitlab,
            Self::GitHub => metrics::Provider::Github,
            Self::BitbucketCloud => metrics::Provider::BitbucketCloud,
            Self::BitbucketDataCenter => metrics::Provider::BitbucketDataCenter,
            Self::AzureDevOps => metrics::Provider::AzureDevops,
        }
    }

    /// What it calls this delivery.
    pub(super) fn delivery(self, headers: &HeaderMap) -> Option<&str> {
        let names: &[&str] = match self {
            Self::Forgejo => &["x-forgejo-delivery", "x-gitea-delivery"],
            Self::Gitea => &["x-gitea-delivery"],
            Self::Gogs => &["x-gogs-delivery"],
            Self::GitLab => &["webhook-id", "idempotency-key", "x-gitlab-event-uuid"],
            Self::GitHub => &["x-github-delivery"],
            Self::BitbucketCloud => &["x-request-uuid", "x-hook-uuid"],
            Self::BitbucketDataCenter => &["x-request-id"],
            Self::AzureDevOps => &["x-vss-activityid"],
        };
        names.iter().find_map(|name| value(headers, name))
    }

    /// How its deliveries are read.
    pub(super) fn reading(self) -> Reading {
        match self {
            Self::Forgejo => Reading { claim: github::claim_forgejo, read: github::read },
            Self::Gitea => Reading { claim: github::claim_gitea, read: github::read },
            Self::Gogs => Reading { claim: github::claim_gogs, read: github::read },
            Self::GitHub => Reading { claim: github::claim, read: github::read },
            Self::GitLab => Reading { claim: gitlab::claim, read: gitlab::read },
            Self::BitbucketCloud => Reading { claim: bitbucket::claim, read: bitbucket::read },
            Self::BitbucketDataCenter => {
                Reading { claim: bitbucket::claim_data_center, read: bitbucket::read_data_center }
            }
            Self::AzureDevOps => Reading { claim: azure::claim, read: azure::read },
        }
    }
}
