//! What an attempt would find at its sources, without anything that it would do about it.

use crate::attempt::AttemptError;
use crate::attempt::error::Failed;
use crate::attempt::pin::{Pin, Pinned};
use crate::attempt::shared::Shared;
use crate::attempt::sources::Sources;
use crate::config::Config;
use crate::git::GitError;
use crate::model::{CommitId, Reference, Step};
use crate::observe::metrics::Metrics;
use crate::publish;
use crate::publish::Layout;
use crate::runtime::Stop;
use std::sync::Arc;

/// Looks, and changes nothing.
#[derive(Debug)]
pub struct Preview {
    reference: Reference,
    layout: Layout,
    sources: Sources,
    pin: Pin,
}

/// What a source said.
#[derive(Clone, Debug)]
pub struct Sight {
    /// Who we were there, where there is a way to be somebody.
    pub known_as: Option<String>,
    /// The commit that the ref names; none for a full commit id, which shows only when it is fetched.
    pub commit: Option<CommitId>,
    /// The full name of the ref that was chosen, where there was a choice.
    pub chosen: Option<String>,
}

impl Preview {
    /// Takes what the options say. No file is read yet.
    pub fn new(config: &Config, metrics: &Arc<Metrics>) -> Self {
        let layout = Layout::new(config.root.clone(), config.link.clone()).shown_by(config.publish);
        Self {
            reference: config.reference.clone(),
            sources: Sources::new(config, &Shared::default(), metrics),
            pin: Pin::new(&layout, config.repo.clone()),
            layout,
        }
    }

    /// Says at which commit is stayed on request.
    pub fn pinned(&mut self) -> Result<Option<CommitId>, Failed> {
        match self.pin.read().map_err(AttemptError::before_any_step)? {
            Pinned::At(commit) => Ok(Some(commit.clone())),
            Pinned::Unknown | Pinned::Nothing => Ok(None),
        }
    }

    /// How many sources there are.
    pub fn count(&self) -> usize {
        self.sources.count()
    }

    /// Where a source is.
    pub fn url(&self, place: usize) -> String {
        self.sources.url(place)
    }

    /// Goes to a source, and asks it what the ref names. It may take its share of the time.
    pub fn ask(&mut self, place: usize, stop: &Stop) -> Result<Sight, Failed> {
        let outfit = self
            .sources
            .outfit(place, stop)
            .map_err(|error| Failed::at(Step::Credentials, error))?;
        let share = self.sources.share(place, stop);
        let at_resolve = |error| Failed::at(Step::Resolve, error);
        let mut wanted = self.sources.resolve(place, outfit, &share).map_err(at_resolve)?;
        // A full commit id is not asked for; that somebody is there and lets us in still shows.
        let theirs = self.sources.session(&mut wanted, &share).map_err(at_resolve)?.format();
        let ours = publish::live(&self.layout).map(|live| live.commit.format());
        if let Some(ours) = ours.filter(|ours| *ours != theirs) {
            let (url, path) = (self.url(place), self.layout.git());
            let error = GitError::OtherFormat { url, theirs, path, ours };
            return Err(Failed::at(Step::Fetch, error));
        }
        let is_named = !matches!(self.reference, Reference::Commit(_));
        Ok(Sight {
            known_as: self.sources.known_as().map(str::to_owned),
            commit: wanted.object.id().filter(|_id| is_named),
            chosen: wanted.object.chosen().map(str::to_owned),
        })
    }
}
