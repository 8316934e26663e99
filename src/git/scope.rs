//! Which part of a commit is wanted, and how it is had.

use crate::git::Sparse;
use crate::model::{Filter, Submodules};
use std::sync::Arc;

/// What every look at a commit in a store goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Which files are written; none means all.
    pub sparse: Option<Arc<Sparse>>,
    /// Which objects a server need not send before they are asked for.
    pub filter: Option<Filter>,
    /// Whether pointers of Git LFS are written as what they point to.
    pub lfs: bool,
    /// What becomes of submodules.
    pub submodules: Submodules,
}

impl Scope {
    /// What makes a tree of the same commit another one, in words; none if it is the whole commit as
    /// it is. A filter changes no tree. Nor do submodules where there are none, as in most commits:
    /// whoever writes them says so for those trees.
    pub(super) fn shape(&self) -> String {
        let mut text = String::new();
        if let Some(sparse) = &self.sparse {
            text += &sparse.shape();
        }
        if self.lfs {
            text.push_str("lfs = on\n");
        }
        text
    }
}
