//! Telling how it goes.

use crate::config::options::{Fallback, Opt, PLAIN, Scope};

pub(super) const TELLING: &[Opt] = &[
    Opt {
        key: "touch-file",
        metavar: Some("FILE"),
        scope: Scope::One,
        short: "A file to touch after each publication",
        long: "It is made if it is missing, and its time changes after the link moved. A relative \
               path counts from the root. It cannot be where the link or our own files are.",
        ..PLAIN
    },
    Opt {
        key: "error-file",
        metavar: Some("FILE"),
        scope: Scope::One,
        short: "A file that holds the last error while there is one",
        long: "It is removed by the next success. A relative path counts from the root. It cannot \
               be where the link or our own files are.",
        ..PLAIN
    },
    Opt {
        key: "verbose",
        letter: Some('v'),
        metavar: Some("N"),
        fallback: Fallback::Text("0"),
        scope: Scope::Process,
        short: "How much to log",
        long: "`0` tells changes and failures, `9` everything. What is above or below counts as these.",
        ..PLAIN
    },
    Opt {
        key: "log-format",
        metavar: Some("FORMAT"),
        choices: &["text", "json"],
        fallback: Fallback::Words("text on a terminal, else json"),
        peer: Some(Fallback::Text("json")),
        scope: Scope::Process,
        short: "Log lines as text or json",
        long: "Logs go to standard error: `text` for people, `json` as one object a line.",
        ..PLAIN
    },
];
