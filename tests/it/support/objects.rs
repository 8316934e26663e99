//! The objects that a root keeps, as stock Git and the directory show them.

use std::fs;
use std::path::PathBuf;

use crate::support::daemon::Root;
use crate::support::git::{attempt, git, run};
use crate::support::wait::{SOON, eventually};

/// The packs.
pub(crate) fn packs(root: &Root) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.path().join(".git/objects/pack")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|end| end == "pack")).collect()
}

/// How many ends of history are noted.
pub(crate) fn ends(root: &Root) -> usize {
    let shallow = fs::read_to_string(root.path().join(".git/shallow"));
    shallow.map_or(0, |text| text.lines().count())
}

/// Says whether a commit is there with all that it needs.
pub(crate) fn has(root: &Root, commit: &str) -> bool {
    let mut list = git(&root.path());
    attempt(list.args(["rev-list", "--objects", "--quiet", commit])).is_ok()
}

/// Says whether there is any such object.
pub(crate) fn knows(root: &Root, id: &str) -> bool {
    attempt(git(&root.path()).args(["cat-file", "-e", id])).is_ok()
}

/// Fails unless stock Git finds every object right and nothing missing.
#[track_caller]
pub(crate) fn assert_sound(root: &Root) {
    let told = run(git(&root.path()).args(["fsck", "--full", "--no-dangling", "--no-progress"]));
    assert_eq!(told, "");
    let packing = root.path().join(".git/gitsyncd/packing");
    eventually("what was packed aside is gone", SOON, || {
        fs::read_dir(&packing).into_iter().flatten().next().is_none().then_some(())
    });
}
