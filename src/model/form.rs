//! How a tree is put before its readers.

/// What the option `publish` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// A symlink names it.
    #[default]
    Symlink,
    /// It is a directory itself, which changes names with the one before.
    Exchange,
    /// It is copied into a directory, file by file.
    Copy,
}

impl Form {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Symlink, Self::Exchange, Self::Copy];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Symlink => "symlink",
            Self::Exchange => "exchange",
            Self::Copy => "copy",
        }
    }
}
