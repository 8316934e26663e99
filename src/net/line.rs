//! What clients for the same way share: how connections are made, and those that are open.
//!
//! It knows nothing of who asks, and no connection carries who somebody is: that is said in each
//! request, and our own certificate is shown on connections that are kept apart.

use crate::net::Dialer;
use crate::net::pool::Pool;

/// A way to servers, and the connections that are kept.
#[derive(Debug)]
pub struct Line {
    pub(super) dialer: Dialer,
    pub(super) pool: Pool,
}

impl Line {
    /// Makes no connection yet.
    pub fn new(dialer: Dialer) -> Self {
        Self { dialer, pool: Pool::default() }
    }

    /// Looks whether a file of certificates or keys has changed since it was read. If so, every
    /// connection is closed, and the files are read again for the next one. To be called at the
    /// beginning of each attempt.
    pub fn refresh(&self) {
        if self.dialer.trust().refresh() {
            self.pool.clear();
        }
    }
}
