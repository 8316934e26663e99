//! What is published and how long it stays: kept trees, the ways in which a tree is put before its
//! readers, and the commands that choose a commit.

mod copied;
mod durable;
mod exchanged;
mod exchanging;
mod keeping;
mod standing;
mod turning;

use std::{env, fs};

use crate::support::daemon::{Root, Setup, bare};
use crate::support::process::program;

/// The names in a directory of the root, in order.
fn names(root: &Root, dir: &str) -> Vec<String> {
    let entries = fs::read_dir(root.path().join(dir)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs a script whose mounts nobody else sees; the flags that follow are its arguments.
fn with_mounts(script: &str) -> Setup {
    let shell = bare().program(program("unshare")).flag("--mount").flag("sh").flag("-c");
    let path = env::var_os("PATH").unwrap_or_default();
    shell.variable("PATH", path).flag(script).flag("sh")
}
