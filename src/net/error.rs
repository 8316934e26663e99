//! What can go wrong between us and another machine.

use crate::model::{Cause, Class, LONGEST_REST};
use crate::runtime::Stopped;
use http::StatusCode;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why bytes could not be had from another machine. URLs in it carry no password.
#[derive(Clone, Debug, thiserror::Error)]
pub enum NetError {
    /// No connection could be made.
    #[error("unable to access '{url}': could not connect")]
    Connect {
        /// What was tried.
        url: String,
        /// What came back.
        source: Cause,
    },
    /// The proxy could not be reached, or did not let us through.
    #[error("unable to access '{url}' through the proxy {proxy}")]
    Proxy {
        /// What was tried.
        url: String,
        /// The proxy, and what names it.
        proxy: String,
        /// What that means.
        class: Class,
        /// What came back.
        source: Cause,
    },
    /// The connection was made, but not a trusted one.
    #[error("unable to access '{url}': no trusted TLS connection")]
    Tls {
        /// What was tried.
        url: String,
        /// What came back.
        source: Cause,
    },
    /// The server wants a certificate of ours, or another one.
    #[error("authentication failed for '{url}': no trusted TLS connection")]
    Identity {
        /// What was tried.
        url: String,
        /// What came back.
        source: Cause,
    },
    /// The connection broke before the answer was complete.
    #[error("unable to access '{url}': the connection broke")]
    Broken {
        /// What was tried.
        url: String,
        /// What came back.
        source: Cause,
    },
    /// The server answered, and not with success.
    #[error("{}", status_in_words(url, (*status, *retry_after), via.as_deref(), lacking))]
    Status {
        /// What was tried.
        url: String,
        /// What came back.
        status: StatusCode,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
        /// The proxy that may have answered in its place.
        via: Option<String>,
        /// Whether nothing was sent that says who we are.
        anonymous: bool,
        /// What was looked at for it and had nothing, in a few words each.
        lacking: Vec<String>,
    },
    /// The server sent us round in circles, or to nowhere.
    #[error("unable to access '{url}': {reason}")]
    Redirect {
        /// What was tried.
        url: String,
        /// What is wrong with where it points.
        reason: &'static str,
    },
    /// The time was over, or the program stops.
    #[error("unable to access '{url}'")]
    Stopped {
        /// What was tried.
        url: String,
        /// Which of both.
        source: Stopped,
    },
    /// The certificates to trust could not be read.
    #[error("could not use the certificates of {option} {}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// The option that names it.
        option: &'static str,
        /// What came back.
        source: Cause,
    },
    /// Our own certificate or its key could not be read.
    #[error("could not use {option} {}", path.display())]
    Identification {
        /// The file.
        path: PathBuf,
        /// The option that names it.
        option: &'static str,
        /// What came back.
        source: Cause,
    },
}

impl NetError {
    /// The kind of failure.
    pub fn class(&self) -> Class {
        match self {
            Self::Connect { .. } | Self::Broken { .. } => Class::Network,
            Self::Tls { .. } => Class::Tls,
            Self::Certificates { .. } => Class::Config,
            Self::Stopped { .. } => Class::Timeout,
            Self::Redirect { .. } => Class::Protocol,
            Self::Proxy { class, .. } => *class,
            Self::Identity { .. } | Self::Identification { .. } => Class::Auth,
            Self::Status { status, retry_after, .. } => class_of_status(*status, *retry_after),
        }
    }

