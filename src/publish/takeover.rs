//! What kubernetes/git-sync leaves in a root: how its repository is known, and what of it nobody
//! needs any more.
//!
//! Version 4 keeps its trees where we do. Version 3 keeps them in the root itself, as `COMMIT` or
//! `rev-COMMIT`. Both administer them as Git does.

use crate::disk::look::read_below;
use crate::disk::{DiskError, Durable};
use crate::disk::{is_there, list, name, remove, replace_file};
use crate::model::CommitId;
use crate::publish::Layout;
use crate::trees::Admin;
use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

/// The branch in which version 4 begins its repository.
const BRANCH: &str = "refs/heads/git-sync";

/// Refs that it made and that lead to nothing that is needed.
const REFS: [&str; 2] = [BRANCH, "refs/remotes/origin"];

/// Files in the repository that only Git programs use, and only until they have ended.
const FILES: [&str; 2] = ["FETCH_HEAD", "ORIG_HEAD"];

/// More than a path or an error that it writes is long.
const LONGEST: u64 = 1 << 20;

/// The name under which it makes links before they replace others.
const LINK: &str = "tmp-link";

/// How the names begin under which it writes errors before they replace others.
const ERROR: &str = "tmp-err-";

/// Says whether it made the repository. The root may have had another path then. People keep
/// worktrees in the same places and may name them by commits; but they have an index as soon as they
/// work, and it never does.
pub(super) fn is_theirs(layout: &Layout) -> bool {
    let git = layout.git();
    if is_there(&git.join("index")) {
        return false;
    }
    let head = fs::read_to_string(git.join("HEAD")).unwrap_or_default();
    let begun = head.trim_end().strip_prefix("ref: ") == Some(BRANCH);
    let has_tree = || {
        let trees = list(&layout.trees()).unwrap_or_default();
        trees
            .iter()
            .any(|tree| name(tree).is_some_and(is_of_a_commit) && admin_of(layout, tree).is_some())
    };
    let names_tree = |admin: &PathBuf| pointer(admin).is_some_and(|tree| is_place(layout, &tree));
    begun
        || has_tree()
        || old_trees(layout).is_ok_and(|trees| !trees.is_empty())
        || list(&layout.admins()).is_ok_and(|admins| admins.iter().any(names_tree))
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
        if is_error(&path) {
            gone(&path)?;
        }
    }
    Ok(())
}

/// Says whether this is an error that it did not finish writing, or did not give its final name.
fn is_error(path: &Path) -> bool {
    /// What it writes, as it is read back.
    #[derive(serde::Deserialize)]
    struct Error {
        #[serde(rename = "Msg")]
        _message: String,
        #[serde(rename = "Args")]
        _arguments: serde_json::Map<String, serde_json::Value>,
    }
    // It takes a random number of 32 bits for each.
    let number = name(path).and_then(|name| name.strip_prefix(ERROR));
    let is_named = number.is_some_and(|number| {
        number.bytes().all(|byte| byte.is_ascii_digit()) && number.parse::<u32>().is_ok()
    });
    let is_file = || path.symlink_metadata().is_ok_and(|found| found.is_file());
    if !is_named || !is_file() {
        return false;
    }
    let text = read_below(path, LONGEST).ok().flatten();
    text.is_some_and(|text| text.is_empty() || serde_json::from_slice::<Error>(&text).is_ok())
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
            && (admin_of(layout, tree).is_some() || was_replaced(layout, tree))
    };
    Ok(list(layout.root())?.into_iter().filter(is_one).collect())
}

/// Where a tree says that Git administers it, if that is in this repository.
fn told_by(layout: &Layout, tree: &Path) -> Option<PathBuf> {
    let told = tree.join(read_path(&tree.join(".git"), "gitdir: ")?);
    let admin = layout.admins().join(name(&told)?);
    (told.canonicalize().ok()? == admin.canonicalize().ok()?).then_some(admin)
}

