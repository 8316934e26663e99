//! Which program this is: itself, or kubernetes/git-sync, in whose place it was started.

use std::ffi::OsStr;
use std::path::Path;

/// Whose defaults and manners count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Personality {
    /// Its own.
    #[default]
    Gitsyncd,
    /// Those of kubernetes/git-sync: every default is that program's, and where it let an old name
    /// win over a new one, the old one wins.
    GitSync,
}

impl Personality {
    /// Tells by the name that the program was called by, with or without a directory before it.
    pub fn of(program: Option<&OsStr>) -> Self {
        let name = program.map(Path::new).and_then(Path::file_name);
        if name == Some(OsStr::new(Self::GitSync.label())) { Self::GitSync } else { Self::Gitsyncd }
    }

    /// The name it goes by.
    pub fn label(self) -> &'static str {
        match self {
            Self::Gitsyncd => "gitsyncd",
            Self::GitSync => "git-sync",
        }
    }

    /// Says whether it stands in for the other program.
    pub fn is_peer(self) -> bool {
        self == Self::GitSync
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_part_of_the_name_decides() {
        let of = |name: &str| Personality::of(Some(OsStr::new(name)));
        for name in ["git-sync", "/git-sync", "/usr/bin/git-sync", "./git-sync"] {
            assert_eq!(of(name), Personality::GitSync, "{name}");
        }
        for name in ["gitsyncd", "/gitsyncd", "", "git-sync.old", "/git-sync/gitsyncd", "x"] {
            assert_eq!(of(name), Personality::Gitsyncd, "{name}");
        }
        assert_eq!(Personality::of(None), Personality::Gitsyncd);
    }
}
