//! Tests that do not run here say so, and `./test` repeats it at the end.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::process::Command;

use crate::support::git::attempt;
use crate::support::process::program;

/// Notes that a test, or a part of it, was left out, and why.
pub(crate) fn note(test: &str, reason: &str) {
    println!("skipped: {test}: {reason}");
    let Some(list) = env::var_os("GITSYNCD_SKIPPED") else { return };
    let mut list = OpenOptions::new().append(true).create(true).open(list).unwrap();
    // One write, so that lines of several processes stay whole.
    list.write_all(format!("{test}: {reason}\n").as_bytes()).unwrap();
}

/// Says whether this is `./test long`; a test that needs that asks here first.
pub(crate) fn unless_long(test: &str) -> bool {
    let long = env::var_os("GITSYNCD_LONG").is_some_and(|value| value == "1");
    if !long {
        note(test, "runs in ./test long only");
    }
    !long
}

/// Says whether a program cannot have namespaces of its own here, those that the flags of `unshare`
/// name; a test that needs them asks here first.
pub(crate) fn unless_unshared(test: &str, flags: &[&str]) -> bool {
    if unless_root(test) {
        return true;
    }
    let tried = attempt(Command::new(program("unshare")).args(flags).arg("true"));
    if let Err(error) = &tried {
        note(test, &format!("unshare does not work here: {}", error.trim()));
    }
    tried.is_err()
}

/// Says whether the test runs without the rights of root; a test that needs them asks here first.
pub(crate) fn unless_root(test: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        note(test, "needs to be root");
    }
    !root
}
