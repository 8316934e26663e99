//! What the next tree is made from: chosen by the option `trees`, prepared between attempts.

use crate::config::Trees;
use crate::git::{Fetched, Module, Scope, Store};
use crate::model::{Cause, CommitId};
use crate::publish;
use crate::publish::{Layout, Live};
use crate::runtime::Stop;
use crate::trees;
use crate::trees::{Base, Original, Preparation, Shelf, TreeError, Written};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The directory for the next tree, or the way to it.
#[derive(Debug)]
pub(super) struct Bases {
    mode: Trees,
    layout: Layout,
    shelf: Arc<Shelf>,
    /// Which tree the directory on the shelf is made from.
    begun: Option<Original>,
    /// The trees that were published before, the last one first, and the one of which the next is
    /// made, if that is wanted, at the end.
    before: VecDeque<Original>,
    /// How many of them are not to be changed.
    kept: usize,
    /// The tree that was written last, so that its files are still the same ones.
    ours: Option<PathBuf>,
}

impl Bases {
    /// Has nothing yet.
    pub(super) fn new((mode, kept): (Trees, usize), layout: Layout) -> Self {
        let (shelf, before) = (Arc::default(), VecDeque::new());
        Self { mode, layout, shelf, begun: None, before, kept, ours: None }
    }

    /// The commit to compare the next one with.
    pub(super) fn commit(&self) -> Option<&CommitId> {
        self.begun.as_ref().map(|original| &original.commit)
    }

    /// Writes a tree: from the prepared directory if there is one and it fits, else file by file.
    pub(super) fn write(
        &mut self,
        store: &Store,
        fetched: Fetched,
        stop: &Stop,
    ) -> Result<Written, TreeError> {
        if let Some(base) = self.take(stop) {
            match trees::update(store, base, &fetched, stop) {
                Ok(written) => return Ok(written),
                Err(TreeError::Stopped(stopped)) => return Err(stopped.into()),
                Err(error) => {
                    tracing::debug!(error = %Cause::of(&error), "writing the whole tree");
                    publish::abandon(&self.layout)?;
                }
            }
        }
        trees::write(store, fetched, Layout::fresh(&self.layout.staging()), stop)
    }

    fn take(&mut self, stop: &Stop) -> Option<Base> {
        let original = self.begun.take()?;
        if self.is_live(&original) {
            self.clear();
            return None;
        }
        let base = self.shelf.take(stop)?;
        match base.claim(Layout::fresh(&self.layout.staging())) {
            Ok(base) => Some(base),
            Err(error) => {
                tracing::info!(error = %Cause::of(&error), "the prepared directory is gone");
                None
            }
        }
    }

    /// Whether readers see the very directory that is to be changed: somebody has moved the link.
    fn is_live(&self, original: &Original) -> bool {
        self.mode == Trees::Reused
            && publish::live(&self.layout).is_some_and(|live| live.tree == original.tree)
    }

    /// Lets go of what is prepared if it is of the commit that is to be published now: either
    /// readers are about to see it, or they saw it damaged, and what was copied may share that.
    pub(super) fn make_way(&mut self, commit: &CommitId) {
        if self.commit() == Some(commit) {
            self.clear();
        }
    }

    /// Remembers what was published, and what was before.
    pub(super) fn published(&mut self, before: Option<Live>, live: &Live) {
        let admin = |live: &Live| publish::admin_of(&self.layout, &live.tree);
        let wanted = |live: &Live| admin(live).submodules().ok().and_then(|noted| noted.wanted);
        let is_alike = |before: &Live| {
            admin(before).shape() == admin(live).shape()
                && wanted(before).is_none_or(|before| wanted(live) == Some(before))
        };
        let is_other = before.as_ref().is_some_and(|before| before != live);
        let replaced = before.filter(|before| is_other && is_alike(before));
        if self.kept == 0 || (is_other && replaced.is_none()) {
            self.before.clear();
        }
        let home = publish::home(&self.layout, live);
        self.before.retain(|original| original.tree != home);
        if let Some(replaced) = replaced.and_then(|live| self.original(live)) {
            self.before.push_front(replaced);
        }
        self.before.truncate(self.kept.saturating_add(1));
        self.ours = Some(live.tree.clone());
    }

    /// The submodules in the tree to compare the next one with.
    pub(super) fn modules(&self) -> &[Module] {
        self.begun.as_ref().map_or(&[], |original| &original.submodules.modules)
    }

    /// None if what is noted of it cannot be read.
    fn original(&self, live: Live) -> Option<Original> {
        let admin = publish::admin_of(&self.layout, &live.tree);
        let (record, submodules) = (admin.record(), admin.submodules().ok()?);
        Some(Original { commit: live.commit, tree: live.tree, record, submodules })
    }

    /// A retired tree that is not to go, because the next one is made of it.
    pub(super) fn spared(&self) -> Option<&Path> {
        self.oldest().filter(|_| self.mode == Trees::Reused).map(|before| before.tree.as_path())
    }

    /// The retired tree that may be changed.
    fn oldest(&self) -> Option<&Original> {
        self.before.get(self.kept)
    }

    /// Says whether the next tree is prepared, or is being prepared, from this one.
    pub(super) fn is_begun(&self, live: &Live) -> bool {
        self.mode == Trees::Prepared
            && self.begun.as_ref().is_some_and(|original| original.commit == live.commit)
    }

    /// Lays down the work that is to be done next, if there is any, and says where.
    pub(super) fn prepare(&mut self, live: Live, scope: &Arc<Scope>) -> Option<Arc<Shelf>> {
        let original = match self.mode {
            Trees::Fresh => return None,
            Trees::Prepared => self.original(live)?,
            Trees::Reused => self.oldest()?.clone(),
        };
        let visited = publish::admin_of(&self.layout, &original.tree).visited();
        if self.commit() == Some(&original.commit) || !original.record.exists() || visited.exists()
        {
            return None;
        }
        self.clear();
        self.begun = Some(original.clone());
        let place = Layout::fresh(&self.layout.prepared());
        let git = self.layout.git();
        let work = match self.mode {
            Trees::Reused => Preparation::in_place(original, git, place),
            Trees::Prepared | Trees::Fresh => {
                let same_files = self.ours.as_ref() == Some(&original.tree);
                Preparation::copy(original, git, place, same_files)
            }
        };
        self.shelf.begin(work.within(scope));
        Some(Arc::clone(&self.shelf))
    }

    /// How many files of what readers see were found damaged while they were copied.
    pub(super) fn damaged(&self) -> usize {
        if self.mode == Trees::Prepared { self.shelf.damaged() } else { 0 }
    }

    /// Throws away what is prepared: it may share what was damaged.
    pub(super) fn clear(&mut self) {
        self.begun = None;
        self.shelf.clear();
        if let Err(error) = publish::discard_prepared(&self.layout) {
            tracing::warn!(error = %Cause::of(&error), "could not clear what was prepared");
        }
    }
}
