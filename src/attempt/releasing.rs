//! From a fetched commit to one that readers see, by way of the program that is asked before.

use crate::attempt::bringing;
use crate::attempt::copying;
use crate::attempt::error::{AttemptError, Failed};
use crate::attempt::lfs;
use crate::attempt::outcome::HeldBack;
use crate::attempt::root::retired;
use crate::attempt::scoping;
use crate::attempt::wanted::Wanted;
use crate::attempt::{Attempts, Done};
use crate::git::{Fetched, Resolved, Store};
use crate::hooks::Verdict;
use crate::model::{Cause, Class, CommitId, Form, Step};
use crate::publish;
use crate::publish::Live;
use crate::runtime::Stop;
use crate::trees::{Extent, Written};
use std::fs;
use std::path::{Path, PathBuf};

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
    scoping::compare(me, store, &commit);
    let before = publish::live(me.root.layout());
    me.bases.make_way(&commit);
    if me.hooks.is_at_work() {
        // What was prepared may share files that are being changed.
        me.bases.clear();
    }
    // Afterwards it is where it goes then.
    let gone = |live: Live| Live { tree: publish::home(me.root.layout(), &live), ..live };
    let before = before.map(|live| if live.commit == commit { live } else { gone(live) });
    let is_new = before.as_ref().is_none_or(|live| live.commit != commit);
    let asks = is_new && me.hooks.asks();
    // Readers may still be in a retired tree, which the program might change.
    let retired = if asks { None } else { retired(&me.root, &commit) };
    let mut ready = match retired {
        Some((tree, extent)) => Ready::InPlace(tree, extent),
        None => Ready::Apart(Box::new(
            me.step(Step::Checkout, |me| me.bases.write(store, fetched, stop))?,
        )),
    };
    stop.check().map_err(|stopped| Failed::at(Step::Publish, stopped))?;
    if let Ready::Apart(written) = &ready
        && asks
    {
        let (tree, extent) = settle_down(me, written)?;
        if let Some(why) = ask(me, &commit, &tree, stop)? {
            let live = me.root.live().filter(|_| !me.one_time);
            let live = live.map(|live| Box::new(me.describe(store, live)));
            let (class, until) = (Class::Gate, None);
            return Ok(Done::Refused(HeldBack { commit, class, why, until, fresh: true, live }));
        }
        ready = Ready::InPlace(tree, extent);
    }
    me.endure()?;
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
    copying::follow(me, &live, stop)?;
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
    me.keeper.published(&me.root);
    me.patrol.published();
    lfs::published(me, commit);
    me.refusals.clear();
    tracing::info!(%commit, tree = %live.tree.display(), "published");
    // Readers see it; were this a failure from here on, nobody would be told.
    let followed = publish::follow(me.root.layout(), commit)
        .and_then(|()| publish::follow_modules(me.root.layout(), live));
    if let Err(error) = followed {
        tracing::warn!(error = %Cause::of(&error), "could not note what is published");
    }
    look(me);
}

/// Asks the program before a publication, and says why the commit is held back, if it is. What is not
/// to be seen is taken back.
fn ask(
    me: &mut Attempts,
    commit: &CommitId,
    tree: &Path,
    stop: &Stop,
) -> Result<Option<String>, Failed> {
    let binding = me.hooks.is_gated() && !me.pin.chooses();
    let asked = me.step(Step::Gate, |me| me.hooks.ask(commit, tree.to_owned(), binding, stop));
    let why = match asked {
        Ok(Verdict::Go) => None,
        Ok(Verdict::Refuse(why) | Verdict::Unasked(why)) if !binding => {
            if me.hooks.is_gated() {
                tracing::warn!(%commit, %why, "publishing what was chosen, whatever the pre-publish hook says");
            }
            None
        }
        Ok(Verdict::Refuse(why)) => {
            let why = format!("the pre-publish hook does not agree to commit {commit}: {why}");
            Some(Ok(why))
        }
        Ok(Verdict::Unasked(why)) => {
            let commit = commit.clone();
            Some(Err(Failed::at(Step::Gate, AttemptError::Gate { commit, why })))
        }
        Err(failed) => Some(Err(failed)),
    };
    let is_there = fs::symlink_metadata(tree).is_ok_and(|found| found.is_dir());
    let why = why.or_else(|| {
        let failed = Failed::at(Step::Gate, AttemptError::Gone { commit: commit.clone() });
        (!is_there).then_some(Err(failed))
    });
    let Some(why) = why else {
        for visit in me.hooks.visits().iter().filter(|visit| visit.tree() == tree) {
            if accept(me, tree) {
                me.hooks.settled(visit);
            }
        }
        return Ok(None);
    };
    look(me);
    me.root.litter();
    let withdrawn = publish::withdraw(me.root.layout(), tree);
    let why = why.inspect_err(|_failed| {
        if let Err(error) = &withdrawn {
            tracing::warn!(error = %Cause::of(error), "could not take back a tree");
        }
    })?;
    withdrawn.map_err(|error| Failed::at(Step::Gate, error))?;
    Ok(Some(why))
}

