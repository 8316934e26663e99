//! The connections that are kept, each with as many conversations at once as its server allows.

use crate::ssh::keys::Key;
use crate::ssh::known_hosts::Known;
use crate::ssh::link::{Goal, Link};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How many conversations there may be on one connection. OpenSSH allows ten (`MaxSessions`), and
/// takes some time to notice that one has ended.
const ROOM: usize = 8;
/// How long a connection is kept without use if there is another one.
const SPARE: Duration = Duration::from_mins(2);
/// How long somebody waits for the connection that another is opening.
const PATIENCE: Duration = Duration::from_secs(5);

/// What a connection depends on.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) goal: Goal,
    pub(super) keys: Arc<Vec<Key>>,
    pub(super) known: Option<Arc<Vec<Known>>>,
}

impl Terms {
    /// Whether the files say the same.
    fn is_as_known(&self, other: &Self) -> bool {
        let same_known = match (&self.known, &other.known) {
            (Some(one), Some(two)) => Arc::ptr_eq(one, two),
            (None, None) => true,
            (_, _) => false,
        };
        Arc::ptr_eq(&self.keys, &other.keys) && same_known
    }
}

/// A connection and all that it depends on.
#[derive(Debug)]
pub(super) struct Kept {
    terms: Terms,
    link: Link,
    use_: Mutex<Use>,
}

#[derive(Debug)]
struct Use {
    /// How many conversations there are.
    now: usize,
    /// How many there may be, as far as is known.
    room: usize,
    last: Instant,
}

impl Kept {
    fn use_(&self) -> MutexGuard<'_, Use> {
        self.use_.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of one conversation on a connection, which is open as long as somebody has one.
#[derive(Debug)]
pub(super) struct Slot(Arc<Kept>);

impl Slot {
    /// The only one on a new connection.
    pub(super) fn first(terms: Terms, link: Link) -> Self {
        let use_ = Mutex::new(Use { now: 1, room: ROOM, last: Instant::now() });
        Self(Arc::new(Kept { terms, link, use_ }))
    }

    pub(super) fn link(&self) -> &Link {
        &self.0.link
    }

    /// The server allows no more conversations than there are besides this one. Says whether there are
    /// any.
    pub(super) fn is_too_much(&self) -> bool {
        let mut use_ = self.0.use_();
        let others = use_.now.saturating_sub(1);
        if others > 0 {
            use_.room = use_.room.min(others);
        }
        others > 0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut use_ = self.0.use_();
        use_.now = use_.now.saturating_sub(1);
        use_.last = Instant::now();
    }
}

/// All that are kept for the same settings.
#[derive(Debug, Default)]
pub(super) struct Links {
    open: Mutex<Vec<Arc<Kept>>>,
    turns: Mutex<Vec<(Goal, Weak<Semaphore>)>>,
}

impl Links {
    fn open(&self) -> MutexGuard<'_, Vec<Arc<Kept>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place on a connection that is open. Those that rest on files that have changed are closed as
    /// soon as nobody speaks on them.
    pub(super) fn take(&self, terms: &Terms) -> Option<Slot> {
        let mut open = self.open();
        let mut idle = 0_usize;
        open.retain(|kept| {
            let fits = kept.terms.is_as_known(terms) && kept.link.is_open();
            let use_ = kept.use_();
            let is_idle = use_.now == 0 && kept.terms.goal == terms.goal;
            idle += usize::from(is_idle);
            fits && !(is_idle && idle > 1 && use_.last.elapsed() > SPARE)
        });
        let place = open.iter().find(|kept| {
            let mut use_ = kept.use_();
            let has_room = kept.terms.goal == terms.goal && use_.now < use_.room;
            use_.now += usize::from(has_room);
            has_room
        });
        place.map(|kept| Slot(Arc::clone(kept)))
    }

    /// Keeps the connection on which somebody has a place.
    pub(super) fn keep(&self, slot: &Slot) {
        self.open().push(Arc::clone(&slot.0));
    }

    /// Uses those to a goal no more.
    pub(super) fn forget(&self, goal: &Goal) {
        self.open().retain(|kept| kept.terms.goal != *goal);
    }

    /// Uses none of them any more.
    pub(super) fn forget_all(&self) {
        self.open().clear();
    }

    /// Waits until nobody else opens a connection to this goal, as there may be one then; but not
    /// for long.
    pub(super) async fn turn(&self, goal: &Goal) -> Option<OwnedSemaphorePermit> {
        let turn = self.turn_of(goal).acquire_owned();
        tokio::time::timeout(PATIENCE, turn).await.ok()?.ok()
    }

    fn turn_of(&self, goal: &Goal) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|(_, turn)| turn.strong_count() > 0);
        let found = turns.iter().find(|(of, _)| of == goal).and_then(|(_, turn)| turn.upgrade());
        found.unwrap_or_else(|| {
            let turn = Arc::new(Semaphore::new(1));
            turns.push((goal.clone(), Arc::downgrade(&turn)));
            turn
        })
    }
}
