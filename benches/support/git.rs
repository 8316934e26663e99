//! Stock Git that sees nothing of the settings of the machine.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The time of every commit, in seconds, so that equal origins have equal ids.
const TIME: &str = "1700000000 +0000";

/// Settings of every call. Automatic maintenance is off, which is in Git's favour.
const SETTINGS: [(&str, &str); 5] = [
    ("init.defaultBranch", "main"),
    ("safe.directory", "*"),
    ("gc.auto", "0"),
    ("maintenance.auto", "false"),
    ("advice.detachedHead", "false"),
];

/// A call of Git in a directory.
pub(crate) fn git(dir: &Path) -> Command {
    let mut command = Command::new(program("git"));
    command
        .current_dir(dir)
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", "/nonexistent")
        .env("LC_ALL", "C")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_AUTHOR_NAME", "Bench")
        .env("GIT_AUTHOR_EMAIL", "bench@example.com")
        .env("GIT_AUTHOR_DATE", TIME)
        .env("GIT_COMMITTER_NAME", "Bench")
        .env("GIT_COMMITTER_EMAIL", "bench@example.com")
        .env("GIT_COMMITTER_DATE", TIME)
        .env("GIT_CONFIG_COUNT", SETTINGS.len().to_string())
        .stdin(Stdio::null());
    for (number, (key, value)) in SETTINGS.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{number}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
    command
}

/// Runs a call that must succeed and gives what it printed, without the last line break.
pub(crate) fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {complaint}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Where a program is; also looks where the paths of plain users do not lead.
pub(crate) fn program(name: &str) -> PathBuf {
    env::split_paths(&search_path())
        .chain(["/usr/sbin".into(), "/sbin".into(), "/usr/local/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
        .unwrap_or_else(|| panic!("{name} is not installed; the benches need it"))
}

/// The search path for programs that start others.
pub(crate) fn search_path() -> OsString {
    env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into())
}
