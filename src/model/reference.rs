//! What to follow in the repository.

use crate::model::CommitId;
use crate::model::version::{VersionRange, VersionRangeError};
use std::fmt;
use std::str::FromStr;

/// A name that the source is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// Whatever the source's HEAD names.
    Head,
    /// A short name, looked up as Git does: as it is, then as tag, branch, remote branch.
    Short(String),
    /// A full name, beginning with `refs/`.
    Full(String),
    /// One commit, for ever.
    Commit(CommitId),
    /// The newest tag whose version is in a range.
    Versions(VersionRange),
    /// The newest tag of a form, by the order of versions: a name with `*`, `?` and `[...]`.
    Tags(String),
}

/// Where tags are.
const TAGS: &str = "refs/tags/";

/// The text names nothing that can be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It cannot be the name of a ref.
    #[error("{name:?} cannot be a ref name: {reason}")]
    Name {
        /// The text.
        name: String,
        /// What Git would object to.
        reason: &'static str,
    },
    /// What follows `semver:` is no range.
    #[error(transparent)]
    Range(#[from] VersionRangeError),
}

impl Reference {
    /// Says whether this may be meant as an abbreviated commit id, which a source cannot look up.
    pub fn may_be_abbreviated(&self) -> bool {
        matches!(self, Self::Short(name)
            if (7..64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_hexdigit()))
    }

    /// The full names this may stand for, most preferred first, as `git rev-parse` orders them;
    /// empty for a commit id.
    pub fn candidates(&self) -> Vec<String> {
        match self {
            Self::Head => vec!["HEAD".to_owned()],
            Self::Full(name) => vec![name.clone()],
            Self::Short(name) => vec![
                name.clone(),
                format!("refs/{name}"),
                format!("refs/tags/{name}"),
                format!("refs/heads/{name}"),
                format!("refs/remotes/{name}"),
                format!("refs/remotes/{name}/HEAD"),
            ],
            Self::Commit(_) | Self::Versions(_) | Self::Tags(_) => Vec::new(),
        }
    }

    /// What the full names begin with of the tags to choose among, if it is a choice.
    pub fn prefix(&self) -> Option<String> {
        match self {
            Self::Versions(_) => Some(TAGS.to_owned()),
            Self::Tags(glob) => Some(format!("{TAGS}{}", literal(glob))),
            Self::Head | Self::Short(_) | Self::Full(_) | Self::Commit(_) => None,
        }
    }
}

/// What a form begins with before its first wildcard.
fn literal(glob: &str) -> &str {
    let end = glob.find(['*', '?', '[', '\\']).unwrap_or(glob.len());
    glob.get(..end).unwrap_or_default()
}

/// Says whether each set of letters in a form has an end; nothing is like one without. A `]` at its
/// beginning is one of the letters.
fn is_closed(glob: &str) -> bool {
    let mut rest = glob;
    while let Some((_, set)) = rest.split_once('[') {
        let mut letters = set.strip_prefix('!').unwrap_or(set).chars();
        letters.next();
        match letters.as_str().split_once(']') {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    true
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let error = |reason| Err(ReferenceError::Name { name: text.to_owned(), reason });
        if let Some(range) = text.strip_prefix("semver:") {
            return Ok(Self::Versions(range.parse()?));
        }
        if let Some(glob) = text.strip_prefix("tag:") {
            let plain: String = glob.chars().filter(|c| !"*?[]".contains(*c)).collect();
            return match flaw(&format!("a{plain}a")) {
                Some(reason) => error(reason),
                None if glob.is_empty() => error("nothing follows tag:"),
                None if !is_closed(glob) => error("a [ in it has no ]"),
                None => Ok(Self::Tags(glob.to_owned())),
            };
        }
        if text == "HEAD" || text == "@" {
            return Ok(Self::Head);
        }
        if let Ok(commit) = text.parse() {
            return Ok(Self::Commit(commit));
        }
        if let Some(reason) = flaw(text) {
            return error(reason);
        }
        if text.starts_with("refs/") {
            Ok(Self::Full(text.to_owned()))
        } else {
            Ok(Self::Short(text.to_owned()))
        }
    }
}

/// Finds what `git check-ref-format` would object to.
fn flaw(name: &str) -> Option<&'static str> {
    let forbidden = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    if name.is_empty() {
        Some("it is empty")
    } else if name.chars().any(forbidden) {
        Some("it holds a space, a control character or one of ~^:?*[\\")
    } else if name.contains("..") || name.contains("@{") {
        Some("it holds .. or @{")
    } else if name.starts_with('-') {
        Some("it begins with a dash")
    } else if name.ends_with('.') || name.ends_with('/') {
        Some("it ends with a dot or a slash")
    } else if name.split('/').any(|part| {
        part.is_empty() || part.starts_with('.') || part.strip_suffix(".lock").is_some()
    }) {
        Some("a part of it is empty, begins with a dot or ends with .lock")
    } else {
        None
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Head => f.write_str("HEAD"),
            Self::Short(name) | Self::Full(name) => f.write_str(name),
            Self::Commit(commit) => commit.fmt(f),
            Self::Versions(range) => write!(f, "semver:{range}"),
            Self::Tags(glob) => write!(f, "tag:{glob}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        let parse = |text: &str| text.parse::<Reference>();
        assert_eq!(parse("HEAD"), Ok(Reference::Head));
        assert_eq!(parse("main"), Ok(Reference::Short("main".into())));
        assert_eq!(parse("refs/pull/1/head"), Ok(Reference::Full("refs/pull/1/head".into())));
        assert_eq!(parse("semver:^1.2").map(|it| it.to_string()), Ok("semver:^1.2".into()));
        assert_eq!(parse("tag:v*").map(|it| it.prefix()), Ok(Some("refs/tags/v".into())));
        assert!(
            parse("semver:new").is_err() && parse("tag:").is_err() && parse("tag:a b").is_err()
        );
        for (glob, closed) in [
            ("[", false),
            ("v[1-9", false),
            ("[]", false),
            ("[!]", false),
            ("a[b]c[", false),
            ("[]]", true),
            ("[!]]", true),
            ("v[0-9].[0-9]", true),
            ("]", true),
        ] {
            assert_eq!(parse(&format!("tag:{glob}")).is_ok(), closed, "{glob}");
        }
        for (length, full) in [(39, false), (40, true), (41, false), (63, false), (64, true)] {
            let reference = parse(&"a".repeat(length)).unwrap();
            assert_eq!(matches!(reference, Reference::Commit(_)), full, "{length}");
            assert_eq!(reference.may_be_abbreviated(), !full, "{length}");
        }
        for bad in ["", "a b", "a..b", "-x", "a.lock", "a//b", "/a", "a/", "a^", "x@{1}", ".a"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_tag_comes_before_a_branch_of_the_same_name() {
        let names = Reference::Short("v1".into()).candidates();
        let place = |wanted: &str| names.iter().position(|name| name == wanted);
        assert!(place("refs/tags/v1") < place("refs/heads/v1"));
    }
}
