//! Which program this is: itself, or kubernetes/git-sync, in whose place it was started.

use std::ffi::OsStr;
use std::path::Path;

/// The function that completes for zsh, and the file that it is in.
const ZSH: &str = "_gitsyncd";

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

    /// Puts the name it goes by into the code of a text, which is in backticks and was written with
    /// its own name. Words beside that are about the program, whatever it is called.
    pub(super) fn name_in(self, text: &str) -> String {
        let parts = text.split('`').enumerate();
        let named =
            parts.map(|(at, part)| if at % 2 == 0 { part.to_owned() } else { self.call(part) });
        named.collect::<Vec<_>>().join("`")
    }

    /// Puts the name it goes by into code. What completes for zsh keeps its name, which is in it.
    pub(super) fn call(self, code: &str) -> String {
        let parts = code.split(ZSH).map(|part| part.replace(Self::Gitsyncd.label(), self.label()));
        parts.collect::<Vec<_>>().join(ZSH)
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

    #[test]
    fn code_has_the_name_it_is_called_by_and_other_words_do_not() {
        let text = "Of gitsyncd: `gitsyncd a`, `~/gitsyncd.b`, `_gitsyncd`.";
        assert_eq!(Personality::Gitsyncd.name_in(text), text);
        let named = Personality::GitSync.name_in(text);
        assert_eq!(named, "Of gitsyncd: `git-sync a`, `~/git-sync.b`, `_gitsyncd`.");
    }
}
