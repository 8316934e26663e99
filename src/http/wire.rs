//! The connection to a client, which has to read what it is sent.
//!
//! A client that does not read has the system keep what it is sent, and then us. The first is
//! bounded here, and the second ends: a write that makes no progress for too long is an error. Slow
//! progress is progress.

use hyper::rt;
use hyper_util::rt::TokioIo;
use rustix::net::sockopt;
use std::io;
use std::io::IoSlice;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// What the system keeps for a client that does not read. (It takes twice as much for itself.)
const KEPT: usize = 128 * 1024;

/// A connection, to be given to hyper.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TokioIo<TcpStream>,
    patience: Duration,
    /// Ends the patience; there while a write waits.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    /// Lets a write wait for so long.
    pub(super) fn new(stream: TcpStream, patience: Duration) -> Self {
        if let Err(error) = sockopt::set_socket_send_buffer_size(&stream, KEPT) {
            tracing::debug!(%error, "cannot bound what is kept for a client");
        }
        // The pieces of an answer must not wait until the client says that it has those before.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot send pieces at once");
        }
        Self { stream: TokioIo::new(stream), patience, timer: None }
    }

    /// Ends it. What a client did not want to read is not kept for it.
    pub(super) fn cut(self) {
        let is_unread = self.timer.is_some();
        let stream = self.stream.into_inner();
        if is_unread && let Err(error) = sockopt::set_socket_linger(&stream, Some(Duration::ZERO)) {
            tracing::debug!(%error, "cannot drop what a client did not read");
        }
    }

    /// The connection, unless its client does not read.
    pub(super) fn read(self) -> Option<TcpStream> {
        if self.timer.is_some() {
            self.cut();
            None
        } else {
            Some(self.stream.into_inner())
        }
    }

    /// Notes whether something was written, and how long nothing has been.
    fn note(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.timer = None;
            return written;
        }
        let end = Instant::now() + self.patience;
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(end)));
        timer.as_mut().poll(cx).map(|()| Err(io::Error::from(io::ErrorKind::TimedOut)))
    }
}

impl rt::Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl rt::Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.stream.inner_mut()).poll_write(cx, bytes);
        self.note(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(self.stream.inner_mut()).poll_write_vectored(cx, pieces);
        self.note(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.inner().is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.inner_mut()).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(self.stream.inner_mut()).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    const PATIENCE: Duration = Duration::from_secs(30);

    async fn pair() -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        (Wire::new(stream, PATIENCE), client)
    }

    /// Writes until it fails, and gives how much was written, and why it ended.
    async fn flood(wire: &mut Wire) -> (usize, io::ErrorKind) {
        let piece = vec![b'x'; 16 * 1024];
        let mut written = 0;
        loop {
            match poll_fn(|cx| rt::Write::poll_write(Pin::new(wire), cx, &piece)).await {
                Ok(count) => written += count,
                Err(error) => return (written, error.kind()),
            }
        }
    }

    #[tokio::test]
    async fn what_is_written_does_not_wait_for_what_was_written_before() {
        let (wire, _client) = pair().await;
        assert!(wire.read().unwrap().nodelay().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_does_not_read_is_sent_little_and_given_up() {
        let (mut wire, mut client) = pair().await;
        let begin = Instant::now();
        let (written, why) = flood(&mut wire).await;
        assert_eq!(why, io::ErrorKind::TimedOut);
        assert!(begin.elapsed() >= PATIENCE && begin.elapsed() < 2 * PATIENCE);
        assert!(written < 1024 * 1024, "{written}");
        assert!(wire.read().is_none());
        let mut heard = Vec::new();
        assert!(client.read_to_end(&mut heard).await.is_err(), "it is told nothing more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_reads_slowly_is_waited_for() {
        let (mut wire, mut client) = pair().await;
        let begin = Instant::now();
        let mut room = vec![0; 512 * 1024];
        let reads = async {
            for _ in 0..10 {
                tokio::time::sleep(PATIENCE / 2).await;
                assert!(client.read(&mut room).await.unwrap() > 0);
            }
        };
        let ((), (written, _)) = tokio::join!(reads, flood(&mut wire));
        assert!(begin.elapsed() > 3 * PATIENCE, "{written} in {:?}", begin.elapsed());
    }
}
