//! What became of the program that was run at the server, and what it said about it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much of what it says is kept: the end of it.
const KEPT: usize = 4 << 10;

/// The exit status of a shell that does not find the program.
const NOT_FOUND: u32 = 127;

/// What is known of the program at the server.
#[derive(Clone, Debug, Default)]
pub struct Remote(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    program: &'static str,
    said: VecDeque<u8>,
    status: Option<u32>,
    killed_by: Option<String>,
    ended: bool,
}

impl Remote {
    /// Knows nothing yet of a program.
    pub(super) fn of(program: &'static str) -> Self {
        Self(Arc::new(Mutex::new(Known { program, ..Known::default() })))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It wrote to its standard error.
    pub(super) fn says(&self, bytes: &[u8]) {
        tracing::debug!(text = shown(bytes.iter().copied()), "the SSH server says");
        let mut known = self.known();
        known.said.extend(bytes);
        let too_many = known.said.len().saturating_sub(KEPT);
        known.said.drain(..too_many);
    }

    /// It ended by itself.
    pub(super) fn exits(&self, status: u32) {
        self.known().status = Some(status);
    }

    /// It was killed.
    pub(super) fn is_killed(&self, signal: String) {
        self.known().killed_by = Some(signal);
    }

    /// Nothing more comes from it.
    pub(super) fn ends(&self) {
        self.known().ended = true;
    }

    /// With which status it ended, if it did by itself.
    pub fn status(&self) -> Option<u32> {
        self.known().status
    }

    /// It was not even begun.
    pub(super) fn is_forbidden(&self) {
        let program = self.known().program;
        self.says(format!("the server does not let this user run {program}\n").as_bytes());
    }

    /// Why it ended, in its own words if it said any; none if it has not ended or went well.
    pub fn complaint(&self) -> Option<String> {
        let known = self.known();
        if !known.ended {
            return None;
        }
        let said = shown(known.said.iter().copied());
        let program = known.program;
        match (&known.killed_by, known.status) {
            (Some(signal), _) => Some(and(format!("{program} was killed by {signal}"), &said)),
            (None, Some(NOT_FOUND)) => Some(and(format!("{program} cannot be run"), &said)),
            (None, Some(0) | None) if said.is_empty() => None,
            (None, Some(status)) if said.is_empty() => {
                Some(format!("{program} ended with status {status}"))
            }
            (None, Some(_) | None) => Some(said),
        }
    }
}

fn and(what: String, said: &str) -> String {
    if said.is_empty() { what } else { format!("{what}: {said}") }
}

/// Makes one line of what was said, without what would move a cursor.
fn shown(bytes: impl Iterator<Item = u8>) -> String {
    let bytes: Vec<u8> = bytes.collect();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().map(|line| {
        let plain: String = line.chars().filter(|c| !c.is_control()).collect();
        plain.trim().to_owned()
    });
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_what_was_said_is_shown_in_one_line() {
        let remote = Remote::of("git-upload-pack");
        remote.says(&vec![b'x'; 2 * KEPT]);
        remote.says("\r\nERROR: \u{1b}[31mNo.\r\n\n fatal: end".as_bytes());
        assert_eq!(remote.complaint(), None, "it goes on");
        remote.exits(1);
        remote.ends();
        let complaint = remote.complaint().unwrap();
        assert!(complaint.ends_with("xxx; ERROR: [31mNo.; fatal: end"), "{complaint}");
        assert!(complaint.len() <= KEPT);
    }

    #[test]
    fn the_status_is_told_if_nothing_was_said() {
        let after = |status: u32| {
            let remote = Remote::of("git-upload-pack");
            remote.exits(status);
            remote.ends();
            remote.complaint()
        };
        assert_eq!(after(0), None);
        assert_eq!(after(127).as_deref(), Some("git-upload-pack cannot be run"));
        assert_eq!(after(3).as_deref(), Some("git-upload-pack ended with status 3"));
    }
}
