//! The one thread that takes and gives back the memory of the profiler.
//!
//! What malloc gets back it keeps for the threads that share an arena. If each profile were made by
//! whatever thread is free, each of these would come to keep a room of its own.

use std::io;
use std::sync::mpsc;
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

/// Whoever holds it can have work done on the thread, which ends when it is dropped.
pub(super) struct Keeper(mpsc::Sender<Job>);

impl Keeper {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let (orders, jobs) = mpsc::channel::<Job>();
        let thread = thread::Builder::new().name("profiles".to_owned());
        thread.spawn(move || jobs.into_iter().for_each(|job| job()))?;
        Ok(Self(orders))
    }

    /// Has work done and waits for its result. None if it panicked, now or before.
    pub(super) fn does<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (done, result) = mpsc::sync_channel(1);
        let job = move || {
            // Whoever asked waits for it.
            done.send(work()).unwrap_or_default();
        };
        self.0.send(Box::new(job)).ok()?;
        result.recv().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_work_is_done_by_one_thread() {
        let keeper = Keeper::start().unwrap();
        let here = || thread::current().id();
        let there = keeper.does(here).unwrap();
        assert_ne!(there, here());
        assert_eq!(keeper.does(here), Some(there));
    }

    #[test]
    fn a_panic_gives_nothing() {
        let keeper = Keeper::start().unwrap();
        assert_eq!(keeper.does(|| -> u8 { panic!("as the test wants it") }), None);
        assert_eq!(keeper.does(|| 1), None);
    }
}
