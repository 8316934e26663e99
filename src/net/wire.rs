//! A connection as a blocking reader and writer, for protocols that speak on it directly.

use crate::model::Cause;
use crate::net::Dialer;
use crate::net::NetError;
use crate::net::Stream;
use crate::net::Traffic;
use crate::runtime::Stop;
use std::future::Future;
use std::io;
use std::io::{Read, Write};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};

/// The half of a connection that is read.
pub type Incoming = Wire<ReadHalf<Box<dyn Stream>>>;
/// The half of a connection that is written to.
pub type Outgoing = Wire<WriteHalf<Box<dyn Stream>>>;

/// One half of a connection. Its errors are [`NetError`]s wrapped in [`io::Error`].
#[derive(Debug)]
pub struct Wire<Half> {
    half: Half,
    url: String,
    stop: Stop,
    traffic: Arc<Traffic>,
}

impl Wire<()> {
    /// Connects to a host and a port, and splits the connection. `url` is what errors show.
    pub fn connect(
        dialer: &Dialer,
        (host, port): (&str, u16),
        url: &str,
        stop: &Stop,
        traffic: &Arc<Traffic>,
    ) -> Result<(Incoming, Outgoing), NetError> {
        traffic.request();
        let dialing = async {
            let _turn = dialer.turn(host, port).await;
            dialer.dial(host, port, url).await
        };
        let stream = stop
            .wait(dialing)
            .map_err(|source| NetError::Stopped { url: url.to_owned(), source })??;
        let (read, write) = tokio::io::split(stream);
        let wire = Wire {
            half: (),
            url: url.to_owned(),
            stop: stop.clone(),
            traffic: Arc::clone(traffic),
        };
        Ok((wire.with(read), wire.with(write)))
    }

    fn with<Half>(&self, half: Half) -> Wire<Half> {
        Wire {
            half,
            url: self.url.clone(),
            stop: self.stop.clone(),
            traffic: Arc::clone(&self.traffic),
        }
    }
}

/// Waits for one operation on a half and names its errors.
fn finish<T>(
    url: &str,
    stop: &Stop,
    operation: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    stop.wait(operation)
        .map_err(|source| NetError::Stopped { url: url.to_owned(), source })
        .and_then(|done| {
            done.map_err(|source| NetError::Broken {
                url: url.to_owned(),
                source: Cause::of(&source),
            })
        })
        .map_err(NetError::into_io)
}

impl Read for Incoming {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = finish(&self.url, &self.stop, self.half.read(into))?;
        self.traffic.receive(count);
        Ok(count)
    }
}

impl Write for Outgoing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        finish(&self.url, &self.stop, self.half.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        finish(&self.url, &self.stop, self.half.flush())
    }
}
