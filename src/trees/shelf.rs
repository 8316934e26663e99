//! Where the directory lies that the next tree is made from, or the work on it: one thread prepares
//! it when there is nothing else to do, another takes it when a change has come.

use crate::model::Cause;
use crate::runtime::Stop;
use crate::trees::Base;
use crate::trees::prepare::{Preparation, Stretch};
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
        Held::Begun(preparation) => match preparation.advance(pause, stop) {
            Ok(Stretch::Paused(preparation)) => *held = Held::Begun(preparation),
            Ok(Stretch::Ready(base, damaged)) => *held = Held::Ready { base, damaged },
            Err(error) => {
                tracing::info!(error = %Cause::of(&error), "could not prepare for the next change");
            }
        },
        other @ (Held::Nothing | Held::Ready { .. }) => *held = other,
    }
}
