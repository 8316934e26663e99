//! Looking whether the packs of a repository are as they were.

use crate::git::GitError;
use crate::git::Store;
use crate::git::error::words;
use crate::model::Cause;
use crate::runtime::Stop;
use gix::progress::Discard;
use gix_pack::Bundle;
use std::fs;
use std::io;

/// Reads every pack and compares its checksums.
pub(super) fn verify(store: &Store, stop: &Stop) -> Result<(), GitError> {
    each_pack(store, |bundle| {
        stop.check().map_err(gix::Error::from_error)?;
        bundle.pack.verify_checksum(&mut Discard, stop.flag())?;
        bundle.index.verify_checksum(&mut Discard, stop.flag())?;
        Ok(())
    })
    .map_err(|damaged| stop.check().map_or_else(GitError::from, |()| damaged))
}

/// Looks whether every pack is as long as it was and belongs to its index, without reading
/// more than their ends, and whether the ends of history can be read.
pub(super) fn skim(store: &Store) -> Result<(), GitError> {
    gix_shallow::read(&store.shallow_file()).map_err(|error| GitError::Damaged {
        path: store.path().to_owned(),
        source: words(&error),
    })?;
    each_pack(store, |bundle| {
        if bundle.pack.checksum() == bundle.index.pack_checksum() {
            return Ok(());
        }
        let text = format!("{} is not what it was", bundle.pack.path().display());
        Err(gix::Error::from_error(io::Error::other(text)))
    })
}

fn each_pack(
    store: &Store,
    check: impl Fn(&Bundle) -> gix::error::Result<()>,
) -> Result<(), GitError> {
    let damaged = |source| GitError::Damaged { path: store.path().to_owned(), source };
    let packs = store.path().join("objects/pack");
    let entries = fs::read_dir(&packs).map_err(|error| damaged(Cause::of(&error)))?;
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.extension().is_some_and(|extension| extension == "idx") {
            Bundle::at(&path, store.repo.object_hash())
                .and_then(|bundle| check(&bundle))
                .map_err(|error| damaged(words(&error)))?;
        }
    }
    Ok(())
}