/// The commit that readers see, or saw until somebody took the link or the tree away: that is as lost
/// as a damaged tree.
pub(super) fn shown(me: &Attempts) -> Option<CommitId> {
    let layout = me.root.layout();
    let live = publish::live(layout).map(|live| live.commit);
    live.or_else(|| me.root.trusted().cloned()).or_else(|| publish::named(layout))
}

/// Looks after what is published, because what the source names was refused.
pub(super) fn hold_back(
    me: &mut Attempts,
    refusal: HeldBack,
    (wanted, store): (Wanted, Store),
    stop: &Stop,
) -> Result<Done, Failed> {
    let live = shown(me);
    // What does not verify any more is made whole where readers see it already. A program would only
    // be asked again.
    let counts = |live: &CommitId| *live != refusal.commit || refusal.class == Class::Verify;
    let Some(live) = live.filter(counts) else {
        me.rest(wanted, store);
        return Ok(Done::Refused(refusal));
    };
    let is_it = live == refusal.commit;
    let object = Resolved::exactly(&live).map_err(|error| Failed::at(Step::Resolve, error))?;
    let named = wanted.object.clone();
    me.verifying.excuse(Some(live));
    let looked = bringing::bring(me, Wanted { object, ..wanted }, store, stop);
    me.verifying.excuse(None);
    match looked? {
        // Readers see what they should not, whole or again: that is still refused.
        Done::Unchanged(_) if is_it => Ok(Done::Refused(refusal)),
        Done::Published(_) if is_it => {
            me.refusals.note(&named, &refusal);
            Ok(Done::Refused(refusal))
        }
        Done::Unchanged(live) => {
            let live = (!me.one_time).then(|| Box::new(live));
            Ok(Done::Refused(HeldBack { live, ..refusal }))
        }
        done @ Done::Published(_) => {
            // That was a repair, and says nothing new of what is refused.
            me.refusals.note(&named, &refusal);
            Ok(done)
        }
        done @ Done::Refused(_) => Ok(done),
    }
}

/// Looks what programs did in the tree that readers see, where they have run since the last look.
/// That is how the tree is to be from then on. Where another instance works, it is left to that one.
pub(super) fn look(me: &mut Attempts) {
    for visit in me.hooks.visits() {
        let live = publish::live(me.root.layout()).filter(|_| me.root.is_ours());
        let is_it = |live: &Live| {
            live.tree == visit.tree() || publish::home(me.root.layout(), live) == visit.tree()
        };
        if let Some(live) = live.filter(is_it) {
            accept(me, &live.tree);
        } else if me.root.is_ours()
            && me.root.layout().form() == Form::Copy
            && visit.tree() == me.root.layout().place()
        {
            copying::accept(me);
        }
        me.hooks.settled(&visit);
    }
}

/// Takes a tree as it is, and says whether that could be noted.
fn accept(me: &mut Attempts, tree: &Path) -> bool {
    let accepted = crate::trees::accept(tree, &publish::admin_of(me.root.layout(), tree));
    match &accepted {
        Ok(0) => return true,
        Ok(files) => {
            tracing::info!(tree = %tree.display(), files, "hooks changed files of the commit");
        }
        Err(error) => {
            tracing::warn!(error = %Cause::of(error), "could not note what hooks changed");
        }
    }
    // What is prepared may share what was changed.
    me.bases.clear();
    me.patrol.published();
    me.root.collected();
    accepted.is_ok()
}
