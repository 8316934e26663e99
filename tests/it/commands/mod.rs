//! What is asked instead of syncing, tried on the binary: check, probe, status, sync and completions.

mod check;
mod completions;
mod hooked;
mod orders;
mod probe;
mod several;
mod status;
mod sync;
mod words;

use std::path::Path;

use crate::support::daemon::{Finished, Setup, bare};

/// Asks a command, with its words before the flags.
fn command(words: &[&str]) -> Setup {
    words.iter().fold(bare(), |setup, word| setup.flag(*word))
}

/// Asks whether a run would work.
pub(crate) fn check(url: &str, root: &Path) -> Setup {
    command(&["check"]).flag(format!("--repo={url}")).flag(format!("--root={}", root.display()))
}

/// All that was printed.
fn text(finished: &Finished) -> String {
    finished.stdout.join("\n")
}

/// Fails unless a line that was printed begins and goes on like this.
#[track_caller]
fn expect_line(finished: &Finished, begins: &str, goes_on: &str) {
    let found = finished.stdout.iter().any(|line| {
        line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(begins)
            && line.contains(goes_on)
    });
    assert!(found, "no {begins:?} with {goes_on:?} in\n{}", text(finished));
}
