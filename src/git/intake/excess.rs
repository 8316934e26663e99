//! What is too much to take, in words.

use crate::model::Size;

/// A source sent more than is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Bytes of a pack.
    #[error("the pack is larger than {0}, the limit of --max-pack-size")]
    Pack(Size),
    /// Bytes of an object, by what the pack says of it.
    #[error(
        "there is a {what} of {bytes} bytes in it, more than {limit}, the limit of --max-object-size"
    )]
    Object {
        /// What it is, as far as the pack says.
        what: &'static str,
        /// How large it would be.
        bytes: u64,
        /// The limit.
        limit: Size,
    },
    /// Objects in one pack.
    #[error("the pack claims to hold {claimed} objects; {most} is the most that is taken")]
    Objects {
        /// How many it says there are.
        claimed: usize,
        /// How many there may be.
        most: usize,
    },
    /// Deltas upon each other.
    #[error("the pack has deltas upon deltas, more than {0} deep, which is the limit")]
    Depth(u32),
    /// Memory, for objects that need others.
    #[error(
        "it would take more than {0} of memory to put an object of the pack together; the limit follows --max-object-size"
    )]
    Memory(Size),
}

impl Excess {
    /// As an error that passes through gix.
    pub(super) fn raise(self) -> gix::Error {
        gix::Error::from_error(std::io::Error::other(self))
    }
}
