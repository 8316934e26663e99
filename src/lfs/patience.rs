//! How often and how long something is tried again that may pass.

use crate::lfs::LfsError;
use crate::model::Class;
use crate::runtime::{Stop, Stopped};
use std::time::Duration;
use tokio::time::Instant;

/// How often something is tried again that makes no progress.
const TRIES: u32 = 4;
/// How long to rest before the first of these; twice as long before each other one.
const FIRST: Duration = Duration::from_millis(200);
/// The longest rest that is not asked for.
const LONGEST: Duration = Duration::from_secs(10);

/// How many bytes are progress.
const ENOUGH: u64 = 256 << 10;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Patience {
    tried: u32,
}

impl Patience {
    pub(super) fn new() -> Self {
        Self { tried: 0 }
    }

    /// So much came since it was last tried. Hope comes back with what is worth a connection, and not
    /// with a byte for each.
    pub(super) fn came(&mut self, bytes: u64) {
        if bytes >= ENOUGH {
            self.tried = 0;
        }
    }

    /// Rests, for as long as the server wants it. Says no if it is not worth trying again, or if
    /// there is not enough time.
    pub(super) fn rest(&mut self, error: &LfsError, stop: &Stop) -> Result<bool, Stopped> {
        stop.check()?;
        if error.class() != Class::Network || self.tried >= TRIES {
            return Ok(false);
        }
        let rest = error.retry_after().unwrap_or(LONGEST.min(FIRST * 2_u32.pow(self.tried)));
        self.tried += 1;
        if stop.deadline().saturating_duration_since(Instant::now()) <= rest {
            return Ok(false);
        }
        tracing::debug!(%error, ?rest, "an LFS server is asked again");
        stop.wait(async { tokio::time::sleep(rest).await })?;
        Ok(true)
    }
}
