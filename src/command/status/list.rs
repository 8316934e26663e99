//! The states of several repositories, a line each, and what is wrong below it.

use crate::command::harmless;
use crate::command::status::table::Table;
use jiff::Timestamp;
use serde_json::Value;

/// How wide the column of names is at most; longer names push the rest aside.
const WIDEST: usize = 40;

/// The lines, and what they come to.
#[derive(Debug)]
pub(super) struct List {
    lines: Vec<Line>,
}

/// One repository.
#[derive(Debug)]
struct Line {
    name: String,
    table: Table,
}

impl List {
    /// Takes what is worth showing.
    pub(super) fn of(all: &[Value], now: Timestamp) -> Self {
        let line = |status: &Value| {
            let name = status.pointer("/name").and_then(Value::as_str).map(harmless);
            Line { name: name.unwrap_or_default(), table: Table::of(status, now) }
        };
        Self { lines: all.iter().map(line).collect() }
    }

    /// Says whether all of them are well; none is.
    pub(super) fn is_well(&self) -> bool {
        self.lines.iter().all(|line| line.table.is_well())
    }

    /// Writes it, and where it is from.
    pub(super) fn print(&self, source: &str) -> String {
        let bad = self.lines.iter().filter(|line| !line.table.is_well()).count();
        let source = harmless(source);
        let count = self.lines.len();
        let mut lines = vec![
            format!("read from     {source}"),
            format!("repositories  {count}, {bad} of them not well"),
            String::new(),
        ];
        let widths = self.lines.iter().map(|line| line.name.chars().count());
        let width = widths.max().unwrap_or_default().min(WIDEST);
        for Line { name, table } in &self.lines {
            let state = table.row("state").unwrap_or_default();
            let commit = commit(table).map(|told| format!("; {told}")).unwrap_or_default();
            lines.push(format!("{name:width$}  {state}{commit}"));
            lines.extend(table.row("error").map(|error| format!("{:width$}  {error}", "")));
        }
        lines.join("\n")
    }
}

/// What is published, and since when.
fn commit(table: &Table) -> Option<String> {
    let commit: String = table.row("commit")?.chars().take(10).collect();
    let name = table.row("ref name").map(|name| format!(" ({name})")).unwrap_or_default();
    table.row("published").map(|since| format!("{commit}{name} published {since}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn each_repository_is_a_line_and_what_is_wrong_is_below() {
        let commit = json!({"id": "0123456789abcdef", "subject": "x", "author": "ada"});
        let error = json!({"message": "no\u{1b}[2J route", "class": "network"});
        let failed = json!({"number": 1, "outcome": "failed", "error": error});
        let all = [
            json!({"name": "a", "repo": "/a", "phase": "steady", "commit": commit,
                "ref_name": "refs/tags/v1.2", "published_at": "2026-01-01T23:00:00Z"}),
            json!({"name": "long", "repo": "/b", "phase": "initial", "last_attempt": failed}),
        ];
        let list = List::of(&all, "2026-01-02T00:00:00Z".parse().unwrap());
        assert!(!list.is_well());
        let text = list.print("there");
        assert!(!text.contains('\u{1b}'), "{text}");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(&lines[..2], ["read from     there", "repositories  2, 1 of them not well"]);
        assert_eq!(lines[3], "a     steady, well; 0123456789 (refs/tags/v1.2) published 1h ago");
        assert_eq!(lines[4], "long  initial, the last attempt FAILED");
        assert!(lines[5].starts_with("      no") && lines[5].ends_with(" route"), "{text}");
        assert!(List::of(&all[..1], Timestamp::now()).is_well());
        assert!(List::of(&[], Timestamp::now()).is_well(), "there is nothing to keep");
    }
}