    /// What to check, where that is not what one checks for all failures of its kind.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Certificates { .. } | Self::Identification { .. } => {
                Some("check the file: that it is there, that it can be read, and what is in it")
            }
            Self::Identity { .. } => Some(
                "check client-cert and client-key: whether the server knows their authority, and whether they have expired",
            ),
            Self::Proxy { .. } => Some(
                "check the option proxy, the variables http_proxy, https_proxy, all_proxy and no_proxy, and what the proxy logs",
            ),
            Self::Status { status: StatusCode::UNAUTHORIZED, anonymous: true, lacking, .. }
                if !lacking.is_empty() =>
            {
                Some(
                    "no user name, password or token was sent: check the path of auth-dir, and whether username and password are mounted there",
                )
            }
            Self::Status { status: StatusCode::UNAUTHORIZED, anonymous: true, .. } => Some(
                "no user name, password or token was sent: give username and password-file, or auth-dir, credential, askpass-url, cookie-file or the github-app options, or check whether they are for this server",
            ),
            Self::Status { status, .. } => {
                (*status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()).then_some(
                    "check what the server logs; a longer period, or webhooks, ask it less often",
                )
            }
            Self::Connect { .. }
            | Self::Tls { .. }
            | Self::Broken { .. }
            | Self::Redirect { .. }
            | Self::Stopped { .. } => None,
        }
    }

    /// Adds what was looked at for who we are and had nothing, if that may be why we were turned away.
    #[must_use]
    pub fn lacking(mut self, looked: impl FnOnce() -> Vec<String>) -> Self {
        let may_be_why = matches!(self.class(), Class::Auth | Class::NotFound);
        if let Self::Status { anonymous: true, lacking, .. } = &mut self
            && may_be_why
        {
            *lacking = looked();
        }
        self
    }

    /// How long the server wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Connect { .. }
            | Self::Proxy { .. }
            | Self::Tls { .. }
            | Self::Identity { .. }
            | Self::Broken { .. }
            | Self::Redirect { .. }
            | Self::Stopped { .. }
            | Self::Certificates { .. }
            | Self::Identification { .. } => None,
        }
    }

    /// Wraps this for an interface that knows only [`io::Error`]; [`NetError::within`] finds it
    /// again.
    pub fn into_io(self) -> io::Error {
        let kind = match &self {
            Self::Status { status, .. } if *status == StatusCode::UNAUTHORIZED => {
                io::ErrorKind::PermissionDenied
            }
            Self::Stopped { .. } => io::ErrorKind::TimedOut,
            Self::Connect { .. }
            | Self::Proxy { .. }
            | Self::Tls { .. }
            | Self::Identity { .. }
            | Self::Broken { .. }
            | Self::Status { .. }
            | Self::Redirect { .. }
            | Self::Certificates { .. }
            | Self::Identification { .. } => io::ErrorKind::Other,
        };
        io::Error::new(kind, self)
    }

    /// Finds the error that [`NetError::into_io`] wrapped.
    pub fn within(error: &io::Error) -> Option<&Self> {
        error.get_ref().and_then(|inner| inner.downcast_ref())
    }
}

/// Says what a status means for Git. Some services hide private repositories behind 404, some
/// answer 403 to a token without rights, or with a time to wait to one that was used too often.
fn class_of_status(status: StatusCode, wait: Option<Duration>) -> Class {
    match status {
        StatusCode::FORBIDDEN if wait.is_some() => Class::Network,
        StatusCode::UNAUTHORIZED
        | StatusCode::FORBIDDEN
        | StatusCode::PROXY_AUTHENTICATION_REQUIRED => Class::Auth,
        StatusCode::NOT_FOUND | StatusCode::GONE => Class::NotFound,
        StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS
        | StatusCode::INTERNAL_SERVER_ERROR
        | StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT => Class::Network,
        _ => Class::Protocol,
    }
}

/// How long somebody wants to be left alone, in words that follow a status.
pub fn rest_in_words(wait: Duration) -> String {
    let kept = if wait > LONGEST_REST { " (an hour at most is kept)" } else { "" };
    format!(" and wants to be left alone for {} s{kept}", wait.as_secs())
}

fn status_in_words(
    url: &str,
    (status, wait): (StatusCode, Option<Duration>),
    via: Option<&str>,
    lacking: &[String],
) -> String {
    let said = match via {
        Some(proxy) => format!("the server, or the proxy {proxy}, answered {status}"),
        None => format!("the server answered {status}"),
    };
    let said = match wait {
        Some(wait) => format!("{said}{}", rest_in_words(wait)),
        None => said,
    };
    let said = lacking.iter().fold(said, |said, one| said + "; " + one);
    class_of_status(status, wait).refusal(url, &said)
}
