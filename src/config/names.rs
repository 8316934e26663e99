//! The names of options: which flag or variable belongs to which, and which one was meant.

use crate::config::options::{Fallback, GROUPS, Name, Opt, Reading};

/// What the variables of this program begin with.
pub(super) const PREFIX: &str = "GITSYNC_";

/// What the variables of git-sync before version 4 begin with.
const OLD_PREFIX: &str = "GIT_SYNC_";

impl Opt {
    /// Says whether it takes no value beyond on and off.
    pub(super) fn is_switch(&self) -> bool {
        self.metavar.is_none()
    }

    /// Says whether an empty text means that there is no value.
    pub(super) fn may_be_absent(&self) -> bool {
        matches!(self.fallback, Fallback::Nothing | Fallback::Words(_))
    }

    /// The flags that set it, first one first, without dashes.
    pub(super) fn flags(&self) -> impl Iterator<Item = Name> {
        let own = Name { name: self.key, reading: Reading::Same };
        std::iter::once(own).chain(self.old.iter().copied())
    }

    /// The variable that sets it.
    pub(super) fn variable(&self) -> String {
        shout(PREFIX, self.key)
    }

    /// The variables that set it, first one first, and whether the name is one of the past.
    pub(super) fn variables(&self) -> Vec<(String, Reading, bool)> {
        let own = [PREFIX, OLD_PREFIX].map(|start| (shout(start, self.key), Reading::Same, false));
        let old = self.old.iter().map(|old| (shout(OLD_PREFIX, old.name), old.reading, true));
        let others = self.aliases.iter().map(|other| (other.name.to_owned(), other.reading, false));
        own.into_iter().chain(old).chain(others).collect()
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
        .find_map(|opt| opt.flags().find(|flag| flag.name == name).map(|flag| (opt, flag.name)))
}

/// Finds the option that a variable sets.
pub(super) fn variable(name: &str) -> Option<&'static Opt> {
    options().find(|opt| opt.variables().iter().any(|(known, _, _)| known == name))
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
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Counts the letters to add, remove or replace to make one text from the other.
fn distance(from: &str, to: &str) -> usize {
    let mut row: Vec<usize> = (0..=to.chars().count()).collect();
    for (line, wanted) in from.chars().enumerate() {
        let (mut diagonal, mut left) = (line, line + 1);
        let mut next = vec![left];
        for (letter, &above) in to.chars().zip(row.iter().skip(1)) {
            let replaced = diagonal + usize::from(letter != wanted);
            left = replaced.min(above + 1).min(left + 1);
            diagonal = above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
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
                assert!(flags.insert(flag.name), "--{}", flag.name);
            }
            for (name, _, _) in opt.variables() {
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
        let names: Vec<_> =
            option("ref").unwrap().variables().into_iter().map(|(name, _, _)| name).collect();
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
        assert_eq!(nearest("sparse-checkout", keys()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