/// Says whether we have published the same commit, whose tree is now administered where this was.
fn was_replaced(layout: &Layout, tree: &Path) -> bool {
    let Some(admin) = told_by(layout, tree).filter(|_| tree.parent() == Some(layout.root())) else {
        return false;
    };
    let is_ours = |now: &PathBuf| is_place(layout, now) && now.file_name() == tree.file_name();
    Admin::at(admin.clone()).is_ours() && pointer(&admin).is_some_and(|now| is_ours(&now))
}

/// Says whether there is an administrative directory of a tree that somebody has elsewhere.
pub(super) fn is_somebodys(layout: &Layout, admin: &Path) -> bool {
    let Some(tree) = pointer(admin).filter(|_| !Admin::at(admin.to_owned()).is_ours()) else {
        return false;
    };
    // The root may have had another path.
    let here = tree.file_name().map(|name| layout.trees().join(name));
    let is_here = || here.and_then(|here| admin_of(layout, &here)).as_deref() == Some(admin);
    !is_place(layout, &tree) && !is_here()
}

/// Where Git administers a tree, if the tree says so, and what is there says the same.
pub(super) fn admin_of(layout: &Layout, tree: &Path) -> Option<PathBuf> {
    let admin = told_by(layout, tree)?;
    let back = pointer(&admin)?;
    let leads_back = match back.canonicalize() {
        Ok(back) => tree.canonicalize().ok()? == back,
        // The root may have had another path.
        Err(_) => back.ends_with(tree.strip_prefix(layout.root()).ok()?),
    };
    leads_back.then_some(admin)
}

/// Says whether nobody needs an administrative directory any more, given that there is no tree of
/// ours that it administers. One of a tree elsewhere is somebody's, even while that cannot be seen.
pub(super) fn is_left_over(layout: &Layout, admin: &Path) -> bool {
    let Some(tree) = pointer(admin) else {
        // Git, too, takes one that names nothing for a leftover.
        let names_nothing = |found: fs::Metadata| found.is_file() && found.len() == 0;
        let named = admin.join("gitdir").symlink_metadata();
        return named.map_or_else(|error| error.kind() == ErrorKind::NotFound, names_nothing)
            || Admin::at(admin.to_owned()).is_ours();
    };
    // The root may have had another path when we made it.
    let was_ours = || !is_there(&tree) && Admin::at(admin.to_owned()).is_ours();
    is_place(layout, &tree) || was_ours()
}

/// The tree that an administrative directory names.
fn pointer(admin: &Path) -> Option<PathBuf> {
    let told = admin.join(read_path(&admin.join("gitdir"), "")?);
    told.ends_with(".git").then(|| told.parent().map(Path::to_owned))?
}

/// Reads a path that stands in a file after some words.
fn read_path(file: &Path, words: &str) -> Option<PathBuf> {
    let text = read_below(file, LONGEST).ok()??;
    let path = text.strip_prefix(words.as_bytes())?.trim_ascii_end();
    Some(PathBuf::from(OsStr::from_bytes(path)))
}

/// Says whether a path is one where the trees of this root are or once were; whether there is
/// anything does not matter.
fn is_place(layout: &Layout, tree: &Path) -> bool {
    let Some(above) = tree.parent().filter(|_| name(tree).is_some_and(is_of_a_commit)) else {
        return false;
    };
    let same = |one: &Path, other: &Path| {
        one == other || one.canonicalize().is_ok_and(|one| Some(one) == other.canonicalize().ok())
    };
    let is_number = name(above).is_some_and(|name| name.parse::<u32>().is_ok());
    let numbered = || above.parent().is_some_and(|above| same(above, &layout.trees()));
    same(above, layout.root()) || same(above, &layout.trees()) || is_number && numbered()
}

/// The tree of version 3 that the link names.
pub fn old_live(layout: &Layout) -> Option<PathBuf> {
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
        for name in ["", "rev-", "feature", &"a".repeat(39), &format!("{id}x"), &format!("x{id}")] {
            assert!(!is_of_a_commit(name), "{name}");
        }
    }
}
