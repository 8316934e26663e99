//! The note of a tree that has its final name before readers may see it, because a program is asked
//! about it there. What has the name and the note after a crash is no retired tree: nobody has seen
//! it, and nobody knows whether it may be seen.

use crate::disk::look::read_below;
use crate::disk::{DiskError, Durable};
use crate::disk::{remove, replace_file};
use crate::publish::Layout;
use crate::publish::link::{admin_name, live};
use crate::publish::sweep;
use crate::publish::sweep::trees;

/// More than a name is long.
const LONGEST: u64 = 1024;

/// Notes the tree, before it has its name.
pub(super) fn note(layout: &Layout, tree: &std::path::Path) -> Result<(), DiskError> {
    replace_file(&layout.unseen(), admin_name(layout, tree).as_bytes(), Durable::No)
}

/// Notes that there is none.
pub(super) fn forget(layout: &Layout) -> Result<(), DiskError> {
    remove(&layout.unseen())
}

/// Throws away the tree that is noted, if there is one.
pub(super) fn discard(layout: &Layout) -> Result<(), DiskError> {
    let Some(noted) = read_below(&layout.unseen(), LONGEST).ok().flatten() else {
        return Ok(());
    };
    let live = live(layout).map(|live| live.tree);
    let is_it = |tree: &&std::path::PathBuf| {
        admin_name(layout, tree).as_bytes() == noted && Some(*tree) != live.as_ref()
    };
    if let Some(tree) = trees(layout)?.iter().find(is_it) {
        tracing::debug!(tree = %tree.display(), "removing a tree that nobody has seen");
        sweep::discard(layout, tree)?;
    }
    forget(layout)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::{Retired, sweep};
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    #[test]
    fn what_nobody_has_seen_is_no_retired_tree() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        fs::create_dir_all(layout.own()).unwrap();
        let tree = |digit: &str| {
            let tree = layout.tree(&digit.repeat(40).parse().unwrap());
            fs::create_dir_all(&tree).unwrap();
            let admin = layout.admins().join(admin_name(&layout, &tree));
            fs::create_dir_all(&admin).unwrap();
            fs::write(admin.join("index"), "").unwrap();
            tree
        };
        let (old, live, unseen) = (tree("a"), tree("b"), tree("c"));
        symlink(format!(".worktrees/{}", "b".repeat(40)), layout.link()).unwrap();
        let staying = Retired { younger_than: Duration::ZERO, newest: 1 };
        note(&layout, &unseen).unwrap();
        sweep(&layout, staying, Some(&unseen)).unwrap();
        assert_eq!([&old, &live, &unseen].map(|tree| tree.exists()), [true, true, false]);
        assert!(!layout.unseen().exists());
        // A tree that readers see is none of them, whatever the note says.
        note(&layout, &live).unwrap();
        sweep(&layout, staying, None).unwrap();
        assert_eq!([&old, &live].map(|tree| tree.exists()), [true, true]);
        assert!(!layout.unseen().exists());
    }
}
