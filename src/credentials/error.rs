//! Why it could not be found out who we are, what kind of failure that is, and what to check.
//!
//! No error holds anything that was read from a file or that a service told.

use crate::model::{Cause, Class};
use crate::net::{NetError, rest_in_words};
use http::StatusCode;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What is wrong with something that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is nothing in it.
    Empty,
    /// There is a line end in it.
    Lines,
    /// There is a NUL in it.
    Nul,
    /// It is not UTF-8.
    NotText,
    /// It is longer than any password.
    Large,
    /// It is a directory.
    Directory,
    /// It is a pipe, a device or the like.
    NoFile,
    /// Basic authentication ends a name at its first colon.
    Colon,
    /// It is no list of cookies.
    NoCookies,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "is empty",
            Self::Lines => "holds more than one line",
            Self::Nul => "holds a NUL character",
            Self::NotText => "is not UTF-8 text",
            Self::Large => "is too large",
            Self::Directory => "is a directory",
            Self::NoFile => "is no plain file",
            Self::Colon => "holds a colon, which a user name cannot have",
            Self::NoCookies => "holds no cookie in the format of Netscape",
        })
    }
}

/// It could not be found out who we are.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialsError {
    /// A file could not be read.
    #[error("could not read {} ({option})", path.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: Arc<io::Error>,
    },
    /// A file was read, and cannot be what it is meant to be.
    #[error("{} ({option}) {problem}", path.display())]
    Unfit {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A value that is in no file cannot be what it is meant to be.
    #[error("what {option} gives {problem}")]
    Value {
        /// The option.
        option: &'static str,
        /// What is wrong with it.
        problem: Problem,
    },
    /// A key cannot be used to sign.
    #[error("{whose} is no RSA key that can sign: {reason}")]
    Key {
        /// The option, and the file if it names one.
        whose: String,
        /// What is wrong with it.
        reason: Cause,
    },
    /// A service could not be asked.
    #[error("could not ask the service of {option}")]
    Unreachable {
        /// The option that names it.
        option: &'static str,
        /// What came back.
        source: NetError,
    },
    /// A service did not answer.
    #[error("the service of {option} at '{url}' did not answer within {limit:?}")]
    Slow {
        /// The option that names it.
        option: &'static str,
        /// Where it is.
        url: String,
        /// How long it was waited for.
        limit: Duration,
    },
    /// A service answered, and not with success.
    #[error("the service of {option} at '{url}' answered {status}{}{words}", rest(*wait))]
    Refused {
        /// The option that names it.
        option: &'static str,
        /// Where it is.
        url: String,
        /// How it answered.
        status: StatusCode,
        /// How long it wants to be left alone.
        wait: Option<Duration>,
        /// What it said about that, after a colon; often nothing.
        words: String,
    },
    /// A service answered something else than what was asked for.
    #[error("what the service of {option} at '{url}' answered {problem}")]
    Answer {
        /// The option that names it.
        option: &'static str,
        /// Where it is.
        url: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// The option whose service is GitHub's API.
pub(super) const GITHUB: &str = "github-base-url";

impl CredentialsError {
    /// The kind of failure.
    pub fn class(&self) -> Class {
        match self {
            Self::Refused { status, wait, .. }
                if is_for_now(*status) || is_limited(*status, *wait) =>
            {
                Class::Network
            }
            Self::File { .. } | Self::Unfit { .. } | Self::Value { .. } | Self::Refused { .. } => {
                Class::Auth
            }
            Self::Key { .. } => Class::Config,
            Self::Unreachable { source, .. } => source.class(),
            Self::Slow { .. } => Class::Timeout,
            Self::Answer { .. } => Class::Protocol,
        }
    }

    /// How long the service wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Refused { wait, .. } => *wait,
            Self::Unreachable { source, .. } => source.retry_after(),
            Self::File { .. }
            | Self::Unfit { .. }
            | Self::Value { .. }
            | Self::Key { .. }
            | Self::Slow { .. }
            | Self::Answer { .. } => None,
        }
    }

    /// What to check.
    pub fn hint(&self) -> &'static str {
        if let Self::Unreachable { source, .. } = self
            && let Some(hint) = source.hint()
        {
            return hint;
        }
        match self {
            Self::File { option, .. } | Self::Unfit { option, .. } if *option == "cookie-file" => {
                "check cookie-file: that it is there, that it can be read, and that it holds lines of seven fields with tabs between them"
            }
            Self::File { .. } | Self::Unfit { .. } => {
                "check the file: that the Secret is mounted there, that it can be read, and what is in it"
            }
            Self::Value { .. } => "check username and password, wherever they are given",
            Self::Key { .. } => {
                "check github-app-private-key or github-app-private-key-file: it must hold the whole PEM file that GitHub made for the app"
            }
            Self::Refused { option, status, wait, .. } if is_limited(*status, *wait) => {
                if *option == GITHUB {
                    "check what else asks GitHub's API for this app, and how often: it limits how many questions it answers in an hour"
                } else {
                    "check what else asks the service of askpass-url, and how often it lets itself be asked"
                }
            }
            Self::Refused { option, status, .. } if *option == GITHUB => github(*status),
            Self::Unreachable { source: NetError::Tls { .. }, .. } => {
                "check the service's certificate and whether ca-file holds the CA that signed it"
            }
            Self::Unreachable { option, .. } | Self::Slow { option, .. } if *option == GITHUB => {
                "check github-base-url, proxy and network policy, and whether the API is up"
            }
            Self::Unreachable { .. } | Self::Slow { .. } => {
                "check askpass-url, and whether the service there is up"
            }
            Self::Answer { option, .. } if *option == GITHUB => {
                "check whether github-base-url is the address of GitHub's API; a server of one's own has it under /api/v3"
            }
            Self::Refused { .. } | Self::Answer { .. } => {
                "check askpass-url and what the service there logs; it must answer with the lines username=NAME and password=PASSWORD"
            }
        }
    }
}

fn github(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => {
            "check that the private key is one of the app that github-app-application-id or github-app-client-id names, and that the clock of this machine is right"
        }
        StatusCode::NOT_FOUND => {
            "check github-app-installation-id and whether the app is still installed there, and github-base-url"
        }
        StatusCode::FORBIDDEN => "check whether the installation of the app is suspended",
        _ => "check whether GitHub's API is up, and github-base-url",
    }
}

/// How long it wants to be left alone, in words that follow a status.
fn rest(wait: Option<Duration>) -> String {
    wait.map(rest_in_words).unwrap_or_default()
}

/// Says whether the service is asked too often. Some say so with 403 and a time to wait.
fn is_limited(status: StatusCode, wait: Option<Duration>) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || (status == StatusCode::FORBIDDEN && wait.is_some())
}

/// Says whether the answer may be another one in a moment.
pub(super) fn is_for_now(status: StatusCode) -> bool {
    status.is_server_error()
        || status == StatusCode::TOO_MANY_REQUESTS
        || status == StatusCode::REQUEST_TIMEOUT
}
