//! The repositories of submodules, as attempts need them.

use crate::attempt::AttemptError;
use crate::attempt::root::Root;
use crate::git::{GitError, Scope, Store};
use crate::model::ObjectFormat;
use crate::publish;
use crate::publish::Live;
use crate::runtime::Stop;
use crate::trees::Admin;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

/// Those that were found sound since one of them may be to blame for a failure; none if nothing speaks
/// against them.
#[derive(Debug, Default)]
pub(super) struct Suspects(Option<BTreeSet<PathBuf>>);

impl Suspects {
    /// All of them, if an attempt failed for which one may be to blame.
    pub(super) fn failed(&mut self, may_be_ours: bool) {
        if may_be_ours || self.0.is_some() {
            self.0 = Some(BTreeSet::new());
        }
    }
}

/// The one for the submodules of an address.
pub(in crate::attempt) fn open(
    root: &mut Root,
    label: &str,
    format: ObjectFormat,
) -> Result<Store, AttemptError> {
    root.touch();
    let how = (root.settings(), format);
    Ok(publish::module_store(&root.layout, label, how)?.within(&inside(root)))
}

/// Puts an empty one in the place of a damaged one.
pub(in crate::attempt) fn renew(root: &mut Root, damaged: Store) -> Result<Store, AttemptError> {
    let (path, how) = (damaged.path().to_owned(), (root.settings(), damaged.format()));
    drop(damaged);
    Ok(publish::renew_module(&root.layout, &path, how)?.within(&inside(root)))
}

/// Looks whether one is as it was: at the ends of its packs, or at all that is in them if an attempt
/// failed that may have found them damaged. That is done once in an attempt.
pub(in crate::attempt) fn look(
    root: &mut Root,
    store: &Store,
    stop: &Stop,
) -> Result<(), GitError> {
    match &mut root.suspects.0 {
        Some(sound) if !sound.contains(store.path()) => {
            store.verify(stop)?;
            sound.insert(store.path().to_owned());
            Ok(())
        }
        Some(_) | None => store.skim(),
    }
}

/// What counts in submodules.
fn inside(root: &Root) -> Arc<Scope> {
    Arc::new(root.scope.inside())
}

/// Whether the objects of a submodule are gone that is in a published tree.
pub(super) fn have_lost(live: &Live, admin: &Admin) -> bool {
    let modules = admin.submodules().unwrap_or_default().modules;
    let lost = modules.iter().find(|module| !module.is_here());
    if let Some(lost) = lost {
        let path = lost.path().display();
        tracing::warn!(commit = %live.commit, %path, "the objects of a submodule are lost");
    }
    lost.is_some()
}
