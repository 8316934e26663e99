//! What is asked instead of syncing: whether a run would work, whether a server is well, how it
//! goes. The answers are for people, on standard output, a line at a time; nothing is published.

mod ask;
mod check;
mod order;
mod probe;
mod status;
mod sync;
mod token;

pub use check::check;
pub use order::{Answer, done, order, recorded, unpinned};
pub use probe::probe;
pub use status::status;

use crate::model::Cause;
use crate::runtime::Stop;
use crate::runtime::blocking;
use crate::runtime::blocking::Cut;
use crate::runtime::single;
use crate::trigger::signal::StopSignals;
use std::future::pending;
use std::io;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long work may take to notice that it is over.
const PATIENCE: Duration = Duration::from_millis(700);
/// How many threads may block at once: one for the work, the rest for name look-ups.
const BLOCKING_THREADS: usize = 4;
/// The rest between two questions.
const REST: Duration = Duration::from_millis(100);

/// Why there is no answer at all.
#[derive(Debug, thiserror::Error)]
pub enum Unanswered {
    /// The system did not give what every program needs.
    #[error("could not begin")]
    System(#[from] io::Error),
    /// Something that cannot be cut short took too long, such as a file system that hangs.
    #[error("could not come to an end")]
    Cut(#[from] Cut),
    /// What counts what is done could not be made.
    #[error("could not begin: {0}")]
    Internal(Cause),
}

/// Does work that may block for so long at most, or until the program is told to stop.
fn within<T: Send + 'static>(
    time: Duration,
    work: impl FnOnce(&Stop) -> T + Send + 'static,
) -> Result<T, Unanswered> {
    single::run(BLOCKING_THREADS, async {
        let mut signals = StopSignals::listen()?;
        let token = CancellationToken::new();
        let stop = Stop::new(token.clone(), Instant::now() + time);
        let inner = stop.clone();
        let work = blocking::run(&stop, PATIENCE, move || work(&inner));
        let obey = async {
            signals.heard().await;
            token.cancel();
            pending().await
        };
        tokio::select! {
            done = work => Ok(done?),
            never = obey => never,
        }
    })?
}

/// Asks again until the answer is good, for so long if that is any time at all. Each answer comes with
/// whether it is good.
fn until_good<T>(wait: Duration, stop: &Stop, ask: impl Fn(&Stop) -> (bool, T)) -> (bool, T) {
    let rest = || stop.wait(async { tokio::time::sleep(REST).await });
    let mut last = ask(stop);
    while !last.0 && !wait.is_zero() && rest().is_ok() {
        let next = ask(stop);
        // What was cut short says less than the answer before it.
        if stop.check().is_ok() || next.0 {
            last = next;
        }
    }
    last
}

/// Takes out what would do something to a terminal, and what shows text in another order or not at all.
fn harmless(text: &str) -> String {
    let is_odd = |c: char| {
        c.is_control()
            || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
            || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}')
    };
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for what an API says, with the flag in the place of its parameter.
fn in_our_words(text: &str) -> String {
    harmless(text).replace("with ?repo=NAME", "with --name=NAME")
}
