//! In place of kubernetes/git-sync: called by its name, with its flags and variables, on its roots.

mod called;
mod document;
mod modes;
pub(crate) mod peer;
mod roots;
mod surprises;
mod takeover;

use crate::support::daemon::{Root, Setup, bare};

/// Begins to describe a run as git-sync: with the flags that it requires, and no other.
fn as_git_sync(url: &str, root: &Root) -> Setup {
    bare()
        .called("git-sync")
        .flag(format!("--repo={url}"))
        .flag(format!("--root={}", root.path().display()))
}
