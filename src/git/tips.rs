//! What branches were at when all of them were fetched, so that it is not fetched once more when they
//! move: no ref of ours names it.

use crate::disk::{Durable, replace_file};
use crate::git::Store;
use crate::model::Cause;
use gix::ObjectId;
use gix::objs::Exists;
use std::fs;
use std::path::PathBuf;

/// How many are remembered.
const MOST: usize = 1000;

fn file(store: &Store) -> PathBuf {
    store.path().join("gitsyncd-tips")
}

/// Those that are here.
pub(super) fn known(store: &Store) -> Vec<ObjectId> {
    let text = fs::read_to_string(file(store)).unwrap_or_default();
    let ids = text.lines().filter_map(|line| ObjectId::from_hex(line.as_bytes()).ok());
    ids.filter(|id| id.kind() == store.repo.object_hash() && store.repo.objects.exists(id))
        .collect()
}

/// Remembers them. Without that, more is fetched.
pub(super) fn note(store: &Store, tips: &[ObjectId]) {
    let mut text = String::new();
    for tip in tips.iter().take(MOST) {
        text.push_str(&tip.to_hex().to_string());
        text.push('\n');
    }
    if let Err(error) = replace_file(&file(store), text.as_bytes(), Durable::No) {
        tracing::debug!(error = %Cause::of(&error), "could not note what branches are at");
    }
}
