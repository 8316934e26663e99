//! Where the directory lies that the next tree is made from, or the work on it: one thread prepares
//! it when there is nothing else to do, another takes it when a change has come.

use crate::disk::remove_most;
use crate::model::Cause;
use crate::runtime::Stop;
use crate::trees::Base;
use crate::trees::prepare::{Preparation, Stretch};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Shared by the two threads. Whoever works holds it.
#[derive(Debug, Default)]
pub struct Shelf {
    held: Mutex<Held>,
    /// Whether the other thread is waiting.
    hurry: AtomicBool,
}

#[derive(Debug, Default)]
enum Held {
    #[default]
    Nothing,
    Begun(Box<Preparation>),
    Ready {
        base: Base,
        /// How many files of the original were not as recorded.
        damaged: usize,
    },
}

impl Shelf {
    /// Lays down work in the place of what is there.
    pub fn begin(&self, preparation: Preparation) {
        *self.hold() = Held::Begun(Box::new(preparation));
    }

    /// Works on what was laid down, until it is ready, is wanted at once, or the program stops.
    pub fn work(&self, stop: &Stop) {
        let mut held = self.hold();
        let pause = || self.hurry.load(Ordering::Relaxed) || stop.check().is_err();
        advance(&mut held, pause, stop);
    }

    /// Takes the directory. Work under way on it is interrupted, and finished by the caller if that
    /// is worth it.
    pub fn take(&self, stop: &Stop) -> Option<Base> {
        let mut held = self.interrupt();
        match &*held {
            Held::Begun(preparation) if preparation.is_worth_finishing() => {
                advance(&mut held, || stop.check().is_err(), stop);
            }
            Held::Nothing | Held::Begun(_) | Held::Ready { .. } => (),
        }
        match std::mem::take(&mut *held) {
            Held::Ready { base, .. } => Some(base),
            Held::Nothing | Held::Begun(_) => None,
        }
    }

    /// Forgets what is there.
    pub fn clear(&self) {
        *self.interrupt() = Held::Nothing;
    }

    /// How many files of the original were seen not to be as recorded; tells each only once. While
    /// somebody works nothing is known.
    pub fn damaged(&self) -> usize {
        match self.held.try_lock().as_deref_mut() {
            Ok(Held::Ready { damaged, .. }) => std::mem::take(damaged),
            Ok(Held::Nothing | Held::Begun(_)) | Err(_) => 0,
        }
    }

    fn interrupt(&self) -> MutexGuard<'_, Held> {
        self.hurry.store(true, Ordering::Relaxed);
        let held = self.hold();
        self.hurry.store(false, Ordering::Relaxed);
        held
    }

    fn hold(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn advance(held: &mut Held, pause: impl Fn() -> bool, stop: &Stop) {
    match std::mem::take(held) {
        Held::Begun(preparation) => {
            let place = preparation.place().to_owned();
            match preparation.advance(pause, stop) {
                Ok(Stretch::Paused(preparation)) => *held = Held::Begun(preparation),
                Ok(Stretch::Ready(base, damaged)) => *held = Held::Ready { base, damaged },
                Err(error) => {
                    let error = Cause::of(&error);
                    tracing::info!(%error, "could not prepare for the next change");
                    clear_away(&place, stop);
                }
            }
        }
        other @ (Held::Nothing | Held::Ready { .. }) => *held = other,
    }
}

/// Gives back the space of what was not finished: perhaps there was too little of it. What an
/// interruption leaves goes at the next start.
fn clear_away(place: &Path, stop: &Stop) {
    if stop.check().is_ok()
        && let Err(error) = remove_most(place)
    {
        tracing::debug!(error = %Cause::of(&error), "could not clear what was prepared");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trees::Original;
    use crate::trees::index;
    use std::fs;
    use std::time::Duration;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    #[tokio::test]
    async fn what_cannot_be_prepared_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (tree, record, place) =
            (dir.path().join("tree"), dir.path().join("record"), dir.path().join("place"));
        fs::create_dir(&tree).unwrap();
        let id = gix::ObjectId::null(gix::hash::Kind::Sha1);
        let leaf = crate::git::Leaf { mode: gix::index::entry::Mode::FILE, id, skipped: false };
        index::write(&index::of(vec![("missing".into(), leaf)], id.kind()), &record).unwrap();
        let commit = "a".repeat(40).parse().unwrap();
        let original =
            Original { commit, tree, record, submodules: crate::trees::Noted::default() };
        let shelf = Shelf::default();
        shelf.begin(Preparation::copy(original, dir.path().join("nowhere"), place.clone(), false));
        let limit = Instant::now() + Duration::from_mins(1);
        let stop = Stop::new(CancellationToken::new(), limit);
        shelf.work(&stop);
        assert!(shelf.take(&stop).is_none());
        assert!(!place.exists());
    }
}
