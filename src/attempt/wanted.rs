//! What an attempt is to bring, and what it takes to ask for it.

use crate::git::{Resolved, Session};
use crate::model::Outfit;

/// What the source says is wanted, and the way there.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) object: Resolved,
    /// Which source said so.
    pub(super) place: usize,
    pub(super) outfit: Outfit,
    /// Open if the source had to be asked.
    pub(super) session: Option<Session>,
}
