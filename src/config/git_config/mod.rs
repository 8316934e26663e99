//! Settings by the names that Git has for them: what was given, in which order it counts, and what
//! comes of it. No program that they name is ever run.

mod core;
mod http;
mod identity;
mod large;
mod parse;
mod places;
#[cfg(test)]
mod tests;
mod values;

pub(super) use core::core;
pub(super) use http::http;
pub use http::{HttpItem, HttpSetting};
pub(super) use identity::identity;
pub use identity::{CredentialItem, CredentialSetting};
pub(super) use large::lfs_url;
pub(super) use parse::{listed, parse};
pub(super) use places::{Protocols, rewritten};

use crate::model::Secret;
use std::fmt;

/// What gives settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Giver {
    /// An option, by its key.
    Option(&'static str),
    /// A variable that lists one of several.
    Listed(String),
    /// A variable that takes the place of whatever else is said of the same.
    Variable(&'static str),
}

impl fmt::Display for Giver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Option(key) => write!(f, "--{key}"),
            Self::Listed(name) => f.write_str(name),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// One setting.
#[derive(Clone, PartialEq, Eq)]
pub struct Setting {
    /// What gave it.
    pub(super) giver: Giver,
    /// The key as it was written. A URL in it may hold a password.
    pub(super) key: String,
    /// The value, which may be a secret.
    pub(super) value: Secret,
}

/// Without what may be secret.
impl fmt::Debug for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Setting").field("key", &self.shown()).finish_non_exhaustive()
    }
}

/// A key, taken apart. Section and name are in small letters.
struct Key<'a> {
    section: String,
    /// What is between the first and the last dot; none if they are the same.
    middle: Option<&'a str>,
    name: String,
}

impl Setting {
    /// The key, without the user information of a URL in it.
    pub(super) fn shown(&self) -> String {
        without_login(&self.key)
    }

    fn parts(&self) -> Key<'_> {
        let (front, name) = self.key.rsplit_once('.').unwrap_or_default();
        let (section, middle) = match front.split_once('.') {
            Some((section, middle)) => (section, Some(middle)),
            None => (front, None),
        };
        Key { section: section.to_ascii_lowercase(), middle, name: name.to_ascii_lowercase() }
    }

    /// What is wrong with its value, in words for people.
    fn complaint(&self, words: &str) -> Complaint {
        Complaint { giver: self.giver.clone(), words: format!("{}: {words}", self.shown()) }
    }
}

/// What is wrong with a setting.
#[derive(Debug)]
pub(super) struct Complaint {
    pub(super) giver: Giver,
    pub(super) words: String,
}

/// Puts settings into the order in which Git would read them from a file to which `git config` wrote
/// them one by one: a later one takes the place of an earlier one of the same key, and those of a
/// section are together.
pub(super) fn settle(given: Vec<Setting>) -> Vec<Setting> {
    let mut settled: Vec<Setting> = Vec::with_capacity(given.len());
    for setting in given {
        let place = |same: &dyn Fn(&Key<'_>, &Key<'_>) -> bool| {
            settled.iter().rposition(|other| same(&other.parts(), &setting.parts()))
        };
        let in_section = |a: &Key<'_>, b: &Key<'_>| a.section == b.section && a.middle == b.middle;
        let same = place(&|a, b| in_section(a, b) && a.name == b.name);
        match (same, place(&in_section)) {
            (Some(same), _) => {
                if let Some(other) = settled.get_mut(same) {
                    *other = setting;
                }
            }
            (None, Some(last)) => settled.insert(last + 1, setting),
            (None, None) => settled.push(setting),
        }
    }
    settled
}

/// Settings that change nothing that this program does, and of which nobody expects more: where Git
/// keeps things, how it packs them, and how it speaks.
const SILENT: &[(&str, &[&str])] = &[
    ("core", &["askpass", "filemode"]),
    ("credential", &["interactive", "usehttppath"]),
    (
        "http",
        &[
            "delegation",
            "emptyauth",
            "maxrequests",
            "minsessions",
            "noepsv",
            "postbuffer",
            "proactiveauth",
            "savecookies",
            "schannelcheckrevoke",
            "schannelusesslcainfo",
            "sslbackend",
            "ssltry",
            "version",
        ],
    ),
    ("safe", &["barerepository", "directory"]),
    ("url", &["pushinsteadof"]),
];

/// The keys that change nothing here although somebody may expect it.
pub(super) fn ignored(settings: &[&Setting]) -> Vec<String> {
    let idle = settings.iter().filter(|setting| {
        let key = setting.parts();
        let silent = SILENT
            .iter()
            .any(|(section, names)| *section == key.section && names.contains(&key.name.as_str()));
        !silent && !has_effect(setting, &key)
    });
    idle.map(|setting| setting.shown()).collect()
}

fn has_effect(setting: &Setting, key: &Key<'_>) -> bool {
    match key.section.as_str() {
        "core" => core::has_effect(key),
        "http" => http::has_effect(setting, key),
        "credential" => identity::has_effect(setting, key),
        "lfs" | "remote" => large::has_effect(key),
        "protocol" => key.name == "allow",
        "url" => key.name == "insteadof" && key.middle.is_some(),
        _ => false,
    }
}

/// What else is to be told of settings, for the log.
pub(super) fn warnings(settings: &[Setting]) -> Vec<String> {
    let mut warnings = Vec::new();
    let (of_options, of_variables): (Vec<_>, Vec<_>) =
        settings.iter().partition(|setting| matches!(setting.giver, Giver::Option(_)));
    // Of both options, as each may hold any of them.
    let all = ignored(&of_options);
    if let (Some(first), false) = (of_options.first(), all.is_empty()) {
        warnings.push(format!("{}: {} has no effect here", first.giver, all.join(", ")));
    }
    for setting in of_variables {
        let idle = ignored(&[setting]);
        warnings
            .extend(idle.iter().map(|key| format!("{}: {key} has no effect here", setting.giver)));
    }
    let unquoted = |setting: &&Setting| ["http", "https"].contains(&setting.parts().name.as_str());
    if let Some(setting) = of_options.into_iter().find(unquoted) {
        warnings.push(format!(
            "{}: the key {} seems to be cut off at the colon of a URL; put keys with URLs in \
             double quotes",
            setting.giver, setting.key
        ));
    }
    warnings.extend(http::warnings(settings));
    warnings
}

/// Says which setting a variable gave, if one did, without its value.
pub(super) fn from_variable(setting: &Setting) -> Option<String> {
    match &setting.giver {
        Giver::Option(_) => None,
        giver @ (Giver::Listed(_) | Giver::Variable(_)) => {
            Some(format!("{}  # from {giver}", setting.shown()))
        }
    }
}

/// Takes away what is before the host of a URL, in whatever odd form it is written.
fn without_login(key: &str) -> String {
    match key.split_once("://") {
        Some((front, rest)) => {
            let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
            format!("{front}://{host}")
        }
        None => key.to_owned(),
    }
}

/// Writes the settings that an option gave as they are read, without their values.
pub(super) fn show(settings: &[Setting], option: &'static str, value: &str) -> Option<String> {
    let of_it = settings.iter().filter(|setting| setting.giver == Giver::Option(option));
    let shown: Vec<_> = of_it.map(|it| format!("{:?}:{value:?}", it.shown())).collect();
    (!shown.is_empty()).then(|| shown.join(","))
}
