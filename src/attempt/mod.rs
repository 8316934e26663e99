//! The straight line: one attempt, from credentials to publication, and what is told and cleaned up
//! after it.
//!
//! It runs on a thread that may block. Each step takes what the step before made, so that nothing
//! can be published that was not written whole, and nothing written that was not fetched whole.
//! A step that fails ends the attempt; nothing that is published is touched by that.

mod addresses;
mod bases;
mod bringing;
mod clients;
mod copying;
mod depth;
mod elsewhere;
mod error;
mod fetching;
mod garbage;
mod gathering;
mod kinship;
mod lag;
mod lfs;
mod looking;
mod modules;
mod news;
mod outcome;
mod patrols;
mod pin;
mod plan;
mod preview;
mod refusals;
mod releasing;
mod room;
mod root;
mod scoping;
mod shared;
mod signed_tags;
mod sources;
mod taking;
#[cfg(test)]
mod tests;
mod tidying;
mod verifying;
mod waiting;
mod wanted;
mod who;
mod whole;

pub use error::{AttemptError, Failed, hint_for};
pub use outcome::{Done, HeldBack, Publication};
pub use pin::{Change, Pinned};
pub use preview::{Preview, Sight};
pub use scoping::{Rules, rules};
pub use shared::Shared;
pub use verifying::keyring;

use crate::attempt::bases::Bases;
use crate::attempt::copying::Copies;
use crate::attempt::depth::Depth;
use crate::attempt::garbage::Keeper;
use crate::attempt::gathering::Gathering;
use crate::attempt::kinship::Kinship;
use crate::attempt::lfs::Large;
use crate::attempt::news::News;
use crate::attempt::outcome::Described;
use crate::attempt::patrols::Patrols;
use crate::attempt::pin::Pin;
use crate::attempt::refusals::Refusals;
use crate::attempt::root::Root;
use crate::attempt::scoping::Scoping;
use crate::attempt::sources::Sources;
use crate::attempt::verifying::Verifying;
use crate::attempt::waiting::Waits;
use crate::attempt::wanted::Wanted;
use crate::config::Config;
use crate::disk::sync_file_system;
use crate::git::{Collection, Packed, Resolved, Store};
use crate::hooks::Hooks;
use crate::model::{Cause, CommitId, Reference, Step};
use crate::observe::history::History;
use crate::observe::metrics::Metrics;
use crate::observe::status::{Status, Waiting};
use crate::publish::{Layout, Live, Marks, Retired};
use crate::runtime::Stop;
use crate::trees::Shelf;
use std::sync::Arc;
use std::time::Instant;

/// All that attempts need, kept from one to the next.
#[derive(Debug)]
pub struct Attempts {
    reference: Reference,
    depth: Depth,
    scoping: Scoping,
    large: Large,
    staying: Retired,
    one_time: bool,
    durable: bool,
    sources: Sources,
    root: Root,
    bases: Bases,
    patrol: Patrols,
    copies: Copies,
    news: News,
    metrics: Arc<Metrics>,
    store: Option<Store>,
    served: Option<(Resolved, CommitId)>,
    described: Described,
    pin: Pin,
    keeper: Keeper,
    refusals: Refusals,
    waits: Waits,
    verifying: Verifying,
    hooks: Arc<Hooks>,
    gathering: Gathering,
    kinship: Kinship,
    /// Whether nothing was thrown away since the last good attempt.
    untidy: bool,
}

