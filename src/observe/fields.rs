//! How the fields of a log line look as text: `name=value`, the value in quotes where its end would
//! not be clear without them. Nothing that a value holds can begin a line or move a cursor.

use std::fmt;
use std::fmt::Debug;
use tracing::field::{Field, Visit};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::Writer;

/// What the fields that the `log` crate adds begin with. The line says the same elsewhere.
const OF_LOG: &str = "log.";

/// Writes fields for people.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields;

impl<'w> FormatFields<'w> for Fields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut line = Line { writer, begun: false, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

struct Line<'w> {
    writer: Writer<'w>,
    begun: bool,
    result: fmt::Result,
}

impl Visit for Line<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.result.is_ok() && !field.name().starts_with(OF_LOG) {
            self.result = self.field(field.name(), &format!("{value:?}"));
        }
    }
}

impl Line<'_> {
    fn field(&mut self, name: &str, text: &str) -> fmt::Result {
        if std::mem::replace(&mut self.begun, true) {
            self.writer.write_char(' ')?;
        }
        if name == "message" {
            return self.harmless(text);
        }
        let name = name.strip_prefix("r#").unwrap_or(name);
        if self.writer.has_ansi_escapes() {
            write!(self.writer, "\u{1b}[2m{name}=\u{1b}[0m")?;
        } else {
            write!(self.writer, "{name}=")?;
        }
        let is_plain = |c: char| !c.is_whitespace() && !c.is_control() && !"\"\\=".contains(c);
        if !text.is_empty() && text.chars().all(is_plain) {
            self.writer.write_str(text)
        } else {
            write!(self.writer, "{text:?}")
        }
    }

    fn harmless(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|letter| match letter {
            letter if letter.is_control() => write!(self.writer, "{}", letter.escape_debug()),
            letter => self.writer.write_char(letter),
        })
    }
}
