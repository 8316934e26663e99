//! Looks for secrets in what the program writes.

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs;
use std::path::Path;

use crate::support::daemon::{Daemon, Finished};

/// Everything that must not be seen, in every form that it might have.
#[derive(Debug, Default)]
pub(crate) struct Secrets(Vec<String>);

impl Secrets {
    /// The passwords of a user.
    pub(crate) fn of(user: &str, passwords: &[&str]) -> Self {
        let mut secrets = Self::default();
        for password in passwords {
            secrets.add(password);
            // At each of the three places where they may begin, the middle stays the same.
            for text in [format!("{user}:{password}"), format!(" {password}")] {
                secrets.add(BASE64_STANDARD.encode(&text).trim_end_matches('='));
                secrets.add(&BASE64_URL_SAFE_NO_PAD.encode(&text));
            }
            secrets.add(&utf8_percent_encode(password, NON_ALPHANUMERIC).to_string());
        }
        secrets
    }

    /// Adds a text, and how JSON and `Debug` show it. One that is too short to be told from chance
    /// is left out.
    pub(crate) fn add(&mut self, text: &str) {
        let json = serde_json::to_string(text).unwrap();
        let debug = format!("{text:?}");
        for form in [text, json.trim_matches('"'), debug.trim_matches('"')] {
            let form = form.trim();
            if form.len() >= 4 && !self.0.iter().any(|known| known == form) {
                self.0.push(form.to_owned());
            }
        }
    }

    /// Fails if one is in the text.
    #[track_caller]
    pub(crate) fn assert_not_in(&self, what: &str, text: &[u8]) {
        // Bytes that are no text are in no secret either.
        let text = String::from_utf8_lossy(text);
        for secret in &self.0 {
            assert!(!text.contains(secret.as_str()), "{what} shows {secret:?}:\n{text}");
        }
    }

    /// Fails if one is in the output of a run.
    #[track_caller]
    pub(crate) fn assert_not_told(&self, finished: &Finished) {
        self.assert_not_in("the log", finished.log.join("\n").as_bytes());
        self.assert_not_in("the output", finished.stdout.join("\n").as_bytes());
    }

    /// Fails if one is in the output of a daemon so far, or in what it answers.
    #[track_caller]
    pub(crate) fn assert_not_shown(&self, daemon: &Daemon) {
        self.assert_not_in("the log", daemon.log().join("\n").as_bytes());
        self.assert_not_in("the output", daemon.stdout().join("\n").as_bytes());
        for path in ["/", "/livez", "/readyz", "/healthz", "/metrics"] {
            let reply = daemon.get(path).unwrap();
            self.assert_not_in(path, format!("{}\n{}", reply.head, reply.body).as_bytes());
        }
    }

    /// Fails if one is in a file below a directory, or in the name of one.
    #[track_caller]
    pub(crate) fn assert_not_below(&self, dir: &Path) {
        for entry in fs::read_dir(dir).into_iter().flatten() {
            let path = entry.unwrap().path();
            self.assert_not_in("a name", path.as_os_str().as_encoded_bytes());
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                self.assert_not_below(&path);
            } else {
                self.assert_not_in(&path.display().to_string(), &fs::read(&path).unwrap());
            }
        }
    }
}
