//! Making the repository of a root anew, and what each that is made or opened has to be told.

use crate::attempt::AttemptError;
use crate::attempt::root::{Root, partial};
use crate::disk::{Durable, replace_file};
use crate::git::Store;
use crate::model::{Cause, ObjectFormat};
use crate::publish;
use std::fs;

/// Puts an empty repository in the place of a damaged one.
pub(in crate::attempt) fn rebuild(root: &mut Root, damaged: Store) -> Result<Store, AttemptError> {
    drop(damaged);
    root.touch();
    root.suspect = false;
    root.lacking = true;
    let store = publish::rebuild(&root.layout, root.settings())?.within(&root.scope);
    equip(root, &store)?;
    Ok(store)
}

/// Puts an empty repository that names objects so in the place of one that nothing needs. Any other
/// is given back as it is.
pub(in crate::attempt) fn turn_to(
    root: &mut Root,
    format: ObjectFormat,
    store: Store,
) -> Result<Store, AttemptError> {
    if publish::is_needed(&root.layout, &store) {
        return Ok(store);
    }
    tracing::info!(%format, "making the repository anew, as the source names objects so");
    drop(store);
    root.touch();
    let store = publish::remake(&root.layout, root.settings(), format)?.within(&root.scope);
    equip(root, &store)?;
    Ok(store)
}

/// Tells Git in the repository what the options say beside how files are written, and notes what the
/// repository says of that.
pub(super) fn equip(root: &mut Root, store: &Store) -> Result<(), AttemptError> {
    partial::promise(root, store)?;
    if root.hold.has_user {
        publish::add_user(&root.layout)?;
    }
    note_options(root);
    root.shape = Some(store.shape());
    root.left_out = partial::look(root, store);
    Ok(())
}

/// Notes the options for commands that change what is published. Without that they have to be told
/// them, which is no reason to fail.
fn note_options(root: &Root) {
    let (path, text) = (root.layout.options(), serde_json::json!(root.options).to_string());
    if fs::read(&path).is_ok_and(|noted| noted == text.as_bytes()) {
        return;
    }
    if let Err(error) = replace_file(&path, text.as_bytes(), Durable::No) {
        tracing::debug!(error = %Cause::of(&error), "could not note the options");
    }
}
