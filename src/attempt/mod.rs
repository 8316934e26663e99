//! The straight line: one attempt, from credentials to clean-up.
//!
//! It runs on a thread that may block. Each step takes what the step before made, so that nothing
//! can be published that was not written whole, and nothing written that was not fetched whole.
//! A step that fails ends the attempt; nothing that is published is touched by that.

mod error;
mod plan;

pub use error::{AttemptError, Failed};

use crate::attempt::plan::Plan;
use crate::config::Config;
use crate::credentials::Credentials;
use crate::credentials::Login;
use crate::disk::At;
use crate::disk::{Durable, make_directory, replace_file};
use crate::git::{Fetched, GitError, Resolved, Session, Source, Store};
use crate::model::{Cause, CommitId, Reference, Step};
use crate::net::NetError;
use crate::net::{Client, Traffic, trust};
use crate::observe::metrics::Metrics;
use crate::observe::status::Status;
use crate::publish;
use crate::publish::{Layout, Live, Lock, Marks};
use crate::runtime::Stop;
use crate::trees;
use crate::trees::Written;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// All that attempts need, kept from one to the next.
#[derive(Debug)]
pub struct Attempts {
    reference: Reference,
    depth: Option<NonZeroU32>,
    stale_after: Duration,
    one_time: bool,
    source: Source,
    credentials: Credentials,
    layout: Layout,
    marks: Marks,
    metrics: Arc<Metrics>,
    lock: Option<Lock>,
    store: Option<Store>,
    trusted: Option<Live>,
    served: Option<(Resolved, CommitId)>,
}

/// What the source says is wanted, and the way there.
#[derive(Debug)]
struct Wanted {
    object: Resolved,
    login: Login,
    /// Open if the source had to be asked.
    session: Option<Session>,
}

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Readers see something new.
    Published(Publication),
    /// Readers see what they should already.
    Unchanged(Publication),
}

/// A tree that readers see, in the words of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Which tree.
    pub live: Live,
    /// The first line of the commit's message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
}

impl Attempts {
    /// Reads what is needed once: the certificates to trust.
    pub fn new(config: &Config, metrics: Arc<Metrics>) -> Result<Self, NetError> {
        let traffic = Arc::new(Traffic::default());
        let client = Client::new(trust(config.ca_file.as_deref())?, Arc::clone(&traffic));
        Ok(Self {
            reference: config.reference.clone(),
            depth: config.depth,
            stale_after: config.stale_worktree_timeout,
            one_time: config.one_time,
            source: Source::new(config.repo.clone(), client, traffic),
            credentials: Credentials::new(
                config.username.clone(),
                config.password.clone(),
                config.repo.clone(),
            ),
            layout: Layout::new(config.root.clone(), config.link.clone()),
            marks: Marks { touch: config.touch_file.clone(), error: config.error_file.clone() },
            metrics,
            lock: None,
            store: None,
            trusted: None,
            served: None,
        })
    }

    /// Looks, without writing anything, whether an earlier run left an intact tree published.
    pub fn find(&mut self) -> Option<Publication> {
        let live = publish::live(&self.layout)?;
        let store = Store::open(&self.layout.git()).ok()?;
        let admin = publish::admin_of(&self.layout, &live.tree);
        match trees::intact(&store, &live.tree, &admin) {
            Ok(()) => {
                self.trusted = Some(live.clone());
                Some(describe(&store, live))
            }
            Err(cause) => {
                tracing::warn!(commit = %live.commit, %cause, "the published tree was changed");
                None
            }
        }
    }

    /// Runs one attempt. If it fails, the next begins by looking at the root anew.
    pub fn run(&mut self, stop: &Stop) -> Result<Done, Failed> {
        let done = self.line(stop);
        let (bytes, requests) = self.source.traffic().take();
        self.metrics.received(bytes, requests);
        if done.is_err() {
            self.store = None;
        }
        done
    }

    /// Leaves the marks of a good attempt; `first` if it is the first and published nothing.
    pub fn mark_success(&self, first: bool) {
        let touched = if first { self.marks.touch() } else { Ok(()) };
        if let Err(error) = self.marks.succeeded().and(touched) {
            tracing::warn!(error = %Cause::of(&error), "could not leave a mark");
        }
    }

