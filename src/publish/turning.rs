//! How a symlink and the tree that it names change places, while readers are on their way through it.
//!
//! A reader who has read the symlink looks for the tree a moment later where the symlink says, and
//! must find it there though the two have changed places by then. So what stands there afterwards,
//! which is the symlink, has to lead back to the tree. One text does both, because it is relative to
//! two directories: it names a signpost, beside the link one that leads to where trees are at home,
//! and beside the tree's home one that leads to the place of the link.
//!
//! While the tree stands in the place of the link, a symlink stays at its home for as long as retired
//! trees do, for readers who have the path of the tree.

use crate::disk::{At, DiskError};
use crate::disk::{exchange, list, make_directory, name, remove, replace_link};
use crate::model::Cause;
use crate::publish::Layout;
use crate::publish::sweep::homes;
use crate::trees::{real, relative};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// How long readers who have read a symlink may take to look for what it names.
const ON_THE_WAY: Duration = Duration::from_millis(100);
/// How the names of signposts end.
const SIGNPOST: &str = ".gitsyncd-way";

/// Lets what is in the place of the link and what is at the tree's home change places: one is the
/// tree, the other the symlink to it, which need not be there if that is at home. It fails only if
/// they have not. [`finish`] is to follow. A crash leaves one or the other in the place of the link, and
/// signposts that [`clear`] removes.
pub(super) fn turn(layout: &Layout, home: &Path) -> Result<(), DiskError> {
    let place = layout.link();
    if let Err(error) = lead_both_ways(layout, home).and_then(|()| exchange(home, place)) {
        return clear(layout).and(Err(error));
    }
    Ok(())
}

/// Removes the signposts, once Git knows where the tree is and readers have arrived.
pub(super) fn finish(layout: &Layout) {
    if let Err(error) = clear(layout) {
        // They have changed places all the same, and the next start does the rest.
        tracing::warn!(error = %Cause::of(&error), "could not remove the signposts");
    }
}

/// Makes the symlink one that leads to the tree from the place of the link and from the tree's home.
fn lead_both_ways(layout: &Layout, home: &Path) -> Result<(), DiskError> {
    let (place, home) = (real(layout.link()), real(home));
    let name = signpost(layout);
    let text = Path::new(&name).join(home.file_name().unwrap_or_default());
    let (before, after) = (place.with_file_name(&name), home.with_file_name(&text));
    // This one first: by it, it is known where a crash may have left the other.
    lead(&before, home.parent().unwrap_or(&home))?;
    make_directory(after.parent().unwrap_or(&after))?;
    lead(&after, &place)?;
    replace_link(if place.is_symlink() { layout.link() } else { &home }, &text)
}

/// Makes a symlink that leads to an absolute path.
fn lead(from: &Path, to: &Path) -> Result<(), DiskError> {
    remove(from)?;
    symlink(relative(from.parent().unwrap_or(from), to), from).at("create", from)
}

/// The name of both signposts.
fn signpost(layout: &Layout) -> OsString {
    let mut name = OsString::from(".");
    name.push(layout.link().file_name().unwrap_or_default());
    name.push(SIGNPOST);
    name
}

/// Makes a symlink that needs the signposts one that does not, wherever it is.
fn lead_directly(layout: &Layout) -> Result<(), DiskError> {
    let (place, signpost) = (real(layout.link()), signpost(layout));
    let led = |path: &Path| fs::read_link(path).ok().filter(|text| text.starts_with(&signpost));
    let before = place.with_file_name(&signpost);
    if let (Some(text), Ok(above)) = (led(&place), before.canonicalize()) {
        let home = above.join(text.file_name().unwrap_or_default());
        replace_link(layout.link(), &relative(place.parent().unwrap_or(&place), &home))?;
    }
    for above in homes(layout)? {
        for home in list(&above)?.into_iter().filter(|home| led(home).is_some()) {
            replace_link(&home, &left(layout, &home))?;
        }
    }
    Ok(())
}

/// Removes the signposts and half-made symlinks, which a crash may have left, those of another link
/// too. Readers who have read where our signpost is have the time to arrive.
#[expect(
    clippy::disallowed_methods,
    reason = "a short time, once, and nobody tells when it is over"
)]
pub(super) fn clear(layout: &Layout) -> Result<(), DiskError> {
    lead_directly(layout)?;
    let before = real(layout.link()).with_file_name(signpost(layout));
    if before.is_symlink() {
        thread::sleep(ON_THE_WAY);
    }
    let is_left = |path: &PathBuf| {
        let ends = |name: &str| name.ends_with(SIGNPOST) || name.ends_with(".gitsyncd-new");
        name(path).is_some_and(|name| name.starts_with('.') && ends(name))
    };
    for above in homes(layout)? {
        for path in list(&above)?.iter().filter(|path| is_left(path)) {
            remove(path)?;
        }
    }
    if before.is_symlink() { remove(&before) } else { Ok(()) }
}

/// What the symlink says that stays at the home of a tree which stands in the place of the link.
fn left(layout: &Layout, home: &Path) -> PathBuf {
    let (place, home) = (real(layout.link()), real(home));
    relative(home.parent().unwrap_or(&home), &place)
}

/// Says whether this is that symlink.
pub(super) fn is_left(layout: &Layout, home: &Path) -> bool {
    fs::read_link(home).is_ok_and(|found| found == left(layout, home))
}
