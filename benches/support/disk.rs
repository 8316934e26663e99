//! How much of a disk a directory uses.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// How many bytes of the disk are used below a directory, itself included. A file with several
/// names counts once, and what vanishes meanwhile does not count.
pub(crate) fn used(top: &Path) -> u64 {
    let mut seen = BTreeSet::new();
    let mut waiting = vec![top.to_owned()];
    let mut sum = 0;
    while let Some(path) = waiting.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if seen.insert((about.dev(), about.ino())) {
            sum += about.blocks() * 512;
        }
        if about.is_dir() {
            let entries = fs::read_dir(&path).into_iter().flatten().flatten();
            waiting.extend(entries.map(|entry| entry.path()));
        }
    }
    sum
}

/// How many packs a repository has.
pub(crate) fn packs(repository: &Path) -> usize {
    let entries = fs::read_dir(repository.join("objects/pack")).into_iter().flatten().flatten();
    entries.filter(|entry| entry.path().extension().is_some_and(|kind| kind == "pack")).count()
}
