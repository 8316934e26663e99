//! The body of an HTTP answer as a blocking reader.

use crate::model::Cause;
use crate::net::NetError;
use crate::net::Traffic;
use crate::runtime::Stop;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::io;
use std::io::{BufRead, Read};
use std::sync::Arc;

/// Reads what the server sends, piece by piece, and ends early with the attempt.
///
/// Its errors are [`NetError`]s wrapped in [`io::Error`].
#[derive(Debug)]
pub struct Body {
    incoming: Incoming,
    piece: Bytes,
    /// Whether the last piece is here.
    ended: bool,
    url: String,
    stop: Stop,
    traffic: Arc<Traffic>,
}

impl Body {
    pub(super) fn new(incoming: Incoming, url: String, stop: Stop, traffic: Arc<Traffic>) -> Self {
        Self { incoming, piece: Bytes::new(), ended: false, url, stop, traffic }
    }

    /// Where it comes from, without user information.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the first pieces, up to about so many bytes.
    pub(super) async fn gather(&mut self, room: usize) -> Result<(), NetError> {
        while !self.ended && self.piece.len() < room {
            let Some(piece) = self.arrival().await? else {
                break;
            };
            self.piece = match self.piece.is_empty() {
                true => piece,
                false => [self.piece.as_ref(), piece.as_ref()].concat().into(),
            };
        }
        Ok(())
    }

    /// The content, if all of it was waited for in [`Client::ask`](crate::net::Client::ask) and none
    /// of it was read since.
    pub fn whole(&self) -> Option<&Bytes> {
        self.ended.then_some(&self.piece)
    }

    async fn arrival(&mut self) -> Result<Option<Bytes>, NetError> {
        while let Some(frame) = self.incoming.frame().await {
            let frame = frame.map_err(|source| NetError::Broken {
                url: self.url.clone(),
                source: Cause::of(&source),
            })?;
            if let Ok(piece) = frame.into_data()
                && !piece.is_empty()
            {
                self.traffic.receive(piece.len());
                return Ok(Some(piece));
            }
        }
        self.ended = true;
        Ok(None)
    }

    fn next_piece(&mut self) -> Result<Option<Bytes>, NetError> {
        if self.ended {
            return Ok(None);
        }
        let stop = self.stop.clone();
        stop.wait(self.arrival())
            .map_err(|source| NetError::Stopped { url: self.url.clone(), source })?
    }
}

impl BufRead for Body {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.piece.is_empty()
            && let Some(piece) = self.next_piece().map_err(NetError::into_io)?
        {
            self.piece = piece;
        }
        Ok(&self.piece)
    }

    fn consume(&mut self, amount: usize) {
        self.piece.advance(amount.min(self.piece.len()));
    }
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}
