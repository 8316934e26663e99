//! The root as attempts see it: whether it is ours alone, what is published in it, and whether that
//! can be trusted.

mod hold;
mod order;
pub(super) mod partial;
mod remaking;
mod retired;
pub(super) mod stores;
#[cfg(test)]
mod tests;

pub(super) use remaking::{rebuild, turn_to};
pub(super) use retired::retired;

use crate::attempt::AttemptError;
use crate::attempt::root::hold::Hold;
use crate::attempt::root::order::Order;
use crate::attempt::root::partial::LeftOut;
use crate::config::{Config, Recorded};
use crate::disk::DiskError;
use crate::git::{GitError, Scope, Sparse, Store};
use crate::model::{Cause, Checkout, CommitId, RepoUrl};
use crate::publish;
use crate::publish::{Layout, Live, Lock, Retired, RootError, Settings};
use crate::runtime::Stop;
use crate::trees;
use crate::trees::{Admin, Extent, Noted};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// The root and what is known of it.
#[derive(Debug)]
pub(super) struct Root {
    layout: Layout,
    /// How files are to be written.
    checkout: Checkout,
    /// Which part of commits is published.
    scope: Arc<Scope>,
    /// The repository that is followed.
    repo: Option<RepoUrl>,
    /// The options that are noted for commands.
    options: Recorded,
    /// The same in words, as the repository has it since it was opened.
    shape: Option<String>,
    hold: Hold,
    /// The tree that was looked at last.
    seen: Option<Live>,
    /// The tree that was looked at last, if it was whole.
    trusted: Option<Live>,
    suspect: bool,
    /// The same of the repositories of submodules.
    suspects: stores::Suspects,
    /// What the small files of the repository held after the last good attempt.
    noted: Option<Vec<Option<Vec<u8>>>>,
    /// Whether the objects of the trusted tree were lost with a damaged repository.
    lacking: bool,
    left_out: LeftOut,
    order: Order,
    /// When a retired tree has to go next, if there is one.
    next_sweep: Option<Instant>,
    /// Whether something may wait to be deleted.
    littered: bool,
}

impl Root {
    /// Knows nothing yet.
    pub(super) fn new(layout: Layout, checkout: Checkout) -> Self {
        Self {
            layout,
            checkout,
            scope: Arc::default(),
            repo: None,
            options: Recorded::new(),
            shape: None,
            hold: Hold::default(),
            seen: None,
            trusted: None,
            suspect: false,
            suspects: stores::Suspects::default(),
            noted: None,
            lacking: false,
            left_out: LeftOut::Stays,
            order: Order::Unknown,
            next_sweep: None,
            littered: true,
        }
    }

    /// The same as the options say.
    pub(super) fn of(config: &Config, layout: Layout) -> Self {
        let repo = Some(config.repo.clone());
        let options = config.recorded();
        Self { hold: Hold::of(config), repo, options, ..Self::new(layout, config.checkout) }
    }

    /// Leaves the trees to whoever comes next, if that may be git-sync.
    pub(super) fn release(&self) {
        self.hold.release(&self.layout);
    }

    /// Looks at commits in this way from now on.
    pub(super) fn look_through(&mut self, scope: Arc<Scope>) {
        self.scope = scope;
    }

    /// What Git is told of the repository.
    fn settings(&self) -> Settings {
        let by_worktree = self.scope.sparse.is_some();
        Settings { checkout: self.checkout, by_worktree, lfs: self.scope.lfs }
    }

    fn sparse(&self) -> Option<&Sparse> {
        self.scope.sparse.as_deref()
    }

    /// How commits are looked at.
    pub(super) fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Whether nobody else writes here.
    pub(super) fn is_ours(&self) -> bool {
        self.hold.is_ours()
    }

    /// Where everything is.
    pub(super) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The tree that the link names, if it is the one that was found whole.
    pub(super) fn live(&self) -> Option<Live> {
        if self.is_untouched() {
            return self.trusted.clone();
        }
        publish::live(&self.layout).filter(|live| Some(live) == self.trusted.as_ref())
    }

