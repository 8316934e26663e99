//! The one thread that everything turns on, and the few beside it that may block.

use std::future::Future;
use std::io;
use std::time::Duration;

/// How long threads that block are waited for at the end.
const LAST_PATIENCE: Duration = Duration::from_millis(100);
/// How long a thread that may block is kept when it has nothing to do. They take turns, so each that
/// gets something to do in that time stays, with its stack and a heap of its own, however little there
/// is to do in all; a new one costs some ten microseconds.
const KEPT: Duration = Duration::from_millis(250);

/// Runs a future to its end, with so many threads that may block.
pub fn run<T>(blocking_threads: usize, work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(blocking_threads)
        .thread_keep_alive(KEPT)
        .build()?;
    let done = runtime.block_on(work);
    // A thread that is stuck must not keep the program from ending.
    runtime.shutdown_timeout(LAST_PATIENCE);
    Ok(done)
}
