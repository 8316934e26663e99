//! `gitsyncd probe`: asks a server whether it is well, for images without curl.

use crate::command::ask;
use crate::command::{Unanswered, until_good, within};
use crate::config::Probe;
use crate::runtime::Stop;
use std::io::Write;
use std::time::Duration;

/// How long one question may take. Orchestrators give up sooner or later than that by themselves.
const TIME: Duration = Duration::from_secs(5);

/// Asks, again and again for so long if the answer is not good, prints what came back in one line, and
/// says whether that was good.
pub fn probe(to: Probe, wait: Duration, out: &mut impl Write) -> Result<bool, Unanswered> {
    let time = if wait.is_zero() { TIME } else { wait };
    let (good, line) = within(time, move |stop| until_good(wait, stop, |stop| once(&to, stop)))?;
    let over =
        if good || wait.is_zero() { String::new() } else { format!(" (asked for {wait:?})") };
    // The answer is in the exit code, too.
    drop(writeln!(out, "{line}{over}"));
    Ok(good)
}

fn once(to: &Probe, stop: &Stop) -> (bool, String) {
    match ask::get(to, None, &stop.or_sooner(TIME)) {
        Ok(answer) => (answer.status.is_success(), answer.line()),
        Err(cause) => (false, cause.to_string()),
    }
}
