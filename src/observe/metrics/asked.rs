//! What others asked of us over HTTP: webhooks and the API.

use prometheus::{Error, IntCounterVec, Registry, register_int_counter_vec_with_registry};

/// Who sends webhooks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// GitHub, and GitHub Enterprise Server.
    Github,
    /// GitLab.
    Gitlab,
    /// Gitea.
    Gitea,
    /// Forgejo.
    Forgejo,
    /// Gogs.
    Gogs,
    /// Bitbucket Cloud.
    BitbucketCloud,
    /// Bitbucket Data Center and Server.
    BitbucketDataCenter,
    /// Azure DevOps.
    AzureDevops,
    /// Nobody that is known.
    Unknown,
}

impl Provider {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::Github,
        Self::Gitlab,
        Self::Gitea,
        Self::Forgejo,
        Self::Gogs,
        Self::BitbucketCloud,
        Self::BitbucketDataCenter,
        Self::AzureDevops,
        Self::Unknown,
    ];

    /// The label, as in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Gitea => "gitea",
            Self::Forgejo => "forgejo",
            Self::Gogs => "gogs",
            Self::BitbucketCloud => "bitbucket",
            Self::BitbucketDataCenter => "bitbucket-data-center",
            Self::AzureDevops => "azure-devops",
            Self::Unknown => "unknown",
        }
    }
}

/// What came of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookResult {
    /// An attempt was asked for.
    Accepted,
    /// It was genuine, and there was nothing to do: a ping, another ref, another event.
    Ignored,
    /// The sender did not prove that it knows the secret, or there is none.
    Refused,
    /// It could not be understood, or was too large.
    Malformed,
    /// It could not be taken at the moment.
    Failed,
}

impl HookResult {
    /// Each of them.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Ignored, Self::Refused, Self::Malformed, Self::Failed];

    /// What a status code of the answer means.
    pub fn of(status: u16) -> Self {
        match status {
            202 => Self::Accepted,
            200..=299 => Self::Ignored,
            401 | 403 => Self::Refused,
            500.. => Self::Failed,
            _ => Self::Malformed,
        }
    }

    /// The label, as in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Ignored => "ignored",
            Self::Refused => "refused",
            Self::Malformed => "malformed",
            Self::Failed => "failed",
        }
    }
}

/// What can be called over the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// The status is read.
    Status,
    /// The history is read.
    History,
    /// Events are listened to.
    Events,
    /// The description of the API is read.
    Openapi,
    /// An attempt is asked for.
    Sync,
    /// An earlier commit is asked for.
    Rollback,
    /// To stay is asked for.
    Pin,
    /// To go on is asked for.
    Unpin,
    /// What there is not.
    Unknown,
}

impl Call {
    /// Each of them.
    pub const ALL: [Self; 9] = [
        Self::Status,
        Self::History,
        Self::Events,
        Self::Openapi,
        Self::Sync,
        Self::Rollback,
        Self::Pin,
        Self::Unpin,
        Self::Unknown,
    ];

    /// The label, as in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::History => "history",
            Self::Events => "events",
            Self::Openapi => "openapi",
            Self::Sync => "sync",
            Self::Rollback => "rollback",
            Self::Pin => "pin",
            Self::Unpin => "unpin",
            Self::Unknown => "unknown",
        }
    }
}

/// How a call was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallResult {
    /// As it was wished.
    Done,
    /// The caller may not do that, or did not prove that it may.
    Denied,
    /// The caller asked for something that makes no sense, or makes none now.
    Invalid,
    /// It did not work.
    Failed,
}

impl CallResult {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Done, Self::Denied, Self::Invalid, Self::Failed];

    /// What a status code of the answer means.
    pub fn of(status: u16) -> Self {
        match status {
            ..400 => Self::Done,
            401 | 403 => Self::Denied,
            400..=499 => Self::Invalid,
            500.. => Self::Failed,
        }
    }

    /// The label, as in metrics and logs.
    pub fn label(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Failed => "failed",
        }
    }
}

/// Counts both.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) webhooks: IntCounterVec,
    pub(super) calls: IntCounterVec,
}

impl Asked {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let asked = Self {
            webhooks: register_int_counter_vec_with_registry!(
                "gitsyncd_webhooks_total",
                "Webhooks received, by who sent them and what came of them.",
                &["provider", "result"],
                registry
            )?,
            calls: register_int_counter_vec_with_registry!(
                "gitsyncd_api_requests_total",
                "Requests to the API, by what was called and how it was answered.",
                &["call", "result"],
                registry
            )?,
        };
        for provider in Provider::ALL {
            for result in HookResult::ALL {
                asked.webhooks.with_label_values(&[provider.label(), result.label()]);
            }
        }
        for call in Call::ALL {
            for result in CallResult::ALL {
                asked.calls.with_label_values(&[call.label(), result.label()]);
            }
        }
        Ok(asked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_an_answer_says_what_came_of_a_webhook() {
        let codes = [202, 200, 401, 403, 503, 400, 405, 411, 413, 415];
        let results = codes.map(|code| HookResult::of(code).label());
        assert_eq!(&results[..5], ["accepted", "ignored", "refused", "refused", "failed"]);
        assert!(results[5..].iter().all(|result| *result == "malformed"), "{results:?}");
    }

    #[test]
    fn the_code_of_an_answer_says_how_a_call_was_answered() {
        let codes = [200, 202, 401, 403, 400, 404, 405, 409, 500, 502, 504];
        let results = codes.map(|code| CallResult::of(code).label());
        let wanted = [
            "done", "done", "denied", "denied", "invalid", "invalid", "invalid", "invalid",
            "failed", "failed", "failed",
        ];
        assert_eq!(results, wanted);
    }
}
