//! Choices among a few words.

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

/// What to do with submodules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Submodules {
    /// Fetch them, and theirs.
    Recursive,
    /// Fetch them, and not theirs.
    Shallow,
    /// Leave empty directories.
    Off,
}

impl Submodules {
    const ALL: [Self; 3] = [Self::Recursive, Self::Shallow, Self::Off];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Recursive => "recursive",
            Self::Shallow => "shallow",
            Self::Off => "off",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.label() == text);
        found.ok_or_else(|| format!("{text:?} is none of recursive, shallow and off"))
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