impl Attempts {
    /// Takes what the options say. No file is read yet.
    pub fn new(config: &Config, shared: &Shared, metrics: Arc<Metrics>, hooks: Arc<Hooks>) -> Self {
        let layout = Layout::new(config.root.clone(), config.link.clone());
        let layout = layout.shown_by(config.publish);
        let kinship = shared.families().join(config, &layout);
        Self {
            pin: Pin::new(&layout, config.repo.clone()),
            refusals: Refusals::new(&layout, config),
            waits: Waits::new(config.windows.clone()),
            verifying: Verifying::new(config, &layout),
            hooks,
            reference: config.reference.clone(),
            depth: Depth::new(config.depth),
            scoping: Scoping::new(config),
            large: Large::new(config),
            staying: Retired {
                younger_than: config.stale_worktree_timeout,
                newest: config.keep_trees,
            },
            one_time: config.one_time,
            durable: config.durable,
            sources: Sources::new(config, shared, &metrics),
            bases: Bases::new((config.trees, config.keep_trees), layout.clone()),
            patrol: Patrols::new(config.drift),
            copies: Copies::new(config.drift),
            root: Root::of(config, layout),
            news: News::new(Marks {
                touch: config.touch_file.clone(),
                error: config.error_file.clone(),
            }),
            metrics,
            store: None,
            served: None,
            described: Described::default(),
            keeper: Keeper::new(config.garbage),
            gathering: Gathering::default(),
            kinship,
            untidy: false,
        }
    }

    /// Looks, without writing anything, whether an earlier run left an intact tree published.
    pub fn find(&mut self) -> Option<Publication> {
        self.pin.look_ahead();
        scoping::apply_ahead(self);
        let (store, live, extent) = self.root.find()?;
        if !copying::is_shown(self.root.layout(), &live) {
            return None;
        }
        self.metrics.published(&live.commit, &self.reference, extent.files, extent.bytes);
        let ref_name = news::ref_name(self.root.layout(), &live.commit, &self.reference);
        Some(Publication { ref_name, ..self.describe(&store, live) })
    }

    /// The commit that readers see, whether it is whole or not.
    pub fn shown(&self) -> Option<CommitId> {
        releasing::shown(self)
    }

    /// What earlier runs, or another instance until just now, left of what has happened.
    pub fn past(&self) -> History {
        news::past(self.root.layout())
    }

    /// Which commit is stayed at on request.
    pub fn pinned(&self) -> &Pinned {
        self.pin.chosen()
    }

    /// Which commit waits for a window, and until when.
    pub fn waiting(&self) -> Option<&Waiting> {
        self.waits.waiting()
    }

    /// Runs one attempt, which makes the change that somebody asked for, if there is one. If it
    /// fails, the next begins by looking at the root anew.
    pub fn run(&mut self, change: Option<Change>, stop: &Stop) -> Result<Done, Failed> {
        self.pin.ask(change);
        self.sources.refresh();
        let done = self.line(stop);
        self.untidy = done.is_ok() && self.root.is_ours();
        let (bytes, requests) = self.sources.traffic().take();
        self.metrics.received(bytes, requests);
        match &done {
            Ok(_) => self.root.note(),
            Err(failed) => {
                self.store = None;
                self.sources.forget();
                self.root.failed(failed.error.may_be_ours());
                self.keeper.grown(&self.root);
                self.pin.undo();
            }
        }
        room::measure(&self.root, &self.metrics);
        done
    }

    /// Says whether the last attempt may have left something to throw away.
    pub fn is_untidy(&self) -> bool {
        tidying::is_due(self) || self.keeper.is_waiting(&self.root)
    }

    /// Throws away what is no longer needed.
    pub fn tidy(&mut self) {
        tidying::tidy(self);
    }

    /// Says whether anybody who watches files is to be told of this status.
    pub fn has_news(&self, status: &Status, history: &Arc<History>, first: bool) -> bool {
        self.news.is_due(status, first) || self.news.is_behind(history)
    }

    /// Tells those who watch files how the last attempt ended. `first` if it was the first success,
    /// which counts as news even if nothing changed.
    pub fn tell(&mut self, status: &Arc<Status>, history: &Arc<History>, first: bool) {
        let layout = self.root.is_ours().then(|| self.root.layout());
        self.news.tell(layout, status, first);
        self.news.record(layout, history);
    }

    /// Writes status and history, if no other instance has the root and there is a place for them.
    pub fn say_last(&mut self, status: &Arc<Status>, history: &Arc<History>) {
        let layout = self.root.is_ours().then(|| self.root.layout());
        self.news.write(layout, status);
        self.news.record(layout, history);
        self.root.release();
    }

