//! What kubernetes/git-sync leaves in a root: how its repository is known, and what of it nobody
//! needs any more.
//!
//! Version 4 keeps its trees where we do. Version 3 keeps them in the root itself, as `COMMIT` or
//! `rev-COMMIT`. Both administer them as Git does.

use crate::disk::{DiskError, Durable};
use crate::disk::{is_there, list, name, remove, replace_file};
use crate::model::CommitId;
use crate::publish::Layout;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The branch in which version 4 begins its repository.
const BRANCH: &str = "refs/heads/git-sync";

/// Refs that it made and that lead to nothing that is needed.
const REFS: [&str; 2] = [BRANCH, "refs/remotes/origin"];

/// Files in the repository that only Git programs use, and only until they have ended.
const FILES: [&str; 2] = ["FETCH_HEAD", "ORIG_HEAD"];

/// The name under which it makes links before they replace others.
const LINK: &str = "tmp-link";

/// How the names begin under which it writes errors before they replace others.
const ERROR: &str = "tmp-err-";

/// Says whether it made the repository. The root may have had another path then. People keep
/// worktrees in the same places, but do not name them by commits.
pub(super) fn is_theirs(layout: &Layout) -> bool {
    let of_a_commit = |admin: &PathBuf| {
        let pointer = fs::read_to_string(admin.join("gitdir")).unwrap_or_default();
        let tree = Path::new(pointer.trim_end()).parent();
        let above = tree.and_then(Path::parent).and_then(name);
        above == Some(".worktrees") && tree.and_then(name).is_some_and(is_of_a_commit)
    };
    let git = layout.git();
    // It never has an index of its own, which people have as soon as they work.
    let begun = || {
        let head = fs::read_to_string(git.join("HEAD")).unwrap_or_default();
        head.trim_end().strip_prefix("ref: ") == Some(BRANCH) && !is_there(&git.join("index"))
    };
    list(&layout.admins()).is_ok_and(|admins| admins.iter().any(of_a_commit))
        || old_trees(layout).is_ok_and(|trees| !trees.is_empty())
        || begun()
}

/// Removes refs of a repository that it made which would keep objects for ever.
pub(super) fn let_go(layout: &Layout) -> Result<(), DiskError> {
    let git = layout.git();
    // Version 3 clones, and then leaves the branch alone.
    let head = fs::read_to_string(git.join("HEAD")).unwrap_or_default();
    let head = head.trim_end().strip_prefix("ref: ").filter(|branch| {
        let mut parts = Path::new(branch).components();
        let plain = parts.all(|part| matches!(part, Component::Normal(_)));
        plain && branch.starts_with("refs/heads/") && !is_there(&git.join("index"))
    });
    let refs = || REFS.into_iter().chain(head);
    for path in FILES.into_iter().chain(refs()) {
        remove(&git.join(path))?;
    }
    let packed = git.join("packed-refs");
    let Ok(text) = fs::read_to_string(&packed) else {
        return Ok(());
    };
    let goes = |line: &str| {
        let named = line.split(' ').nth(1).map(str::trim_end);
        let below = |above: &str| named.is_some_and(|named| Path::new(named).starts_with(above));
        refs().any(below)
    };
    let rest: String = text.split_inclusive('\n').filter(|line| !goes(line)).collect();
    if rest == text { Ok(()) } else { replace_file(&packed, rest.as_bytes(), Durable::Yes) }
}

/// Removes what its end may leave at any time: half-made links and errors, and notes of where refs
/// once were, which would name objects that are no longer there.
pub(super) fn clear(layout: &Layout) -> Result<(), DiskError> {
    remove(&layout.git().join("logs"))?;
    let link = layout.link().with_file_name(LINK);
    let target = fs::read_link(&link).ok();
    if link != layout.link() && target.as_deref().and_then(name).is_some_and(is_of_a_commit) {
        gone(&link)?;
    }
    for path in list(layout.root())? {
        let number = name(&path).and_then(|name| name.strip_prefix(ERROR));
        let is_error = number.is_some_and(|number| number.parse::<u64>().is_ok())
            && path.symlink_metadata().is_ok_and(|found| found.is_file())
            && fs::read(&path).is_ok_and(|text| text.is_empty() || text.starts_with(b"{\"Msg\":"));
        if is_error {
            gone(&path)?;
        }
    }
    Ok(())
}

fn gone(path: &Path) -> Result<(), DiskError> {
    tracing::info!(path = %path.display(), "removing a leftover");
    remove(path)
}

/// The trees of version 3.
pub(super) fn old_trees(layout: &Layout) -> Result<Vec<PathBuf>, DiskError> {
    let is_one = |tree: &PathBuf| {
        name(tree).is_some_and(is_of_a_commit)
            && tree.symlink_metadata().is_ok_and(|found| found.is_dir())
            && admin_of(layout, tree).is_some()
    };
    Ok(list(layout.root())?.into_iter().filter(is_one).collect())
}

/// Where a tree says that Git administers it.
pub(super) fn admin_of(layout: &Layout, tree: &Path) -> Option<PathBuf> {
    let pointer = fs::read_to_string(tree.join(".git")).ok()?;
    let admin = Path::new(pointer.strip_prefix("gitdir: ")?.trim_end());
    let named = name(admin)?;
    let ours = admin.parent()?.ends_with(".git/worktrees") && named.starts_with(name(tree)?);
    ours.then(|| layout.admins().join(named))
}

/// The tree of version 3 that the link names.
pub(super) fn old_live(layout: &Layout) -> Option<PathBuf> {
    let named = layout.link().canonicalize().ok()?;
    let trees = old_trees(layout).ok()?;
    trees.into_iter().find(|tree| tree.canonicalize().is_ok_and(|tree| tree == named))
}

/// Says whether a tree, or what administers it, is called after a commit: by its id, perhaps with a
/// number, as Git and we add where two would have the same name.
pub(super) fn is_of_a_commit(name: &str) -> bool {
    let id = name.strip_prefix("rev-").unwrap_or(name);
    [64, 40].into_iter().any(|length| {
        let (Some(commit), Some(number)) = (id.get(..length), id.get(length..)) else {
            return false;
        };
        let number = number.strip_prefix('-').unwrap_or(number);
        commit.parse::<CommitId>().is_ok() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_hold_a_commit_are_known() {
        let (id, long) = ("a1".repeat(20), "b2".repeat(32));
        for name in [&id, &long, &format!("{id}1"), &format!("{id}-12"), &format!("rev-{id}")] {
            assert!(is_of_a_commit(name), "{name}");
        }
        let short = id.trim_start_matches('a');
        for name in ["", "rev-", "feature", short, &format!("{id}x"), &format!("x{id}")] {
            assert!(!is_of_a_commit(name), "{name}");
        }
    }
}
