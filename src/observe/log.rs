//! Logs: lines of text or JSON on standard error.
//!
//! The libraries in use are heard too, those that use `log` as well as those that use `tracing`.
//! A line that cannot be written is lost, without a panic: standard error may be closed. A line is
//! written at once and the writer waits for it, so a reader that stalls stalls the program.

use crate::config::LogFormat;
use crate::observe::audit;
use crate::observe::fields::Fields;
use jiff::Timestamp;
use std::fmt;
use std::io::{self, IsTerminal};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::{Format, Full, Json, JsonFields, Writer};
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// Libraries whose decisions help to understand a failure, by the beginnings of their targets.
const TALKATIVE: [&str; 3] = ["gix", "hyper", "rustls"];

/// Starts logging to standard error; fails only if something else has done so before.
///
/// `verbose` counts from 0 (changes and failures) to 9 (everything of everybody). Text has colours
/// on a terminal, unless `NO_COLOR` is set.
pub fn init(format: LogFormat, verbose: u8) -> Result<(), TryInitError> {
    subscriber(format, verbose, io::stderr().is_terminal(), io::stderr).try_init()
}

pub(crate) fn subscriber<W>(
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
        // It would complain about failed writes on standard error itself, and panic there.
        .log_internal_errors(false);
    // Left alone, it knows NO_COLOR.
    let lines = if colours { lines } else { lines.with_ansi(false) };
    let lines = match format {
        LogFormat::Text => lines.fmt_fields(Fields).event_format(Text::new(verbose > 0)).boxed(),
        LogFormat::Json => {
            lines.fmt_fields(JsonFields::new()).event_format(Object::new(verbose >= 9)).boxed()
        }
    };
    Registry::default().with(lines).with(filter(verbose))
}

/// Lines for people. They say where they come from if that is wanted, and always if they belong to
/// the audit log, so that these can be found.
#[derive(Debug)]
struct Text {
    named: Format<Full, Clock>,
    unnamed: Format<Full, Clock>,
    all: bool,
}

impl Text {
    fn new(all: bool) -> Self {
        let named = tracing_subscriber::fmt::format().with_timer(Clock);
        Self { unnamed: named.clone().with_target(false), named, all }
    }
}

impl<S, N> FormatEvent<S, N> for Text
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let named = self.all || event.metadata().target() == audit::TARGET;
        let format = if named { &self.named } else { &self.unnamed };
        format.format_event(context, writer, event)
    }
}

/// Lines for programs. What is said of the work that a line belongs to is beside what the line says.
#[derive(Debug)]
struct Object(Format<Json, Clock>);

impl Object {
    /// If that is wanted, it lists whatever work it belongs to.
    fn new(spans: bool) -> Self {
        let format = tracing_subscriber::fmt::format().with_timer(Clock).json();
        Self(format.flatten_event(true).with_current_span(false).with_span_list(spans))
    }
}

