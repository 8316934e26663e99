//! Objects as they are, byte for byte.

use crate::git::GitError;
use crate::git::Store;
use crate::git::error::words;
use crate::git::format;
use crate::model::{Cause, CommitId};

/// Reads an object, whatever it is, and compares it with its name: what is in a pack could have been
/// damaged since it came.
pub fn raw(store: &Store, id: &CommitId) -> Result<Vec<u8>, GitError> {
    let damaged = |source| GitError::Damaged { path: store.path().to_owned(), source };
    let name = format::object(&store.repo, id);
    let name = name.ok_or_else(|| damaged(Cause::new(format!("{id} cannot be here"))))?;
    let found = store.repo.find_object(name).map_err(|error| damaged(words(&error)))?;
    let sum = gix::objs::compute_hash(store.repo.object_hash(), found.kind, &found.data);
    if sum.is_ok_and(|sum| sum == name) {
        return Ok(found.data.clone());
    }
    Err(damaged(Cause::new(format!("{id} is not what its name says"))))
}
