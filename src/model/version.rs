//! Versions by the rules of <https://semver.org> (2.0.0), and ranges of them.

use semver::{BuildMetadata, Prerelease, Version, VersionReq};
use std::fmt;
use std::str::FromStr;

/// Versions to choose from, as Cargo writes them: `^1.4`, `>=1.2, <3`, `1.*`, and several with `||`
/// between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionRange {
    text: String,
    alternatives: Vec<VersionReq>,
}

/// The text is not a range of versions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a range of versions: {reason}")]
pub struct VersionRangeError {
    text: String,
    reason: String,
}

impl VersionRange {
    /// Says whether a version is in the range. A prerelease is only if the range names one.
    pub fn contains(&self, version: &Version) -> bool {
        self.alternatives.iter().any(|range| matches(range, version))
    }
}

/// What the range says about the very release that it names a prerelease of counts for its
/// prereleases; for those of other releases, what it says about the release.
fn matches(range: &VersionReq, version: &Version) -> bool {
    let mut prereleases = range.comparators.iter().filter(|one| !one.pre.is_empty()).peekable();
    if version.pre.is_empty() || prereleases.peek().is_none() {
        return range.matches(version);
    }
    let named = prereleases.any(|one| {
        (one.major, one.minor, one.patch)
            == (version.major, Some(version.minor), Some(version.patch))
    });
    let release = || Version { pre: Prerelease::EMPTY, ..version.clone() };
    if named { range.matches(version) } else { range.matches(&release()) }
}

impl FromStr for VersionRange {
    type Err = VersionRangeError;

    fn from_str(text: &str) -> Result<Self, VersionRangeError> {
        let error =
            |reason: String| VersionRangeError { text: text.to_owned(), reason: reason.clone() };
        if text.trim().is_empty() {
            return Err(error("it is empty; `*` is every release".to_owned()));
        }
        let alternatives: Result<Vec<VersionReq>, _> =
            text.split("||").map(|part| with_commas(part).parse()).collect();
        let alternatives =
            alternatives.map_err(|reason: semver::Error| error(reason.to_string()))?;
        Ok(Self { text: text.to_owned(), alternatives })
    }
}

/// Puts commas where only spaces were.
fn with_commas(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split([',', ' ', '\t']).filter(|word| !word.is_empty()) {
        match parts.last_mut() {
            Some(last) if last.chars().all(|c| "<>=^~".contains(c)) => last.push_str(word),
            Some(_) | None => parts.push(word.to_owned()),
        }
    }
    parts.join(", ")
}

impl fmt::Display for VersionRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads the version that a tag names: `v1.2.3`, `1.2` or `2024.01.05-rc.1`. What is missing of the
/// three numbers is 0, and zeros before a number do not matter.
pub fn version_of(tag: &str) -> Option<Version> {
    let text = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    let end = text.find(['-', '+']).unwrap_or(text.len());
    let (numbers, rest) = text.split_at_checked(end)?;
    let (pre, build) = rest.split_once('+').unwrap_or((rest, ""));
    let mut numbers = numbers.split('.').map(number);
    let major = numbers.next()??;
    let minor = numbers.next().unwrap_or(Some(0))?;
    let patch = numbers.next().unwrap_or(Some(0))?;
    let pre = Prerelease::new(pre.strip_prefix('-').unwrap_or(pre)).ok()?;
    let build = BuildMetadata::new(build).ok()?;
    numbers.next().is_none().then_some(Version { major, minor, patch, pre, build })
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(range: &str, version: &str) -> bool {
        range.parse::<VersionRange>().unwrap().contains(&version_of(version).unwrap())
    }

    #[test]
    fn ranges_choose() {
        for (range, version) in [
            ("*", "v0.1.0"),
            ("^1.4", "1.9.0"),
            (">=1.2 <3", "v2.9"),
            (">= 1.2, < 3", "1.2.0"),
            ("1.* || 3.*", "3.1.4"),
            ("~1.4.2", "1.4.9"),
        ] {
            assert!(contains(range, version), "{range} {version}");
        }
        for (range, version) in [("^1.4", "2.0.0"), ("^1.4", "1.3.9"), (">=1.2 <3", "3.0.0")] {
            assert!(!contains(range, version), "{range} {version}");
        }
    }

    #[test]
    fn prereleases_count_only_if_the_range_names_one() {
        assert!(!contains("*", "1.0.0-rc.1"));
        assert!(!contains(">=1.0", "2.0.0-rc.1"));
        assert!(contains(">=1.0.0-0", "1.0.0-rc.1"));
        assert!(contains(">=1.0.0-0", "2.1.0-rc.1"));
        assert!(!contains(">=2.1.0-rc.2", "2.1.0-rc.1"));
        assert!(!contains(">=1.0.0-0, <2.1.0", "2.1.0-rc.1"));
    }

    #[test]
    fn versions_are_read_leniently_and_nothing_else_is_one() {
        let shown = |tag| version_of(tag).map(|version| version.to_string());
        assert_eq!(shown("v1.2.3-rc.1+b"), Some("1.2.3-rc.1+b".into()));
        assert_eq!(shown("1"), Some("1.0.0".into()));
        assert_eq!(shown("2024.01.05"), Some("2024.1.5".into()));
        for other in ["", "v", "latest", "1.2.3.4", "1..2", "1.x", "v1.2.3-é"] {
            assert_eq!(shown(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused_in_words() {
        for bad in ["", "  ", "latest", ">=", "1.2 - 1.4", "^1 ||"] {
            assert!(bad.parse::<VersionRange>().is_err(), "{bad}");
        }
    }
}
