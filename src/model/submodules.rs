//! What to do with submodules.

/// How many of them are fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Submodules {
    /// Fetch them, and theirs.
    #[default]
    Recursive,
    /// Fetch them, and not theirs.
    Shallow,
    /// Leave empty directories.
    Off,
}

impl Submodules {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Recursive, Self::Shallow, Self::Off];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Recursive => "recursive",
            Self::Shallow => "shallow",
            Self::Off => "off",
        }
    }
}
