//! `gitsyncd probe`: asks a server whether it is well, for images without curl.

use crate::command::ask;
use crate::command::{Unanswered, within};
use crate::config::Probe;
use crate::runtime::Stop;
use std::io::Write;
use std::time::Duration;

/// How long one question may take. Orchestrators give up sooner or later than that by themselves.
const TIME: Duration = Duration::from_secs(5);
/// The rest between two questions.
const REST: Duration = Duration::from_millis(100);

/// Asks, again and again for so long if the answer is not good, prints what came back in one line, and
/// says whether that was good.
pub fn probe(to: Probe, wait: Duration, out: &mut impl Write) -> Result<bool, Unanswered> {
    let time = if wait.is_zero() { TIME } else { wait };
    let (good, line) = within(time, move |stop| {
        let mut last = once(&to, stop);
        let rest = || stop.wait(async { tokio::time::sleep(REST).await });
        while !last.0 && !wait.is_zero() && rest().is_ok() {
            let next = once(&to, stop);
            // What was cut short says less than the answer before it.
            if stop.check().is_ok() || next.0 {
                last = next;
            }
        }
        last
    })?;
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
