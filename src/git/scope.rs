//! Which part of a commit is wanted, and how it is had.

use crate::git::declared;
use crate::git::large;
use crate::git::tree::is_attributes;
use crate::git::{Descent, Marker, Sparse, label};
use crate::model::{Filter, Limits, Submodules};
use gix::bstr::{BStr, ByteSlice};
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
    /// How much is taken of what comes.
    pub limits: Limits,
}

impl Scope {
    /// What makes a tree of the same commit another one, in words; none if it is the whole commit as
    /// it is. A filter changes no tree but for how its index lists what is not there, and limits change
    /// nothing. Nor do submodules where there are none, as in most commits: whoever writes them says so
    /// for those trees.
    pub(super) fn shape(&self) -> String {
        let mut text = String::new();
        if let Some(sparse) = &self.sparse {
            text += &sparse.shape();
        }
        if self.folds() {
            text.push_str("directories = folded\n");
        }
        if self.lfs {
            text.push_str("lfs = on\n");
        }
        text
    }

    /// A short name for all that makes trees other ones; none for a whole commit with all submodules.
    pub fn digest(&self) -> Option<String> {
        let mut text = self.shape();
        if self.submodules != Submodules::default() {
            text += &["submodules = ", self.submodules.label(), "\n"].concat();
        }
        (!text.is_empty()).then(|| label(text.as_bytes()))
    }

    /// The same for submodules: neither rules nor a filter are about them.
    #[must_use]
    pub fn inside(&self) -> Self {
        Self { sparse: None, filter: None, ..self.clone() }
    }

    /// Which filter is of use. Without all trees Git would know nothing of files that patterns leave
    /// out; directories that are left out it knows by their own trees.
    pub(super) fn filter(&self) -> Option<Filter> {
        match &self.filter {
            Some(Filter::Trees(_)) if self.sparse.as_ref().is_some_and(|is| !is.is_cone()) => {
                Some(Filter::NoBlobs)
            }
            filter => filter.clone(),
        }
    }

    /// Whether what is in a directory of which nothing is written is not even listed.
    pub(crate) fn folds(&self) -> bool {
        matches!(self.filter, Some(Filter::Trees(_)))
            && self.sparse.as_ref().is_some_and(|sparse| sparse.is_cone())
    }

    /// Whether the content of a file must be here: it is written, or says something about files that
    /// may be.
    pub(super) fn needs(marker: Option<&mut Marker<'_>>, path: &BStr) -> bool {
        let Some(marker) = marker else {
            return true;
        };
        if marker.includes(path) {
            return true;
        }
        match path.rfind_byte(b'/') {
            Some(slash) if is_attributes(path) => {
                let directory = path.get(..slash).unwrap_or_default().as_bstr();
                marker.descent(directory) != Descent::Nothing
            }
            Some(_) => false,
            None => is_attributes(path) || is_about_others(path),
        }
    }
}

/// Whether a file says where else something of the commit is.
pub(super) fn is_about_others(path: &BStr) -> bool {
    path == declared::FILE || path == large::NAME
}
