//! Compares a tree with its index by stat data, without reading any file.

use crate::git::Store;
use crate::model::Cause;
use crate::trees::Admin;
use crate::trees::path_of;
use gix::index::entry::Mode;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How large a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    /// How many files it has.
    pub files: u64,
    /// How much they hold.
    pub bytes: u64,
}

/// Looks whether every file of the index is in the tree with the kind, size, time and mode it was
/// published with. Files that somebody added are not looked for. Inode numbers and change times
/// are not compared, because a restore or a hardlink changes them and no content.
pub fn intact(store: &Store, tree: &Path, admin: &Admin) -> Result<Extent, Cause> {
    let path = admin.index();
    let index = gix::index::File::at(
        &path,
        store.repo.object_hash(),
        false,
        gix::index::decode::Options::default(),
    )
    .map_err(|error| Cause::new(format!("the index {} cannot be read: {error}", path.display())))?;
    if !admin.is_of(tree) {
        return Err(Cause::new(format!("{} is no worktree that Git knows", tree.display())));
    }
    let mut extent = Extent { files: 0, bytes: 0 };
    for entry in index.entries() {
        let file = tree.join(path_of(entry, &index));
        let found = file
            .symlink_metadata()
            .map_err(|error| Cause::new(format!("{}: {error}", file.display())))?;
        if let Some(difference) = difference(entry, &found) {
            return Err(Cause::new(format!("{} has another {difference}", file.display())));
        }
        if !found.is_dir() {
            extent.files += 1;
            extent.bytes += found.size();
        }
    }
    Ok(extent)
}

fn difference(entry: &gix::index::Entry, found: &Metadata) -> Option<&'static str> {
    let kind = match entry.mode {
        Mode::COMMIT | Mode::DIR => found.is_dir(),
        Mode::SYMLINK => found.is_symlink(),
        _ => found.is_file(),
    };
    if !kind {
        return Some("kind");
    }
    if found.is_dir() {
        return None;
    }
    // The index keeps the lower 32 bits of both, as Git does.
    let low = |number: u64| u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    if low(found.size()) != entry.stat.size {
        return Some("size");
    }
    let seconds = low(found.mtime().unsigned_abs());
    let nanoseconds = low(found.mtime_nsec().unsigned_abs());
    if (seconds, nanoseconds) != (entry.stat.mtime.secs, entry.stat.mtime.nsecs) {
        return Some("modification time");
    }
    let executable = found.mode() & 0o100 != 0;
    match entry.mode {
        Mode::FILE_EXECUTABLE if !executable => Some("mode"),
        Mode::FILE if executable => Some("mode"),
        _ => None,
    }
}
