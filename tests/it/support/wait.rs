//! The only place that waits for something by looking again.

use std::time::{Duration, Instant};

/// How long anything may take that should happen at once, on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(45);

/// Looks again and again until there is something to see, and fails if there never is.
#[track_caller]
pub(crate) fn eventually<T>(
    what: &str,
    deadline: Duration,
    mut probe: impl FnMut() -> Option<T>,
) -> T {
    let end = Instant::now() + deadline;
    loop {
        if let Some(seen) = probe() {
            return seen;
        }
        assert!(Instant::now() < end, "did not happen within {deadline:?}: {what}");
        pause(Duration::from_millis(2));
    }
}

/// Lets time pass, for a deliberate slowness or between two looks; never to wait for an event.
pub(crate) fn pause(length: Duration) {
    #[expect(clippy::disallowed_methods, reason = "the only place that sleeps")]
    std::thread::sleep(length);
}
