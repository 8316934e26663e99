//! Trees that readers saw before, and that may be shown to them again.

use crate::attempt::root::Root;
use crate::model::CommitId;
use crate::publish;
use crate::trees;
use crate::trees::Extent;
use std::path::PathBuf;

/// A tree of the commit that was retired and has not gone yet, if nobody changed it.
pub(in crate::attempt) fn retired(root: &Root, commit: &CommitId) -> Option<(PathBuf, Extent)> {
    let tree = root.layout.tree(commit);
    let live = publish::live(&root.layout);
    // A symlink leads to what stands in the place of the link, which is no retired tree.
    if live.is_some_and(|live| live.tree == tree) || tree.is_symlink() {
        return None;
    }
    let admin = publish::admin_of(&root.layout, &tree);
    let known = root.shape.is_some() && root.is_shape_of(&admin);
    if admin.head().as_ref() != Some(commit) || !known {
        return None;
    }
    let extent = trees::intact(&tree, &admin).ok()?;
    Some((tree, extent))
}
