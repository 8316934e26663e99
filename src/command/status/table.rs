//! A status as a short table for people. It may be from another version of this program, so
//! whatever is missing is left out.

use crate::command::harmless;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// How wide the first column is.
const COLUMN: usize = 14;

/// The rows, and what they come to.
#[derive(Debug)]
pub(super) struct Table {
    rows: Vec<(&'static str, String)>,
    well: bool,
}

impl Table {
    /// Takes what is worth showing.
    pub(super) fn of(status: &Value, now: Timestamp) -> Self {
        let text = |path: &str| text(status, path);
        let when = |path: &str| text(path).and_then(|at| at.parse().ok()).map(|at| since(at, now));
        let outcome = text("/last_attempt/outcome");
        let failed = outcome.as_ref().is_some_and(|outcome| outcome == "failed");
        let commit = text("/commit/id");
        let published = commit.map(|id| {
            let subject = text("/commit/subject").map(|it| format!("  {it}")).unwrap_or_default();
            let author = text("/commit/author").map(|it| format!(" ({it})")).unwrap_or_default();
            format!("{id}{subject}{author}")
        });
        let pinned = status.pointer("/pinned").and_then(Value::as_bool) == Some(true);
        let source = text("/source").filter(|source| Some(source) != text("/repo").as_ref());
        let failures = status.pointer("/failures").and_then(Value::as_u64).filter(|it| *it > 0);
        let rows = [
            ("name", text("/name")),
            ("repository", text("/repo")),
            ("ref", text("/ref")),
            ("ref name", text("/ref_name").filter(|name| Some(name) != text("/ref").as_ref())),
            (
                "state",
                Some(state(text("/phase").as_deref(), outcome.as_deref(), published.is_some())),
            ),
            ("commit", Some(published.clone().unwrap_or_else(|| "nothing is published".into()))),
            ("published", when("/published_at")),
            ("tree", text("/tree")),
            ("pinned", pinned.then(|| "yes: the ref is not followed until it is unpinned".into())),
            ("waiting", waiting(status, now)),
            ("served by", source),
            ("last attempt", attempt(status, now)),
            ("error", text("/last_attempt/error/message")),
            ("to check", text("/last_attempt/error/hint")),
            ("failures", failures.map(|count| format!("{count} in a row"))),
            ("last success", when("/last_success_at")),
            ("next attempt", when("/next_attempt_at")),
            ("version", text("/version")),
        ];
        let rows = rows.into_iter().filter_map(|(name, text)| Some((name, text?)));
        Self { rows: rows.collect(), well: !failed && published.is_some() }
    }

    /// Says whether something is published and the last attempt did not fail.
    pub(super) fn is_well(&self) -> bool {
        self.well
    }

    /// What a row tells, if it is there.
    pub(super) fn row(&self, name: &str) -> Option<&str> {
        self.rows.iter().find(|(other, _)| *other == name).map(|(_, text)| &**text)
    }

