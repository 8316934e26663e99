//! A stream of what happens, as browsers understand it (server-sent events).
//!
//! First come the entries of the history after the one that the client saw last, and the status;
//! then each change of either. A client that reads slowly skips states, and never entries that are
//! still kept.
//!
//! Of several repositories all that happens comes in one stream, with their names. It follows as
//! they come and go. Each has a history of its own with its own numbers, so the id of an event is
//! then the time of the entry; who comes again gets what happened since, and that instant twice.

use crate::http::places::Busy;
use crate::http::{Repositories, Repository};
use crate::observe::history::{Entry, History};
use crate::observe::status::Status;
use bytes::Bytes;
use jiff::Timestamp;
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
use tokio::sync::watch::error::RecvError;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a stream may be silent; then a comment shows both ends that there is still one.
const SILENCE: Duration = Duration::from_secs(15);
/// How long a stream lasts. The client comes again by itself, and misses nothing.
pub(super) const LONGEST: Duration = Duration::from_hours(1);
/// When it is to come again.
const RETRY: &str = "retry: 2000\n\n";

/// How often many repositories are looked at. (To be woken by each of them would cost more.)
const LOOK: Duration = Duration::from_millis(200);
/// What may have been recorded a little later than it happened, in milliseconds.
const SLACK: i64 = 1000;
/// How many entries of several repositories a client can catch up with.
const MOST_MISSED: usize = 1000;

/// What a stream is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// The only repository.
    Only,
    /// The one of this name.
    Named(String),
    /// Each of several.
    All,
}

/// What streams are made of.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) repositories: watch::Receiver<Repositories>,
    pub(super) scope: Scope,
    /// Ends all streams.
    pub(super) stop: CancellationToken,
    /// The right to be one of so many streams.
    #[expect(dead_code, reason = "it is held, and given back at the end")]
    pub(super) permit: OwnedSemaphorePermit,
}

/// An entry of the history, and whose it is where there are several.
#[derive(Debug, Serialize)]
pub(super) struct Told<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(flatten)]
    pub(super) entry: &'a Entry,
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
    told: Vec<Subject>,
    ends: Instant,
}

/// One repository, and what the client knows of it.
#[derive(Debug)]
struct Subject {
    one: Arc<Repository>,
    status: watch::Receiver<Arc<Status>>,
    history: watch::Receiver<Arc<History>>,
    /// The id of the last entry.
    last: u64,
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
        let teller = Teller { source, told: Vec::new(), ends: Instant::now() + LONGEST };
        Self { next: Some(Box::pin(ready(Some(teller.begin(seen))))), busy: None }
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

impl Subject {
    /// Begins with what happens from now on.
    fn new(one: &Arc<Repository>) -> Self {
        let (status, history) = (one.status.clone(), one.history.clone());
        let last = history.borrow().last_id();
        Self { one: Arc::clone(one), status, history, last }
    }

    /// Goes on after this entry. An id from the future is from another history.
    fn after(&mut self, seen: u64) {
        self.last = if seen > self.last { 0 } else { seen };
    }

    fn is(&self, one: &Arc<Repository>) -> bool {
        Arc::ptr_eq(&self.one, one)
    }

    /// What is new in its history.
    fn news(&mut self) -> Option<Arc<History>> {
        let history = Arc::clone(&self.history.borrow_and_update());
        (history.last_id() > self.last).then_some(history)
    }

    /// Whether something is to be told of it. What ended has no more.
    fn has_news(&self) -> bool {
        let changed = |changed: Result<bool, _>| changed.is_ok_and(|changed| changed);
        changed(self.status.has_changed()) || changed(self.history.has_changed())
    }

    /// Waits for a change of it, or of the list of all.
    async fn hear(&mut self, listed: &mut watch::Receiver<Repositories>) -> Result<(), RecvError> {
        tokio::select! {
            biased;
            changed = self.history.changed() => changed,
            changed = self.status.changed() => {
                // It was only listened to, and is told by whoever sees it as changed.
                self.status.mark_changed();
                changed
            }
            changed = listed.changed() => {
                listed.mark_changed();
                changed
            }
        }
    }

    fn tell_status(&mut self, text: &mut String) {
        let status = Arc::clone(&self.status.borrow_and_update());
        write(text, None, "status", &*status);
    }
}

impl Teller {
    fn begin(mut self, seen: Option<u64>) -> (Self, String) {
        let mut text = RETRY.to_owned();
        self.adapt(&mut text);
        match (&self.source.scope, seen) {
            (_, None) => (),
            (Scope::Only | Scope::Named(_), Some(seen)) => {
                self.told.iter_mut().for_each(|subject| subject.after(seen));
            }
            (Scope::All, Some(seen)) => self.catch_up(seen),
        }
        self.entries(&mut text);
        for subject in &mut self.told {
            subject.tell_status(&mut text);
        }
        (self, text)
    }

