//! Commits that wait for a window: they are fetched, and what is published stays until it is time.
//!
//! Whether it is time is decided once in an attempt, before anything is written. What is published
//! for the first time does not wait, nor what somebody chose, nor the commit that is published already.

use crate::attempt::bringing;
use crate::attempt::error::{AttemptError, Failed};
use crate::attempt::releasing;
use crate::attempt::wanted::Wanted;
use crate::attempt::{Attempts, Done};
use crate::git::{Resolved, Store};
use crate::model::{CommitId, Sight, Step, Windows};
use crate::observe::status::Waiting;
use crate::runtime::Stop;
use jiff::{SignedDuration, Timestamp};

/// How long it is believed that no window opens any more.
const NEVER: SignedDuration = SignedDuration::from_hours(24);

/// The windows, and what waits for them.
#[derive(Debug)]
pub(super) struct Waits {
    windows: Windows,
    /// What was seen of the windows last, and when.
    seen: Option<(Timestamp, Sight)>,
    /// What waits, and what the source named when that was found.
    held: Option<(Resolved, Waiting)>,
}

impl Waits {
    pub(super) fn new(windows: Windows) -> Self {
        Self { windows, seen: None, held: None }
    }

    /// What waits.
    pub(super) fn waiting(&self) -> Option<&Waiting> {
        self.held.as_ref().map(|(_, waiting)| waiting)
    }

    /// Nothing waits any more.
    pub(super) fn forget(&mut self) {
        self.held = None;
    }

    /// What is to be seen of the windows now. Far looks are not repeated as long as they hold.
    fn look(&mut self, now: Timestamp) -> Sight {
        let holds = |(at, sight): &(Timestamp, Sight)| {
            let until = sight.until.or_else(|| at.checked_add(NEVER).ok());
            *at <= now && until.is_some_and(|until| now < until)
        };
        let seen = self.seen.filter(holds).unwrap_or_else(|| (now, self.windows.at(now)));
        self.seen = Some(seen);
        seen.1
    }

    /// Notes that a commit waits, and tells that when it is news or somebody asked for what waits.
    fn hold(
        &mut self,
        object: &Resolved,
        (commit, until): (&CommitId, Option<Timestamp>),
        is_asked: bool,
    ) {
        if is_asked || self.waiting().is_none_or(|before| before.commit != *commit) {
            let until = until.map(tracing::field::display);
            tracing::info!(%commit, until, "a commit waits for a window");
        }
        let waiting = Waiting { commit: commit.clone(), until };
        self.held = Some((object.clone(), waiting));
    }
}

/// What is published that a commit is not to take the place of now, and until when.
fn instead_of(me: &mut Attempts, commit: &CommitId) -> Option<(CommitId, Option<Timestamp>)> {
    if me.waits.windows.is_empty() || me.pin.chooses() {
        return None;
    }
    let live = releasing::shown(me).filter(|live| live != commit)?;
    let Sight { open, until } = me.waits.look(Timestamp::now());
    (!open).then_some((live, until))
}

/// Says what stays published if a commit that was fetched is to wait.
pub(super) fn hold(
    me: &mut Attempts,
    object: &Resolved,
    commit: &CommitId,
) -> Result<Option<CommitId>, Failed> {
    let Some((live, until)) = instead_of(me, commit) else {
        return Ok(None);
    };
    // Who unpins asked for the ref to be followed, and that it is, even if the commit waits.
    if me.one_time && !me.pin.is_to_end() {
        let commit = commit.clone();
        return Err(Failed::at(Step::Publish, AttemptError::Window { commit, until }));
    }
    me.waits.hold(object, (commit, until), me.pin.is_to_end());
    Ok(Some(live))
}

/// Says what stays published if what the source names waits already.
pub(super) fn goes_on(me: &mut Attempts, object: &Resolved) -> Option<CommitId> {
    let (held, waiting) = me.waits.held.as_ref()?;
    let commit = waiting.commit.clone();
    if !held.is_same_as(object) {
        return None;
    }
    let (live, until) = instead_of(me, &commit)?;
    me.waits.hold(object, (&commit, until), me.pin.is_to_end());
    Some(live)
}

/// Looks after what is published while something else waits.
pub(super) fn look_after(
    me: &mut Attempts,
    live: &CommitId,
    (wanted, store): (Wanted, Store),
    stop: &Stop,
) -> Result<Done, Failed> {
    let object = Resolved::exactly(live).map_err(|error| Failed::at(Step::Resolve, error))?;
    let held = me.waits.held.clone();
    me.verifying.excuse(Some(live.clone()));
    let done = bringing::bring(me, Wanted { object, ..wanted }, store, stop);
    me.verifying.excuse(None);
    me.waits.held = held;
    done
}

/// The commit that waits, if the repository has it.
pub(super) fn kept(me: &Attempts) -> Option<CommitId> {
    let store = me.store.as_ref()?;
    let waiting = me.waits.waiting().map(|waiting| &waiting.commit);
    waiting.filter(|commit| store.describe(commit).is_some()).cloned()
}
