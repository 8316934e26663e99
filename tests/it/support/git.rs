//! Stock Git that sees nothing of the machine it runs on.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::support::process::{path, program};

/// Settings that every call gets; of the machine's own settings none is read.
const SETTINGS: [(&str, &str); 9] = [
    ("init.defaultBranch", "main"),
    ("safe.directory", "*"),
    ("protocol.file.allow", "always"),
    ("protocol.version", "2"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("core.safecrlf", "false"),
    ("commit.gpgSign", "false"),
    ("advice.detachedHead", "false"),
];

/// The time of everything that does not say another, in seconds.
pub(crate) const EPOCH: u64 = 1_700_000_000;

/// A call of stock Git in a directory: the same names, times and settings on every machine.
pub(crate) fn git(dir: &Path) -> Command {
    let mut command = Command::new(program("git"));
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", path())
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Ada Author")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_NAME", "Carl Committer")
        .env("GIT_COMMITTER_EMAIL", "carl@example.com");
    at_time(&mut command, EPOCH);
    for (name, value) in settings(&SETTINGS) {
        command.env(name, value);
    }
    command
}

/// Lets the call write its commits and tags at this time.
pub(crate) fn at_time(command: &mut Command, seconds: u64) {
    let date = format!("{seconds} +0000");
    command.env("GIT_AUTHOR_DATE", &date).env("GIT_COMMITTER_DATE", date);
}

/// Settings as Git reads them from its environment.
pub(crate) fn settings(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let numbered = pairs.iter().enumerate().flat_map(|(n, (key, value))| {
        [
            (format!("GIT_CONFIG_KEY_{n}"), (*key).to_owned()),
            (format!("GIT_CONFIG_VALUE_{n}"), (*value).to_owned()),
        ]
    });
    numbered.chain([("GIT_CONFIG_COUNT".to_owned(), pairs.len().to_string())]).collect()
}

/// Runs a call that must succeed and gives what it printed, without the last line break.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> String {
    attempt(command).unwrap_or_else(|error| {
        let words: Vec<_> = command.get_args().map(OsStr::to_string_lossy).collect();
        panic!("git {}: {error}", words.join(" "))
    })
}

/// Runs a call that may fail: what it printed, or what it complained about.
pub(crate) fn attempt(command: &mut Command) -> Result<String, String> {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end_matches('\n').to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}