    /// Takes note of who came and who went, and says whether there is still something to tell of.
    fn adapt(&mut self, text: &mut String) -> bool {
        let list = Arc::clone(&self.source.repositories.borrow_and_update());
        let wanted: Vec<_> = match &self.source.scope {
            Scope::Only => list.iter().take(1).collect(),
            Scope::Named(name) => {
                list.iter().filter(|one| one.name.as_ref() == Some(name)).collect()
            }
            Scope::All => list.iter().collect(),
        };
        let mut before = std::mem::take(&mut self.told);
        for one in wanted {
            let known = before.iter().position(|subject| subject.is(one));
            let subject = known.map(|place| before.swap_remove(place));
            let same_name = |subject: &&Subject| subject.one.name == one.name;
            let heir = before.iter().find(same_name).map(|subject| subject.last);
            self.told.push(subject.unwrap_or_else(|| {
                let mut new = Subject::new(one);
                // Another took its place, with the same history as a rule.
                if let Some(last) = heir {
                    new.after(last);
                }
                new.status.mark_changed();
                new
            }));
        }
        if self.source.scope == Scope::All {
            let names: Vec<_> = self.told.iter().map(|subject| &subject.one.name).collect();
            write(text, None, "repositories", &names);
            return true;
        }
        !self.told.is_empty()
    }

    /// Goes on after this time, in milliseconds, as far as the client can be told so much. One that
    /// lies in the future says nothing.
    fn catch_up(&mut self, seen: u64) {
        let Ok(seen) = i64::try_from(seen) else {
            return;
        };
        if seen > Timestamp::now().as_millisecond() {
            return;
        }
        let mut missed = Vec::new();
        for (place, subject) in self.told.iter().enumerate() {
            let history = subject.history.borrow();
            let since = history.newest_first().map(|entry| (entry.at.as_millisecond(), entry.id));
            let since = since.take_while(|(at, _)| at.saturating_add(SLACK) >= seen);
            missed.extend(since.map(|(at, id)| (at, place, id)));
        }
        missed.sort_unstable_by(|one, other| other.cmp(one));
        for (_, place, id) in missed.into_iter().take(MOST_MISSED) {
            if let Some(subject) = self.told.get_mut(place) {
                subject.last = subject.last.min(id.saturating_sub(1));
            }
        }
    }

    async fn next(mut self) -> Option<(Self, String)> {
        let mut text = String::new();
        while text.is_empty() {
            match self.listen().await {
                Heard::Change if self.change(&mut text) => (),
                Heard::Silence => text.push_str(":\n\n"),
                Heard::Change | Heard::End => return None,
            }
        }
        Some((self, text))
    }

    /// Tells of all that changed, and says whether there is still something to tell of.
    fn change(&mut self, text: &mut String) -> bool {
        let listed = self.source.repositories.has_changed();
        if listed.is_ok_and(|changed| changed) && !self.adapt(text) {
            return false;
        }
        self.entries(text);
        for subject in &mut self.told {
            if subject.status.has_changed().is_ok_and(|changed| changed) {
                subject.tell_status(text);
            }
        }
        true
    }

    async fn listen(&mut self) -> Heard {
        let silence = Instant::now() + SILENCE;
        let stop = self.source.stop.clone();
        let ends = self.ends;
        tokio::select! {
            biased;
            () = stop.cancelled() => Heard::End,
            () = tokio::time::sleep_until(ends) => Heard::End,
            heard = self.hear() => heard,
            () = tokio::time::sleep_until(silence) => Heard::Silence,
        }
    }

    /// Waits for a change.
    async fn hear(&mut self) -> Heard {
        let changed = match (&self.source.scope, self.told.first_mut()) {
            (Scope::All, _) => self.hear_any().await,
            (Scope::Only | Scope::Named(_), Some(subject)) => {
                let listed = &mut self.source.repositories;
                match subject.hear(listed).await {
                    Ok(()) => Ok(()),
                    // It has ended. Another takes its place, or the list goes on without it.
                    Err(_ended) => {
                        let changed = listed.changed().await;
                        listed.mark_changed();
                        changed
                    }
                }
            }
            (Scope::Only | Scope::Named(_), None) => return Heard::End,
        };
        if changed.is_ok() { Heard::Change } else { Heard::End }
    }

    /// Waits until any of many has changed. The first look is at once: what changed while the last
    /// piece went out.
    async fn hear_any(&mut self) -> Result<(), RecvError> {
        let listed = &mut self.source.repositories;
        while !self.told.iter().any(Subject::has_news) {
            tokio::select! {
                changed = listed.changed() => {
                    listed.mark_changed();
                    return changed;
                }
                () = tokio::time::sleep(LOOK) => (),
            }
        }
        Ok(())
    }

    /// Tells of what happened, in the order of time where there are several.
    fn entries(&mut self, text: &mut String) {
        let several = self.source.scope == Scope::All;
        let mut news = Vec::new();
        for subject in &mut self.told {
            let Some(history) = subject.news() else {
                continue;
            };
            news.push((Arc::clone(&subject.one), subject.last, Arc::clone(&history)));
            subject.last = history.last_id();
        }
        let entries = news.iter().flat_map(|(one, last, history)| {
            history.after(*last).map(|entry| Told { name: one.name.as_deref(), entry })
        });
        let mut entries: Vec<_> = entries.collect();
        if several {
            entries.sort_by_key(|told| told.entry.at);
        }
        for told in entries {
            let id = if several {
                u64::try_from(told.entry.at.as_millisecond()).unwrap_or_default()
            } else {
                told.entry.id
            };
            write(text, Some(id), "history", &told);
        }
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
