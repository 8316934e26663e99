//! What people want to know about a commit.

use crate::git::format;
use crate::model::CommitId;
use gix::bstr::{BStr, ByteSlice};

/// How much is told of a subject and a name, in letters: both can be as long as somebody likes.
const LONGEST: usize = 256;

/// What people want to know about a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommitInfo {
    /// The first line of its message, or the beginning of that.
    pub subject: String,
    /// The name of its author.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
}

impl CommitInfo {
    /// Reads it; none if the commit cannot be read.
    pub(super) fn read(repo: &gix::Repository, commit: &CommitId) -> Option<Self> {
        let object = format::object(repo, commit)?;
        let found = repo.find_commit(object).ok()?;
        let subject = short(&found.message().ok()?.summary());
        let author = short(found.author().ok()?.name);
        Some(Self { subject, author, seconds: found.time().ok()?.seconds })
    }
}

/// The text, or as much of it as is told.
fn short(text: &BStr) -> String {
    // A letter has four bytes at most.
    let most = text.get(..LONGEST * 4).unwrap_or(text).as_bstr().to_string();
    match most.char_indices().nth(LONGEST) {
        Some((end, _)) => most.get(..end).unwrap_or_default().to_owned() + "…",
        None => most,
    }
}
