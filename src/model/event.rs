//! What is told to those who want to hear of it.

/// What can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// Readers see a commit.
    Published,
    /// Attempts fail.
    Failed,
    /// They do so no longer.
    Recovered,
    /// A new commit is not published, on purpose.
    Refused,
}

impl Event {
    /// Each of them.
    pub const ALL: [Self; 4] = [Self::Published, Self::Failed, Self::Recovered, Self::Refused];

    /// How it is written.
    pub fn label(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Failed => "failed",
            Self::Recovered => "recovered",
            Self::Refused => "refused",
        }
    }
}
