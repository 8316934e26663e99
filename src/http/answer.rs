//! What all answers are made of.

use crate::http::events::Events;
use crate::http::places::Busy;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Frame, SizeHint};
use serde::Serialize;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;
use tokio::sync::OwnedSemaphorePermit;

/// Plain text.
pub(super) const TEXT: &str = "text/plain; charset=utf-8";
/// JSON.
pub(super) const JSON: &str = "application/json";
/// JSON that says what is wrong (RFC 9457).
pub(super) const PROBLEM: &str = "application/problem+json";

/// How long to wait, in seconds, before asking again what there was no room for.
const SOON: HeaderValue = HeaderValue::from_static("5");

/// What an answer holds.
#[derive(Debug)]
pub(super) enum Body {
    /// All of it.
    Full(Full<Bytes>),
    /// All of it, in pieces.
    Pieces(Pieces),
    /// What happens, as it happens.
    Events(Box<Events>),
}

/// A long body, which is not put together.
#[derive(Debug)]
pub(super) struct Pieces {
    rest: vec::IntoIter<Bytes>,
    /// How many bytes are left.
    left: u64,
    /// The right to hold so much.
    #[expect(dead_code, reason = "it is held, and given back at the end")]
    permit: Option<OwnedSemaphorePermit>,
}

impl Pieces {
    /// Takes what is to be sent.
    pub(super) fn new(
        pieces: impl Iterator<Item = Vec<u8>>,
        permit: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let pieces: Vec<_> = pieces.map(Bytes::from).filter(|piece| !piece.is_empty()).collect();
        let left = pieces.iter().map(length).sum();
        Self { rest: pieces.into_iter(), left, permit }
    }

    fn next(&mut self) -> Option<Bytes> {
        let piece = self.rest.next()?;
        self.left = self.left.saturating_sub(length(&piece));
        Some(piece)
    }
}

fn length(piece: &Bytes) -> u64 {
    u64::try_from(piece.len()).unwrap_or(u64::MAX)
}

impl Body {
    /// Lets us be busy for as long as this body has to be made.
    pub(super) fn hold(&mut self, busy: Busy) {
        match self {
            Self::Full(_) | Self::Pieces(_) => drop(busy),
            Self::Events(events) => events.hold(busy),
        }
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Full(full) => Pin::new(full).poll_frame(cx),
            Self::Pieces(pieces) => Poll::Ready(pieces.next().map(Frame::data).map(Ok)),
            Self::Events(events) => events.poll(cx).map(|text| text.map(Frame::data).map(Ok)),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(full) => full.is_end_stream(),
            Self::Pieces(pieces) => pieces.left == 0,
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(full) => full.size_hint(),
            Self::Pieces(pieces) => SizeHint::with_exact(pieces.left),
            Self::Events(_) => SizeHint::default(),
        }
    }
}

/// Answers in words.
pub(super) fn text(code: StatusCode, words: impl Into<Bytes>) -> Response<Body> {
    full(code, TEXT, words)
}

/// Answers with a value.
pub(super) fn json(
    code: StatusCode,
    content_type: &'static str,
    value: &impl Serialize,
) -> Response<Body> {
    match serde_json::to_vec(value) {
        Ok(mut bytes) => {
            bytes.push(b'\n');
            full(code, content_type, bytes)
        }
        Err(error) => {
            tracing::error!(%error, "cannot write an answer");
            text(StatusCode::INTERNAL_SERVER_ERROR, "cannot write the answer\n")
        }
    }
}

/// Answers with a whole body of this type.
pub(super) fn full(
    code: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<Body> {
    respond(code, content_type, Body::Full(Full::new(body.into())))
}

/// Answers, with what every answer says.
pub(super) fn respond(code: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Says which methods a path takes.
pub(super) fn allowing(mut response: Response<Body>, methods: &'static str) -> Response<Body> {
    response.headers_mut().insert(ALLOW, HeaderValue::from_static(methods));
    response
}

/// Asks to come again soon.
pub(super) fn soon(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(RETRY_AFTER, SOON);
    response
}
