//! Which ref of many is meant: the newest tag of some, or the one at a commit whose id begins so.

use crate::git::Resolved;
use crate::model::{Reference, VersionRange, version_of};
use gix::ObjectId;
use gix::bstr::BStr;
use gix::glob::wildmatch;
use gix_protocol::handshake::Ref;
use std::cmp::Ordering;

/// Where the refs are whose commits may be named by the beginning of their id.
pub(super) const TIPS: [&str; 2] = ["refs/heads/", "refs/tags/"];

/// A ref of a source by its full name, and what it comes to.
pub(super) type Tip = (String, ObjectId);

/// The same with the annotated tag that it is at, if it is at one.
pub(super) type Tagged = (String, (ObjectId, Option<ObjectId>));

/// What a ref comes to, as a server told it; none if it is at nothing yet. One that leads to another
/// goes by the name of that.
pub(super) fn told(listed: &Ref) -> Option<Resolved> {
    Some(match listed {
        Ref::Unborn { .. } => return None,
        Ref::Peeled { full_ref_name: name, object, tag } => {
            let tag = Some((name.to_string(), *tag));
            Resolved { tag, ..Resolved::named(Some(name.to_string()), *object) }
        }
        Ref::Direct { full_ref_name: name, object }
        | Ref::Symbolic { target: name, object, .. } => {
            Resolved::named(Some(name.to_string()), *object)
        }
    })
}

/// Takes the newest of the tags that a reference leaves the choice of, by its full name, with what
/// is known of it.
pub(super) fn newest<N: AsRef<str>, T>(
    reference: &Reference,
    tips: impl Iterator<Item = (N, T)>,
) -> Option<(N, T)> {
    let may_be = |name: &str| match reference {
        Reference::Versions(range) => tag_of(name).is_some_and(|tag| in_range(range, tag)),
        Reference::Tags(glob) => tag_of(name).is_some_and(|tag| matches(glob, tag)),
        Reference::Head | Reference::Short(_) | Reference::Full(_) | Reference::Commit(_) => false,
    };
    let prefix = reference.prefix()?;
    tips.filter(|(name, _)| may_be(name.as_ref()))
        .max_by(|(one, _), (other, _)| by_age(&prefix, one.as_ref(), other.as_ref()))
}

/// Says whether a ref is older than another one, by the order in which a reference chooses.
pub fn is_older(reference: &Reference, one: &str, other: &str) -> bool {
    reference.prefix().is_some_and(|prefix| by_age(&prefix, one, other) == Ordering::Less)
}

fn tag_of(name: &str) -> Option<&str> {
    name.strip_prefix("refs/tags/")
}

/// Compares what is not the same in both from the beginning.
fn by_age(prefix: &str, one: &str, other: &str) -> Ordering {
    let [one, other] = [one, other].map(|name| name.strip_prefix(prefix).unwrap_or(name));
    by_version(one, other)
}

/// How many tags are named when none is like what was asked for, and how much of each.
const SHOWN: usize = 3;
const LONGEST: usize = 60;

/// What to say if no tag is like what was asked for: which there are, the newest first.
pub(super) fn nothing_like(reference: &Reference, names: &[&str]) -> String {
    let mut tags: Vec<_> = names.iter().filter_map(|name| tag_of(name)).collect();
    tags.sort_by(|one, other| by_version(other, one));
    let shown = |tag: &&str| tag.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    let newest: Vec<String> = tags.iter().take(SHOWN).map(shown).collect();
    let what = match tags.len() {
        0 => "; there is none to choose from".to_owned(),
        count if count <= SHOWN => format!("; there are only {}", newest.join(", ")),
        count => format!("; the newest of {count} are {}", newest.join(", ")),
    };
    let is_prerelease = |tag: &&str| version_of(tag).is_some_and(|found| !found.pre.is_empty());
    let passes_over = matches!(reference, Reference::Versions(range) if !range.names_prerelease());
    let hint = if passes_over && tags.iter().any(is_prerelease) {
        "; prereleases count only if the range names one, as in >=1.0.0-0"
    } else {
        ""
    };
    format!(": no tag is like that{what}{hint}")
}

