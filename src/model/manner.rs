//! How patient and how obedient we are towards servers of HTTP.

use std::time::Duration;

/// Which redirects are followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Redirects {
    /// That of the first request of a conversation, which the others follow.
    #[default]
    Initial,
    /// None.
    Never,
}

/// When a transfer is too slow to be worth waiting for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slow {
    /// So many bytes a second must come,
    pub limit: u64,
    /// in each such length of time.
    pub time: Duration,
}

impl Slow {
    /// How many bytes must come in that time.
    pub fn least(&self) -> u64 {
        self.limit.saturating_mul(self.time.as_secs())
    }
}
