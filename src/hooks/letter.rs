//! What is told over HTTP.

use crate::hooks::facts::Facts;
use crate::model::{CommitId, Event, Field};
use jiff::Timestamp;

/// One thing to tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) event: Event,
    pub(super) hash: Option<CommitId>,
    previous: Option<CommitId>,
    at: Timestamp,
    error: Option<String>,
}

impl Letter {
    pub(super) fn new(
        event: Event,
        hash: Option<CommitId>,
        previous: Option<CommitId>,
        error: Option<String>,
    ) -> Self {
        Self { event, hash, previous, at: Timestamp::now(), error }
    }

    /// What is to be written for a field.
    pub(super) fn field(&self, field: Field, facts: &Facts) -> String {
        let id = |id: &Option<CommitId>| id.as_ref().map(ToString::to_string).unwrap_or_default();
        match field {
            Field::Hash => id(&self.hash),
            Field::Previous => id(&self.previous),
            Field::Ref => facts.reference.clone(),
            Field::Repo => facts.repo.clone(),
            Field::Event => self.event.label().to_owned(),
            Field::Time => self.at.to_string(),
            Field::Error => self.error.clone().unwrap_or_default(),
        }
    }
}
