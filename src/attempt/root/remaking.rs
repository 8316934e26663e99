//! Making the repository of a root anew, and what each that is made or opened has to be told.

use crate::attempt::AttemptError;
use crate::attempt::root::{Root, partial};
use crate::config::Recorded;
use crate::disk::{Durable, replace_file};
use crate::git::Store;
use crate::model::{Cause, CommitId, ObjectFormat};
use crate::publish;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

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
    let noted = fs::read(&path).unwrap_or_default();
    if noted == text.as_bytes() {
        return;
    }
    if let Some(old) = left_link(root, &noted) {
        tracing::warn!(
            old_link = %old.display(),
            "the link is another one now; nothing keeps the old one up to date, and it leads nowhere \
             once its tree is gone: remove it when its readers have moved"
        );
    }
    if let Err(error) = replace_file(&path, text.as_bytes(), Durable::No) {
        tracing::debug!(error = %Cause::of(&error), "could not note the options");
    }
}

/// The link of the run before, if this one has another and something of ours is still in its place.
fn left_link(root: &Root, noted: &[u8]) -> Option<PathBuf> {
    let noted: Recorded = serde_json::from_slice(noted).ok()?;
    let old = root.layout.root().join(noted.get("link")?);
    let new = root.layout.place();
    let found = fs::symlink_metadata(&old).ok()?;
    let is_same = |new: fs::Metadata| (new.dev(), new.ino()) == (found.dev(), found.ino());
    if old == new || fs::symlink_metadata(new).is_ok_and(is_same) {
        return None;
    }
    // Somebody may have it lead elsewhere by now.
    let is_tree = |target: PathBuf| {
        let name = target.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.parse::<CommitId>().is_ok())
    };
    let is_ours = found.is_dir() || fs::read_link(&old).is_ok_and(is_tree);
    is_ours.then_some(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Checkout;
    use crate::publish::Layout;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_link_that_was_left_is_known_while_it_is_ours() {
        let dir = tempfile::TempDir::new().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("new"));
        let root = Root::new(layout, Checkout::default());
        let left = |noted: &str| left_link(&root, noted.as_bytes());
        let (noted, old) = (r#"{"link":"old"}"#, dir.path().join("old"));
        assert_eq!(left(noted), None, "it is gone");
        symlink(format!(".worktrees/{}", "a".repeat(40)), &old).unwrap();
        assert_eq!(left(noted), Some(old.clone()));
        for other in ["", "{}", r#"{"link":"new"}"#] {
            assert_eq!(left(other), None, "{other}");
        }
        fs::remove_file(&old).unwrap();
        symlink("elsewhere", &old).unwrap();
        assert_eq!(left(noted), None, "somebody has it lead elsewhere");
    }
}
