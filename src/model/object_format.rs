//! How a repository names its objects.

use std::fmt;

/// By which hash a repository names its objects. It has one for all of them, for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ObjectFormat {
    /// By 40 hex digits.
    Sha1,
    /// By 64 hex digits.
    Sha256,
}

impl fmt::Display for ObjectFormat {
    /// As Git spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
        })
    }
}
