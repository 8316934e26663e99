//! `credential.*` and `credential.<url>.*`: who to be. Helpers are programs, and none is run; but the
//! file of the helper `store` is read.

use crate::config::git_config::{Complaint, Key, Setting};
use crate::model::UrlPattern;
use std::path::{Path, PathBuf};

/// One such setting, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CredentialSetting {
    /// Which addresses it is about; all if there is none.
    pub pattern: Option<UrlPattern>,
    /// What it says.
    pub item: CredentialItem,
}

/// What a setting says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialItem {
    /// A user name.
    Username(String),
    /// A file of URLs that hold user names and passwords, one a line.
    Store(PathBuf),
}

impl CredentialItem {
    /// The file that it names, if it names one.
    pub(in crate::config) fn file(&self) -> Option<&Path> {
        match self {
            Self::Store(file) => Some(file),
            Self::Username(_) => None,
        }
    }
}

/// A helper, as far as it means anything here.
#[derive(Debug, PartialEq, Eq)]
enum Helper<'a> {
    /// It only keeps what was asked for, as we do; or there is none.
    Idle,
    /// It reads a file.
    Store(&'a str),
    /// It would have to be run.
    Program,
}

impl<'a> Helper<'a> {
    fn read(text: &'a str) -> Self {
        let mut words = text.split_ascii_whitespace();
        let path = match (words.next(), words.next(), words.next(), words.next()) {
            (None | Some("cache"), ..) => return Self::Idle,
            (Some("store"), Some("--file"), Some(path), None) => Some(path),
            (Some("store"), Some(flag), None, None) => flag.strip_prefix("--file="),
            (..) => None,
        };
        let plain = |path: &&str| !path.contains(['\'', '"', '\\', '$', '~', '`', ';', '&', '|']);
        path.filter(plain).map_or(Self::Program, Self::Store)
    }
}

/// Whether a setting of this section says something here, or nothing else than what is done anyway.
pub(super) fn has_effect(setting: &Setting, key: &Key<'_>) -> bool {
    let known = match key.name.as_str() {
        "username" => true,
        "helper" => Helper::read(setting.value.reveal()) != Helper::Program,
        _ => false,
    };
    known && key.middle.is_none_or(|url| UrlPattern::read(url).is_some())
}

/// Reads all of them. `resolve` makes paths absolute.
pub(crate) fn identity(
    settings: &[Setting],
    resolve: impl Fn(&str) -> Result<PathBuf, String>,
) -> (Vec<CredentialSetting>, Vec<Complaint>) {
    let (mut read, mut complaints) = (Vec::new(), Vec::new());
    for setting in settings {
        let key = setting.parts();
        if key.section != "credential" || !has_effect(setting, &key) {
            continue;
        }
        let pattern = key.middle.and_then(UrlPattern::read);
        let value = setting.value.reveal();
        let item = match (key.name.as_str(), Helper::read(value)) {
            ("username", _) if value.contains(|c: char| c == ':' || c.is_control()) => {
                Err("it holds a colon, a line break or a control character".to_owned())
            }
            ("username", _) if value.is_empty() => continue,
            ("username", _) => Ok(CredentialItem::Username(value.to_owned())),
            (_, Helper::Store(path)) => resolve(path).map(CredentialItem::Store),
            (_, Helper::Idle | Helper::Program) => continue,
        };
        match item {
            Ok(item) => read.push(CredentialSetting { pattern, item }),
            Err(words) => complaints.push(setting.complaint(&words)),
        }
    }
    (read, complaints)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn helpers_are_told_apart() {
        for (text, expected) in [
            ("", Helper::Idle),
            ("cache --timeout 3600", Helper::Idle),
            ("store --file=/a/b", Helper::Store("/a/b")),
            ("store --file /a/b", Helper::Store("/a/b")),
            ("store", Helper::Program),
            ("store --file='/a b'", Helper::Program),
            ("store --file=~/x", Helper::Program),
            ("!echo password=x", Helper::Program),
            ("/usr/bin/helper", Helper::Program),
            ("manager-core", Helper::Program),
        ] {
            assert_eq!(Helper::read(text), expected, "{text:?}");
        }
    }
}
