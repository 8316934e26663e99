//! The body of an HTTP answer as a blocking reader.
//!
//! What is long is read ahead a little, so that the reader and the connection, which are on two
//! threads, do not wait for each other at every piece: servers cut answers into small ones.

use crate::model::{Cause, Slow};
use crate::net::NetError;
use crate::net::Traffic;
use crate::net::client::too_slow as too_slow_for;
use crate::runtime::Stop;
use bytes::{Buf, Bytes};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::collections::VecDeque;
use std::io;
use std::io::{BufRead, Read};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;

/// How many pieces are read ahead; the reader takes as many at once.
const AHEAD: usize = 16;

/// What comes next: a piece, the end, or why there is no more.
type Next = Result<Option<Bytes>, Cause>;

/// What is still to come of an answer. The connection that it comes on knows of it too, as it must
/// be read to its end before the next request.
#[derive(Debug)]
pub(super) struct Rest {
    incoming: Option<Incoming>,
    /// What was read while looking whether there is more.
    found: Option<Next>,
}

impl Rest {
    pub(super) fn of(incoming: Incoming) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self { incoming: Some(incoming), found: None }))
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Next {
        if let Some(found) = self.found.take() {
            return found;
        }
        while let Some(incoming) = &mut self.incoming {
            match incoming.frame().await {
                Some(Ok(frame)) => {
                    if let Ok(piece) = frame.into_data()
                        && !piece.is_empty()
                    {
                        return Ok(Some(piece));
                    }
                }
                Some(Err(error)) => return Err(Cause::of(&error)),
                None => self.incoming = None,
            }
        }
        Ok(None)
    }

    /// Says whether nothing is left but the end.
    pub(super) async fn is_over(&mut self) -> bool {
        let next = self.next().await;
        let over = matches!(next, Ok(None));
        self.found = (!over).then_some(next);
        over
    }
}

/// A task that reads ahead.
#[derive(Debug)]
struct Ahead {
    coming: mpsc::Receiver<Next>,
    here: VecDeque<Next>,
    _task: AbortOnDropHandle<()>,
}

impl Ahead {
    fn start(rest: Arc<Mutex<Rest>>, runtime: &Handle) -> Self {
        let (sender, coming) = mpsc::channel(AHEAD);
        let task = runtime.spawn(async move {
            let mut more = true;
            while more {
                let next = rest.lock().await.next().await;
                let last = !matches!(next, Ok(Some(_)));
                more = sender.send(next).await.is_ok() && !last;
            }
        });
        Self { coming, here: VecDeque::new(), _task: AbortOnDropHandle::new(task) }
    }

    async fn next(&mut self) -> Next {
        if self.here.is_empty() {
            let mut here = Vec::with_capacity(AHEAD);
            self.coming.recv_many(&mut here, AHEAD).await;
            self.here = here.into();
        }
        let lost = || Err(Cause::new("nobody reads the answer any more"));
        self.here.pop_front().unwrap_or_else(lost)
    }
}

/// Reads what the server sends, piece by piece, and ends early with the attempt.
///
/// Its errors are [`NetError`]s wrapped in [`io::Error`].
#[derive(Debug)]
pub struct Body {
    rest: Arc<Mutex<Rest>>,
    ahead: Option<Ahead>,
    piece: Bytes,
    /// Whether the last piece is here.
    ended: bool,
    url: String,
    stop: Stop,
    traffic: Arc<Traffic>,
    pace: Option<Pace>,
}

/// How much came in how much time of waiting, since that was looked at last.
#[derive(Debug)]
struct Pace {
    slow: Slow,
    bytes: u64,
    waited: Duration,
}

impl Body {
    pub(super) fn new(
        rest: Arc<Mutex<Rest>>,
        url: String,
        stop: Stop,
        traffic: Arc<Traffic>,
    ) -> Self {
        let piece = Bytes::new();
        Self { rest, ahead: None, piece, ended: false, url, stop, traffic, pace: None }
    }

    /// Gives up when what comes is slower than this.
    pub(super) fn giving_up(self, slow: Option<Slow>) -> Self {
        let pace = slow.map(|slow| Pace { slow, bytes: 0, waited: Duration::ZERO });
        Self { pace, ..self }
    }

    /// Where it comes from, without user information.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Waits for the first pieces, up to about so many bytes.
    pub(super) async fn gather(&mut self, room: usize) -> Result<(), NetError> {
        while !self.ended && self.piece.len() < room {
            let next = self.rest.lock().await.next().await;
            let Some(piece) = self.arrived(next)? else {
                break;
            };
            self.piece = if self.piece.is_empty() {
                piece
            } else {
                [self.piece.as_ref(), piece.as_ref()].concat().into()
            };
        }
        Ok(())
    }

    /// What was waited for in [`Client::ask`](crate::net::Client::ask) and not read since.
    pub fn begun(&self) -> &[u8] {
        &self.piece
    }

    /// The content, if all of it was waited for in [`Client::ask`](crate::net::Client::ask) and none
    /// of it was read since.
    pub fn whole(&self) -> Option<&Bytes> {
        self.ended.then_some(&self.piece)
    }

    fn arrived(&mut self, next: Next) -> Result<Option<Bytes>, NetError> {
        let piece = next.map_err(|source| NetError::Broken { url: self.url.clone(), source })?;
        self.ended = piece.is_none();
        self.traffic.receive(piece.as_ref().map_or(0, Bytes::len));
        Ok(piece)
    }

    fn next_piece(&mut self) -> Result<Option<Bytes>, NetError> {
        if self.ended {
            return Ok(None);
        }
        let next = match self.pace.take() {
            None => self.wait(&self.stop.clone())?,
            Some(mut pace) => {
                let next = self.wait_at_pace(&mut pace)?;
                self.pace = Some(pace);
                next
            }
        };
        self.arrived(next)
    }

    fn wait(&mut self, stop: &Stop) -> Result<Next, NetError> {
        let start = || Ahead::start(Arc::clone(&self.rest), self.stop.runtime());
        let next = stop.wait(self.ahead.get_or_insert_with(start).next());
        next.map_err(|source| NetError::Stopped { url: self.url.clone(), source })
    }

    /// Waits as long as enough came lately. Only what is waited for counts: we may be slow, too.
    fn wait_at_pace(&mut self, pace: &mut Pace) -> Result<Next, NetError> {
        loop {
            let left = pace.slow.time.saturating_sub(pace.waited);
            let began = Instant::now();
            let waited = self.wait(&self.stop.or_sooner(left));
            pace.waited += began.elapsed();
            if let Ok(Ok(Some(piece))) = &waited {
                pace.bytes += u64::try_from(piece.len()).unwrap_or_default();
            }
            let over = pace.waited >= pace.slow.time;
            let too_slow = over && pace.bytes < pace.slow.least();
            if over {
                (pace.bytes, pace.waited) = (0, Duration::ZERO);
            }
            match waited {
                Err(stopped) if self.stop.check().is_err() => return Err(stopped),
                Err(_) if too_slow => return Err(too_slow_for(&self.url, pace.slow)),
                // The time is over, and enough came in it.
                Err(_) => (),
                Ok(next) => return Ok(next),
            }
        }
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
