//! From a fetched commit to one that readers see, by way of the program that is asked before.

use crate::attempt::error::Failed;
use crate::attempt::outcome::HeldBack;
use crate::attempt::wanted::Wanted;
use crate::attempt::{Attempts, Done};
use crate::git::{Fetched, Resolved, Store};
use crate::hooks::Verdict;
use crate::model::{Cause, CommitId, Step};
use crate::publish;
use crate::publish::Live;
use crate::runtime::Stop;
use crate::trees::{Extent, Written};
use std::path::PathBuf;

/// A whole tree that readers do not see yet.
enum Ready {
    /// It is under its final name: only the link has to move.
    InPlace(PathBuf, Extent),
    /// It is under a private name.
    Apart(Box<Written>),
}

/// Makes a commit what readers see, unless the program before says that it is not to be.
pub(super) fn release(
    me: &mut Attempts,
    store: &Store,
    fetched: Fetched,
    stop: &Stop,
) -> Result<Done, Failed> {
    publish::check_link(me.root.layout()).map_err(|error| Failed::at(Step::Publish, error))?;
    let commit = fetched.commit().clone();
    let before = publish::live(me.root.layout());
    me.bases.make_way(&commit);
    if me.hooks.is_at_work() {
        // What was prepared may share files that are being changed.
        me.bases.clear();
    }
    let mut ready = match me.root.retired(&commit) {
        Some((tree, extent)) => Ready::InPlace(tree, extent),
        None => Ready::Apart(Box::new(
            me.step(Step::Checkout, |me| me.bases.write(store, fetched, stop))?,
        )),
    };
    stop.check().map_err(|stopped| Failed::at(Step::Publish, stopped))?;
    let is_new = before.as_ref().is_none_or(|live| live.commit != commit);
    let chosen = me.hooks.is_gated() && me.pin.chooses();
    if is_new && !chosen && me.hooks.asks() {
        let (tree, extent) = match ready {
            Ready::InPlace(tree, extent) => (tree, extent),
            Ready::Apart(written) => settle_down(me, &written)?,
        };
        if let Verdict::Refuse(why) =
            me.step(Step::Gate, |me| me.hooks.ask(&commit, tree.clone(), stop))?
        {
            let why = format!("the pre-publish hook does not agree to commit {commit}: {why}");
            return refuse(me, commit, why, &tree);
        }
        ready = Ready::InPlace(tree, extent);
    }
    me.settle(&commit)?;
    let (live, extent, completed) = match ready {
        Ready::InPlace(tree, extent) => {
            let live =
                me.step(Step::Publish, |me| publish::name(me.root.layout(), &commit, tree))?;
            (live, extent, Ok(()))
        }
        Ready::Apart(written) => {
            let live = me.step(Step::Publish, |me| publish::publish(me.root.layout(), &written))?;
            let completed = publish::complete(me.root.layout(), &written, &live);
            (live, Extent { files: written.files(), bytes: written.bytes() }, completed)
        }
    };
    note(me, before, &live, extent);
    if let Err(error) = completed {
        tracing::warn!(error = %Cause::of(&error), "could not tell Git what is published");
        me.root.distrust();
    }
    Ok(Done::Published(me.describe(store, live)))
}

/// Gives a tree its final name, with all that Git needs to know of it, before readers see it.
fn settle_down(me: &mut Attempts, written: &Written) -> Result<(PathBuf, Extent), Failed> {
    let placed = publish::lay(me.root.layout(), written);
    let placed = placed.map_err(|error| Failed::at(Step::Publish, error))?;
    Ok((placed, Extent { files: written.files(), bytes: written.bytes() }))
}

/// Notes that readers see a tree.
fn note(me: &mut Attempts, before: Option<Live>, live: &Live, Extent { files, bytes }: Extent) {
    let commit = &live.commit;
    me.metrics.published(commit, &me.reference, files, bytes);
    me.bases.published(before, live);
    me.root.trust(live.clone());
    me.keeper.published();
    me.patrol.published();
    me.refusals.clear();
    tracing::info!(%commit, tree = %live.tree.display(), "published");
    // Readers see it; were this a failure from here on, nobody would be told.
    if let Err(error) = publish::follow(me.root.layout(), commit) {
        tracing::warn!(error = %Cause::of(&error), "could not note what is published");
    }
    look(me);
}

/// Takes back a tree that is not to be seen.
fn refuse(
    me: &mut Attempts,
    commit: CommitId,
    why: String,
    tree: &std::path::Path,
) -> Result<Done, Failed> {
    look(me);
    publish::withdraw(me.root.layout(), tree).map_err(|error| Failed::at(Step::Gate, error))?;
    me.root.litter();
    Ok(Done::Refused(HeldBack { commit, why, fresh: true }))
}

/// Looks after what is published, because what the source names was refused.
pub(super) fn hold_back(
    me: &mut Attempts,
    refusal: HeldBack,
    (wanted, store): (Wanted, Store),
    stop: &Stop,
) -> Result<Done, Failed> {
    let live = publish::live(me.root.layout()).map(|live| live.commit);
    let Some(live) = live.filter(|live| *live != refusal.commit) else {
        me.rest(wanted, store);
        return Ok(Done::Refused(refusal));
    };
    let object = Resolved::exactly(&live).map_err(|error| Failed::at(Step::Resolve, error))?;
    match me.bring(Wanted { object, ..wanted }, store, stop)? {
        Done::Unchanged(_) => Ok(Done::Refused(refusal)),
        done @ (Done::Published(_) | Done::Refused(_)) => Ok(done),
    }
}

/// Looks what programs did in the tree that readers see, where they have run since the last look.
/// That is how the tree is to be from then on.
pub(super) fn look(me: &mut Attempts) {
    for visit in me.hooks.visits() {
        let live = publish::live(me.root.layout()).filter(|live| live.tree == visit.tree());
        let accepted = live.map(|live| {
            crate::trees::accept(&live.tree, &publish::admin_of(me.root.layout(), &live.tree))
        });
        match accepted {
            Some(Ok(0)) | None => (),
            Some(Ok(files)) => {
                tracing::info!(tree = %visit.tree().display(), files, "hooks changed files of the commit");
                me.bases.clear();
                me.patrol.published();
                me.root.collected();
            }
            Some(Err(error)) => {
                tracing::warn!(error = %Cause::of(&error), "could not note what hooks changed");
            }
        }
        me.hooks.settled(&visit);
    }
}
