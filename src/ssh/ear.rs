//! What a server may say besides what goes through the channels that we open.
//!
//! It may ask for nothing: channels that it opens are refused, which is what becomes of an answer
//! that is dropped. russh would accept them if a handler said nothing about them.

use crate::model::Cause;
use crate::ssh::HostProblem;
use crate::ssh::SshError;
use crate::ssh::trust::Trust;
use jiff::Timestamp;
use russh::Channel;
use russh::client::{ChannelOpenHandle, DisconnectReason, Handler, Msg, Session};
use russh::keys::PublicKeyOrCertificate;
use std::sync::{Arc, Mutex, PoisonError};

/// How many letters of the server's last words are kept.
const WORDS: usize = 500;

/// What the server said before it hung up, if it did.
#[derive(Clone, Debug, Default)]
pub(super) struct LastWords(Arc<Mutex<Option<String>>>);

impl LastWords {
    fn note(&self, words: String) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
    }

    pub(super) fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Hears what the server says.
#[derive(Debug)]
pub(super) struct Ear {
    pub(super) trust: Trust,
    pub(super) last_words: LastWords,
}

/// Why a connection ended at our side.
#[derive(Debug)]
pub(super) enum Ended {
    /// Because of the host's key.
    Distrusted(HostProblem),
    /// For another reason.
    Failed(russh::Error),
}

impl From<russh::Error> for Ended {
    fn from(error: russh::Error) -> Self {
        Self::Failed(error)
    }
}

impl Ended {
    /// Says so in our words.
    pub(super) fn into_error(self, url: &str, last_words: &LastWords) -> SshError {
        match self {
            Self::Distrusted(problem) => SshError::Host { url: url.to_owned(), problem },
            Self::Failed(error) => match last_words.get() {
                Some(words) => SshError::broken(url, Cause::new(words)),
                None => SshError::of(url, &error),
            },
        }
    }
}

/// The beginning of what was said, without what would move a cursor.
fn plain(said: &str) -> String {
    said.chars().filter(|c| !c.is_control()).take(WORDS).collect()
}

impl Handler for Ear {
    type Error = Ended;

    async fn auth_banner(&mut self, banner: &str, _session: &mut Session) -> Result<(), Ended> {
        tracing::debug!(banner = plain(banner.trim()), "the SSH server greets");
        Ok(())
    }

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Ended> {
        self.trust.judge(shown, Timestamp::now()).map_err(Ended::Distrusted)?;
        Ok(true)
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Ended>) -> Result<(), Ended> {
        match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                let said = plain(&info.message);
                tracing::debug!(reason = ?info.reason_code, said, "the SSH server hung up");
                self.last_words.note(format!("the server hung up and said: {said}"));
                Ok(())
            }
            DisconnectReason::Error(error) => Err(error),
        }
    }

    async fn server_channel_open_forwarded_tcpip(
        &mut self,
        _channel: Channel<Msg>,
        _connected_address: &str,
        _connected_port: u32,
        _originator_address: &str,
        _originator_port: u32,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }

    async fn server_channel_open_forwarded_streamlocal(
        &mut self,
        _channel: Channel<Msg>,
        _socket_path: &str,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }

    async fn server_channel_open_agent_forward(
        &mut self,
        _channel: Channel<Msg>,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }

    async fn server_channel_open_session(
        &mut self,
        _channel: Channel<Msg>,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }

    async fn server_channel_open_direct_tcpip(
        &mut self,
        _channel: Channel<Msg>,
        _host_to_connect: &str,
        _port_to_connect: u32,
        _originator_address: &str,
        _originator_port: u32,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }

    async fn server_channel_open_direct_streamlocal(
        &mut self,
        _channel: Channel<Msg>,
        _socket_path: &str,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }

    async fn server_channel_open_x11(
        &mut self,
        _channel: Channel<Msg>,
        _originator_address: &str,
        _originator_port: u32,
        _refused: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Ended> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_short_and_plain() {
        assert_eq!(plain("No\u{1b}[31m.\r\n"), "No[31m.");
        assert_eq!(plain(&"x".repeat(100_000)).len(), WORDS);
    }
}
