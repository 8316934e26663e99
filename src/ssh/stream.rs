//! The channel in which a program runs at the server, as a blocking reader and a blocking writer.
//!
//! Their errors are [`NetError`]s wrapped in [`io::Error`].

use crate::model::Cause;
use crate::net::NetError;
use crate::net::Traffic;
use crate::runtime::Stop;
use crate::ssh::Remote;
use crate::ssh::ear::LastWords;
use crate::ssh::links::Slot;
use bytes::{Buf, Bytes};
use russh::client::Msg;
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf};
use std::collections::VecDeque;
use std::future;
use std::io;
use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

/// How many messages are taken at once if they are there.
const AT_ONCE: usize = 16;
/// How much is written before it is sent without being told to.
const SEND_AT: usize = 32 << 10;
/// The number of the standard error (RFC 4254, 5.2).
const STDERR: u32 = 1;
/// How long the last words and the status of the program may take after its output has ended.
const LAST: Duration = Duration::from_secs(2);

/// Reads what the program writes.
#[derive(Debug)]
pub struct Reader {
    half: ChannelReadHalf,
    pieces: VecDeque<Bytes>,
    /// Whether the output of the program has come to its end.
    output_ended: bool,
    /// Whether nothing at all comes any more.
    ended: bool,
    remote: Remote,
    last_words: LastWords,
    url: String,
    stop: Stop,
    /// How long the first sign of life may take, until there was one.
    patience: Option<Duration>,
    traffic: Arc<Traffic>,
}

impl Reader {
    pub(super) fn new(
        half: ChannelReadHalf,
        (remote, last_words): (Remote, LastWords),
        url: String,
        (stop, patience): (Stop, Option<Duration>),
        traffic: Arc<Traffic>,
    ) -> Self {
        Self {
            half,
            pieces: VecDeque::new(),
            output_ended: false,
            ended: false,
            remote,
            last_words,
            url,
            stop,
            patience,
            traffic,
        }
    }

    /// Waits until there is something to read, or never will be.
    fn fill(&mut self) -> Result<(), NetError> {
        while self.pieces.is_empty() && !self.ended {
            let limit = if self.output_ended { Some(LAST) } else { self.patience.take() };
            let messages = self
                .stop
                .wait(gather(&mut self.half, limit))
                .map_err(|source| NetError::Stopped { url: self.url.clone(), source })?;
            if messages.is_empty() {
                self.end()?;
            }
            for message in messages {
                self.take(message);
            }
        }
        Ok(())
    }

    /// The channel is gone, or it is no use to wait for its end.
    fn end(&mut self) -> Result<(), NetError> {
        if !self.output_ended {
            let lost = "the SSH connection was lost".to_owned();
            let source = Cause::new(self.last_words.get().unwrap_or(lost));
            return Err(NetError::Broken { url: self.url.clone(), source });
        }
        self.ended = true;
        self.remote.ends();
        Ok(())
    }

    fn take(&mut self, message: ChannelMsg) {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the others say nothing to a reader")]
        match message {
            ChannelMsg::Data { data } => {
                self.traffic.receive(data.len());
                if !data.is_empty() {
                    self.pieces.push_back(data);
                }
            }
            ChannelMsg::ExtendedData { data, ext: STDERR } => {
                self.traffic.receive(data.len());
                self.remote.says(&data);
            }
            ChannelMsg::Eof => self.output_ended = true,
            ChannelMsg::ExitStatus { exit_status } => self.remote.exits(exit_status),
            ChannelMsg::ExitSignal { signal_name, .. } => {
                self.remote.is_killed(format!("{signal_name:?}"));
            }
            ChannelMsg::Failure => {
                self.remote.is_forbidden();
                self.output_ended = true;
            }
            ChannelMsg::Close => {
                self.output_ended = true;
                self.ended = true;
                self.remote.ends();
            }
            _ => (),
        }
    }
}

/// Waits for a message and takes what is there already. None come if the channel is gone, or if
/// the time is over.
async fn gather(half: &mut ChannelReadHalf, limit: Option<Duration>) -> Vec<ChannelMsg> {
    let first = match limit {
        Some(limit) => tokio::time::timeout(limit, half.wait()).await.ok().flatten(),
        None => half.wait().await,
    };
    let mut messages: Vec<_> = first.into_iter().collect();
    while !messages.is_empty() && messages.len() < AT_ONCE {
        let next = tokio::select! {
            biased;
            next = half.wait() => next,
            () = future::ready(()) => None,
        };
        match next {
            Some(next) => messages.push(next),
            None => break,
        }
    }
    messages
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.fill().map_err(NetError::into_io)?;
        let Some(piece) = self.pieces.front_mut() else {
            return Ok(0);
        };
        let count = piece.len().min(into.len());
        piece.copy_to_slice(into.get_mut(..count).unwrap_or_default());
        if piece.is_empty() {
            self.pieces.pop_front();
        }
        Ok(count)
    }
}

/// Writes what the program reads. What is written is sent when it is flushed. The channel is closed
/// when this is dropped.
#[derive(Debug)]
pub struct Writer {
    half: Option<ChannelWriteHalf<Msg>>,
    unsent: Vec<u8>,
    url: String,
    stop: Stop,
    /// Keeps the connection open, for the reader as well.
    slot: Arc<Slot>,
}

impl Writer {
    pub(super) fn new(
        half: ChannelWriteHalf<Msg>,
        url: String,
        stop: Stop,
        slot: Arc<Slot>,
    ) -> Self {
        Self { half: Some(half), unsent: Vec::new(), url, stop, slot }
    }

    fn send(&mut self) -> Result<(), NetError> {
        let Some(half) = self.half.as_ref().filter(|_| !self.unsent.is_empty()) else {
            return Ok(());
        };
        let bytes = Bytes::from(std::mem::take(&mut self.unsent));
        self.stop
            .wait(half.data_bytes(bytes))
            .map_err(|source| NetError::Stopped { url: self.url.clone(), source })?
            .map_err(|error| NetError::Broken { url: self.url.clone(), source: Cause::of(&error) })
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unsent.extend_from_slice(bytes);
        if self.unsent.len() >= SEND_AT {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.send().map_err(NetError::into_io)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if let Some(half) = self.half.take() {
            // Nobody waits for it; with the connection it is closed in any case.
            let slot = Arc::clone(&self.slot);
            let closed = self.stop.runtime().spawn(async move {
                if half.eof().await.is_ok() && half.close().await.is_ok() {
                    tracing::trace!("closed a channel");
                }
                drop(slot);
            });
            drop(closed);
        }
    }
}
