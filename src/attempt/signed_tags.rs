//! The signed tags that named what was published, over restarts, so that somebody can go back to it
//! where only what a signed tag names is published.
//!
//! A tag is kept as it is and checked each time: nothing is believed because it stands here.

use crate::disk::look::read_below;
use crate::disk::{Durable, replace_file};
use crate::model::{Cause, CommitId};
use crate::publish::Layout;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// How long the file may be.
const LONGEST: u64 = 4 << 20;

/// How long a tag may be that is kept, in bytes.
const LONGEST_TAG: usize = 64 << 10;

/// How many are kept.
const MOST: usize = 20;

/// A tag, the commit that it names, and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SignedTag {
    pub(super) commit: CommitId,
    pub(super) name: String,
    tag: String,
}

impl SignedTag {
    /// The tag as Git has it.
    pub(super) fn object(&self) -> Vec<u8> {
        STANDARD.decode(&self.tag).unwrap_or_default()
    }
}

/// The file.
#[derive(Debug)]
pub(super) struct SignedTags {
    path: PathBuf,
}

impl SignedTags {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { path: layout.own().join("signed-tags.json") }
    }

    /// Those that name a commit, the newest first. A file that cannot be read says nothing.
    pub(super) fn of(&self, commit: &CommitId) -> Vec<SignedTag> {
        let mut all = self.read();
        all.retain(|tag| tag.commit == *commit);
        all
    }

    fn read(&self) -> Vec<SignedTag> {
        let text = read_below(&self.path, LONGEST).ok().flatten();
        text.and_then(|text| serde_json::from_slice(&text).ok()).unwrap_or_default()
    }

    /// Keeps one more.
    pub(super) fn add(&self, commit: &CommitId, name: &str, object: &[u8]) {
        if object.len() > LONGEST_TAG {
            return;
        }
        let (commit, name) = (commit.clone(), name.to_owned());
        let new = SignedTag { commit, name, tag: STANDARD.encode(object) };
        let mut all = self.read();
        if all.first() == Some(&new) {
            return;
        }
        all.retain(|tag| *tag != new);
        all.insert(0, new);
        all.truncate(MOST);
        let text = serde_json::json!(all).to_string();
        if let Err(error) = replace_file(&self.path, text.as_bytes(), Durable::No) {
            tracing::warn!(error = %Cause::of(&error), "could not keep a signed tag");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn the_newest_tags_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().to_owned(), dir.path().join("link"));
        fs::create_dir_all(layout.own()).unwrap();
        let tags = SignedTags::new(&layout);
        let id = |n: usize| format!("{n:040}").parse::<CommitId>().unwrap();
        for n in 0..=MOST {
            tags.add(&id(n), "v1", b"object\n\xff");
        }
        tags.add(&id(1), "v2", b"other");
        tags.add(&id(1), "v1", &vec![0; LONGEST_TAG + 1]);
        assert_eq!(tags.of(&id(0)), []);
        let names: Vec<_> = tags.of(&id(1)).into_iter().map(|tag| tag.name).collect();
        assert_eq!(names, ["v2"]);
        assert_eq!(tags.of(&id(2))[0].object(), b"object\n\xff");
        assert_eq!(tags.of(&id(MOST)).len(), 1);
        fs::write(layout.own().join("signed-tags.json"), "[").unwrap();
        assert_eq!(tags.of(&id(2)), []);
    }
}
