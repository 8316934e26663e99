//! What passes between the steps: each value can only be made by the step before.

use crate::git::GitError;
use crate::git::Store;
use crate::git::format::format_of;
use crate::git::modules::{Link, Module, Part};
use crate::git::{Change, Changes};
use crate::model::{CommitId, Filter, ObjectFormat};
use gix::ObjectId;
use gix::bstr::{BStr, ByteSlice};
use gix::index::entry::Mode;
use std::collections::BTreeMap;
use std::num::NonZeroU32;

/// What the source says the ref names now.
#[derive(Clone, Debug)]
pub struct Resolved {
    pub(super) object: ObjectId,
    /// The full name of the ref that names it, as the source says; none if no ref was asked for.
    pub(super) name: Option<String>,
    /// Whether there was a choice of refs.
    pub(super) is_choice: bool,
    /// The annotated tag that names it, and the full name of the ref that is at that.
    pub(super) tag: Option<(String, ObjectId)>,
}

impl Resolved {
    /// Wants exactly this object, whatever refs say.
    pub fn exactly(commit: &CommitId) -> Result<Self, GitError> {
        ObjectId::from_hex(commit.as_str().as_bytes()).map(Self::of).map_err(|error| {
            GitError::NoSuchRef {
                url: "any source".to_owned(),
                reference: format!("{commit} ({error})"),
                detail: "".into(),
            }
        })
    }

    pub(super) fn of(object: ObjectId) -> Self {
        Self { object, name: None, is_choice: false, tag: None }
    }

    /// What a ref comes to.
    pub(super) fn named(name: Option<String>, object: ObjectId) -> Self {
        Self { name, ..Self::of(object) }
    }

    /// What a ref comes to that was chosen.
    pub(super) fn chosen_ref(name: String, object: ObjectId) -> Self {
        Self { is_choice: true, ..Self::named(Some(name), object) }
    }

    /// A tag that was chosen, with what it comes to and, if it is annotated, the id of itself.
    pub(super) fn chosen_tag(name: &str, object: ObjectId, tag: Option<ObjectId>) -> Self {
        let tag = tag.map(|tag| (name.to_owned(), tag));
        Self { tag, ..Self::chosen_ref(name.to_owned(), object) }
    }

    /// The annotated tag that names it instead of what it names in the end; none if it was named by
    /// none.
    pub fn tag(self) -> Option<Self> {
        let object = self.tag.as_ref()?.1;
        Some(Self { object, ..self })
    }

    /// The name of the tag that names it, which is that of the ref without `refs/tags/`.
    pub fn tag_name(&self) -> Option<&str> {
        self.tag.as_ref()?.0.strip_prefix("refs/tags/")
    }

    /// The full name of the ref that was chosen, where there was a choice.
    pub fn chosen(&self) -> Option<&str> {
        self.name().filter(|_| self.is_choice)
    }

    /// The full name of the ref that names it, as the source says; none if no ref was asked for.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
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
    /// Its submodules, as far as they are wanted: those above before those below.
    pub(crate) parts: Vec<Part>,
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
        f.debug_struct("Fetched")
            .field("commit", &self.commit)
            .field(key, &number)
            .finish_non_exhaustive()
    }
}

impl Fetched {
    /// Which commit it is.
    pub fn commit(&self) -> &CommitId {
        &self.commit
    }

    /// The same with its submodules.
    #[must_use]
    pub fn with_parts(self, mut parts: Vec<Part>) -> Self {
        // Those above come before those below.
        parts.sort_by(|one, other| one.module.cmp(&other.module));
        Self { parts, ..self }
    }

    /// The submodules of the commit itself; see `Part::links`.
    pub fn links(&self) -> Option<Vec<Link>> {
        self.content.links()
    }

    /// Finds a submodule whose path is that of a file or symlink, or leads through one, where small and
    /// capital letters are the same: stock Git was made to write outside of its tree by that.
    pub fn clash(&self) -> Option<String> {
        let Content::Whole(index) = &self.content else {
            return None;
        };
        let is_link = |entry: &&gix::index::Entry| entry.mode == Mode::COMMIT;
        let links = index.entries().iter().filter(is_link).map(|entry| entry.path(index));
        let mut led_through: BTreeMap<Vec<u8>, Vec<&[u8]>> = BTreeMap::new();
        for link in links {
            for end in link.find_iter(b"/").chain([link.len()]) {
                let part = link.get(..end).unwrap_or_default();
                led_through.entry(part.to_ascii_lowercase()).or_default().push(part);
            }
        }
        if led_through.is_empty() {
            return None;
        }
        let clashes = |path: &&BStr| {
            let same = led_through.get(&path.to_ascii_lowercase());
            same.is_some_and(|parts| parts.iter().any(|part| *part != path.as_bytes()))
        };
        let mut paths = index.entries().iter().map(|entry| entry.path(index));
        paths.find(clashes).map(ToString::to_string)
    }

    /// Says whether something comes that may clash so with a submodule that was there before.
    pub fn may_clash(&self, modules: &[Module]) -> bool {
        let Content::Since(_, changes) = &self.content else {
            return false;
        };
        let is_like = |module: &Module, path: &BStr| {
            let part = module.path.get(..path.len()).unwrap_or_default();
            part.eq_ignore_ascii_case(path) && part != path.as_bytes()
        };
        let comes = |change: &&Change| change.new.is_some_and(|new| new.mode != Mode::COMMIT);
        let mut new = changes.0.iter().filter(comes);
        new.any(|change| modules.iter().any(|module| is_like(module, change.path.as_ref())))
    }

    /// Says whether it is known by what differs from another commit.
    pub fn is_by_changes(&self) -> bool {
        matches!(self.content, Content::Since(..))
    }

    /// The commit that it is compared with, if it is known by what differs from one.
    pub fn base(&self) -> Option<&CommitId> {
        match &self.content {
            Content::Whole(_) => None,
            Content::Since(base, _) => Some(base),
        }
    }

    /// The same by all its files.
    pub fn whole(self, store: &Store) -> Result<Self, GitError> {
        let content = match self.content {
            Content::Whole(index) => Content::Whole(index),
            Content::Since(..) => Content::Whole(Box::new(store.list_commit(&self.commit)?)),
        };
        Ok(Self { content, ..self })
    }

    /// Makes a submodule of it.
    pub fn into_part(self, module: Module) -> Part {
        Part { module, content: self.content }
    }
}
