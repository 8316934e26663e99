//! The repository's garbage between attempts: when it is collected, and of what.

use crate::attempt::root::Root;
use crate::attempt::{AttemptError, Attempts, room, waiting};
use crate::git::{Collection, Due, Packed, Store};
use crate::model::{Cause, CommitId, Garbage};
use crate::publish;
use crate::publish::Layout;
use crate::runtime::Stop;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Begins and ends collections; what is between goes on beside attempts.
#[derive(Debug)]
pub(super) struct Keeper {
    mode: Garbage,
    due: Due,
    /// The same for the repositories of submodules, and those that are to be looked at.
    modules: BTreeMap<PathBuf, Due>,
    left: Vec<PathBuf>,
    /// What is or was collected last, if that is one of these.
    running: Option<PathBuf>,
    /// What stays besides what was published: a commit that waits.
    waits: Option<CommitId>,
}

impl Keeper {
    pub(super) fn new(mode: Garbage) -> Self {
        let modules = BTreeMap::new();
        Self { mode, due: Due::new(mode), modules, left: Vec::new(), running: None, waits: None }
    }

    /// Keeps a commit that was not published yet, or none.
    pub(super) fn keep(&mut self, waits: Option<CommitId>) {
        self.waits = waits;
    }

    /// Takes note that something was published.
    pub(super) fn published(&mut self, root: &Root) {
        self.due.published();
        self.grown(root);
    }

    /// Takes note that an attempt failed, which may have brought what is not needed now to the
    /// repositories of submodules.
    pub(super) fn grown(&mut self, root: &Root) {
        self.left = publish::module_stores(root.layout()).unwrap_or_default();
        self.modules.retain(|store, _| self.left.contains(store));
        for store in &self.left {
            self.modules.entry(store.clone()).or_insert_with(|| Due::new(self.mode)).published();
        }
    }

    /// Says whether there are repositories of submodules to look at.
    pub(super) fn is_waiting(&self, root: &Root) -> bool {
        !self.left.is_empty() && root.is_ours() && root.known().is_some()
    }

    /// Begins a collection if it is time for one. The repository and those of its submodules take
    /// turns.
    pub(super) fn begin(&mut self, root: &Root) -> Option<Collection> {
        let live = root.known().filter(|_live| root.is_ours())?;
        if self.running.is_some() {
            self.begin_own(root, live).or_else(|| self.begin_module(root))
        } else {
            self.begin_module(root).or_else(|| self.begin_own(root, live))
        }
    }

    fn begin_own(&mut self, root: &Root, live: &CommitId) -> Option<Collection> {
        let layout = root.layout();
        if !self.due.is_now(&layout.git()) {
            return None;
        }
        self.running = None;
        match publish::kept(layout, live) {
            Ok(mut kept) => {
                kept.extend(self.waits.clone());
                let place = Layout::fresh(&layout.packing());
                Some(self.due.begin(layout.git(), place, kept))
            }
            Err(error) => {
                self.failed(&Cause::of(&error));
                None
            }
        }
    }

    fn begin_module(&mut self, root: &Root) -> Option<Collection> {
        while let Some(store) = self.left.pop() {
            let Some(due) = self.modules.get_mut(&store) else {
                continue;
            };
            if !due.is_now(&store) {
                continue;
            }
            let place = Layout::fresh(&root.layout().packing());
            let begun =
                publish::kept_of_module(&store).map(|kept| due.begin(store.clone(), place, kept));
            self.running = Some(store);
            match begun {
                Ok(begun) => return Some(begun),
                Err(error) => self.failed(&Cause::of(&error)),
            }
        }
        None
    }

    /// Ends it. What it packed was right when it began; what is live now counts.
    pub(super) fn end(
        &mut self,
        root: &Root,
        packed: Packed,
        store: &mut Option<Store>,
        stop: &Stop,
    ) {
        let Some(live) = root.known().filter(|_live| root.is_ours()) else {
            self.due().ended(false);
            return;
        };
        let git = root.layout().git();
        let of_module = packed.git() != git;
        let anew = || Store::open(&git).map(|store| store.within(root.scope()));
        let open = match store.take() {
            Some(store) if !of_module => Ok(store),
            kept => {
                *store = kept;
                Store::open(packed.git())
            }
        };
        let kept = if of_module {
            publish::kept_of_module(packed.git())
        } else {
            let waits = self.waits.clone();
            publish::kept(root.layout(), live).map(|kept| kept.into_iter().chain(waits).collect())
        };
        let installed = kept
            .map_err(AttemptError::from)
            .and_then(|kept| Ok(packed.install(open?, &kept, stop)?));
        match installed {
            Ok(()) => {
                self.due().ended(true);
                if !of_module {
                    *store = anew().ok();
                }
            }
            Err(error) => self.failed(&Cause::of(&error)),
        }
    }

    fn due(&mut self) -> &mut Due {
        let module = self.running.as_ref().and_then(|store| self.modules.get_mut(store));
        module.unwrap_or(&mut self.due)
    }

    /// Takes note that a collection came to nothing.
    pub(super) fn failed(&mut self, cause: &Cause) {
        tracing::warn!(error = %cause, "could not collect garbage");
        self.due().ended(false);
    }
}

/// Makes what was collected count.
pub(super) fn count(me: &mut Attempts, packed: Option<Result<Packed, Cause>>, stop: &Stop) {
    match packed {
        Some(Ok(packed)) => {
            me.keeper.keep(waiting::kept(me));
            me.keeper.end(&me.root, packed, &mut me.store, stop);
            me.root.collected();
            room::measure(&me.root, &me.metrics);
        }
        Some(Err(cause)) => me.keeper.failed(&cause),
        None => (),
    }
}