    /// The commit whose tree was found whole, and whose objects the store therefore has.
    pub(super) fn trusted(&self) -> Option<&CommitId> {
        self.trusted.as_ref().map(|live| &live.commit)
    }

    /// Believes a tree that was published by us, of a commit that is in the repository.
    pub(super) fn trust(&mut self, live: Live) {
        self.seen = Some(live.clone());
        self.trusted = Some(live);
        self.lacking = false;
        self.touch();
    }

    /// Believes no longer that the tree is whole.
    pub(super) fn distrust(&mut self) {
        self.touch();
        self.trusted = None;
    }

    /// The commit that was found here with all that it descends from, since the repository was
    /// opened.
    pub(super) fn known(&self) -> Option<&CommitId> {
        self.trusted().filter(|_commit| !self.lacking)
    }

    /// The published commit whose objects were lost, so that stock Git cannot read its tree.
    pub(super) fn lacking(&self) -> Option<&CommitId> {
        self.trusted().filter(|_commit| self.lacking)
    }

    /// The lost objects are back, or nobody has them any more.
    pub(super) fn restored(&mut self) {
        self.lacking = false;
        self.touch();
    }

    /// Throws away what a failed attempt has made by halves, so that its space is free soon, and
    /// has the repository looked at before it is used again if it may be to blame.
    pub(super) fn failed(&mut self, may_be_ours: bool) {
        self.touch();
        self.suspect |= may_be_ours;
        self.suspects.failed(may_be_ours);
        if self.is_ours()
            && let Err(error) = publish::give_up(&self.layout)
        {
            tracing::warn!(error = %Cause::of(&error), "could not clear what was begun");
        }
    }

    /// Looks, without writing anything, whether an intact tree is published.
    pub(super) fn find(&mut self) -> Option<(Store, Live, Extent)> {
        self.touch();
        self.trusted = None;
        self.seen = publish::live(&self.layout);
        let live = self.seen.clone()?;
        let store = Store::open(&self.layout.git()).ok()?.within(&self.scope);
        let admin = publish::admin_of(&self.layout, &live.tree);
        if !self.is_shape_of(&admin) {
            tracing::info!(commit = %live.commit, "the published tree was written by other settings");
            return None;
        }
        let listed = || store.list_commit(&live.commit).ok();
        if stores::have_lost(&live, &admin) {
            return None;
        }
        match trees::intact(&live.tree, &admin) {
            Ok(_) if !admin.vouches_for(listed) => {
                tracing::warn!(commit = %live.commit, "the published tree is of another commit");
                None
            }
            Ok(extent) => {
                self.trusted = Some(live.clone());
                Some((store, live, extent))
            }
            Err(cause) => {
                tracing::warn!(commit = %live.commit, %cause, "the published tree was changed");
                None
            }
        }
    }

    /// Makes the root, and says whether another instance is using it.
    pub(super) fn is_taken(&self) -> Result<bool, RootError> {
        publish::make_root(&self.layout)?;
        Ok(Lock::is_held(self.layout.root())?)
    }

    /// Waits to be the only one here.
    pub(super) fn take(&mut self, stop: &Stop) -> Result<(), AttemptError> {
        publish::make_root(&self.layout)?;
        self.hold.take(&self.layout, stop)
    }

