//! The lines that a check tells.

use crate::command::harmless;
use std::fmt::Display;
use std::io::{ErrorKind, Write};

/// Tells each line as it comes, and counts.
pub(super) struct Report {
    out: Box<dyn Write>,
    failed: usize,
    warned: usize,
    /// The repository that the next lines are about, where there are several.
    repository: String,
    /// Whether nobody reads it any more.
    broken: bool,
}

impl Report {
    /// Begins.
    pub(super) fn new(out: impl Write + 'static) -> Self {
        Self { out: Box::new(out), failed: 0, warned: 0, repository: String::new(), broken: false }
    }

    /// The next lines are about this repository; without a name, about all or the only one.
    pub(super) fn about(&mut self, repository: Option<&str>) {
        self.repository = repository.map(|name| format!("{name}: ")).unwrap_or_default();
    }

    /// This is as it should be.
    pub(super) fn ok(&mut self, about: &str, found: impl Display) {
        self.line("ok", about, &found.to_string());
    }

    /// A run would work, but something should be looked at.
    pub(super) fn warning(&mut self, about: &str, found: impl Display, advice: &str) {
        self.warned += 1;
        self.line("warning", about, &format!("{found}; {advice}"));
    }

    /// A run would not work.
    pub(super) fn failed(&mut self, about: &str, found: impl Display, advice: &str) {
        self.failed += 1;
        self.line("FAILED", about, &format!("{found}; {advice}"));
    }

    /// Says what it comes to, and whether nothing failed.
    pub(super) fn end(mut self) -> bool {
        let warned = match self.warned {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            count => format!(", {count} warnings"),
        };
        let end = match self.failed {
            0 => format!("A run would work{warned}."),
            count => format!("A run would not work: {count} FAILED{warned}."),
        };
        self.write(&end);
        self.failed == 0
    }

    fn line(&mut self, mark: &str, about: &str, text: &str) {
        self.write(&format!("{mark:8} {}{about}: {}", self.repository, harmless(text)));
    }

    fn write(&mut self, line: &str) {
        if self.broken {
            return;
        }
        if let Err(error) = writeln!(self.out, "{line}").and_then(|()| self.out.flush()) {
            self.broken = true;
            // A reader who has gone away is no reason to fail.
            if error.kind() != ErrorKind::BrokenPipe {
                self.failed += 1;
            }
        }
    }
}