    /// Writes it, and where it is from.
    pub(super) fn print(&self, source: &str) -> String {
        let source = ("read from", harmless(source));
        let rows = std::iter::once(&source).chain(&self.rows);
        rows.map(|(name, text)| format!("{name:COLUMN$}{text}")).collect::<Vec<_>>().join("\n")
    }
}

fn text(status: &Value, path: &str) -> Option<String> {
    status.pointer(path).and_then(Value::as_str).map(harmless)
}

fn state(phase: Option<&str>, outcome: Option<&str>, published: bool) -> String {
    let phase = phase.unwrap_or("unknown");
    match (outcome, published) {
        (Some("failed"), _) => format!("{phase}, the last attempt FAILED"),
        (Some("refused"), _) => format!("{phase}, what the ref names is REFUSED"),
        (_, true) => format!("{phase}, well"),
        (_, false) => format!("{phase}, nothing published yet"),
    }
}

fn waiting(status: &Value, now: Timestamp) -> Option<String> {
    let commit = text(status, "/waiting/commit")?;
    let until = text(status, "/waiting/until").and_then(|at| at.parse().ok());
    let until = until.map_or_else(
        || "no window is in sight".to_owned(),
        |at: Timestamp| format!("a window opens {} ({at})", since(at, now)),
    );
    Some(format!("{commit}: {until}"))
}

fn attempt(status: &Value, now: Timestamp) -> Option<String> {
    let attempt = status.pointer("/last_attempt").filter(|attempt| attempt.is_object())?;
    let number = attempt.pointer("/number").and_then(Value::as_u64)?;
    let outcome = text(attempt, "/outcome")?;
    let step = text(attempt, "/step").map(|step| format!(" at {step}")).unwrap_or_default();
    let class = text(attempt, "/error/class").map(|it| format!(" ({it})")).unwrap_or_default();
    let trigger = text(attempt, "/trigger").map(|it| format!(", by {it}")).unwrap_or_default();
    let started = text(attempt, "/started_at").and_then(|at| at.parse().ok());
    let started = started.map(|at| format!(", {}", since(at, now))).unwrap_or_default();
    let took = attempt.pointer("/duration_ms").and_then(Value::as_u64);
    let took = took.map(|took| format!(", took {took} ms")).unwrap_or_default();
    Some(format!("number {number} {outcome}{step}{class}{trigger}{started}{took}"))
}

/// Says how long ago something was, or how soon it will be.
pub(super) fn since(at: Timestamp, now: Timestamp) -> String {
    let ago = now.duration_since(at);
    if ago.is_negative() {
        return format!("in {}", length(-ago));
    }
    format!("{} ago", length(ago))
}

/// Writes the two largest units of a length of time.
fn length(time: SignedDuration) -> String {
    let seconds = time.as_secs();
    let units = [(86_400, "d"), (3600, "h"), (60, "m"), (1, "s")];
    let mut rest = seconds;
    let mut parts = Vec::new();
    for (unit, name) in units {
        let count = rest / unit;
        rest %= unit;
        if count > 0 || !parts.is_empty() {
            parts.push((count, name));
        }
    }
    let shown = parts.iter().take(2).filter(|(count, _)| *count > 0);
    let shown: Vec<_> = shown.map(|(count, name)| format!("{count}{name}")).collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.concat() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn now() -> Timestamp {
        "2026-01-02T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_time_is_told_by_its_distance() {
        let told = |at: &str| since(at.parse().unwrap(), now());
        assert_eq!(told("2026-01-02T00:00:00Z"), "0s ago");
        assert_eq!(told("2026-01-01T23:58:55Z"), "1m5s ago");
        assert_eq!(told("2026-01-01T00:00:00Z"), "1d ago");
        assert_eq!(told("2025-12-31T20:00:09Z"), "1d3h ago");
        assert_eq!(told("2026-01-02T02:00:01Z"), "in 2h");
    }

    #[test]
    fn a_status_that_lacks_much_is_shown_all_the_same() {
        let table = Table::of(&json!({"repo": "/a", "phase": "initial", "commit": null}), now());
        assert!(!table.is_well());
        let text = table.print("there");
        assert!(text.starts_with("read from     there\nrepository    /a\n"), "{text}");
        assert!(text.contains("nothing is published") && !text.contains("pinned"), "{text}");
    }

    #[test]
    fn what_waits_is_shown_with_the_time() {
        let row = |until: Value| {
            let waiting = json!({"commit": "abc", "until": until});
            let table = Table::of(&json!({"repo": "/a", "waiting": waiting}), now());
            table
                .print("there")
                .lines()
                .find(|line| line.starts_with("waiting"))
                .unwrap()
                .to_owned()
        };
        let told = row(json!("2026-01-02T02:00:00Z"));
        assert_eq!(told, "waiting       abc: a window opens in 2h (2026-01-02T02:00:00Z)");
        assert_eq!(row(Value::Null), "waiting       abc: no window is in sight");
    }

    #[test]
    fn a_refusal_is_not_called_well() {
        let commit = json!({"id": "abc", "subject": "x", "author": "ada"});
        let attempt = json!({"number": 3, "outcome": "refused", "step": "gate"});
        let status = json!({"phase": "steady", "commit": commit, "last_attempt": attempt});
        let table = Table::of(&status, now());
        assert!(table.is_well(), "nothing has failed");
        let text = table.print("there");
        assert!(text.contains("state         steady, what the ref names is REFUSED"), "{text}");
    }

    #[test]
    fn what_came_from_a_repository_does_nothing_to_a_terminal() {
        let commit = json!({"id": "abc", "subject": "x\u{1b}[2J\ny", "author": "ada"});
        let status = json!({"repo": "/a", "phase": "steady", "commit": commit});
        let table = Table::of(&status, now());
        assert!(table.is_well());
        let text = table.print("there");
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.lines().any(|line| line.starts_with("commit        abc  x")), "{text}");
    }
}
