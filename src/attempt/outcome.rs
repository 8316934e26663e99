//! What a good attempt came to.

use crate::publish::Live;
use jiff::Timestamp;

/// What an attempt came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Readers see something new.
    Published(Publication),
    /// Readers see what they should already.
    Unchanged(Publication),
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
}
