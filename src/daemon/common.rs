//! What all repositories share, and what each tells the others of itself.

use crate::attempt::Shared;
use crate::hooks;
use crate::runtime::blocking::Share;
use crate::runtime::turns::Turns;
use crate::trigger::hub::Hub;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// How many attempts may be at work at a time, and how many others may wait for a server or a disk.
const ATTEMPTS: (usize, usize) = (8, 256);
/// The same of what is short: to tell those who watch files, and to look at files.
const SHORT: (usize, usize) = (8, 64);
/// How long an attempt, or something short, takes a place that others wait for.
const COUNTED: Duration = Duration::from_secs(10);
/// How many may delete old trees, prepare the next, or collect garbage at a time, and in all.
const BEHIND: (usize, usize) = (4, 16);
/// How long that takes a place that others wait for.
const BEHIND_COUNTED: Duration = Duration::from_mins(10);
/// How many threads hooks may hold at once.
const HOOKS: usize = 64;

/// How many threads may block at once where there is one repository: one for the attempt, four at
/// most for hooks, and the rest for name look-ups and files.
pub(super) const THREADS_OF_ONE: usize = 10;
/// The same where there are several. So many are only needed when all that can hang does: without
/// what hangs it is little more than the places above.
pub(super) const THREADS_OF_MANY: usize = 512;

/// What all repositories share. Copies are the same.
#[derive(Clone, Debug)]
pub(super) struct Common {
    /// For attempts.
    pub(super) attempts: Turns,
    /// For what is short.
    pub(super) short: Turns,
    /// For what goes on behind attempts.
    pub(super) behind: Turns,
    /// Watches directories.
    pub(super) hub: Hub,
    /// What hooks need.
    pub(super) hooks: hooks::Common,
    /// What attempts need: connections, and the objects of others.
    pub(super) shared: Shared,
    /// Cancelled when the program comes to its end.
    pub(super) ending: CancellationToken,
}

impl Common {
    pub(super) fn new(ending: CancellationToken) -> Self {
        let turns = |(places, most), counted| Turns::new(places, counted, most);
        let short = turns(SHORT, COUNTED);
        Self {
            attempts: turns(ATTEMPTS, COUNTED),
            behind: turns(BEHIND, BEHIND_COUNTED),
            hub: Hub::new(short.clone()),
            short,
            hooks: hooks::Common::new(Share::default().narrowed(HOOKS)),
            shared: Shared::default(),
            ending,
        }
    }
}

/// Whether a repository has failed too often, and who wants to know.
#[derive(Debug)]
pub(super) struct Mood {
    hopeless: AtomicBool,
    changed: Arc<Notify>,
}

impl Mood {
    /// Begins with hope; each change is told.
    pub(super) fn new(changed: Arc<Notify>) -> Self {
        Self { hopeless: AtomicBool::new(false), changed }
    }

    pub(super) fn set(&self, hopeless: bool) {
        if self.hopeless.swap(hopeless, Ordering::AcqRel) != hopeless {
            self.changed.notify_one();
        }
    }

    pub(super) fn is_hopeless(&self) -> bool {
        self.hopeless.load(Ordering::Acquire)
    }
}
