//! What can go wrong with SSH.

use crate::model::Cause;
use crate::model::Class;
use crate::net::NetError;
use crate::runtime::Stopped;
use std::path::PathBuf;

/// Why there is no conversation over SSH.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SshError {
    /// The bytes did not come.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A file that should hold a private key.
    #[error("could not use the key file {}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A file that should list known hosts.
    #[error("could not read the known_hosts file {}", path.display())]
    KnownHosts {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// The server is not, or not for sure, the one that it should be.
    #[error("unable to access '{url}': {problem}")]
    Host {
        /// What was tried.
        url: String,
        /// What is wrong with the server's key.
        problem: HostProblem,
    },
    /// The server did not believe that we are who we say.
    #[error("authentication failed for '{url}': {reason}")]
    Denied {
        /// What was tried.
        url: String,
        /// What was offered, and what came back.
        reason: String,
    },
    /// No way to encrypt or to prove something is known to both sides.
    #[error(
        "unable to access '{url}': the SSH server and this program have no algorithm in common"
    )]
    NoCommonAlgorithm {
        /// What was tried.
        url: String,
        /// What each side knows.
        source: Cause,
    },
    /// The server speaks SSH in a way that it must not, or does not speak it at all.
    #[error("unable to access '{url}': the server does not speak SSH as it should")]
    Protocol {
        /// What was tried.
        url: String,
        /// What came back.
        source: Cause,
    },
    /// The server does not let us run anything.
    #[error("unable to access '{url}': the SSH server opens no channel")]
    NoChannel {
        /// What was tried.
        url: String,
        /// What came back.
        source: Cause,
    },
}

/// Why the key of a server is not trusted. Fingerprints are those that `ssh-keygen -l` shows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostProblem {
    /// No list has this host.
    #[error("the host key of {host} is not known: {key}; {advice}")]
    Unknown {
        /// The host, and its port if that is an unusual one.
        host: String,
        /// The kind and fingerprint of its key.
        key: String,
        /// The lists, which of them are missing, and the line that would make it known.
        advice: String,
    },
    /// The lists have other keys for this host.
    #[error(
        "the host key of {host} has changed, or somebody else answers: {key} came, and known_hosts has {known}"
    )]
    Changed {
        /// The host, and its port if that is an unusual one.
        host: String,
        /// The kind and fingerprint of the key that came.
        key: String,
        /// The kinds, fingerprints and places of those that should have come.
        known: String,
    },
    /// A list says that this key must not be trusted.
    #[error("the host key of {host} is revoked by {place}: {key}")]
    Revoked {
        /// The host, and its port if that is an unusual one.
        host: String,
        /// The kind and fingerprint of its key.
        key: String,
        /// File and line.
        place: String,
    },
    /// The host has a certificate of an authority that we know, and it does not count.
    #[error("the host certificate of {host} does not count: {reason}")]
    Certificate {
        /// The host, and its port if that is an unusual one.
        host: String,
        /// Why it does not count.
        reason: String,
    },
}

impl SshError {
    /// The kind of failure. What concerns the identity of the server is like a certificate of TLS,
    /// what concerns ours is like a password.
    pub fn class(&self) -> Class {
        match self {
            Self::Net(error) => error.class(),
            Self::Key { .. } | Self::Denied { .. } => Class::Auth,
            Self::KnownHosts { .. } => Class::Config,
            Self::Host { .. } => Class::Tls,
            Self::NoCommonAlgorithm { .. } | Self::Protocol { .. } | Self::NoChannel { .. } => {
                Class::Protocol
            }
        }
    }

    /// What to check, where that is not what one checks for all failures of its kind.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Net(_) => None,
            Self::Key { .. } => {
                Some("check ssh-key-file: that it is a private key without a passphrase")
            }
            Self::KnownHosts { .. } => Some("check ssh-known-hosts-file"),
            Self::Host { problem, .. } => Some(problem.hint()),
            Self::Denied { .. } => Some(
                "check the user name in the address, ssh-key-file or what is in auth-dir, and whether the server lists that key for this repository",
            ),
            Self::NoCommonAlgorithm { .. } => {
                Some("check whether the server is too old; SHA-1 and DSA are not used")
            }
            Self::Protocol { .. } => {
                Some("check host and port, and whether something in between changes what is sent")
            }
            Self::NoChannel { .. } => {
                Some("check what the server logs, and whether it lets this user run commands")
            }
        }
    }

    /// The time was over, or the program stops.
    pub(super) fn stopped(url: &str, source: Stopped) -> Self {
        Self::Net(NetError::Stopped { url: url.to_owned(), source })
    }

    /// The connection broke.
    pub(super) fn broken(url: &str, source: Cause) -> Self {
        Self::Net(NetError::Broken { url: url.to_owned(), source })
    }

    /// Says what an error of the library means.
    pub(super) fn of(url: &str, error: &russh::Error) -> Self {
        use russh::Error as E;
        let (to, source) = (url.to_owned(), Cause::of(error));
        let lost = matches!(
            error,
            E::IO(_)
                | E::HUP
                | E::Disconnect
                | E::ConnectionTimeout
                | E::KeepaliveTimeout
                | E::InactivityTimeout
                | E::SendError
                | E::RecvError
        );
        if lost {
            Self::broken(url, source)
        } else if matches!(error, E::NoCommonAlgo { .. } | E::UnknownAlgo) {
            Self::NoCommonAlgorithm { url: to, source }
        } else if matches!(error, E::ChannelOpenFailure(_) | E::RequestDenied) {
            Self::NoChannel { url: to, source }
        } else {
            Self::Protocol { url: to, source }
        }
    }
}

impl HostProblem {
    fn hint(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => {
                "compare the fingerprint with what the server's owner says, then add the line to ssh-known-hosts-file"
            }
            Self::Changed { .. } => {
                "ask the server's owner whether the key was replaced; if so, replace it in ssh-known-hosts-file"
            }
            Self::Revoked { .. } => "ask the server's owner; a revoked key may be in wrong hands",
            Self::Certificate { .. } => {
                "ask the server's owner for a host certificate that names this host and has not expired"
            }
        }
    }
}
