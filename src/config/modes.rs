//! Choices among a few words.

use crate::model::{Filter, Limits, Submodules};
use std::path::{Path, PathBuf};

/// What a new tree is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trees {
    /// From a private copy of the tree before it, made in advance.
    Prepared,
    /// From the tree that was retired last.
    Reused,
    /// From nothing.
    Fresh,
}

impl Trees {
    const ALL: [Self; 3] = [Self::Prepared, Self::Reused, Self::Fresh];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Reused => "reused",
            Self::Fresh => "fresh",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.label() == text);
        found.ok_or_else(|| format!("{text:?} is none of prepared, reused and fresh"))
    }
}

/// Which part of a commit is published, and how it is had.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// Which objects a server may keep for itself until they are needed.
    pub filter: Option<Filter>,
    /// Which files are written; none means all.
    pub sparse: Option<SparseBy>,
    /// Whether pointers of Git LFS become what they point to.
    pub lfs: bool,
    /// What to do with submodules.
    pub submodules: Submodules,
    /// How much of what a source sends is taken.
    pub limits: Limits,
}

/// What says which files are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SparseBy {
    /// A file of patterns, read again when it changes.
    File(PathBuf),
    /// Directories, without a slash at either end.
    Paths(Vec<String>),
}

/// Which signatures there must be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verify {
    /// Of what.
    pub mode: VerifyMode,
    /// Where the keys are that count.
    pub key_dir: Option<PathBuf>,
}

impl Verify {
    /// Where the keys are, if any are needed.
    pub fn keys(&self) -> Option<&Path> {
        self.key_dir.as_deref().filter(|_| self.mode != VerifyMode::Off)
    }
}

/// What must be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerifyMode {
    /// Nothing.
    #[default]
    Off,
    /// The commit that is published.
    Head,
    /// The tag that names it.
    Tag,
}

impl VerifyMode {
    const ALL: [Self; 3] = [Self::Off, Self::Head, Self::Tag];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Head => "head",
            Self::Tag => "tag",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.label() == text);
        found.ok_or_else(|| format!("{text:?} is none of off, head and tag"))
    }
}

/// What to do about a tree that somebody changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Put a new one in its place.
    Repair,
    /// Say so.
    Report,
    /// Do not look.
    Off,
}

impl Drift {
    const ALL: [Self; 3] = [Self::Repair, Self::Report, Self::Off];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Repair => "repair",
            Self::Report => "report",
            Self::Off => "off",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.label() == text);
        found.ok_or_else(|| format!("{text:?} is none of repair, report and off"))
    }
}
