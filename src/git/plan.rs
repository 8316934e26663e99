//! What passes between the steps: each value can only be made by the step before.

use crate::git::Changes;
use crate::git::GitError;
use crate::git::format::format_of;
use crate::model::{CommitId, Filter, ObjectFormat};
use gix::ObjectId;
use std::num::NonZeroU32;

/// What the source says the ref names now.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub(super) object: ObjectId,
    /// The full name of the ref that was chosen, where there was a choice.
    pub(super) chosen: Option<String>,
}

impl Resolved {
    /// Wants exactly this object, whatever refs say.
    pub fn exactly(commit: &CommitId) -> Result<Self, GitError> {
        ObjectId::from_hex(commit.as_str().as_bytes()).map(Self::of).map_err(|error| {
            GitError::NoSuchRef {
                url: "any source".to_owned(),
                reference: format!("{commit} ({error})"),
                detail: "",
            }
        })
    }

    pub(super) fn of(object: ObjectId) -> Self {
        Self { object, chosen: None }
    }

    /// The full name of the ref that was chosen, where there was a choice.
    pub fn chosen(&self) -> Option<&str> {
        self.chosen.as_deref()
    }

    /// Says whether this is the same object, by whatever name.
    pub fn is_same_as(&self, other: &Self) -> bool {
        self.object == other.object
    }

    /// By which hash it is named.
    pub fn format(&self) -> ObjectFormat {
        format_of(self.object.kind())
    }

    /// The commit, or for a full id given by the user whatever object that is.
    pub fn id(&self) -> Option<CommitId> {
        self.object.to_hex().to_string().parse().ok()
    }
}

/// What was confirmed before and need not be looked at again.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// A commit whose whole tree is in the store.
    pub tree: Option<CommitId>,
    /// A commit whose ancestors are all in the store.
    pub history: Option<CommitId>,
}

/// What to bring.
#[derive(Clone, Debug)]
pub struct Order {
    pub(super) wants: Vec<ObjectId>,
    pub(super) haves: Vec<ObjectId>,
    /// How many commits are wanted; none means all.
    pub(super) depth: Option<NonZeroU32>,
    /// What is not to be sent, unless it is named among the wants.
    pub(super) filter: Option<Filter>,
    /// Whether the wants are no commits, so that history has no say in it.
    pub(super) exact: bool,
}

impl Order {
    /// Names what is wanted, or the first of that.
    pub(super) fn first(&self) -> String {
        self.wants.first().map(|id| id.to_hex().to_string()).unwrap_or_default()
    }
}

/// Proves that a commit and all that its tree needs are in the store, and lists its files.
pub struct Fetched {
    pub(crate) commit: CommitId,
    pub(crate) content: Content,
}

/// The files of a commit.
pub(crate) enum Content {
    /// All of them, without stat data.
    Whole(Box<gix::index::File>),
    /// Those that differ from another commit.
    Since(CommitId, Changes),
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (key, number) = match &self.content {
            Content::Whole(index) => ("files", index.entries().len()),
            Content::Since(_, changes) => ("changes", changes.0.len()),
        };
        f.debug_struct("Fetched").field("commit", &self.commit).field(key, &number).finish()
    }
}

impl Fetched {
    /// Which commit it is.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }
}
