//! A copy of the published tree, for readers who can follow no link where no two directories can
//! exchange their names: on another file system, or at a mount point.
//!
//! The tree itself is published as always, by a link of our own that nobody else reads. Then the copy
//! is brought to equality with it. That takes a while, in which readers may see files of two commits;
//! what is not complete is not taken for published, and is completed by the next attempt.

mod fill;
mod record;

pub use record::Round;

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::look::read_below;
use crate::disk::{
    Durable, beside, exchange, is_there, list, make_directory, name, remove, rename, replace_file,
    replace_link,
};
use crate::model::{CommitId, Form};
use crate::publish::link::{Live, live};
use crate::publish::{Layout, RootError, placed};
use crate::runtime::{Stop, Stopped};
use crate::trees::{real, relative};
use fill::Fill;
use record::Draft;
use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// More than our note is long.
const LONGEST: u64 = 1 << 16;

/// Why a copy did not come to an end.
#[derive(Debug, thiserror::Error)]
pub enum Halted {
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// There must be no copy there.
    #[error(transparent)]
    Root(#[from] RootError),
    /// It was told to stop, or had no more time.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// What is in a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How many files.
    pub files: u64,
    /// How much they hold.
    pub bytes: u64,
}

fn directory(path: &Path) -> Option<Metadata> {
    path.symlink_metadata().ok().filter(Metadata::is_dir)
}

/// The note of which directory is ours to change.
fn note(layout: &Layout) -> PathBuf {
    layout.own().join("copy")
}

/// What the note says: the directory by its number and path, and the number of its file system.
fn identity(layout: &Layout, found: &Metadata) -> (Vec<u8>, Vec<u8>) {
    let number = format!("{} ", found.ino());
    let directory = [number.as_bytes(), layout.place().as_os_str().as_bytes()].concat();
    (directory, found.dev().to_string().into_bytes())
}

/// Whether the directory that is there is ours to change. A file system may have another number when
/// it is mounted again; another one may have the path then, so files of ours must be in it.
pub(super) fn is_ours(layout: &Layout) -> bool {
    let Some(found) = directory(layout.place()) else { return false };
    let noted = read_below(&note(layout), LONGEST).ok().flatten().unwrap_or_default();
    let (ours, device) = identity(layout, &found);
    let mut parts = noted.splitn(2, |byte| *byte == b'\n');
    let (noted_device, noted) = (parts.next(), parts.next());
    noted == Some(&ours) && (noted_device == Some(&device) || record::is_any_there(layout))
}

/// Says whether there is nothing in a directory but what file systems make for themselves.
fn is_empty(path: &Path) -> Result<bool, DiskError> {
    Ok(list(path)?.iter().all(|path| name(path) == Some("lost+found")))
}

/// Looks whether a copy can be there.
pub(super) fn check(layout: &Layout) -> Result<(), RootError> {
    let place = layout.place();
    let taken = || RootError::PlaceTaken { path: place.to_owned() };
    match place.symlink_metadata() {
        Ok(found) if found.is_dir() => {
            if is_ours(layout) || placed::is_ours(&layout.linked()) || is_empty(place)? {
                Ok(())
            } else {
                Err(taken())
            }
        }
        Ok(found) if !found.is_symlink() => Err(taken()),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Turns what another form of publication left into the beginning of a copy, or a copy into a link.
pub(super) fn settle(layout: &Layout) -> Result<(), RootError> {
    if layout.form() != Form::Copy {
        return give_up(layout);
    }
    let linked = layout.linked();
    if !is_ours(layout) && is_there(layout.place()) {
        placed::settle(&linked)?;
        if let Some(now) = live(&linked).filter(|_| live(layout).is_none()) {
            point(layout.link(), &now.tree)?;
        }
    }
    Ok(())
}

fn point(link: &Path, tree: &Path) -> Result<(), DiskError> {
    let above = link.parent().unwrap_or(link);
    make_directory(above)?;
    let target = relative(&above.canonicalize().at("look at", above)?, &real(tree));
    replace_link(link, &target)
}

/// Puts a link in the place of a copy that is no longer wanted.
fn give_up(layout: &Layout) -> Result<(), RootError> {
    let was = layout.clone().shown_by(Form::Copy);
    if !is_there(&note(layout)) {
        return Ok(());
    }
    if is_ours(&was) {
        let taken = RootError::LinkTaken { path: layout.place().to_owned() };
        let now = live(&was).ok_or(taken)?;
        tracing::info!(commit = %now.commit, "turning the copy into a link");
        let place = layout.place();
        let above = place.parent().unwrap_or(place);
        let is_mounted =
            above.metadata().ok().map(|it| it.dev()) != directory(place).map(|found| found.dev());
        if is_mounted {
            return Err(RootError::MountPoint { path: place.to_owned() });
        }
        let aside = beside(place);
        remove(&aside)?;
        let target = relative(real(place).parent().unwrap_or(place), &real(&now.tree));
        std::os::unix::fs::symlink(&target, &aside).at("create", &aside)?;
        if exchange(&aside, place).is_err() {
            let old = Layout::fresh(above);
            rename(place, &old)?;
            rename(&aside, place)?;
            rename(&old, &aside)?;
        }
        remove(&aside)?;
    }
    remove(&record::path(layout))?;
    remove(was.link())?;
    remove(&note(layout))?;
    Ok(())
}

/// The commit of which all is there, as far as our notes say.
pub fn shown(layout: &Layout) -> Option<CommitId> {
    record::commit(layout).filter(|_| is_ours(layout))
}

/// Takes what is there now for what it is to be: programs of the user were at work in it.
pub fn accept(layout: &Layout) -> Result<(), DiskError> {
    record::accept(layout)
}

/// Begins a round through what was copied.
pub fn round(layout: &Layout) -> Result<Round, DiskError> {
    Round::begin(layout)
}

/// Brings the copy to equality with a published tree.
pub fn copy(layout: &Layout, live: &Live, stop: &Stop) -> Result<Copied, Halted> {
    check(layout)?;
    let place = layout.place();
    let is_new = directory(place).is_none();
    let target = if is_new { beside(place) } else { place.to_owned() };
    if is_new {
        // All of it appears in one step, the first time.
        remove(&target)?;
        make_directory(&target)?;
    }
    let known = if is_ours(layout) { record::all(layout) } else { HashMap::new() };
    let found = directory(&target).ok_or_else(|| io::Error::from(io::ErrorKind::NotADirectory));
    let found = found.at("look at", &target)?;
    let (ours, device) = identity(layout, &found);
    replace_file(&note(layout), &[&device[..], b"\n", &ours].concat(), Durable::Yes)?;
    let mut fill = Fill {
        from: &live.tree,
        to: &target,
        known,
        draft: Draft::new(&live.commit),
        stop,
        copied: 0,
        removed: 0,
        files: 0,
        bytes: 0,
    };
    fill.run()?;
    if is_new {
        appear(&target, place)?;
    }
    fill.draft.keep(layout)?;
    tracing::debug!(files = fill.copied, removed = fill.removed, "copied what differs");
    Ok(Copied { files: fill.files, bytes: fill.bytes })
}

/// Gives a whole copy its name, in the place of a link if there is one.
fn appear(new: &Path, place: &Path) -> Result<(), DiskError> {
    if !place.is_symlink() {
        return rename(new, place);
    }
    if exchange(new, place).is_err() {
        remove(place)?;
        return rename(new, place);
    }
    remove(new)
}
