//! What was given for each option, and by whom: flags and variables in their precedence.

use crate::config::names;
use crate::config::options::{BETWEEN, Fallback, Many, Opt, Reading};
use crate::config::problem::{Origin, Problem};
use crate::config::values;
use std::collections::BTreeMap;

/// The text of each option that has one, and its origin.
#[derive(Default)]
pub(super) struct Given {
    texts: BTreeMap<&'static str, (String, Origin)>,
    /// What works but should be changed.
    pub(super) warnings: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

impl Given {
    /// Chooses, for each option, the first place that says something.
    pub(super) fn merge(
        flags: &BTreeMap<&'static str, String>,
        variables: &BTreeMap<String, String>,
    ) -> Self {
        let mut given = Self::default();
        for opt in names::options() {
            let chosen = given.flag(opt, flags).or_else(|| given.variable(opt, variables));
            let chosen = chosen.or(match opt.fallback {
                Fallback::Text(text) => Some((text.to_owned(), Origin::Default)),
                Fallback::Required | Fallback::Nothing | Fallback::Words(_) => None,
            });
            if let Some(chosen) = chosen {
                given.texts.insert(opt.key, chosen);
            }
        }
        given
    }

    /// Lends each key with its text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.texts.iter().map(|(key, (text, _))| (*key, text.as_str()))
    }

