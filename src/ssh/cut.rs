//! A connection that can be cut, and whose first words are kept: they tell whether the other side
//! speaks SSH at all.

use crate::model::Cause;
use crate::net::{NetError, Stream};
use crate::ssh::SshError;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::WaitForCancellationFutureOwned;

/// How much of the first words is kept.
const KEPT: usize = 256;

/// The first words of the other side.
#[derive(Clone, Debug, Default)]
pub(super) struct Beginning(Arc<Mutex<Vec<u8>>>);

impl Beginning {
    fn hear(&self, bytes: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(heard.len());
        heard.extend(bytes.iter().take(room));
    }

    /// A connection that broke although something came, and that was not SSH, went to the wrong
    /// place.
    pub(super) fn explain(&self, error: SshError, url: &str) -> SshError {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let text = String::from_utf8_lossy(&heard);
        let is_ssh = text.lines().any(|line| line.starts_with("SSH-"));
        let first: String = text.chars().take_while(|c| !c.is_control()).collect();
        if is_ssh || heard.is_empty() || !matches!(error, SshError::Net(NetError::Broken { .. })) {
            return error;
        }
        let source = Cause::new(format!("it said {first:?} and hung up"));
        SshError::Protocol { url: url.to_owned(), source }
    }
}

/// A connection that ends at once when it is no longer wanted, whatever the task that has it is
/// waiting for.
pub(super) struct Cut {
    stream: Box<dyn Stream>,
    end: Pin<Box<WaitForCancellationFutureOwned>>,
    beginning: Beginning,
}

impl Cut {
    /// Makes it end when this does.
    pub(super) fn new(
        stream: Box<dyn Stream>,
        end: WaitForCancellationFutureOwned,
        beginning: Beginning,
    ) -> Self {
        Self { stream, end: Box::pin(end), beginning }
    }

    fn is_cut(&mut self, context: &mut Context<'_>) -> bool {
        self.end.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut(context) {
            return Poll::Ready(Ok(()));
        }
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, into);
        self.beginning.hear(into.filled().get(before..).unwrap_or_default());
        read
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.is_cut(context) {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
