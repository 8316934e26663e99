//! Logs: lines of text or JSON on standard error.
//!
//! The libraries in use are heard too, those that use `log` as well as those that use `tracing`.
//! A line that cannot be written is lost, without a panic: standard error may be closed. A line is
//! written at once and the writer waits for it, so a reader that stalls stalls the program.

use crate::config::LogFormat;
use crate::observe::fields::Fields;
use jiff::Timestamp;
use std::fmt;
use std::io::{self, IsTerminal};
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::Registry;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Libraries whose decisions help to understand a failure, by the beginnings of their targets.
const TALKATIVE: [&str; 3] = ["gix", "hyper", "rustls"];

/// The target of what is told of who asked for what, and who was refused.
pub const AUDIT: &str = "audit";

/// Starts logging to standard error; fails only if something else has done so before.
///
/// `verbose` counts from 0 (changes and failures) to 9 (everything of everybody). Text has colours
/// on a terminal, unless `NO_COLOR` is set.
pub fn init(format: LogFormat, verbose: u8) -> Result<(), TryInitError> {
    subscriber(format, verbose, io::stderr().is_terminal(), io::stderr).try_init()
}

fn subscriber<W>(
    format: LogFormat,
    verbose: u8,
    colours: bool,
    writer: W,
) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(writer)
        .with_timer(Clock)
        // It would complain about failed writes on standard error itself, and panic there.
        .log_internal_errors(false);
    // Left alone, it knows NO_COLOR.
    let lines = if colours { lines } else { lines.with_ansi(false) };
    let lines = match format {
        LogFormat::Text => lines.fmt_fields(Fields).with_target(verbose > 0).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    Registry::default().with(lines).with(filter(verbose))
}

/// Says who may say how much.
fn filter(verbose: u8) -> Targets {
    let ours = match verbose {
        0 => Level::INFO,
        1..=3 => Level::DEBUG,
        4.. => Level::TRACE,
    };
    let others = if verbose < 9 { LevelFilter::WARN } else { LevelFilter::TRACE };
    let mut filter = Targets::new()
        .with_default(others)
        .with_target(env!("CARGO_PKG_NAME"), ours)
        .with_target(AUDIT, Level::INFO);
    if (6..9).contains(&verbose) {
        filter = filter.with_targets(TALKATIVE.map(|library| (library, Level::DEBUG)));
    }
    filter
}

/// Stamps lines with RFC 3339, in UTC, to the millisecond.
#[derive(Clone, Copy, Debug)]
struct Clock;

impl FormatTime for Clock {
    fn format_time(&self, line: &mut Writer<'_>) -> fmt::Result {
        write!(line, "{:.3}", Timestamp::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tracing::subscriber::with_default;

    fn logged(format: LogFormat, verbose: u8, events: impl FnOnce()) -> Vec<String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let writer = Arc::new(file.reopen().unwrap());
        with_default(subscriber(format, verbose, false, writer), events);
        let text = std::fs::read_to_string(file.path()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn one_attempt() {
        let span = tracing::info_span!("attempt", number = 3);
        span.in_scope(|| tracing::warn!(error = "no\u{1b}[31m\nroute", "failed"));
    }

    #[test]
    fn a_line_of_text_is_one_line_with_the_time_first() {
        let lines = logged(LogFormat::Text, 0, one_attempt);
        assert_eq!(lines.len(), 1);
        let (time, rest) = lines[0].split_once(' ').unwrap();
        assert_eq!(time.len(), "2026-01-01T00:00:00.000Z".len());
        assert!(time.parse::<Timestamp>().is_ok() && time.ends_with('Z'), "{time}");
        assert_eq!(rest, r#" WARN attempt{number=3}: failed error="no\u{1b}[31m\nroute""#);
    }

    #[test]
    fn values_are_quoted_where_their_end_would_not_be_clear() {
        let events = || {
            let cause = fmt::Error;
            let remote = "no\nsuch\u{1b}[31m thing";
            tracing::warn!(r#ref = "main", step = %"fetch", empty = "", count = 3, "two words");
            tracing::warn!(error = %remote, cause = %cause, "told: {remote}");
        };
        let lines = logged(LogFormat::Text, 0, events);
        assert_eq!(lines.len(), 2);
        assert!(lines[0].ends_with(r#" WARN two words ref=main step=fetch empty="" count=3"#));
        let wanted = r#" WARN told: no\nsuch\u{1b}[31m thing error="no\nsuch\u{1b}[31m thing""#;
        assert!(lines[1].contains(wanted), "{}", lines[1]);
        assert!(lines[1].contains(r#" cause="an error occurred"#), "{}", lines[1]);
    }

    #[test]
    fn a_line_of_json_is_one_object() {
        let lines = logged(LogFormat::Json, 0, one_attempt);
        assert_eq!(lines.len(), 1);
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!(line["level"], "WARN");
        assert_eq!(line["message"], "failed");
        assert_eq!(line["error"], "no\u{1b}[31m\nroute");
        assert_eq!(line["target"], "gitsyncd::observe::log::tests");
        assert_eq!(line["spans"][0]["number"], 3);
        assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    }

    #[test]
    fn verbose_says_how_much_is_heard_and_of_whom() {
        let check = |verbose, ours: Level, library: Level, others: Level| {
            let filter = filter(verbose);
            for (target, most) in [
                ("gitsyncd::daemon", ours),
                ("rustls::client", library),
                ("hyper_util::client", library),
                ("gix_pack", library),
                ("mio", others),
            ] {
                for level in [Level::WARN, Level::INFO, Level::DEBUG, Level::TRACE] {
                    let heard = filter.would_enable(target, &level);
                    assert_eq!(heard, level <= most, "{verbose}: {target} {level}");
                }
            }
        };
        check(0, Level::INFO, Level::WARN, Level::WARN);
        check(1, Level::DEBUG, Level::WARN, Level::WARN);
        check(3, Level::DEBUG, Level::WARN, Level::WARN);
        check(4, Level::TRACE, Level::WARN, Level::WARN);
        check(6, Level::TRACE, Level::DEBUG, Level::WARN);
        check(9, Level::TRACE, Level::TRACE, Level::TRACE);
    }

    #[test]
    fn a_writer_that_fails_is_no_harm() {
        struct Closed;
        impl io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        with_default(subscriber(LogFormat::Text, 0, false, || Closed), one_attempt);
    }
}