    /// Begins to collect garbage in the repository if it is time. The long part of that may go on
    /// beside attempts; only one collection at a time.
    pub fn garbage(&mut self) -> Option<Collection> {
        self.keeper.keep(waiting::kept(self));
        self.keeper.begin(&self.root)
    }

    /// Makes what was collected count.
    pub fn collected(&mut self, packed: Option<Result<Packed, Cause>>, stop: &Stop) {
        garbage::count(self, packed, stop);
    }

    /// Where things wait to be deleted, if there are any and they are ours to delete.
    pub fn trash(&mut self) -> Option<Layout> {
        self.root.trash()
    }

    fn line(&mut self, stop: &Stop) -> Result<Done, Failed> {
        scoping::apply(self).map_err(AttemptError::before_any_step)?;
        if !self.root.is_ours() {
            self.store = None;
            self.pin.forget();
            self.refusals.forget();
            if let Some(done) = taking::take_root(self, stop)? {
                return Ok(done);
            }
            self.pin.forget();
            self.refusals.forget();
        }
        verifying::refresh(self);
        pin::aim(self).map_err(AttemptError::before_any_step)?;
        let store = match self.store.take() {
            Some(store) if self.root.is_sound() => store,
            Some(_) | None => self.root.open(stop).map_err(AttemptError::before_any_step)?,
        };
        let (done, place) = looking::look_around(self, store, stop)?;
        let behind = matches!(done, Done::Refused(_)) || self.waits.waiting().is_some();
        if (place == 0 && !behind) || matches!(done, Done::Published(_)) {
            self.pin.caught_up();
        }
        Ok(done.by(&self.sources, place))
    }

    /// Keeps the way to the source and the repository for the next attempt.
    fn rest(&mut self, wanted: Wanted, store: Store) {
        self.store = if self.root.is_untouched() { Some(store) } else { store.rest().ok() };
        self.sources.keep(wanted);
    }

    /// Looks what hooks did in the published tree. To be called when there is no attempt.
    pub fn visited(&mut self) {
        releasing::look(self);
    }

    /// Waits until a tree is on the disk that readers are about to see, if that is asked for.
    fn endure(&mut self) -> Result<(), Failed> {
        if !self.durable {
            return Ok(());
        }
        self.step(Step::Publish, |me| sync_file_system(me.root.layout().root()))
    }

    /// Makes a pin last, just before readers see its commit.
    fn settle(&mut self, commit: &CommitId) -> Result<(), Failed> {
        self.pin.settle(commit).map_err(|error| Failed::at(Step::Publish, error))
    }

    /// Asks one source what is wanted.
    fn ask(&mut self, place: usize, stop: &Stop) -> Result<Wanted, Failed> {
        let outfit = self.step(Step::Credentials, |me| me.sources.outfit(place, stop))?;
        let share = self.sources.share(place, stop);
        let wanted = self.step(Step::Resolve, |me| me.sources.resolve(place, outfit, &share))?;
        Ok(self.verifying.aim(wanted))
    }

    /// Lays down what is to be done before the next change comes, and says where. A run that is to
    /// end prepares nothing.
    pub fn prepare(&mut self) -> Option<Arc<Shelf>> {
        if self.hooks.is_at_work() {
            return None;
        }
        let wanted = |live: &Live| !self.one_time && !self.bases.is_begun(live);
        let live = self.root.live().filter(wanted).filter(|_| self.root.is_ours())?;
        self.bases.prepare(live, self.root.scope()).inspect(|_| self.root.litter())
    }

    fn describe(&mut self, store: &Store, live: Live) -> Publication {
        self.described.describe(store, live, self.root.layout(), self.root.is_untouched())
    }

    /// Runs one step, measures it, and says where it was if it fails.
    fn step<T, E: Into<AttemptError>>(
        &mut self,
        step: Step,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, Failed> {
        let begun = Instant::now();
        let result = work(self);
        let took = begun.elapsed();
        self.metrics.step(step, took);
        tracing::debug!(%step, ?took, "step ended");
        result.map_err(|error| Failed::at(step, error))
    }
}