fn in_range(range: &VersionRange, tag: &str) -> bool {
    version_of(tag).is_some_and(|version| range.contains(&version))
}

/// As `git for-each-ref` matches, but a star stands for slashes too.
fn matches(glob: &str, tag: &str) -> bool {
    wildmatch(BStr::new(glob), BStr::new(tag), wildmatch::Mode::empty())
}

/// What is no version comes before what is one; the order of names decides what versions do not.
fn by_version(one: &str, other: &str) -> Ordering {
    version_of(one)
        .cmp(&version_of(other))
        .then_with(|| alphanumeric_sort::compare_str(one, other))
        .then_with(|| one.cmp(other))
}

/// Finds the commit whose id begins with `start`, if a ref is at it; or says that several are.
pub(super) fn abbreviated(
    start: &str,
    tips: impl Iterator<Item = Tip>,
) -> Result<Option<Resolved>, Ambiguous> {
    let start = start.to_ascii_lowercase();
    let mut found: Option<Resolved> = None;
    for (name, object) in tips.filter(|(_, object)| object.to_hex().to_string().starts_with(&start))
    {
        match &found {
            Some(earlier) if earlier.object != object => return Err(Ambiguous),
            Some(_) => (),
            None => found = Some(Resolved::chosen_ref(name, object)),
        }
    }
    Ok(found)
}

/// What to say of [`Ambiguous`].
pub(super) const AMBIGUOUS: &str =
    ": several refs are at commits that begin so; give more of the id";