    /// Says where the value of an option came from.
    pub(super) fn origin(&self, key: &str) -> &Origin {
        self.texts.get(key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    fn flag(
        &mut self,
        opt: &'static Opt,
        flags: &BTreeMap<&'static str, String>,
    ) -> Option<(String, Origin)> {
        opt.flags().find_map(|flag| {
            let origin = Origin::Flag(flag.name.to_owned());
            let text = self.read(opt, &origin, flag.reading, flags.get(flag.name)?)?;
            if flag.name != opt.key {
                self.warn(&format!("--{}", flag.name), &format!("--{}", opt.key));
            } else if opt.secret {
                self.warnings.push(format!(
                    "--{key} can be seen by everybody who may list processes; a file cannot",
                    key = opt.key
                ));
            }
            Some((text, origin))
        })
    }

    fn variable(
        &mut self,
        opt: &'static Opt,
        variables: &BTreeMap<String, String>,
    ) -> Option<(String, Origin)> {
        opt.variables().into_iter().find_map(|(name, reading, is_old)| {
            let origin = Origin::Variable(name.clone());
            let text = self.read(opt, &origin, reading, variables.get(&name)?)?;
            if is_old {
                self.warn(&name, &opt.variable());
            }
            Some((divided(opt.many, text), origin))
        })
    }

    /// Reads a text as its name wants it; none if it says nothing.
    fn read(&mut self, opt: &Opt, origin: &Origin, reading: Reading, text: &str) -> Option<String> {
        match reading {
            Reading::Same => Some(text.to_owned()),
            Reading::Unless(nothing) => (text != nothing).then(|| text.to_owned()),
            Reading::Off(off) => self.switch(opt, origin, (None, off), text),
            Reading::Either(on, off) => self.switch(opt, origin, (Some(on), off), text),
        }
    }

    /// Reads a switch that stands for other texts, first what on means, then what off means.
    fn switch(
        &mut self,
        opt: &Opt,
        origin: &Origin,
        (on, off): (Option<&str>, &str),
        text: &str,
    ) -> Option<String> {
        match values::switch(text) {
            Ok(true) => on.map(str::to_owned),
            Ok(false) => Some(off.to_owned()),
            Err(complaint) => {
                self.problems.push(Problem::new(origin.place(opt), complaint));
                None
            }
        }
    }

    fn warn(&mut self, old: &str, new: &str) {
        self.warnings.push(format!("{old} is an old name; use {new}"));
    }
}

/// Puts between the values of a variable what is between those of repeated flags.
fn divided(many: Many, text: String) -> String {
    let join = |parts: &mut dyn Iterator<Item = &str>| {
        let parts: Vec<_> = parts.filter(|part| !part.is_empty()).collect();
        parts.join(BETWEEN.encode_utf8(&mut [0; 4]))
    };
    match many {
        Many::No | Many::Flags => text,
        Many::Colons => join(&mut text.split(':')),
        Many::Spaces => join(&mut text.split_whitespace()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Given {
        let flags = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        let variables =
            variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Given::merge(&flags, &variables)
    }

    fn text<'a>(given: &'a Given, key: &str) -> Option<&'a str> {
        given.texts().find(|(known, _)| *known == key).map(|(_, text)| text)
    }

    #[test]
    fn each_place_gives_way_to_the_one_before() {
        let flags = [("ref", "a"), ("rev", "b"), ("branch", "c")];
        let variables = [
            ("GITSYNC_REF", "d"),
            ("GIT_SYNC_REF", "e"),
            ("GIT_SYNC_REV", "f"),
            ("GIT_SYNC_BRANCH", "g"),
            ("GITSYNC_BRANCH", "h"),
            ("GITOPS_BRANCH", "i"),
        ];
        for (first, wanted) in
            ["a", "b", "c", "d", "e", "f", "g", "h", "i", "HEAD"].iter().enumerate()
        {
            let flags = flags.get(first..).unwrap_or_default();
            let variables = variables.get(first.saturating_sub(3)..).unwrap_or_default();
            assert_eq!(text(&of(flags, variables), "ref"), Some(*wanted));
        }
    }

    #[test]
    fn old_names_work_with_a_warning() {
        let given = of(&[("dest", "here")], &[("GIT_SYNC_WAIT", "1.5"), ("GIT_SYNC_ROOT", "/r")]);
        assert_eq!(text(&given, "link"), Some("here"));
        assert_eq!(text(&given, "period"), Some("1.5"));
        assert_eq!(
            given.warnings,
            [
                "--dest is an old name; use --link",
                "GIT_SYNC_WAIT is an old name; use GITSYNC_PERIOD",
            ]
        );
    }

    #[test]
    fn the_nothing_of_old_names_says_nothing() {
        let given = of(&[("rev", "HEAD"), ("branch", "main")], &[("GIT_SYNC_WAIT", "0")]);
        assert_eq!(text(&given, "ref"), Some("main"));
        assert_eq!(text(&given, "period"), Some("60s"));
    }

    #[test]
    fn auto_sync_only_switches_the_period_off() {
        let period = |auto, more: &[(&str, &str)]| {
            let given = of(&[], &[&[("GITOPS_AUTO_SYNC", auto)], more].concat());
            (text(&given, "period").map(str::to_owned), given.problems.len())
        };
        let interval = [("GITOPS_SYNC_INTERVAL", "30")];
        assert_eq!(period("false", &interval), (Some("off".into()), 0));
        assert_eq!(period("true", &interval), (Some("30".into()), 0));
        assert_eq!(period("false", &[("GITSYNC_PERIOD", "5s")]), (Some("5s".into()), 0));
        assert_eq!(period("maybe", &[]), (Some("60s".into()), 1));
    }

    #[test]
    fn garbage_collection_is_switched_by_another_name() {
        let mode = |switch| {
            let given = of(&[], &[("GITSYNC_GARBAGE_COLLECTION", switch)]);
            let origin = given.origin("git-gc").words();
            (text(&given, "git-gc").map(str::to_owned), given.problems.len(), origin)
        };
        let variable = "from GITSYNC_GARBAGE_COLLECTION".to_owned();
        assert_eq!(mode("true"), (Some("auto".into()), 0, variable.clone()));
        assert_eq!(mode("false"), (Some("off".into()), 0, variable));
        assert_eq!(mode("always").1, 1);
        let both = of(&[("git-gc", "always")], &[("GITSYNC_GARBAGE_COLLECTION", "false")]);
        assert_eq!(text(&both, "git-gc"), Some("always"));
    }
}
