//! What was given for each option, and by whom: flags, variables and files in their precedence.

use crate::config::names;
use crate::config::names::Place;
use crate::config::options::{BETWEEN, Fallback, Many, Opt, Reading};
use crate::config::personality::Personality;
use crate::config::problem::{Origin, Problem};
use crate::config::values;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The texts of options in a file, and where they stand.
pub(super) type Values = BTreeMap<&'static str, (String, Origin)>;

/// The text of each option that has one, and its origin.
#[derive(Clone, Default)]
pub(super) struct Given {
    texts: Values,
    /// For which repository of a file, if it is for one of them.
    entry: Option<String>,
    /// The names of flags of the past that say something.
    past: BTreeSet<&'static str>,
    /// What works but should be changed.
    pub(super) warnings: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

impl Given {
    /// Chooses, for each option, the first place that says something. Which that is depends on
    /// whose manners count. Parts of a file come behind all others, in the order given here.
    pub(super) fn merge(
        called_as: Personality,
        flags: &BTreeMap<&'static str, String>,
        variables: &BTreeMap<String, String>,
        file: &[&Values],
    ) -> Self {
        Self::merge_some(names::options(), called_as, (flags, variables), file)
    }

    /// The same for some of the options.
    pub(super) fn merge_some(
        options: impl Iterator<Item = &'static Opt>,
        called_as: Personality,
        (flags, variables): (&BTreeMap<&'static str, String>, &BTreeMap<String, String>),
        file: &[&Values],
    ) -> Self {
        let mut given = Self::default();
        for opt in options {
            let chosen = given.choose(opt, called_as, |origin| match origin {
                Origin::Flag(name) => flags.get(name.as_str()).cloned(),
                Origin::Variable(name) => variables.get(name).cloned(),
                Origin::File(..) | Origin::Default => None,
            });
            let in_file = || file.iter().find_map(|part| part.get(opt.key)).cloned();
            let chosen = chosen.or_else(in_file);
            let chosen = chosen.or(match opt.fallback(called_as) {
                Fallback::Text(text) => Some((text.to_owned(), Origin::Default)),
                Fallback::Required | Fallback::Nothing | Fallback::Words(_) => None,
            });
            if let Some(chosen) = chosen {
                given.texts.insert(opt.key, chosen);
            }
        }
        given
    }

    /// Takes the text of an option for one that nobody gave.
    pub(super) fn recall(&mut self, opt: &'static Opt, text: String) {
        if *self.origin(opt.key) == Origin::Default {
            self.texts.insert(opt.key, (text, Origin::Default));
        }
    }

    /// Lends each key with its text.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.texts.iter().map(|(key, (text, _))| (*key, text.as_str()))
    }

    /// Says whether a flag of the past, or a variable that goes with it, has something to say.
    pub(super) fn is_given(&self, name: &str) -> bool {
        self.past.contains(name)
    }

    /// Lends the text of an option.
    pub(super) fn text(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(|(text, _)| text.as_str())
    }

    /// Puts this in the place of what was chosen for an option.
    pub(super) fn put(&mut self, key: &'static str, text: String, origin: Origin) {
        self.texts.insert(key, (text, origin));
    }

    /// Notes for which repository of a file this is.
    pub(super) fn belongs_to(&mut self, entry: String) {
        self.entry = Some(entry);
    }

    /// Names an option, and the place of its value where that has another name.
    pub(super) fn place(&self, opt: &Opt) -> String {
        match (self.origin(opt.key), &self.entry) {
            (Origin::Default, Some(entry)) => format!("--{} of {entry}", opt.key),
            (origin, _) => origin.place(opt),
        }
    }

    /// Says where the value of an option came from.
    pub(super) fn origin(&self, key: &str) -> &Origin {
        self.texts.get(key).map_or(&Origin::Default, |(_, origin)| origin)
    }

    /// Chooses the first place that says something, and warns of names of the past.
    fn choose(
        &mut self,
        opt: &'static Opt,
        called_as: Personality,
        told: impl Fn(&Origin) -> Option<String>,
    ) -> Option<(String, Origin)> {
        let mut chosen: Option<(String, Place)> = None;
        for place in opt.places(called_as) {
            let Some(text) = told(&place.origin) else {
                continue;
            };
            // Manifests from templates name what they do not use.
            if place.past.is_some() && text.is_empty() {
                continue;
            }
            if !matches!(place.reading, Reading::Unless(nothing) if nothing == text) {
                self.past.extend(place.past);
            }
            match &chosen {
                None => chosen = self.read(opt, &place, &text).map(|text| (text, place)),
                Some((_, winner)) if winner.is_old && !place.is_old => {
                    let (winner, loser) = (winner.origin.name(), place.origin.name());
                    self.warnings.push(format!("{winner} counts in place of {loser}"));
                }
                Some(_) => (),
            }
        }
        let (text, Place { origin, is_old, is_ours, .. }) = chosen?;
        match &origin {
            Origin::Variable(name) if is_old => self.warn(name, &opt.variable()),
            Origin::Flag(name) if is_old => {
                self.warn(&format!("--{name}"), &format!("--{}", opt.key));
            }
            Origin::Flag(name) if opt.is_secret() => self.warnings.push(format!(
                "--{name} can be seen by everybody who may list processes; a file cannot"
            )),
            Origin::Variable(name) if called_as.is_peer() && is_ours => {
                self.warnings.push(format!("{name} counts here, unlike in git-sync"));
            }
            Origin::Variable(_) | Origin::Flag(_) | Origin::File(..) | Origin::Default => (),
        }
        match &origin {
            Origin::Variable(_) => Some((divided(opt.many, text), origin)),
            Origin::Flag(_) | Origin::File(..) | Origin::Default => Some((text, origin)),
        }
    }

