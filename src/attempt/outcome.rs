//! What a good attempt came to.

use crate::attempt::sources::Sources;
use crate::git::{CommitInfo, Store};
use crate::model::{Class, CommitId, Form, Step};
use crate::publish;
use crate::publish::{Layout, Live};
use jiff::Timestamp;

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Readers see something new.
    Published(Publication),
    /// Readers see what they should already.
    Unchanged(Publication),
    /// Readers are not to see what the source names.
    Refused(HeldBack),
}

/// A commit that is not published, on purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBack {
    /// Which.
    pub commit: CommitId,
    /// What kind of refusal it is: a gate did not agree, or it does not verify.
    pub class: Class,
    /// Why, in a sentence.
    pub why: String,
    /// When to look again, if the answer may be another one then.
    pub until: Option<Timestamp>,
    /// Whether that was decided just now, and not by an earlier attempt.
    pub fresh: bool,
    /// What readers see instead, if it was found in order, and that is something to go on with: one
    /// sync that is to be the only one has come to nothing.
    pub live: Option<Box<Publication>>,
}

impl HeldBack {
    /// At which step that was decided.
    pub fn step(&self) -> Step {
        if self.class == Class::Verify { Step::Verify } else { Step::Gate }
    }
}

impl Done {
    /// Notes which source was asked, and which ref there names what is published.
    pub(super) fn by(self, sources: &Sources, place: usize) -> Self {
        let told = |one: Publication| {
            let ref_name = sources.name_of(&one.live.commit).map(str::to_owned);
            Publication { source: Some(sources.url(place)), ref_name, ..one }
        };
        match self {
            Self::Published(one) => Self::Published(told(one)),
            Self::Unchanged(one) => Self::Unchanged(told(one)),
            Self::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// A tree that readers see, in the words of people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Which tree.
    pub live: Live,
    /// When it was published.
    pub since: Option<Timestamp>,
    /// The first line of the commit's message.
    pub subject: String,
    /// Who wrote it.
    pub author: String,
    /// When it was committed, in seconds since 1970.
    pub seconds: i64,
    /// Where the source is that named it, if one was asked.
    pub source: Option<String>,
    /// The full name of the ref that named it, if that is known.
    pub ref_name: Option<String>,
}

/// What was found published last.
#[derive(Debug, Default)]
pub(super) struct Described(Option<Publication>);

impl Described {
    /// Describes what is published, anew only if the root was touched or something else is.
    pub(super) fn describe(
        &mut self,
        store: &Store,
        live: Live,
        layout: &Layout,
        untouched: bool,
    ) -> Publication {
        let live = match layout.form() {
            Form::Symlink | Form::Exchange => live,
            Form::Copy => Live { tree: layout.place().to_owned(), ..live },
        };
        if let Some(known) = &self.0
            && untouched
            && known.live == live
        {
            return known.clone();
        }
        let CommitInfo { subject, author, seconds } =
            store.describe(&live.commit).unwrap_or_default();
        let since = publish::since(layout);
        let (source, ref_name) = (None, None);
        let found = Publication { live, since, subject, author, seconds, source, ref_name };
        self.0 = Some(found.clone());
        found
    }
}