impl<S, N> FormatEvent<S, N> for Object
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        let line = line.trim_end();
        let Some(line) = line.strip_suffix('}') else {
            return writeln!(writer, "{line}");
        };
        writer.write_str(line)?;
        for span in context.event_scope().into_iter().flatten() {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>();
            let fields = fields.and_then(|it| it.fields.strip_prefix('{')?.strip_suffix('}'));
            let is_ours = span.metadata().target().starts_with(env!("CARGO_PKG_NAME"));
            if let Some(fields) = fields.filter(|fields| is_ours && !fields.is_empty()) {
                write!(writer, ",{fields}")?;
            }
        }
        writer.write_str("}\n")
    }
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
        .with_targets([env!("CARGO_PKG_NAME"), audit::TARGET].map(|target| (target, ours)));
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
    use crate::model::{RepoUrl, Trigger};
    use crate::observe::metrics::{Call, HookResult, Provider};
    use crate::observe::status::{Attempt, Commit, Outcome, Status};
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
        assert_eq!(line["number"], 3);
        assert!(line["timestamp"].as_str().unwrap().parse::<Timestamp>().is_ok());
    }

    fn some_audit() {
        audit::trigger(Trigger::Period, 1);
        audit::trigger(Trigger::Signal, 2);
        let from = "[::1]:4321";
        audit::order(Call::Rollback, "token 1", from, "previous");
        let delivery = "a\nb";
        audit::webhook(Provider::Gitea, Some(delivery), from, HookResult::Accepted, "well");
    }

    #[test]
    fn the_examples_on_the_page_are_what_is_logged() {
        let page = include_str!("../../docs/metrics.md");
        let repo: RepoUrl = "https://git.example.com/team/dags.git".parse().unwrap();
        let from = "192.0.2.7:4321";
        let lines = logged(LogFormat::Text, 0, || {
            audit::trigger(Trigger::Signal, 7);
            audit::login("ada", &repo, None);
            audit::login("ada", &repo, Some(&"authentication failed"));
            audit::ended(&published(&repo), None);
            audit::order(Call::Rollback, "token 1", from, "to stay at what was published before");
            audit::order_failed(Some("token 1"), 7, "couldn't find remote ref");
            let delivery = Some("f6266f16-1bf3-46a5-9ea4-602e06ead473");
            audit::webhook(Provider::Gitea, delivery, from, HookResult::Ignored, "pong");
            audit::refusal(Call::Sync, None, from, "wrong token");
            let why = "too many requests wait already";
            audit::refusal(Call::Sync, Some("token 1"), from, why);
        });
        let without_time = |line: &str| line.split_once("Z ").unwrap().1.to_owned();
        let lines: Vec<_> = lines.iter().map(|line| without_time(line)).collect();
        let shown: Vec<_> =
            page.lines().filter(|line| line.contains(" INFO audit: ")).map(without_time).collect();
        assert_eq!(shown, lines);
    }

    /// What the status says after something was published.
    fn published(repo: &RepoUrl) -> Status {
        let id = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
        let commit = Commit { id, subject: String::new(), author: String::new(), time: None };
        let attempt = Attempt {
            number: 7,
            trigger: Trigger::Webhook,
            started_at: Timestamp::now(),
            duration_ms: 1,
            outcome: Outcome::Published,
            step: None,
            error: None,
        };
        Status {
            commit: Some(commit),
            previous: "89abcdef0123456789abcdef0123456789abcdef".parse().ok(),
            source: Some(repo.to_string()),
            last_attempt: Some(attempt),
            ..Status::new(repo.to_string(), "main".to_owned())
        }
    }

    #[test]
    fn the_audit_log_can_be_told_apart_in_text() {
        let lines = logged(LogFormat::Text, 0, some_audit);
        let lines: Vec<_> = lines.iter().map(|line| line.split_once("Z ").unwrap().1).collect();
        assert_eq!(
            lines,
            [
                " INFO audit: an attempt was triggered event=trigger by=signal number=2",
                r#" INFO audit: an order was given event=rollback by="token 1" from=[::1]:4321 what=previous result=accepted"#,
                r#" INFO audit: a webhook came event=webhook by=gitea from=[::1]:4321 what="a\nb" result=accepted why=well"#,
            ]
        );
    }

    #[test]
    fn the_audit_log_can_be_told_apart_in_json() {
        let lines = logged(LogFormat::Json, 1, some_audit);
        let lines: Vec<serde_json::Value> =
            lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().all(|line| line["target"] == "audit"), "{lines:?}");
        let kinds: Vec<_> = lines.iter().map(|line| &line["event"]).collect();
        assert_eq!(kinds, ["trigger", "trigger", "rollback", "webhook"]);
        assert_eq!((&lines[0]["level"], &lines[0]["by"]), (&"DEBUG".into(), &"period".into()));
        assert_eq!(lines[2]["from"], "[::1]:4321");
        assert_eq!(lines[3]["what"], "a\nb");
        assert!(lines[3].get("left_out").is_none());
    }

    #[test]
    fn a_flood_of_refusals_is_no_flood_of_lines() {
        let lines = logged(LogFormat::Json, 0, || {
            (0..1000).for_each(|_| audit::refusal(Call::Sync, None, "[::1]:1", "no token"));
        });
        // Whatever second it is, and however many other tests refuse something.
        assert!((1..=40).contains(&lines.len()), "{}", lines.len());
        let first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        let fields = ["event", "from", "what", "why"].map(|name| first[name].as_str().unwrap());
        assert_eq!(fields, ["refusal", "[::1]:1", "sync", "no token"]);
    }

    #[test]
    fn much_of_one_kind_hides_nothing_of_another() {
        let lines = logged(LogFormat::Json, 0, || {
            let from = "[::1]:1";
            for _ in 0..100 {
                audit::webhook(Provider::Gitea, None, from, HookResult::Refused, "wrong");
            }
            audit::refusal(Call::Pin, None, from, "wrong token");
            (0..100).for_each(|_| audit::refusal(Call::Sync, None, from, "no token"));
            audit::refusal(Call::Pin, Some("token 1"), from, "nothing before");
        });
        for why in ["wrong token", "nothing before"] {
            assert!(lines.iter().any(|line| line.contains(why)), "{why}: {lines:#?}");
        }
    }

    #[test]
    fn verbose_says_how_much_is_heard_and_of_whom() {
        let check = |verbose, ours: Level, library: Level, others: Level| {
            let filter = filter(verbose);
            for (target, most) in [
                ("gitsyncd::daemon", ours),
                ("audit", ours),
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
