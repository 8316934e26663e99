//! For tests: how long something may take.

use crate::runtime::Stop;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// As long as a test takes.
pub(super) fn calm() -> Stop {
    within(Duration::from_hours(1))
}

/// Much less than it takes to read a large file.
pub(super) fn soon() -> Stop {
    within(Duration::from_millis(50))
}

fn within(time: Duration) -> Stop {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    // Nothing waits here, so the runtime may go.
    runtime.block_on(async { Stop::new(CancellationToken::new(), Instant::now() + time) })
}
