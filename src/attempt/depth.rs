//! How much history the repository has: as much as the options said when it was fetched. They may
//! say something else after a restart, when no other commit is there to be fetched.

use crate::attempt::Attempts;
use crate::attempt::wanted::Wanted;
use crate::disk::{DiskError, Durable, if_there, replace_file};
use crate::git;
use crate::git::{GitError, Store};
use crate::model::{Cause, Class};
use crate::publish::Layout;
use crate::runtime::{Stop, Stopped};
use std::fs;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// How long to rest after the first failure.
const FIRST_REST: Duration = Duration::from_mins(1);
/// And how long at most.
const LAST_REST: Duration = Duration::from_hours(1);

/// Whether it is known to be as deep as it is to be.
#[derive(Debug)]
pub(super) struct Depth {
    /// How many commits are wanted; none means all.
    pub(super) wanted: Option<NonZeroU32>,
    is_right: bool,
    /// When it may be tried again, and for how long it rested before that.
    rest: Option<(Instant, Duration)>,
}

impl Depth {
    pub(super) fn new(wanted: Option<NonZeroU32>) -> Self {
        Self { wanted, is_right: false, rest: None }
    }

    fn text(&self) -> String {
        format!("{}\n", self.wanted.map_or(0, NonZeroU32::get))
    }

    /// Rests, longer after each failure: what is fetched in vain may be much.
    fn fail(&mut self) {
        let length = self.rest.map_or(FIRST_REST, |(_, length)| (length * 2).min(LAST_REST));
        self.rest = Some((Instant::now() + length, length));
    }

    fn is_resting(&self) -> bool {
        self.rest.is_some_and(|(until, _)| Instant::now() < until)
    }

    /// Notes that the history was fetched just now.
    pub(super) fn fetched(&mut self, layout: &Layout) {
        self.is_right = true;
        if let Err(error) = self.note(layout) {
            tracing::warn!(error = %Cause::of(&error), "could not note the depth of the history");
        }
    }

    fn note(&self, layout: &Layout) -> Result<(), DiskError> {
        if self.is_noted(layout) {
            return Ok(());
        }
        replace_file(&layout.depth(), self.text().as_bytes(), Durable::No)
    }

    fn is_noted(&self, layout: &Layout) -> bool {
        let noted = if_there(fs::read_to_string(layout.depth())).ok().flatten();
        noted == Some(self.text())
    }
}

/// Fetches what is published again if it was fetched with another depth. A source that does not
/// help with that is no reason to fail: readers see the right files.
pub(super) fn adjust(me: &mut Attempts, store: &Store, wanted: &mut Wanted, stop: &Stop) {
    if me.depth.is_right || me.depth.is_resting() {
        return;
    }
    if me.depth.is_noted(me.root.layout()) {
        me.depth.is_right = true;
        return;
    }
    match fetch(me, store, wanted, stop) {
        Ok(()) => {
            me.root.restored();
            me.depth.fetched(me.root.layout());
        }
        // Nothing is wrong with it: the program is about to end.
        Err(GitError::Stopped(Stopped::Asked)) => (),
        Err(error) => {
            me.depth.fail();
            // What it does not give it will not give the next time either.
            me.depth.is_right = error.class() == Class::Ref;
            tracing::warn!(error = %Cause::of(&error), "could not change the depth of the history");
        }
    }
}

fn fetch(
    me: &mut Attempts,
    store: &Store,
    wanted: &mut Wanted,
    stop: &Stop,
) -> Result<(), GitError> {
    let (place, object) = (wanted.place, wanted.object.clone());
    let session = me.sources.session(wanted, stop)?;
    let filters = me.gathering.may_filter(place, session);
    let order = git::order(store, &object, me.root.trusted(), me.depth.wanted, filters);
    session.fetch(&order, store, stop)
}
