//! Directories that hold one commit each: written whole under a private name, made known to stock
//! Git as linked worktrees, and compared with what they should be.

mod accept;
mod anew;
mod base;
mod check;
mod convert;
mod drift;
mod fresh;
mod halting;
mod index;
mod large;
mod lengths;
mod linked;
mod moving;
mod notes;
mod pair;
mod parts;
mod pointer;
mod prepare;
mod shelf;
mod special;
mod update;

pub use accept::accept;
pub use base::{Base, Original};
pub use check::{Extent, intact};
pub use drift::{Look, Patrol};
pub use fresh::{TreeError, Written, write};
pub use large::{has_pointers, needed, together};
pub use linked::{Admin, point_at};
pub use moving::{is_whole, move_to, pointer};
pub(crate) use notes::{RULES, WORKTREE_CONFIG};
pub use parts::Noted;
pub use pointer::{real, relative};
pub use prepare::{Preparation, Unprepared};
pub use shelf::Shelf;
pub use update::update;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// The path of a file within its tree. Git keeps names as bytes, and so does Unix.
fn path_of<'a>(entry: &'a gix::index::Entry, index: &'a gix::index::State) -> &'a Path {
    Path::new(OsStr::from_bytes(entry.path(index)))
}