/// Several commits have an id that begins so.
#[derive(Debug)]
pub(super) struct Ambiguous;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use semver::Version;

    fn tips(tags: &[&str]) -> Vec<Tip> {
        let number = |at: usize| ObjectId::from_hex(format!("{at:040}").as_bytes()).unwrap();
        tags.iter().enumerate().map(|(at, tag)| (format!("refs/tags/{tag}"), number(at))).collect()
    }

    fn chosen(reference: &str, tags: &[&str]) -> Option<String> {
        let found = newest(&reference.parse().unwrap(), tips(tags).into_iter());
        found.map(|(name, _)| name.replace("refs/tags/", ""))
    }

    fn told(reference: &str, tags: &[&str]) -> String {
        let tips = tips(tags);
        let names: Vec<_> = tips.iter().map(|(name, _)| name.as_str()).collect();
        nothing_like(&reference.parse().unwrap(), &names)
    }

    fn tag() -> impl Strategy<Value = String> {
        let pre = "(|-(0|7|alpha|rc)(\\.(1|11|x))?)";
        let build = "(|\\+b(1|2|10))";
        (0..3_u64, 0..3_u64, 8..12_u64, pre, build, "(|v)")
            .prop_map(|(a, b, c, pre, build, v)| format!("{v}{a}.{b}.{c}{pre}{build}"))
    }

    proptest! {
        #[test]
        fn tags_have_the_order_of_their_versions(one in tag(), other in tag(), third in tag()) {
            let version = |tag: &str| Version::parse(tag.trim_start_matches('v')).unwrap();
            let precedence = version(&one).cmp_precedence(&version(&other));
            let order = by_version(&one, &other);
            // What the rules leave open is decided by build metadata, and then by the names.
            let whole = precedence.then_with(|| version(&one).cmp(&version(&other)));
            prop_assert_eq!(if whole.is_eq() { order } else { whole }, order);
            prop_assert_eq!(order.is_eq(), one == other);
            prop_assert_eq!(by_version(&other, &one), order.reverse());
            if order.is_le() && by_version(&other, &third).is_le() {
                prop_assert!(by_version(&one, &third).is_le());
            }
            let all = [one.as_str(), &other, &third];
            let chosen = chosen("semver:>=0.0.0-0", &all).unwrap();
            prop_assert!(all.iter().all(|tag| by_version(tag, &chosen).is_le()));
        }
    }

    #[test]
    fn what_there_is_instead_is_told() {
        let like = ": no tag is like that; ";
        assert_eq!(told("semver:^2", &[]), format!("{like}there is none to choose from"));
        assert_eq!(
            told("semver:^2", &["v1.9.0", "v1.10.0"]),
            format!("{like}there are only v1.10.0, v1.9.0")
        );
        let many = ["latest", "v1.9.0", "v1.10.0", "v1.2.0"];
        assert_eq!(
            told("semver:^2", &many),
            format!("{like}the newest of 4 are v1.10.0, v1.9.0, v1.2.0")
        );
        let pre = told("semver:^2", &["v2.0.0-rc.1"]);
        assert!(
            pre.ends_with(
                "only v2.0.0-rc.1; prereleases count only if the range names one, as in >=1.0.0-0"
            ),
            "{pre}"
        );
        assert!(!told("semver:>=2.1.0-rc", &["v2.0.0-rc.1"]).contains("prereleases"));
    }

    #[test]
    fn an_older_tag_is_known_by_the_order_in_which_tags_are_chosen() {
        let older = |reference: &str, one: &str, other: &str| {
            let full = |tag| format!("refs/tags/{tag}");
            is_older(&reference.parse().unwrap(), &full(one), &full(other))
        };
        assert!(older("semver:*", "v1.9.0", "v1.10.0") && !older("semver:*", "v1.10.0", "v1.9.0"));
        assert!(older("tag:app-*", "app-9", "app-10") && !older("tag:app-*", "app-9", "app-9"));
        assert!(!older("main", "a", "b"));
    }

    #[test]
    fn the_newest_version_in_the_range_is_chosen() {
        let tags = ["v1.9.0", "v1.10.0", "latest", "v2.0.0-rc.1", "2.0.0", "v1.2", "x/v9.0.0"];
        assert_eq!(chosen("semver:^1", &tags).as_deref(), Some("v1.10.0"));
        assert_eq!(chosen("semver:*", &tags).as_deref(), Some("2.0.0"));
        assert_eq!(chosen("semver:^3", &tags), None);
        assert_eq!(chosen("semver:>=2.0.0-0", &tags[..4]).as_deref(), Some("v2.0.0-rc.1"));
    }

    #[test]
    fn the_newest_tag_of_a_form_is_chosen_by_version_then_by_name() {
        let tags = ["app-1.9", "app-1.10", "app-1.10-rc1", "app-new", "web-3", "day9", "day10"];
        assert_eq!(chosen("tag:app-*", &tags).as_deref(), Some("app-1.10"));
        assert_eq!(chosen("tag:day*", &tags).as_deref(), Some("day10"));
        assert_eq!(chosen("tag:web-[0-9]", &tags).as_deref(), Some("web-3"));
        assert_eq!(chosen("tag:a/*", &["a/b-2", "a/b-10"]).as_deref(), Some("a/b-10"));
        assert_eq!(chosen("tag:none*", &tags), None);
        assert_eq!(chosen("tag:v1.*", &["v1.9", "v1.10"]).as_deref(), Some("v1.10"));
    }

    #[test]
    fn the_beginning_of_an_id_names_a_commit_only_if_no_other_begins_so() {
        let two = tips(&["a", "b"]);
        let find = |start: &str| abbreviated(start, two.clone().into_iter());
        assert!(find(&"0".repeat(7)).is_err());
        assert!(find(&format!("{:040}", 1)).unwrap().is_some());
        assert!(find("fffffff").unwrap().is_none());
        let same = vec![two[0].clone(), ("refs/heads/m".to_owned(), two[0].1)];
        assert!(abbreviated("0000000", same.into_iter()).unwrap().is_some());
    }
}
