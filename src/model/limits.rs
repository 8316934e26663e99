//! How much of what a source may send.

use crate::model::Size;

/// What is taken, at most; 0 is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Of one object, inflated.
    pub object: Size,
    /// Of one pack, as it comes.
    pub pack: Size,
}
