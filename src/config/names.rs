//! The names of options: which flag or variable belongs to which, and which one was meant.

use crate::config::options::{Exposure, Fallback, GROUPS, Name, Opt, Reading};
use crate::config::personality::Personality;
use crate::config::problem::Origin;

/// What the variables of this program begin with.
pub(super) const PREFIX: &str = "GITSYNC_";

/// What the variables of git-sync before version 4 begin with.
pub(super) const OLD_PREFIX: &str = "GIT_SYNC_";

impl Opt {
    /// Says whether the value is a secret as a whole.
    pub(super) fn is_secret(&self) -> bool {
        self.exposure == Exposure::Secret
    }

    /// Says whether it takes no value beyond on and off.
    pub(super) fn is_switch(&self) -> bool {
        self.metavar.is_none()
    }

    /// What counts when nothing was given.
    pub(super) fn fallback(&self, called_as: Personality) -> Fallback {
        self.peer.filter(|_| called_as.is_peer()).unwrap_or(self.fallback)
    }

    /// Says whether an empty text means that there is no value.
    pub(super) fn may_be_absent(&self, called_as: Personality) -> bool {
        matches!(self.fallback(called_as), Fallback::Nothing | Fallback::Words(_))
    }

    /// What the flag says that is named alone, if it need not have a value.
    pub(super) fn alone(&self) -> Option<&'static str> {
        self.lone.or(self.is_switch().then_some("true"))
    }

    /// The flags that set it, first one first, without dashes.
    pub(super) fn flags(&self) -> impl Iterator<Item = Name> {
        std::iter::once(own(self.key)).chain(self.old.iter().copied())
    }

    /// The variable that sets it.
    pub(super) fn variable(&self) -> String {
        shout(PREFIX, self.key)
    }

    /// Every place that may set it, the one that counts first.
    pub(super) fn places(&self, called_as: Personality) -> Vec<Place> {
        let flag =
            |name: Name, is_old| Place::new(Origin::Flag(name.word.to_owned()), name, is_old);
        let variable =
            |text: String, name: Name, is_old| Place::new(Origin::Variable(text), name, is_old);
        let past = |name: &Name| {
            let text = name.variable.map_or_else(|| shout(OLD_PREFIX, name.word), str::to_owned);
            variable(text, *name, true)
        };
        let key = own(self.key);
        let is_peer = called_as.is_peer();
        let new = flag(key, false);
        let old = self.old.iter().map(|name| flag(*name, true));
        let new_variable = variable(shout(PREFIX, self.key), key, false);
        let old_variable = variable(shout(OLD_PREFIX, self.key), key, is_peer);
        let past = self.old.iter().map(past);
        let is_third = |name: &&Name| name.word.starts_with("GIT_");
        let third = self.aliases.iter().filter(is_third);
        let third = third.map(|name| variable(name.word.to_owned(), *name, is_peer));
        let other = self.aliases.iter().filter(|name| !is_third(name));
        let other = other
            .map(|name| Place { is_ours: true, ..variable(name.word.to_owned(), *name, false) });
        if is_peer {
            let first = old.chain(past).chain([new]).chain(third);
            first.chain([old_variable, new_variable]).chain(other).collect()
        } else {
            let first = [new].into_iter().chain(old).chain([new_variable, old_variable]);
            first.chain(past).chain(third).chain(other).collect()
        }
    }

    /// The variables that set it, first one first, and whether the name is one of the past.
    pub(super) fn variables(&self) -> impl Iterator<Item = (String, bool)> {
        self.places(Personality::Gitsyncd).into_iter().filter_map(|place| match place.origin {
            Origin::Variable(name) => Some((name, place.is_old)),
            Origin::Flag(_) | Origin::File(..) | Origin::Default => None,
        })
    }
}

const fn own(key: &'static str) -> Name {
    Name { word: key, reading: Reading::Same, variable: None }
}

/// A place that may say what an option is to be.
pub(super) struct Place {
    pub(super) origin: Origin,
    pub(super) reading: Reading,
    /// Whether the name is one of the past.
    pub(super) is_old: bool,
    /// The flag of the past that it is, or goes with.
    pub(super) past: Option<&'static str>,
    /// Whether it is a variable that git-sync does not read.
    pub(super) is_ours: bool,
}

impl Place {
    fn new(origin: Origin, name: Name, is_old: bool) -> Self {
        let past = is_old.then_some(name.word);
        Self { origin, reading: name.reading, is_old, past, is_ours: false }
    }
}

/// Every option, in the order of the documentation.
pub(super) fn options() -> impl Iterator<Item = &'static Opt> {
    GROUPS.iter().flat_map(|group| group.options)
}

/// Finds the option of a key.
pub(super) fn option(key: &str) -> Option<&'static Opt> {
    options().find(|opt| opt.key == key)
}

/// Finds the option that a flag sets, and the flag's name as the table has it.
pub(super) fn flag(name: &str) -> Option<(&'static Opt, &'static str)> {
    options()
        .find_map(|opt| opt.flags().find(|flag| flag.word == name).map(|flag| (opt, flag.word)))
}

/// Finds the option that a variable sets.
pub(super) fn variable(name: &str) -> Option<&'static Opt> {
    options().find(|opt| opt.variables().any(|(known, _)| known == name))
}

/// Makes `GITSYNC_INIT_PERIOD` from `init-period`.
fn shout(prefix: &str, key: &str) -> String {
    format!("{prefix}{}", key.replace('-', "_").to_ascii_uppercase())
}

/// Finds the candidate that was probably meant, if any is like the name.
pub(super) fn nearest<'a>(
    name: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    let name = name.replace('_', "-");
    let allowed = (name.chars().count() / 3).max(2);
    candidates
        .map(|candidate| (strsim::osa_distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, known)| (*distance, known.len().abs_diff(name.len())))
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_means_two_things() {
        let mut flags = BTreeSet::new();
        let mut variables = BTreeSet::new();
        for opt in options() {
            for flag in opt.flags() {
                assert!(flags.insert(flag.word), "--{}", flag.word);
            }
            for (name, _) in opt.variables() {
                assert!(variables.insert(name.clone()), "{name}");
            }
        }
    }

    #[test]
    fn every_option_is_described() {
        for opt in options() {
            assert!(!opt.short.is_empty() && !opt.short.ends_with('.'), "{}", opt.key);
            assert!(opt.long.ends_with('.'), "{}", opt.key);
            assert!(opt.key.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", opt.key);
        }
    }

    #[test]
    fn variables_are_read_in_their_order() {
        let names: Vec<_> = option("ref").unwrap().variables().map(|(name, _)| name).collect();
        let wanted = [
            "GITSYNC_REF",
            "GIT_SYNC_REF",
            "GIT_SYNC_REV",
            "GIT_SYNC_BRANCH",
            "GITSYNC_BRANCH",
            "GITOPS_BRANCH",
        ];
        assert_eq!(names, wanted);
    }

    #[test]
    fn the_nearest_name_is_like_the_name() {
        let keys = || options().map(|opt| opt.key);
        assert_eq!(nearest("preiod", keys()), Some("period"));
        assert_eq!(nearest("sync_timeout", keys()), Some("sync-timeout"));
        assert_eq!(nearest("max-failure", keys()), Some("max-failures"));
        assert_eq!(nearest("weather-report", keys()), None);
        assert_eq!(nearest("wiat", ["git", "wait"].into_iter()), Some("wait"));
    }
}
