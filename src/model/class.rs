//! What kind of failure an attempt had: the label that logs, metrics and status share.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Says what kind of thing went wrong, and so what an operator looks at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The configuration cannot work.
    Config,
    /// The server did not accept who we are.
    Auth,
    /// The server has no such repository.
    NotFound,
    /// The server could not be reached or the connection broke.
    Network,
    /// The server's certificate or host key was not trusted, or no common TLS was found.
    Tls,
    /// The attempt took longer than it may.
    Timeout,
    /// The server answered something that is not Git, or not right.
    Protocol,
    /// The ref does not exist at the server.
    Ref,
    /// A signature was missing or wrong.
    Verify,
    /// The gate hook refused the commit.
    Gate,
    /// Reading or writing the root failed.
    Disk,
    /// Another instance is using the root.
    Locked,
    /// A mistake in this program.
    Internal,
}

impl Class {
    /// Every class, in the order of the documentation.
    pub const ALL: [Self; 13] = [
        Self::Config,
        Self::Auth,
        Self::NotFound,
        Self::Network,
        Self::Tls,
        Self::Timeout,
        Self::Protocol,
        Self::Ref,
        Self::Verify,
        Self::Gate,
        Self::Disk,
        Self::Locked,
        Self::Internal,
    ];

    /// The label, as in metrics, logs and status.
    pub fn label(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::Network => "network",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Ref => "ref",
            Self::Verify => "verify",
            Self::Gate => "gate",
            Self::Disk => "disk",
            Self::Locked => "locked",
            Self::Internal => "internal",
        }
    }

    /// Says that a server refused something in the words that people look for.
    pub fn refusal(self, url: &str, said: &str) -> String {
        let what = match self {
            Self::Auth => "authentication failed for",
            Self::NotFound => "repository not found:",
            Self::Ref => "couldn't find remote ref in",
            Self::Config
            | Self::Network
            | Self::Tls
            | Self::Timeout
            | Self::Protocol
            | Self::Verify
            | Self::Gate
            | Self::Disk
            | Self::Locked
            | Self::Internal => "unable to access",
        };
        format!("{what} '{url}': {said}")
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
