//! Which of the followed repositories a push is a reason to look at.

use crate::http::webhook::push::{BRANCHES, Push};
use crate::http::webhook::{Decline, Followed};
use crate::model::Place;
use crate::model::Reference;

/// Why a push is no reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unconcerned {
    /// It is about another repository.
    Repository,
    /// It is about other refs.
    Ref,
}

impl From<Unconcerned> for Decline {
    fn from(reason: Unconcerned) -> Self {
        match reason {
            Unconcerned::Repository => Self::Repository,
            Unconcerned::Ref => Self::Ref,
        }
    }
}

/// The places in the list of those that a push concerns; never none of them.
pub(super) fn concerned(push: &Push, followed: &[Followed]) -> Result<Vec<usize>, Unconcerned> {
    let meant = meant(push, followed);
    if meant.is_empty() {
        return Err(Unconcerned::Repository);
    }
    let touched = meant.into_iter().filter(|(_, one)| touches(push, &one.reference));
    let found: Vec<_> = touched.map(|(number, _)| number).collect();
    if found.is_empty() { Err(Unconcerned::Ref) } else { Ok(found) }
}

/// The repositories that may be meant. One alone is, whatever it is called: whoever knows the secret
/// was told of this one, and a service may be known by other names inside and outside. Of several,
/// those with the same path are; if some of these are at the same host, only they are.
fn meant<'a>(push: &Push, followed: &'a [Followed]) -> Vec<(usize, &'a Followed)> {
    let all = followed.iter().enumerate();
    if followed.len() == 1 || push.places.is_empty() {
        return all.collect();
    }
    let at = |one: &Followed, also: fn(&Place, &Place) -> bool| {
        let place = Place::of(&one.repo);
        push.places.iter().any(|told| place.has_path_of(told) && also(&place, told))
    };
    let (near, far): (Vec<_>, Vec<_>) = all
        .filter(|(_, one)| at(one, |_, _| true))
        .partition(|(_, one)| at(one, Place::has_host_of));
    if near.is_empty() { far } else { near }
}

/// Says whether a push may change what a reference names. That a ref is gone is a change, too.
fn touches(push: &Push, reference: &Reference) -> bool {
    let Some(refs) = &push.refs else {
        return true;
    };
    let begins = |prefix: &str| refs.iter().any(|name| name.starts_with(prefix));
    match (reference, reference.prefix()) {
        (_, Some(prefix)) => begins(&prefix),
        (Reference::Head, None) => {
            push.default_branch.as_ref().map_or_else(|| begins(BRANCHES), |it| refs.contains(it))
        }
        (Reference::Short(_), None) if reference.may_be_abbreviated() => true,
        (Reference::Short(_) | Reference::Full(_), None) => {
            reference.candidates().iter().any(|name| refs.contains(name))
        }
        // The commit may have come with any ref; once it is published, looking asks nobody. The
        // others have a prefix.
        (Reference::Commit(_) | Reference::Versions(_) | Reference::Tags(_), None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(refs: &[&str], default: Option<&str>, places: &[&str]) -> Push {
        Push {
            refs: Some(refs.iter().map(|&name| name.to_owned()).collect()),
            default_branch: default.map(str::to_owned),
            places: places.iter().filter_map(|url| Place::told(url)).collect(),
        }
    }

    fn followed(repo: &str, reference: &str) -> Followed {
        Followed { repo: repo.parse().unwrap(), reference: reference.parse().unwrap() }
    }

    #[test]
    fn a_push_counts_if_it_may_change_what_is_followed() {
        let one = |reference: &str, refs: &[&str], default| {
            let followed = [followed("https://a.example/a", reference)];
            let found = concerned(&push(refs, default, &[]), &followed);
            assert!(matches!(found.as_deref(), Ok([0]) | Err(Unconcerned::Ref)));
            found.is_ok()
        };
        let (main, tag) = ("refs/heads/main", "refs/tags/v1.2");
        assert!(one("HEAD", &[main], Some(main)) && one("HEAD", &[tag, main], Some(main)));
        assert!(!one("HEAD", &[main], Some("refs/heads/trunk")));
        assert!(one("HEAD", &[main], None) && !one("HEAD", &[tag], None));
        assert!(one("main", &[main], None) && one("v1.2", &[tag], None));
        assert!(one("heads/main", &[main], None) && one("main", &["refs/tags/main"], None));
        assert!(!one("main", &["refs/heads/mainline", "refs/heads/a/main"], Some(main)));
        assert!(one(main, &[main], None) && !one(main, &["refs/tags/main", "main"], None));
        assert!(one("semver:*", &[tag], None) && !one("semver:*", &[main], None));
        assert!(one("tag:v*", &[tag], None) && !one("tag:w*", &[tag], None));
        assert!(one("abcdef1", &[tag], None) && one(&"a".repeat(40), &[main], None));
        assert!(!one("main", &[], None));
    }

    #[test]
    fn a_push_that_does_not_say_of_what_always_counts() {
        for reference in ["HEAD", "main", "refs/heads/a", "semver:*", "tag:v*"] {
            let followed = [followed("https://a.example/a", reference)];
            assert_eq!(concerned(&Push::default(), &followed), Ok(vec![0]), "{reference}");
        }
    }

    #[test]
    fn one_repository_is_meant_by_whatever_it_is_called_and_of_several_the_path_decides() {
        let main = ["refs/heads/main"];
        let several = [
            followed("https://inside.example:8443/Team/app.git", "main"),
            followed("git@outside.example:team/app", "main"),
            followed("https://inside.example/team/other", "main"),
            followed("https://inside.example/team/app", "release"),
        ];
        let about = |urls: &[&str]| concerned(&push(&main, None, urls), &several);
        let wrong = concerned(&push(&main, None, &["https://x.example/y"]), &several[..1]);
        assert_eq!(wrong, Ok(vec![0]));
        assert_eq!(about(&["https://elsewhere.example/team/app"]), Ok(vec![0, 1]));
        assert_eq!(about(&["https://inside.example/team/app"]), Ok(vec![0]));
        assert_eq!(about(&["https://outside.example/TEAM/APP.git"]), Ok(vec![1]));
        assert_eq!(about(&["ssh://git@inside.example/team/other"]), Ok(vec![2]));
        assert_eq!(about(&["https://inside.example/team/x"]), Err(Unconcerned::Repository));
        assert_eq!(about(&[]), Ok(vec![0, 1, 2]));
        let tag = push(&["refs/tags/v1"], None, &["https://inside.example/team/app"]);
        assert_eq!(concerned(&tag, &several), Err(Unconcerned::Ref));
        assert_eq!(concerned(&tag, &[]), Err(Unconcerned::Repository));
    }
}