    /// Leaves the marks of a failed attempt.
    pub fn mark_failure(&self, failed: &Failed) {
        let text = serde_json::json!({
            "Msg": "attempt failed",
            "Err": failed.chain().to_string(),
            "Args": {
                "class": failed.error.class(),
                "step": failed.step,
                "hint": failed.hint(),
            },
        });
        if let Err(error) = self.marks.failed(&format!("{text}\n")) {
            tracing::warn!(error = %Cause::of(&error), "could not leave a mark");
        }
    }

    /// Writes the status file, if no other instance has the root.
    pub fn write_status(&self, status: &Status) {
        if self.lock.is_none() {
            return;
        }
        let path = self.layout.status();
        let written = serde_json::to_vec_pretty(status)
            .map_err(std::io::Error::from)
            .at("render", &path)
            .and_then(|text| replace_file(&path, &text, Durable::No));
        if let Err(error) = written {
            tracing::warn!(error = %Cause::of(&error), "could not write the status");
        }
    }

    fn line(&mut self, stop: &Stop) -> Result<Done, Failed> {
        if self.lock.is_none()
            && let Some(done) = self.take_root(stop)?
        {
            return Ok(done);
        }
        let store = self.take_store().map_err(AttemptError::before_any_step)?;
        let login = self.step(Step::Credentials, |me| me.credentials.current())?;
        let mut wanted = self.step(Step::Resolve, |me| me.resolve(login, stop))?;
        let live = publish::live(&self.layout).filter(|live| Some(live) == self.trusted.as_ref());
        let served = self.served.as_ref();
        let plan = plan::choose(live, &wanted.object, served);
        let done = match plan {
            Plan::Stay(live) => Done::Unchanged(describe(&store, live)),
            Plan::Advance => {
                let (store, fetched) =
                    self.step(Step::Fetch, |me| me.fetch(store, &mut wanted, stop))?;
                let commit = fetched.commit().clone();
                let done = self.advance(&store, fetched, stop)?;
                self.served = Some((wanted.object, commit));
                self.store = Some(store);
                return Ok(self.tidy(done));
            }
        };
        self.store = Some(store);
        Ok(self.tidy(done))
    }

    /// From a fetched commit to one that readers see.
    fn advance(&mut self, store: &Store, fetched: Fetched, stop: &Stop) -> Result<Done, Failed> {
        let commit = fetched.commit().clone();
        let retired =
            self.step(Step::Checkout, |me| Ok::<_, AttemptError>(me.retired(store, &commit)))?;
        let live = if let Some(tree) = retired {
            self.step(Step::Publish, |me| publish::name(&me.layout, &commit, tree))?
        } else {
            let written = self.step(Step::Checkout, |me| me.check_out(store, fetched, stop))?;
            stop.check().map_err(|stopped| Failed::at(Step::Publish, stopped))?;
            let live = self.step(Step::Publish, |me| publish::publish(&me.layout, &written))?;
            self.metrics.published(&commit, &self.reference, written.files(), written.bytes());
            live
        };
        self.trusted = Some(live.clone());
        tracing::info!(commit = %commit, tree = %live.tree.display(), "published");
        self.step(Step::Publish, |me| publish::follow(&me.layout, &commit))?;
        let publication = describe(store, live);
        self.step(Step::Notify, |me| me.marks.touch())?;
        Ok(Done::Published(publication))
    }

    /// A tree of the commit that was retired and has not gone yet, if nobody changed it.
    fn retired(&self, store: &Store, commit: &CommitId) -> Option<std::path::PathBuf> {
        let tree = self.layout.tree(commit);
        let live = publish::live(&self.layout);
        let damaged = live.is_some_and(|live| live.commit == *commit) && self.trusted.is_none();
        let admin = publish::admin_of(&self.layout, &tree);
        let whole = !damaged
            && admin.head().as_ref() == Some(commit)
            && trees::intact(store, &tree, &admin).is_ok();
        whole.then_some(tree)
    }

    fn check_out(
        &self,
        store: &Store,
        fetched: Fetched,
        stop: &Stop,
    ) -> Result<Written, AttemptError> {
        let place = Layout::fresh(&self.layout.staging());
        Ok(trees::write(store, fetched, place, stop)?)
    }