    /// Opens the repository, which may hold anything: what a crash left is removed, what is damaged
    /// is rebuilt, and what is published is looked at if it is not what it was.
    pub(super) fn open(&mut self, stop: &Stop) -> Result<Store, AttemptError> {
        self.touch();
        let store = publish::prepare(&self.layout, self.settings()).inspect_err(|error| {
            if matches!(error, RootError::Foreign { .. }) {
                // Not even a status is written to what is somebody else's.
                self.hold.let_go();
            }
        })?;
        let store = store.within(&self.scope);
        store.complete_marks()?;
        if let Some(live) = &self.trusted {
            publish::admin_of(&self.layout, &live.tree).keep()?;
        }
        remaking::equip(self, &store)?;
        if publish::live(&self.layout) != self.seen
            || !self.is_administered()
            || !self.is_in_shape()
        {
            self.find();
        }
        if let Some(live) = &self.trusted {
            let admin = publish::admin_of(&self.layout, &live.tree);
            admin.adopt()?;
            admin.correct(&live.commit, &live.tree, self.sparse())?;
        }
        match partial::examine(self, &store, stop) {
            Ok(()) => {
                if let Some(live) = &self.trusted {
                    publish::follow(&self.layout, &live.commit)?;
                    publish::follow_modules(&self.layout, live)?;
                }
                // One walk through history is enough for all of them.
                let mut known = self.known().cloned();
                publish::forget(&self.layout, |commit| {
                    let here = store.reaches(commit, known.as_ref(), stop);
                    if here && known.is_none() {
                        known = Some(commit.clone());
                    }
                    here
                })?;
                self.suspect = false;
                // So it is fetched even if nothing new is published.
                self.lacking |= partial::is_to_be_whole(self);
                Ok(store)
            }
            Err(GitError::Stopped(stopped)) => Err(stopped.into()),
            Err(damaged) => {
                tracing::warn!(error = %Cause::of(&damaged), "the repository is damaged");
                rebuild(self, store)
            }
        }
    }

    /// Whether nothing that is cheap to look at says that the repository was damaged.
    pub(super) fn is_sound(&mut self) -> bool {
        order::look(self)
    }

    /// Whether this attempt has found everything as it was left, and changed nothing so far.
    pub(super) fn is_untouched(&self) -> bool {
        matches!(self.order, Order::Untouched(_))
    }

    fn touch(&mut self) {
        self.order = Order::Unknown;
        self.littered = true;
    }

    /// Whether a sweep may find anything.
    pub(super) fn needs_sweep(&self) -> bool {
        !self.is_untouched() || self.next_sweep.is_some_and(|at| at <= Instant::now())
    }

    /// Throws away the trees whose time is over, and leftovers.
    pub(super) fn sweep(
        &mut self,
        staying: Retired,
        spared: Option<&Path>,
    ) -> Result<(), DiskError> {
        self.littered = true;
        self.next_sweep = Some(Instant::now());
        let rest = publish::sweep(&self.layout, staying, spared)?;
        self.next_sweep = rest.and_then(|rest| Instant::now().checked_add(rest));
        Ok(())
    }

    /// The repository is in order, but not as it was.
    pub(super) fn collected(&mut self) {
        self.touch();
        self.noted = Some(publish::fingerprint(&self.layout));
    }

    /// Something may wait to be deleted from now on.
    pub(super) fn litter(&mut self) {
        self.littered = true;
    }

    /// Where things wait to be deleted, if there are any and they are ours to delete. What cannot
    /// be deleted is tried again when more comes, and not at each poll.
    pub(super) fn trash(&mut self) -> Option<Layout> {
        let littered = std::mem::take(&mut self.littered);
        let any = littered && self.is_ours() && publish::has_trash(&self.layout);
        any.then(|| self.layout.clone())
    }

    /// Notes how the repository was left after a good attempt.
    pub(super) fn note(&mut self) {
        self.suspects = stores::Suspects::default();
        if !self.is_untouched() {
            self.noted = Some(publish::fingerprint(&self.layout));
        }
    }

    /// Whether Git is told the right things about the tree that is published.
    fn is_administered(&self) -> bool {
        self.trusted.as_ref().is_none_or(|live| {
            publish::admin_of(&self.layout, &live.tree).is_right(
                &live.commit,
                &live.tree,
                self.sparse(),
            )
        })
    }

    /// Whether the tree that is believed was written as the repository says now.
    fn is_in_shape(&self) -> bool {
        self.trusted
            .as_ref()
            .is_none_or(|live| self.is_shape_of(&publish::admin_of(&self.layout, &live.tree)))
    }

    /// Whether a tree is as the options say, as far as that is known before the repository is open.
    fn is_shape_of(&self, admin: &Admin) -> bool {
        let wanted = self.scope.submodules;
        let as_wanted = |noted: Noted| noted.wanted.is_none_or(|found| found == wanted);
        self.shape.as_ref().is_none_or(|shape| *shape == admin.shape())
            && admin.submodules().is_ok_and(as_wanted)
    }
}
