//! A connection to a server on which we are logged in.

use crate::model::{Cause, FileChoice, SshUrl};
use crate::net::Dialer;
use crate::ssh::SshError;
use crate::ssh::cut::{Beginning, Cut};
use crate::ssh::ear::{Ear, LastWords};
use crate::ssh::files;
use crate::ssh::keys::Key;
use crate::ssh::known_hosts::PORT;
use crate::ssh::trust::Trust;
use russh::cipher;
use russh::client;
use russh::client::{AuthResult, Config, Handle, Msg};
use russh::keys::{HashAlg, PrivateKeyWithHashAlg};
use russh::{Channel, MethodSet, Preferred, SshId};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long nothing may come before the server is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How many such questions may stay without an answer.
const UNANSWERED: usize = 3;
/// How much a server may send on a channel before it has to wait for us.
const WINDOW: u32 = 4 << 20;
/// How many pieces of that wait to be read before the connection waits, too.
const AHEAD: usize = 64;

/// What seals the connection, fastest first.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
    cipher::AES_192_CTR,
    cipher::AES_128_CTR,
];

/// Where a connection goes, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Goal {
    pub(super) user: String,
    pub(super) host: String,
    pub(super) port: u16,
}

impl Goal {
    /// Where a repository is.
    pub(super) fn of(url: &SshUrl) -> Self {
        Self {
            user: url.user().to_owned(),
            host: url.host().to_owned(),
            port: url.port().unwrap_or(PORT),
        }
    }
}

/// An open connection. It is closed when this is dropped.
pub(super) struct Link {
    handle: Handle<Ear>,
    last_words: LastWords,
    _open: DropGuard,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("is_open", &self.is_open()).finish_non_exhaustive()
    }
}

impl Link {
    /// Connects, looks who answers, and logs in. If this is not waited for to its end, the
    /// connection is closed.
    pub(super) async fn open(
        dialer: &Dialer,
        goal: &Goal,
        trust: Trust,
        keys: (&[Key], &[FileChoice]),
        url: &str,
    ) -> Result<Self, SshError> {
        // Held until we are logged in: servers count who is not yet.
        let _turn = dialer.turn(&goal.host, goal.port).await;
        let stream = dialer.dial(&goal.host, goal.port, url).await.map_err(SshError::Net)?;
        let token = CancellationToken::new();
        let beginning = Beginning::default();
        let stream = Cut::new(stream, token.clone().cancelled_owned(), beginning.clone());
        let open = token.drop_guard();
        let last_words = LastWords::default();
        let config = Arc::new(config(&trust));
        let ear = Ear { trust, last_words: last_words.clone() };
        let handle = client::connect_stream(config, stream, ear)
            .await
            .map_err(|ended| ended.into_error(url, &last_words))
            .map_err(|error| beginning.explain(error, url))?;
        let mut link = Self { handle, last_words, _open: open };
        link.log_in(&goal.user, keys, url).await?;
        tracing::debug!(%url, "logged in over SSH");
        Ok(link)
    }

    /// Says whether it can be used still, as far as is known.
    pub(super) fn is_open(&self) -> bool {
        !self.handle.is_closed()
    }

    /// What the server said before it hung up, if it did.
    pub(super) fn last_words(&self) -> &LastWords {
        &self.last_words
    }

    /// Opens a channel to run something in.
    pub(super) async fn channel(&self) -> Result<Channel<Msg>, russh::Error> {
        self.handle.channel_open_session().await
    }

    /// Says why something could not be done.
    pub(super) fn failed(&self, url: &str, error: &russh::Error) -> SshError {
        match self.last_words.get() {
            Some(words) => SshError::broken(url, Cause::new(words)),
            None => SshError::of(url, error),
        }
    }

    /// Offers the keys one after the other, which were looked for in these files.
    async fn log_in(
        &mut self,
        user: &str,
        (keys, files): (&[Key], &[FileChoice]),
        url: &str,
    ) -> Result<(), SshError> {
        let denied = |reason: String| SshError::Denied { url: url.to_owned(), reason };
        if keys.is_empty() {
            let answer = self.handle.authenticate_none(user).await;
            return match answer.map_err(|error| self.failed(url, &error))? {
                AuthResult::Success => Ok(()),
                AuthResult::Failure { remaining_methods, .. } => Err(denied(format!(
                    "there is no key to offer as {user}{}; looked for one in {}",
                    self.wanted(&remaining_methods),
                    files::lacking(files)
                ))),
            };
        }
        let mut wanted = String::new();
        for key in keys {
            for hash in self.hashes(key).await.map_err(|error| self.failed(url, &error))? {
                let offer = PrivateKeyWithHashAlg::new(Arc::clone(&key.key), hash);
                let answer = self.handle.authenticate_publickey(user, offer).await;
                match answer.map_err(|error| self.failed(url, &error))? {
                    AuthResult::Success => {
                        tracing::debug!(%key, user, "the SSH server accepts the key");
                        return Ok(());
                    }
                    AuthResult::Failure { remaining_methods, partial_success: true } => {
                        let wanted = self.wanted(&remaining_methods);
                        return Err(denied(format!("{key} is not enough for {user}{wanted}")));
                    }
                    AuthResult::Failure { remaining_methods, partial_success: false } => {
                        wanted = self.wanted(&remaining_methods);
                    }
                }
            }
            if !self.is_open() {
                break;
            }
        }
        let offered = keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        Err(denied(format!("the server does not accept this as {user}: {offered}{wanted}")))
    }

    /// What the server would accept, or said instead.
    fn wanted(&self, methods: &MethodSet) -> String {
        if let Some(words) = self.last_words.get() {
            return format!("; {words}");
        }
        if !self.is_open() {
            return "; the server hung up".to_owned();
        }
        let names: Vec<&'static str> = methods.iter().map(Into::into).collect();
        if names.is_empty() { String::new() } else { format!("; it asks for {}", names.join(", ")) }
    }

    /// With which hashes to sign: for RSA the best that the server knows, or all that are good if
    /// it does not say.
    async fn hashes(&self, key: &Key) -> Result<Vec<Option<HashAlg>>, russh::Error> {
        if !key.key.algorithm().is_rsa() {
            return Ok(vec![None]);
        }
        let known = self.handle.best_supported_rsa_hash().await?.flatten();
        Ok(match known {
            Some(hash) => vec![Some(hash)],
            None => vec![Some(HashAlg::Sha512), Some(HashAlg::Sha256)],
        })
    }
}

fn config(trust: &Trust) -> Config {
    let name = concat!("SSH-2.0-gitsyncd_", env!("CARGO_PKG_VERSION"));
    Config {
        client_id: SshId::Standard(Cow::Borrowed(name)),
        window_size: WINDOW,
        channel_buffer_size: AHEAD,
        keepalive_interval: Some(KEEPALIVE),
        keepalive_max: UNANSWERED,
        preferred: Preferred {
            key: trust.algorithms().into(),
            host_key_certificates: trust.certificates().into(),
            cipher: Cow::Borrowed(CIPHERS),
            ..Preferred::DEFAULT
        },
        ..Config::default()
    }
}