    /// Clears what is no longer needed. What stays behind is not worth a failure.
    fn tidy(&mut self, done: Done) -> Done {
        let swept = self.step(Step::Cleanup, |me| {
            publish::sweep(&me.layout, me.stale_after)?;
            publish::empty_trash(&me.layout)
        });
        if let Err(failed) = swept {
            tracing::warn!(error = %failed.chain(), "could not clean up");
        }
        done
    }

    /// Waits to be the only one at the root. A one-time run that finds another instance there and
    /// the wanted commit published is done.
    fn take_root(&mut self, stop: &Stop) -> Result<Option<Done>, Failed> {
        let root = self.layout.root().to_owned();
        let early = AttemptError::before_any_step::<AttemptError>;
        make_directory(&root).map_err(|error| early(error.into()))?;
        if self.one_time && Lock::is_held(&root).map_err(|error| early(error.into()))? {
            let login = self.step(Step::Credentials, |me| me.credentials.current())?;
            let wanted = self.step(Step::Resolve, |me| me.resolve(login, stop))?;
            let live = publish::live(&self.layout);
            let served = live.filter(|live| Some(&live.commit) == wanted.object.id().as_ref());
            if let Some(live) = served
                && let Ok(store) = Store::open(&self.layout.git())
            {
                tracing::info!(commit = %live.commit, "another instance has published it already");
                return Ok(Some(Done::Unchanged(describe(&store, live))));
            }
        }
        self.lock = Some(Lock::acquire(&root, stop).map_err(|error| early(error.into()))?);
        Ok(None)
    }

    /// Takes the store of the last attempt, or opens the root, which then may hold anything.
    fn take_store(&mut self) -> Result<Store, AttemptError> {
        if let Some(store) = self.store.take() {
            return Ok(store);
        }
        let store = publish::prepare(&self.layout)?;
        let live = publish::live(&self.layout);
        if live != self.trusted {
            self.find();
        }
        match &self.trusted {
            Some(live) => match store.still_has(&live.commit) {
                Ok(()) => Ok(store),
                Err(damaged) => {
                    tracing::warn!(error = %Cause::of(&damaged), "objects are missing");
                    drop(store);
                    self.served = None;
                    Ok(publish::rebuild(&self.layout)?)
                }
            },
            None => Ok(store),
        }
    }

    /// Asks the source what the ref names. A full commit id needs no asking.
    fn resolve(&self, login: Login, stop: &Stop) -> Result<Wanted, GitError> {
        if let Reference::Commit(commit) = &self.reference {
            return Ok(Wanted { object: Resolved::exactly(commit)?, login, session: None });
        }
        let mut session = self.source.connect(&login, stop)?;
        let object = session.resolve(&self.reference)?;
        Ok(Wanted { object, login, session: Some(session) })
    }

    /// Brings the commit. If that fails and the local repository turns out to be damaged, it is
    /// rebuilt, once.
    fn fetch(
        &self,
        store: Store,
        wanted: &mut Wanted,
        stop: &Stop,
    ) -> Result<(Store, Fetched), AttemptError> {
        match self.fetch_into(&store, wanted, stop) {
            Ok(fetched) => Ok((store, fetched)),
            Err(error) if error.may_be_ours() && store.verify(stop).is_err() => {
                tracing::warn!(error = %Cause::of(&error), "the repository is damaged");
                drop(store);
                let store = publish::rebuild(&self.layout)?;
                let fetched = self.fetch_into(&store, wanted, stop)?;
                Ok((store, fetched))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn fetch_into(
        &self,
        store: &Store,
        wanted: &mut Wanted,
        stop: &Stop,
    ) -> Result<Fetched, GitError> {
        let url = self.source.url().to_string();
        if let Ok(fetched) = store.confirm(&wanted.object, &url) {
            return Ok(fetched);
        }
        let mut session = match wanted.session.take() {
            Some(session) => session,
            None => self.source.connect(&wanted.login, stop)?,
        };
        let live = self.trusted.as_ref().map(|live| &live.commit);
        let order = store.order(&wanted.object, live, self.depth);
        session.fetch(&order, store, stop)?;
        store.confirm(&wanted.object, &url)
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

fn describe(store: &Store, live: Live) -> Publication {
    let info = store.describe(&live.commit).unwrap_or_default();
    Publication { live, subject: info.subject, author: info.author, seconds: info.seconds }
}
