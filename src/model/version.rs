//! Versions by the rules of <https://semver.org> (2.0.0), and ranges of them.

use semver::{BuildMetadata, Comparator, Op, Prerelease, Version, VersionReq};
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

    /// Says whether it names a prerelease.
    pub fn names_prerelease(&self) -> bool {
        self.alternatives.iter().any(|range| named(range).next().is_some())
    }
}

/// The parts of a range that name a prerelease.
fn named(range: &VersionReq) -> impl Iterator<Item = &Comparator> {
    range.comparators.iter().filter(|one| !one.pre.is_empty())
}

/// What the range says about the very release that it names a prerelease of counts for its
/// prereleases. For those of other releases, what it says about the release counts, if they are not
/// of an earlier channel than what is named.
fn matches(range: &VersionReq, version: &Version) -> bool {
    if version.pre.is_empty() || named(range).next().is_none() {
        return range.matches(version);
    }
    let is_named = named(range).any(|one| {
        (one.major, one.minor, one.patch)
            == (version.major, Some(version.minor), Some(version.patch))
    });
    if is_named {
        return range.matches(version);
    }
    let release = Version { pre: Prerelease::EMPTY, ..version.clone() };
    let first = version.pre.split('.').next().unwrap_or_default();
    let is_late = |channel: &str| match (Prerelease::new(first), Prerelease::new(channel)) {
        (Ok(first), Ok(channel)) => first >= channel,
        (_, _) => false,
    };
    range.matches(&release) && channels(range).all(is_late)
}

/// The earliest channels that a range lets in, by what it begins with: `rc` for `rc.2` and `rc2`.
/// A number is of no channel.
fn channels(range: &VersionReq) -> impl Iterator<Item = &str> {
    let begins = named(range).filter(|one| !matches!(one.op, Op::Less | Op::LessEq));
    let channel = |pre: &str| pre.split('.').next().map(str::len).unwrap_or_default();
    begins
        .filter_map(move |one| one.pre.get(..channel(&one.pre)))
        .map(|first| first.trim_end_matches(|c: char| c.is_ascii_digit()))
        .filter(|channel| !channel.is_empty())
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
    use proptest::prelude::*;

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
        assert!(contains("<2.0.0-0", "1.9.0-alpha") && !contains("<2.0.0-0", "2.0.0-alpha"));
        assert!(
            contains("^1 || >=2.0.0-0, <3", "2.1.0-a") && !contains("^1 || ^2.0.0-0", "1.1.0-a")
        );
    }

    #[test]
    fn a_prerelease_in_the_range_is_the_earliest_channel() {
        for (range, inside, outside) in [
            (">=1.0.0-beta", ["1.1.0-beta.1", "2.0.0-rc.1"], ["1.1.0-alpha.9", "1.1.0-5"]),
            (">=1.0.0-rc.2", ["1.1.0-rc.1", "1.1.0"], ["1.0.0-rc.1", "1.1.0-beta.4"]),
            (">=1.0.0-rc2", ["1.1.0-rc1", "2.0.0-rc.1"], ["1.0.0-rc1", "1.1.0-beta4"]),
            ("^1.0.0-rc, <1.3.0-0", ["1.2.0-rc.1", "1.2.9"], ["1.3.0-rc.1", "1.2.0-beta"]),
            ("~1.4.0-next", ["1.4.3-next.1", "1.4.3-rc"], ["1.5.0-next.1", "1.4.3-beta"]),
            (">=1.0.0-0", ["1.1.0-alpha", "1.1.0-0.3"], ["0.9.0-rc.1", "0.9.0"]),
        ] {
            for version in inside {
                assert!(contains(range, version), "{range} {version}");
            }
            for version in outside {
                assert!(!contains(range, version), "{range} {version}");
            }
        }
    }

    fn versions() -> impl Strategy<Value = Version> {
        let pre = "(|(0|[1-9]|alpha|beta|rc|rc2)(\\.(0|1|11|x))?)";
        let build = "(|b[0-9](\\.1)?)";
        (0..4_u64, 0..4_u64, 0..4_u64, pre, build).prop_map(|(major, minor, patch, pre, build)| {
            let (pre, build) = (Prerelease::new(&pre), BuildMetadata::new(&build));
            Version { major, minor, patch, pre: pre.unwrap(), build: build.unwrap() }
        })
    }

    fn ranges() -> impl Strategy<Value = String> {
        let one = "(=|>|>=|<|<=|~|\\^|)[0-3](\\.[0-3](\\.[0-3])?)?|\\*|[0-3]\\.\\*";
        proptest::collection::vec(one, 1..4).prop_map(|all| all.join(", "))
    }

    proptest! {
        #[test]
        fn a_range_without_prereleases_is_that_of_cargo(range in ranges(), version in versions()) {
            let theirs: Result<VersionReq, _> = range.parse();
            let ours: Result<VersionRange, _> = range.parse();
            prop_assert_eq!(theirs.is_ok(), ours.is_ok(), "{}", &range);
            if let (Ok(theirs), Ok(ours)) = (theirs, ours) {
                prop_assert_eq!(ours.contains(&version), theirs.matches(&version), "{}", &range);
            }
        }

        #[test]
        fn releases_are_in_a_range_whatever_prereleases_it_names(
            range in ranges(), pre in "(0|alpha|rc\\.1)", version in versions(),
        ) {
            let range = format!("{range}, >=0.0.0-{pre}");
            let (theirs, ours) = (range.parse::<VersionReq>(), range.parse::<VersionRange>());
            if let (Ok(theirs), Ok(ours)) = (theirs, ours)
                && (version.pre.is_empty() || theirs.matches(&version))
            {
                prop_assert_eq!(ours.contains(&version), theirs.matches(&version));
            }
        }

        #[test]
        fn a_tag_is_read_as_the_version_that_it_names(version in versions(), v in "(|v|V)") {
            prop_assert_eq!(version_of(&format!("{v}{version}")), Some(version));
        }
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
