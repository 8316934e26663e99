//! The repositories of submodules, as attempts need them.

use crate::attempt::AttemptError;
use crate::attempt::root::Root;
use crate::git::{Scope, Store};
use crate::model::ObjectFormat;
use crate::publish;
use crate::publish::Live;
use crate::trees::Admin;
use std::sync::Arc;

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
