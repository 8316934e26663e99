//! The files in which a repository keeps objects: counting, moving and removing them.
//!
//! A pack is found by its index, which therefore comes last and goes first.

use crate::disk::{if_there, rename, sync_directory};
use crate::model::Cause;
use gix_pack::bundle::write::Outcome;
use std::fs;
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How old a loose object is that nobody is about to use, as for `git gc`.
const FORGOTTEN: Duration = Duration::from_hours(14 * 24);

/// How many packs there are, and how large they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) packs: usize,
    pub(super) bytes: u64,
    pub(super) largest: u64,
}

impl Sizes {
    /// Looks at the packs of a repository.
    pub(super) fn of(git: &Path) -> io::Result<Self> {
        let mut sizes = Self::default();
        for index in indexes(git)? {
            // Somebody else may remove packs meanwhile.
            let found = if_there(fs::metadata(index.with_extension("pack")))?;
            let bytes = found.map_or(0, |found| found.len());
            sizes.packs += 1;
            sizes.bytes = sizes.bytes.saturating_add(bytes);
            sizes.largest = sizes.largest.max(bytes);
        }
        Ok(sizes)
    }
}

/// Where a repository has its packs.
pub(super) fn directory(git: &Path) -> PathBuf {
    git.join("objects/pack")
}

/// How large all packs are together, with their indexes and whatever else is beside them.
pub fn size(git: &Path) -> io::Result<u64> {
    let mut bytes = 0_u64;
    for entry in fs::read_dir(directory(git))? {
        // Somebody else may remove packs meanwhile.
        let found = if_there(entry?.metadata())?;
        bytes = bytes.saturating_add(found.map_or(0, |found| found.len()));
    }
    Ok(bytes)
}

/// The index of every pack.
pub(super) fn indexes(git: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory(git))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    Ok(paths.filter(|path| path.extension().is_some_and(|end| end == "idx")).collect())
}

/// Makes a new pack readable for everybody, syncs it, and lets go of it.
pub(super) fn settle(directory: &Path, written: &Outcome) -> io::Result<()> {
    for path in [&written.data_path, &written.index_path].into_iter().flatten() {
        fs::set_permissions(path, fs::Permissions::from_mode(0o444))?;
        File::open(path)?.sync_all()?;
    }
    if let Some(keep) = &written.keep_path {
        fs::remove_file(keep)?;
    }
    File::open(directory)?.sync_all()
}

/// Moves a pack that is on the disk into a repository.
pub(super) fn bring_in(pack: &Path, git: &Path) -> Result<(), Cause> {
    let directory = directory(git);
    let mark = pack.with_extension("promisor");
    if mark.exists() {
        let name = mark.file_name().unwrap_or_default();
        rename(&mark, &directory.join(name)).map_err(|error| Cause::of(&error))?;
    }
    for path in [pack.to_owned(), pack.with_extension("idx")] {
        let name = path.file_name().unwrap_or_default();
        rename(&path, &directory.join(name)).map_err(|error| Cause::of(&error))?;
    }
    sync_directory(&directory).map_err(|error| Cause::of(&error))
}

/// Removes what stock Git may have written down about all packs and commits there were.
pub(super) fn drop_summaries(git: &Path) -> io::Result<()> {
    let objects = git.join("objects");
    if_there(fs::remove_file(objects.join("info/commit-graph")))?;
    if_there(fs::remove_dir_all(objects.join("info/commit-graphs")))?;
    for entry in fs::read_dir(directory(git))? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with("multi-pack-index")) && path.is_file() {
            if_there(fs::remove_file(path))?;
        }
    }
    Ok(())
}

/// Removes a pack, its index first, because that is what readers find it by.
pub(super) fn drop_pack(index: &Path) -> io::Result<()> {
    if_there(fs::remove_file(index))?;
    for end in ["rev", "bitmap", "mtimes", "promisor", "pack"] {
        if_there(fs::remove_file(index.with_extension(end)))?;
    }
    Ok(())
}

/// Removes the objects with files of their own that are packed now, and those that nobody has used
/// for long. We make none; people do, and kubernetes/git-sync.
pub(super) fn drop_loose(git: &Path, is_packed: impl Fn(&str) -> bool) -> io::Result<()> {
    for directory in fs::read_dir(git.join("objects"))? {
        let directory = directory?;
        let start = directory.file_name().to_string_lossy().into_owned();
        if start.len() != 2 || !start.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            continue;
        }
        for object in fs::read_dir(directory.path())? {
            let object = object?;
            let age = object.metadata()?.modified()?.elapsed().unwrap_or_default();
            let id = format!("{start}{}", object.file_name().to_string_lossy());
            if is_packed(&id) || age > FORGOTTEN {
                if_there(fs::remove_file(object.path()))?;
            }
        }
        // Those that are left keep the directory.
        drop(fs::remove_dir(directory.path()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_is_that_of_all_files_beside_the_packs() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory(dir.path())).unwrap();
        assert_eq!(size(dir.path()).unwrap(), 0);
        for (name, length) in [("a.pack", 10), ("a.idx", 4), ("multi-pack-index", 2)] {
            fs::write(directory(dir.path()).join(name), vec![0; length]).unwrap();
        }
        assert_eq!(size(dir.path()).unwrap(), 16);
        assert!(size(&dir.path().join("missing")).is_err());
    }

    #[test]
    fn sizes_are_those_of_packs_with_an_index() {
        let dir = tempfile::tempdir().unwrap();
        let packs = directory(dir.path());
        fs::create_dir_all(&packs).unwrap();
        for (name, length) in
            [("a.pack", 10), ("a.idx", 99), ("b.pack", 30), ("b.idx", 99), ("c.pack", 500)]
        {
            fs::write(packs.join(name), vec![0; length]).unwrap();
        }
        let sizes = Sizes::of(dir.path()).unwrap();
        assert_eq!(sizes, Sizes { packs: 2, bytes: 40, largest: 30 });
    }

    #[test]
    fn loose_objects_go_when_they_are_packed() {
        let dir = tempfile::tempdir().unwrap();
        let objects = dir.path().join("objects");
        for name in ["aa/11", "aa/22", "bb/33", "info/x", "pack/y"] {
            let path = objects.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        drop_loose(dir.path(), |id| id == "aa11" || id == "bb33").unwrap();
        let left = ["aa/11", "aa/22", "bb", "info/x", "pack/y"].map(|name| objects.join(name));
        assert_eq!(left.map(|path| path.exists()), [false, true, false, true, true]);
    }
}
