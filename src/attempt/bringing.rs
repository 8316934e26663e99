//! From what a source names to what readers see: what to do about it, and each step of that.

use crate::attempt::copying;
use crate::attempt::depth;
use crate::attempt::error::Failed;
use crate::attempt::fetching::fetch;
use crate::attempt::lag;
use crate::attempt::plan;
use crate::attempt::plan::Plan;
use crate::attempt::releasing;
use crate::attempt::verifying;
use crate::attempt::waiting;
use crate::attempt::wanted::Wanted;
use crate::attempt::{Attempts, Done};
use crate::git::{Fetched, Store};
use crate::model::{Class, Step};
use crate::publish;
use crate::publish::Live;
use crate::runtime::Stop;

/// What becomes of a fetched commit.
enum Next {
    /// That was decided.
    Done(Done),
    /// It waits, and this is looked after meanwhile.
    Wait(crate::model::CommitId),
}

/// Makes what one source names what readers see.
pub(super) fn bring(
    me: &mut Attempts,
    mut wanted: Wanted,
    store: Store,
    stop: &Stop,
) -> Result<Done, Failed> {
    if let Some(known) = verifying::known(me, &wanted)? {
        me.waits.forget();
        return releasing::hold_back(me, known, (wanted, store), stop);
    }
    let mut plan = plan::choose(me.root.live(), &wanted.object, me.served.as_ref());
    if plan != Plan::Advance {
        me.waits.forget();
    }
    let mut is_named = true;
    if let (Plan::Advance, Some(live)) = (&plan, lag::ahead_of(me, &wanted, &store)) {
        plan = Plan::Stay(live);
        is_named = false;
    }
    if plan == Plan::Advance
        && !me.pin.chooses()
        && !me.verifying.excuses(&wanted.object)
        && let Some(known) = me.refusals.find(&wanted.object, Class::Gate)
    {
        me.waits.forget();
        return releasing::hold_back(me, known, (wanted, store), stop);
    }
    if plan == Plan::Advance
        && let Some(live) = waiting::goes_on(me, &wanted.object)
    {
        return waiting::look_after(me, &live, (wanted, store), stop);
    }
    if let Plan::Stay(live) = &plan
        && !me.hooks.is_at_work()
        && me.patrol.look(&me.root, live, me.bases.damaged(), &me.metrics)
    {
        me.root.distrust();
        me.bases.clear();
        plan = Plan::Advance;
    }
    let (store, done) = match plan {
        Plan::Stay(live) if me.root.lacking().is_some() => {
            let (store, _) = me.step(Step::Fetch, |me| fetch(me, store, &mut wanted, stop))?;
            publish::follow(me.root.layout(), &live.commit)
                .map_err(|error| Failed::at(Step::Fetch, error))?;
            me.root.restored();
            return bring(me, wanted, store, stop);
        }
        Plan::Stay(live) => {
            let done = stay(me, live, is_named, (&mut wanted, &store), stop)?;
            (store, done)
        }
        Plan::Advance => {
            let (store, fetched) =
                me.step(Step::Fetch, |me| fetch(me, store, &mut wanted, stop))?;
            match advance(me, (&mut wanted, &store), fetched, stop)? {
                Next::Done(done) => (store, done),
                Next::Wait(live) => {
                    return waiting::look_after(me, &live, (wanted, store), stop);
                }
            }
        }
    };
    me.rest(wanted, store);
    Ok(done)
}

/// Leaves what is published as it is. Its signature counts if it is what the source names.
fn stay(
    me: &mut Attempts,
    live: Live,
    is_named: bool,
    (wanted, store): (&mut Wanted, &Store),
    stop: &Stop,
) -> Result<Done, Failed> {
    if is_named && let Some(refusal) = verifying::judge(me, wanted, store, &live.commit)? {
        return Ok(Done::Refused(refusal));
    }
    depth::adjust(me, store, wanted, stop);
    me.settle(&live.commit)?;
    if let Some(done) = copying::look_after(me, &live, store, stop)? {
        return Ok(done);
    }
    Ok(Done::Unchanged(me.describe(store, live)))
}

/// Goes on with a fetched commit, unless there is a reason not to.
fn advance(
    me: &mut Attempts,
    (wanted, store): (&mut Wanted, &Store),
    fetched: Fetched,
    stop: &Stop,
) -> Result<Next, Failed> {
    if let Some(live) = lag::later_than(me, wanted, store, &fetched) {
        return Ok(Next::Done(Done::Unchanged(me.describe(store, live))));
    }
    if let Some(refusal) = verifying::judge(me, wanted, store, fetched.commit())? {
        me.waits.forget();
        return Ok(Next::Done(Done::Refused(refusal)));
    }
    if let Some(live) = waiting::hold(me, &wanted.object, fetched.commit())? {
        return Ok(Next::Wait(live));
    }
    let is_live = |live: &Live| me.verifying.by_tag() && live.commit == *fetched.commit();
    if let Some(live) = me.root.live().filter(is_live) {
        // By another tag than before, or by one that no attempt had seen yet.
        me.waits.forget();
        me.served = Some((wanted.object.clone(), live.commit.clone()));
        return stay(me, live, true, (wanted, store), stop).map(Next::Done);
    }
    release(me, wanted, store, fetched, stop).map(Next::Done)
}

/// Makes a fetched commit what readers see, unless it is refused.
fn release(
    me: &mut Attempts,
    wanted: &Wanted,
    store: &Store,
    fetched: Fetched,
    stop: &Stop,
) -> Result<Done, Failed> {
    let commit = fetched.commit().clone();
    let done = releasing::release(me, store, fetched, stop)?;
    me.waits.forget();
    match &done {
        Done::Refused(refusal) => me.refusals.note(&wanted.object, refusal),
        Done::Published(_) | Done::Unchanged(_) => {
            me.served = Some((wanted.object.clone(), commit));
        }
    }
    Ok(done)
}
