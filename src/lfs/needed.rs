//! Which commit needs which files: a note for each commit that is, was or is to be published.
//!
//! So what a small change needs is found without looking at the whole tree, and what nobody needs
//! any more can go. A note that is lost costs a look at a tree.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{Durable, if_there, list, make_directory, name, remove, rename, replace_file};
use crate::lfs::{Objects, Oid, Pointer};
use crate::model::CommitId;
use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::PathBuf;

/// How many commits keep their files: the one that is published, and the one before it.
const KEPT: usize = 2;

/// The end of the name of a note for a commit that is not published yet.
const BEGUN: &str = "begun";

/// The files of a commit that are kept apart, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needed(pub BTreeMap<Vec<u8>, Pointer>);

impl Needed {
    /// Reads what was noted of a commit, if it was noted for trees that are written in the same way.
    pub fn read(objects: &Objects, commit: &CommitId, shape: &str) -> Option<Self> {
        let text = fs::read(objects.notes().join(commit.as_str())).ok()?;
        Self::parse(&text, shape)
    }

    /// Notes what a commit needs that is to be published.
    pub fn note(&self, objects: &Objects, commit: &CommitId, shape: &str) -> Result<(), DiskError> {
        make_directory(&objects.notes())?;
        replace_file(&begun(objects, commit), &self.render(shape), Durable::No)
    }

    fn render(&self, shape: &str) -> Vec<u8> {
        let mut text = shape.as_bytes().to_vec();
        text.push(0);
        for (path, Pointer { oid, size, .. }) in &self.0 {
            text.extend_from_slice(format!("{oid} {size} ").as_bytes());
            text.extend_from_slice(path);
            text.push(0);
        }
        // What is cut short does not end so.
        text.push(0);
        text
    }

    fn parse(text: &[u8], shape: &str) -> Option<Self> {
        let text = text.strip_suffix(b"\0\0")?;
        let mut parts = text.split(|byte| *byte == 0);
        if parts.next()? != shape.as_bytes() {
            return None;
        }
        let one = |part: &[u8]| {
            let mut fields = part.splitn(3, |byte| *byte == b' ');
            let mut field = || std::str::from_utf8(fields.next()?).ok();
            let (oid, size) = (Oid::new(field()?)?, field()?.parse().ok()?);
            Some((fields.next()?.to_vec(), Pointer { oid, size, extension: None }))
        };
        parts.filter(|part| !part.is_empty()).map(one).collect::<Option<_>>().map(Self)
    }
}

fn begun(objects: &Objects, commit: &CommitId) -> PathBuf {
    objects.notes().join(format!("{commit}.{BEGUN}"))
}

/// A commit is published: its note counts from now on.
pub fn published(objects: &Objects, commit: &CommitId) -> Result<(), DiskError> {
    let (from, to) = (begun(objects, commit), objects.notes().join(commit.as_str()));
    match if_there(from.metadata()).at("look at", &from)? {
        Some(_) => rename(&from, &to),
        None => Ok(()),
    }
}

/// Removes files that neither the published commit nor the one before it needs. Without a note of
/// the published commit nothing is known, and everything stays.
pub fn sweep(objects: &Objects, live: &CommitId) -> Result<(), DiskError> {
    let mut notes = Vec::new();
    for path in list(&objects.notes())? {
        let is_live = name(&path) == Some(live.as_str());
        let commit = name(&path).and_then(|name| name.parse::<CommitId>().ok());
        if commit.is_none() {
            remove(&path)?;
            continue;
        }
        let written = path.metadata().and_then(|found| found.modified()).at("look at", &path)?;
        notes.push((is_live, written, path));
    }
    notes.sort_unstable();
    notes.reverse();
    if notes.first().is_none_or(|(is_live, ..)| !is_live) {
        return Ok(());
    }
    let mut needed = HashSet::new();
    for (number, (_, _, path)) in notes.into_iter().enumerate() {
        if number >= KEPT {
            remove(&path)?;
            continue;
        }
        let text = fs::read(&path).at("read", &path)?;
        let shape = text.split(|byte| *byte == 0).next().unwrap_or_default();
        let shape = String::from_utf8_lossy(shape).into_owned();
        match Needed::parse(&text, &shape) {
            Some(Needed(files)) => needed.extend(files.into_values().map(|file| file.oid)),
            None if number == 0 => return Ok(()),
            None => remove(&path)?,
        }
    }
    objects.sweep(&needed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn needed(path: &str, digit: char) -> Needed {
        let oid = Oid::new(&digit.to_string().repeat(64)).unwrap();
        let pointer = Pointer { oid, size: 7, extension: None };
        Needed(BTreeMap::from([(path.as_bytes().to_vec(), pointer)]))
    }

    proptest! {
        #[test]
        fn what_is_noted_is_read_again(paths in proptest::collection::btree_set("[^\0]{1,20}", 0..5)) {
            let files = paths.into_iter().flat_map(|path| needed(&path, 'a').0);
            let all = Needed(files.collect());
            let text = all.render("lfs = true\n");
            prop_assert_eq!(Needed::parse(&text, "lfs = true\n"), Some(all));
            prop_assert_eq!(Needed::parse(&text, ""), None);
            prop_assert_eq!(Needed::parse(&text[..text.len() - 1], "lfs = true\n"), None);
        }
    }

    #[test]
    fn the_files_of_two_commits_stay() {
        let dir = tempfile::tempdir().unwrap();
        let objects = Objects::of(dir.path());
        let place = |digit: char| objects.path(&Oid::new(&digit.to_string().repeat(64)).unwrap());
        for digit in ['a', 'b', 'c', 'd'] {
            needed("x", digit).note(&objects, &commit(digit), "").unwrap();
            fs::create_dir_all(place(digit).parent().unwrap()).unwrap();
            fs::write(place(digit), "1234567").unwrap();
        }
        sweep(&objects, &commit('c')).unwrap();
        assert!(place('a').exists(), "nothing is known of what is published");
        for digit in ['a', 'b', 'c'] {
            needed("x", digit).note(&objects, &commit(digit), "").unwrap();
            published(&objects, &commit(digit)).unwrap();
        }
        assert_eq!(Needed::read(&objects, &commit('c'), ""), Some(needed("x", 'c')));
        sweep(&objects, &commit('c')).unwrap();
        let left = ['a', 'b', 'c', 'd'].map(|digit| place(digit).exists());
        assert_eq!(left, [false, true, true, false]);
        published(&objects, &commit('c')).unwrap();
    }
}
