//! `gitsyncd probe`: asks a server whether it is well, for images without curl.

use crate::command::ask;
use crate::command::{Unanswered, within};
use crate::config::Probe;
use std::io::Write;
use std::time::Duration;

/// How long it may take. Orchestrators give up sooner or later than that by themselves.
const TIME: Duration = Duration::from_secs(5);

/// Asks, prints what came back in one line, and says whether that was good.
pub fn probe(to: Probe, out: &mut impl Write) -> Result<bool, Unanswered> {
    let asked = within(TIME, move |stop| {
        ask::get(&to, None, stop).map(|answer| (answer.status.is_success(), answer.line()))
    })?;
    let (good, line) = asked.unwrap_or_else(|cause| (false, cause.to_string()));
    // The answer is in the exit code, too.
    drop(writeln!(out, "{line}"));
    Ok(good)
}
