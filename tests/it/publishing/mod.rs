//! What is published and how long it stays: kept trees, the ways in which a tree is put before its
//! readers, and the commands that choose a commit.

mod copied;
mod exchanged;
mod exchanging;
mod keeping;
mod standing;

use std::fs;

use crate::support::daemon::Root;

/// The names in a directory of the root, in order.
fn names(root: &Root, dir: &str) -> Vec<String> {
    let entries = fs::read_dir(root.path().join(dir)).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
