//! How a symlink becomes the tree that it names, while readers are on their way through it.
//!
//! A reader who has read the symlink looks for the tree a moment later where the symlink says, and
//! must find it there though the two have changed places by then. So what stands there afterwards,
//! which is the symlink, has to lead back to the tree. One text does both, because it is relative to
//! two directories: it names a signpost, beside the link one that leads to where the tree was, and
//! beside the tree one that leads to where it is.
//!
//! Afterwards a symlink stays at the old place for as long as retired trees do, for readers who have
//! the path of the tree.

use crate::disk::{At, DiskError};
use crate::disk::{exchange, make_directory, remove, replace_link};
use crate::model::Cause;
use crate::publish::Layout;
use crate::publish::link::{Live, live, point};
use crate::trees::{real, relative};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// How long readers who have read a symlink may take to look for what it names.
const ON_THE_WAY: Duration = Duration::from_millis(100);

/// Lets the link and the tree that it names change places. A crash leaves one or the other in the
/// place of the link, and signposts that [`clear`] removes.
#[expect(
    clippy::disallowed_methods,
    reason = "a short time, once, and nobody tells when it is over"
)]
pub(super) fn exchange_with_link(layout: &Layout, live: &Live) -> Result<(), DiskError> {
    let (place, tree) = (real(layout.link()), real(&live.tree));
    let name = signpost(layout);
    let (before, after) = (place.with_file_name(&name), tree.with_file_name(&name));
    // This one first: where it is, a crash may have left the other.
    remove(&before)?;
    lead(&before, tree.parent().unwrap_or(&tree))?;
    remove(&after)?;
    make_directory(&after)?;
    lead(&after.join(live.commit.as_str()), &place)?;
    replace_link(layout.link(), &Path::new(&name).join(live.commit.as_str()))?;
    if let Err(error) = exchange(&live.tree, layout.link()) {
        return clear(layout).and(Err(error));
    }
    let left = replace_link(&live.tree, &relative(tree.parent().unwrap_or(&tree), &place));
    thread::sleep(ON_THE_WAY);
    if let Err(error) = left.and_then(|()| clear(layout)) {
        // It is done all the same; the next start removes them.
        tracing::warn!(error = %Cause::of(&error), "could not remove signposts to the new tree");
    }
    Ok(())
}

/// Makes a symlink that leads to an absolute path.
fn lead(from: &Path, to: &Path) -> Result<(), DiskError> {
    symlink(relative(from.parent().unwrap_or(from), to), from).at("create", from)
}

/// The name of both signposts.
fn signpost(layout: &Layout) -> OsString {
    let mut name = OsString::from(".");
    name.push(layout.link().file_name().unwrap_or_default());
    name.push(".gitsyncd-way");
    name
}

/// Removes the signposts, which a crash may have left. A link that needs them is made one that does
/// not.
pub(super) fn clear(layout: &Layout) -> Result<(), DiskError> {
    let name = signpost(layout);
    let before = real(layout.link()).with_file_name(&name);
    if !before.is_symlink() {
        return Ok(());
    }
    if fs::read_link(layout.link()).is_ok_and(|target| target.starts_with(&name))
        && let Some(live) = live(layout)
    {
        point(layout, &live.tree)?;
    }
    let ours = layout.trees().canonicalize().at("look at", &layout.trees())?;
    if let Ok(above) = before.canonicalize()
        && above.starts_with(ours)
    {
        remove(&above.join(&name))?;
    }
    remove(&before)
}

/// Says whether this is the symlink that stays where a tree was which stands in the place of the
/// link now.
pub(super) fn is_left(layout: &Layout, path: &Path) -> bool {
    let (place, there) = (real(layout.link()), real(path));
    let target = relative(there.parent().unwrap_or(&there), &place);
    fs::read_link(path).is_ok_and(|found| found == target)
        && place.symlink_metadata().is_ok_and(|found| found.is_dir())
}
