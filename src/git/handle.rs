//! A repository as gix has it open, which can rest: what gix needs to read objects, above all the
//! memory to inflate them, is there once it is needed.

use std::cell::OnceCell;
use std::fmt;
use std::ops::Deref;

/// An open repository. One thread uses it at a time.
pub(crate) struct Handle {
    shared: gix::ThreadSafeRepository,
    awake: OnceCell<Box<gix::Repository>>,
}

impl Handle {
    /// Rests until it is first used.
    pub(super) fn new(shared: gix::ThreadSafeRepository) -> Self {
        Self { shared, awake: OnceCell::new() }
    }
}

impl Deref for Handle {
    type Target = gix::Repository;

    fn deref(&self) -> &gix::Repository {
        self.awake.get_or_init(|| Box::new(self.shared.to_thread_local()))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("path", &self.shared.path()).finish_non_exhaustive()
    }
}
