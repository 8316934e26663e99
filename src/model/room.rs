//! How much room there is on a file system.

/// How many bytes a name may have, on those of Linux.
pub const LONGEST_NAME: usize = 255;

/// What a file system says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// How large it is, in bytes.
    pub size: u64,
    /// How many bytes of it we may still use.
    pub available: u64,
    /// How many files it may hold; 0 if it sets no limit.
    pub files: u64,
    /// How many files we may still add.
    pub files_free: u64,
}
