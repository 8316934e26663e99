//! Submodules: which a commit has, and which are in a tree.

use crate::git::Store;
use crate::git::changes::Changes;
use crate::git::declared;
use crate::git::format;
use crate::git::plan::Content;
use crate::model::CommitId;
use gix::bstr::{BStr, BString};
use gix::index::entry::{Flags, Mode};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A submodule as a tree has it: a path in that tree, and a commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub(super) path: BString,
    pub(super) commit: CommitId,
}

/// A submodule whose files are in a tree of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Module {
    /// Where it is, from the top of the whole tree.
    pub(crate) path: BString,
    pub(crate) commit: CommitId,
    pub(crate) store: PathBuf,
}

/// A submodule that was fetched whole.
pub struct Part {
    pub(crate) module: Module,
    pub(crate) content: Content,
}

impl std::fmt::Debug for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Part").field(&self.module).finish_non_exhaustive()
    }
}

impl Link {
    /// Its files in a tree that has the repository with this link at `above`, if they are kept in
    /// this repository.
    pub fn module(&self, above: Option<&Module>, store: &Store) -> Module {
        let path = match above {
            Some(above) => joined(&above.path, &self.path),
            None => self.path.clone(),
        };
        Module { path, commit: self.commit.clone(), store: store.path().to_owned() }
    }

    /// What the repository above has for a submodule.
    pub fn of(module: &Module, above: Option<&Module>) -> Self {
        let start = above.map_or(0, |above| above.path.len() + 1);
        let path = module.path.get(start..).unwrap_or_default();
        Self { path: path.into(), commit: module.commit.clone() }
    }

    /// Which commit it is at.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }
}

impl Module {
    /// One that was noted, by its path from the top of the tree.
    pub fn noted(path: &[u8], commit: CommitId, store: PathBuf) -> Self {
        Self { path: path.into(), commit, store }
    }

    /// Where it is, from the top of the whole tree.
    pub fn path(&self) -> &Path {
        Path::new(OsStr::from_bytes(&self.path))
    }

    /// The same for people.
    pub fn shown(&self) -> String {
        self.path.to_string()
    }

    /// Which commit of it.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// The repository that has its objects.
    pub fn store(&self) -> &Path {
        &self.store
    }

    /// Says whether its commit is in the repository that is to have it.
    pub fn is_here(&self) -> bool {
        let is_in = |store: Store| {
            let id = format::object(&store.repo, &self.commit);
            id.is_some_and(|id| store.repo.find_commit(id).is_ok())
        };
        Store::open(&self.store).is_ok_and(is_in)
    }

    /// A name for it that is the same for the same path, and can stand in a path itself.
    pub fn label(&self) -> String {
        label(&self.path)
    }

    /// Says whether it is somewhere below another.
    pub fn is_below(&self, above: &Self) -> bool {
        let rest = self.path.strip_prefix(above.path.as_slice());
        rest.is_some_and(|rest| rest.starts_with(b"/"))
    }

    /// Where it is in the repository that has it, given all in the tree that are above it.
    pub fn is_at(&self, above: Option<&Self>, link: &Link) -> bool {
        let Some(above) = above else {
            return self.path == link.path;
        };
        let rest = self.path.strip_prefix(above.path.as_slice());
        rest.and_then(|rest| rest.strip_prefix(b"/")) == Some(&link.path)
    }
}

/// A path below another.
pub(crate) fn joined(above: &BString, below: &BString) -> BString {
    let mut path = above.clone();
    path.push(b'/');
    path.extend_from_slice(below);
    path
}

/// A name for an address or a path: hex digits only.
pub fn label(text: &[u8]) -> String {
    let kind = gix::hash::Kind::Sha1;
    match gix::objs::compute_hash(kind, gix::object::Kind::Blob, text) {
        Ok(hash) => hash.to_hex().to_string(),
        Err(_collision_attack) => gix::ObjectId::null(kind).to_hex().to_string(),
    }
}

impl Content {
    /// The submodules in a list of all files; those that are at another commit in a list of what
    /// differs. None if that is in doubt, because one came or went, or where they are may have changed.
    pub(crate) fn links(&self) -> Option<Vec<Link>> {
        match self {
            Self::Whole(index) => {
                let links = index.entries().iter().filter(|entry| {
                    entry.mode == Mode::COMMIT && !entry.flags.contains(Flags::SKIP_WORKTREE)
                });
                Some(links.filter_map(|entry| link(entry.path(index), entry.id)).collect())
            }
            Self::Since(_, changes) => moved(changes),
        }
    }
}

fn link(path: &BStr, id: gix::ObjectId) -> Option<Link> {
    let commit = id.to_hex().to_string().parse().ok()?;
    Some(Link { path: path.to_owned(), commit })
}

fn moved(changes: &Changes) -> Option<Vec<Link>> {
    let mut links = Vec::new();
    for change in &changes.0 {
        if change.path == declared::FILE {
            return None;
        }
        let of = |leaf: Option<crate::git::Leaf>| {
            leaf.filter(|leaf| leaf.mode == Mode::COMMIT && !leaf.skipped)
        };
        match (of(change.old), of(change.new)) {
            (None, None) => (),
            (Some(_), Some(new)) => links.extend(link(change.path.as_ref(), new.id)),
            (Some(_), None) | (None, Some(_)) => return None,
        }
    }
    Some(links)
}

impl Part {
    /// A submodule that is as it was in the tree that is at hand.
    pub fn unchanged(module: Module) -> Self {
        let content = Content::Since(module.commit.clone(), Changes::default());
        Self { module, content }
    }
}
