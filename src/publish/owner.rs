//! Whose repository is in a root: only what nobody would miss is replaced. Nothing is changed here.

use crate::disk::look::read_below;
use crate::disk::{is_there, list, name};
use crate::git::Store;
use crate::model::CommitId;
use crate::publish::{Layout, takeover};
use std::fs;
use std::path::{Path, PathBuf};

/// More than a `HEAD` is long.
const LONGEST: u64 = 4096;

/// Whose repository is in a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// There is none.
    Nobody,
    /// We made it.
    Us,
    /// kubernetes/git-sync made it; we go on with it.
    Peer,
    /// Nobody would miss what is there.
    Unusable,
    /// Somebody works there.
    Somebody,
}

/// Says whose repository is in the root.
pub fn owner(layout: &Layout) -> Owner {
    let git = layout.git();
    if !is_there(&git) {
        if is_bare(layout.root()) { Owner::Somebody } else { Owner::Nobody }
    } else if is_there(&layout.own()) {
        Owner::Us
    } else if takeover::is_theirs(layout) {
        Owner::Peer
    } else if has_commits(&git) {
        Owner::Somebody
    } else {
        Owner::Unusable
    }
}

/// Says whether somebody would miss this repository. A `.git` file leads to one elsewhere. What we
/// cannot read may be damaged, or of a format that we do not know, and is not ours to judge.
fn has_commits(git: &Path) -> bool {
    // Somebody may have fetched what no ref names. An index holds what is about to be committed.
    leads_elsewhere(git)
        || has_objects(git)
        || Store::open_any(git).is_ok_and(|store| store.has_refs())
        || git.join("index").is_file()
}

/// Says whether a directory is itself a repository, as one without a tree is, with commits.
fn is_bare(root: &Path) -> bool {
    let head = read_below(&root.join("HEAD"), LONGEST).ok().flatten();
    let names_one = |head: &[u8]| {
        let head = str::from_utf8(head).unwrap_or_default().trim_end();
        head.starts_with("ref: refs/") || head.parse::<CommitId>().is_ok()
    };
    head.is_some_and(|head| names_one(&head))
        && ["objects", "refs"].iter().all(|name| root.join(name).is_dir())
        && has_commits(root)
}

/// Says whether a `.git` file points at something that exists.
fn leads_elsewhere(git: &Path) -> bool {
    fs::read_to_string(git).is_ok_and(|text| {
        let target = text.strip_prefix("gitdir: ").map(str::trim_end);
        target.is_some_and(|target| git.with_file_name(target).exists())
    })
}

/// Says whether a directory holds objects, loose or packed, where a repository has them, or does not
/// let us look. What Git had not finished writing is none.
fn has_objects(git: &Path) -> bool {
    let is_object = |path: &PathBuf| name(path).is_none_or(|name| !name.starts_with("tmp_"));
    let holds =
        |directory: &PathBuf| list(directory).map_or(true, |entries| entries.iter().any(is_object));
    list(&git.join("objects"))
        .map_or(true, |parts| parts.iter().filter(|part| name(part) != Some("info")).any(holds))
}
