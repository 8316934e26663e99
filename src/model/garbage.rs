//! When objects that nothing needs any more are removed.

/// What the option `git-gc` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Garbage {
    /// When there is much of it.
    #[default]
    Auto,
    /// After each publication.
    Always,
    /// After each publication, with more effort to make what stays small.
    Aggressive,
    /// Never.
    Off,
}

impl Garbage {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Always, Self::Aggressive, Self::Off];

    /// The word for it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Aggressive => "aggressive",
            Self::Off => "off",
        }
    }
}
