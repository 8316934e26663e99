//! What people want to know about a commit.

use crate::git::format;
use crate::model::CommitId;
use crate::model::short;
use gix::bstr::ByteSlice;

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
        let subject = short(&found.message().ok()?.summary().to_str_lossy());
        let author = short(&found.author().ok()?.name.to_str_lossy());
        Some(Self { subject, author, seconds: found.time().ok()?.seconds })
    }
}
