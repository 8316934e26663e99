//! A stream of what happens, as browsers understand it (server-sent events).
//!
//! First come the entries of the history after the one that the client saw last, and the status;
//! then each change of either. A client that reads slowly skips states, and never entries that are
//! still kept.

use crate::http::places::Busy;
use crate::observe::history::History;
use crate::observe::status::Status;
use bytes::Bytes;
use serde::Serialize;
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::OwnedSemaphorePermit;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a stream may be silent; then a comment shows both ends that there is still one.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a stream lasts. The client comes again by itself, and misses nothing.
pub(super) const LONGEST: Duration = Duration::from_hours(1);
/// When it is to come again.
const RETRY: &str = "retry: 2000\n\n";

/// What streams are made of.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) status: watch::Receiver<Arc<Status>>,
    pub(super) history: watch::Receiver<Arc<History>>,
    /// Ends all streams.
    pub(super) stop: CancellationToken,
    /// The right to be one of so many streams.
    #[expect(dead_code, reason = "it is held, and given back at the end")]
    pub(super) permit: OwnedSemaphorePermit,
}

/// A stream.
pub(super) struct Events {
    next: Option<Next>,
    busy: Option<Busy>,
}

/// Makes the next piece, and gives what makes those after it.
type Next = Pin<Box<dyn Future<Output = Option<(Teller, String)>> + Send>>;

/// Knows what the client was told.
#[derive(Debug)]
struct Teller {
    source: Source,
    /// The id of the last entry.
    last: u64,
    ends: Instant,
}

/// What a teller has heard.
enum Heard {
    Change,
    Silence,
    End,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events").field("busy", &self.busy).finish_non_exhaustive()
    }
}

impl Events {
    /// Begins after the entry with this id; without one, with what happens from now on.
    pub(super) fn new(source: Source, seen: Option<u64>) -> Self {
        let newest = source.history.borrow().newest_first().next().map_or(0, |entry| entry.id);
        // An id from the future is from another history.
        let last = seen.map_or(newest, |seen| if seen > newest { 0 } else { seen });
        let teller = Teller { source, last, ends: Instant::now() + LONGEST };
        Self { next: Some(Box::pin(ready(Some(teller.begin())))), busy: None }
    }

    /// Lets us be busy for as long as the stream lasts.
    pub(super) fn hold(&mut self, busy: Busy) {
        self.busy = Some(busy);
    }

    /// Gives the next piece; none at the end.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let told = task::ready!(next.as_mut().poll(cx));
        let (next, text) = told.map_or((None, None), |(teller, text)| {
            let next: Next = Box::pin(teller.next());
            (Some(next), Some(text))
        });
        self.next = next;
        Poll::Ready(text.map(Bytes::from))
    }
}

impl Teller {
    fn begin(mut self) -> (Self, String) {
        let mut text = RETRY.to_owned();
        self.entries(&mut text);
        self.status(&mut text);
        (self, text)
    }

    async fn next(mut self) -> Option<(Self, String)> {
        let mut text = String::new();
        while text.is_empty() {
            match self.listen().await {
                Heard::Change => {
                    self.entries(&mut text);
                    if self.source.status.has_changed().is_ok_and(|changed| changed) {
                        self.status(&mut text);
                    }
                }
                Heard::Silence => text.push_str(":\n\n"),
                Heard::End => return None,
            }
        }
        Some((self, text))
    }

    async fn listen(&mut self) -> Heard {
        let Source { status, history, stop, .. } = &mut self.source;
        let changed = tokio::select! {
            biased;
            () = stop.cancelled() => return Heard::End,
            () = tokio::time::sleep_until(self.ends) => return Heard::End,
            changed = history.changed() => changed,
            changed = status.changed() => {
                // It was only listened to, and is told by whoever sees it as changed.
                status.mark_changed();
                changed
            }
            () = tokio::time::sleep(SILENCE) => return Heard::Silence,
        };
        if changed.is_ok() { Heard::Change } else { Heard::End }
    }

    fn entries(&mut self, text: &mut String) {
        let history = Arc::clone(&self.source.history.borrow_and_update());
        for entry in history.after(self.last) {
            write(text, Some(entry.id), "history", entry);
            self.last = entry.id;
        }
    }

    fn status(&mut self, text: &mut String) {
        let status = Arc::clone(&self.source.status.borrow_and_update());
        write(text, None, "status", &*status);
    }
}

/// Adds an event. JSON has no line ends in it.
fn write(text: &mut String, id: Option<u64>, event: &str, data: &impl Serialize) {
    let data = match serde_json::to_string(data) {
        Ok(data) => data,
        Err(error) => {
            tracing::error!(%error, event, "cannot write an event");
            return;
        }
    };
    let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
    text.extend([&id, "event: ", event, "\ndata: ", &data, "\n\n"]);
}