    /// Reads a text as its name wants it; none if it says nothing.
    fn read(&mut self, opt: &Opt, place: &Place, text: &str) -> Option<String> {
        let origin = &place.origin;
        match place.reading {
            Reading::Same => Some(text.to_owned()),
            Reading::Unless(nothing) => (text != nothing).then(|| text.to_owned()),
            Reading::Seconds => seconds(text),
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

/// Reads a number of seconds as Go does, whole or not; what is no number is left for others to read,
/// and nothing means nothing.
fn seconds(text: &str) -> Option<String> {
    let whole = values::number(text).ok().map(|seconds| seconds.to_string());
    let exact = || {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
        let seconds: f64 = text.parse().ok().filter(|_| is_number)?;
        Duration::try_from_secs_f64(seconds).ok().map(values::show_duration)
    };
    let read = whole.or_else(exact).unwrap_or_else(|| text.to_owned());
    (read != "0" && read != "0s").then_some(read)
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
        Many::Semicolons => join(&mut text.split([';', '\n']).map(str::trim)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Given {
        called_as(Personality::Gitsyncd, flags, variables)
    }

    fn called_as(
        personality: Personality,
        flags: &[(&'static str, &str)],
        variables: &[(&str, &str)],
    ) -> Given {
        let flags = flags.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
        let variables =
            variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        Given::merge(personality, &flags, &variables, &[])
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
        assert_eq!(text(&given, "period"), Some("1.5s"));
        assert_eq!(
            given.warnings,
            [
                "--dest is an old name; use --link",
                "GIT_SYNC_WAIT is an old name; use GITSYNC_PERIOD",
            ]
        );
    }

    #[test]
    fn called_as_git_sync_old_names_win_and_that_is_told() {
        let flags = [("rev", "a"), ("ref", "d")];
        let variables = [
            ("GIT_SYNC_REV", "b"),
            ("GIT_SYNC_BRANCH", "c"),
            ("GIT_SYNC_REF", "e"),
            ("GITSYNC_REF", "f"),
            ("GITOPS_BRANCH", "g"),
        ];
        let take = |flag, variable| {
            let (flags, variables): (&[_], &[_]) = (
                flags.get(flag..).unwrap_or_default(),
                variables.get(variable..).unwrap_or_default(),
            );
            let given = called_as(Personality::GitSync, flags, variables);
            text(&given, "ref").map(str::to_owned)
        };
        let order = [(0, 0), (1, 0), (1, 1), (1, 2), (2, 2), (2, 3), (2, 4), (2, 5)];
        let chosen: Vec<_> = order.iter().map(|(flag, variable)| take(*flag, *variable)).collect();
        let wanted = ["a", "b", "c", "d", "e", "f", "g", "HEAD"].map(|text| Some(text.to_owned()));
        assert_eq!(chosen, wanted);

        let variables = [("GIT_SYNC_PERIOD", "5s"), ("GITSYNC_PERIOD", "6s")];
        let given = called_as(Personality::GitSync, &[("dest", "a"), ("link", "b")], &variables);
        assert_eq!(
            given.warnings,
            [
                "--dest counts in place of --link",
                "--dest is an old name; use --link",
                "GIT_SYNC_PERIOD counts in place of GITSYNC_PERIOD",
                "GIT_SYNC_PERIOD is an old name; use GITSYNC_PERIOD",
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
    fn old_numbers_of_seconds_have_the_forms_of_go() {
        let timeout = |wait| {
            let given = of(&[("timeout", wait)], &[]);
            text(&given, "sync-timeout").map(str::to_owned)
        };
        for (given, wanted) in [
            ("010", "8"),
            ("0x10", "16"),
            ("7", "7"),
            ("1e3", "16m40s"),
            ("0.5", "500ms"),
            ("0", "120s"),
            ("0.0", "120s"),
            ("", "120s"),
            ("soon", "soon"),
        ] {
            assert_eq!(timeout(given).as_deref(), Some(wanted), "{given}");
        }
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
