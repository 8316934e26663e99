//! What to do about what the source says. Pure.

use crate::git::Resolved;
use crate::model::CommitId;
use crate::publish::Live;

/// What an attempt goes on to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Plan {
    /// Readers see the right tree already.
    Stay(Live),
    /// Readers are to see another one.
    Advance,
}

/// Compares what is published, and trusted to be whole, with what is wanted. `served` is the last
/// thing that was wanted with the commit it came to: an id may be that of a tag.
pub(super) fn choose(
    live: Option<Live>,
    wanted: &Resolved,
    served: Option<&(Resolved, CommitId)>,
) -> Plan {
    let Some(live) = live else {
        return Plan::Advance;
    };
    let directly = wanted.id().as_ref() == Some(&live.commit);
    let by_tag =
        served.is_some_and(|(last, commit)| last.is_same_as(wanted) && *commit == live.commit);
    if directly || by_tag { Plan::Stay(live) } else { Plan::Advance }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: &str) -> CommitId {
        digit.repeat(40).parse().unwrap()
    }

    fn wanted(digit: &str) -> Resolved {
        Resolved::exactly(&commit(digit)).unwrap()
    }

    #[test]
    fn only_the_wanted_commit_stays() {
        let live = |digit| Live { commit: commit(digit), tree: "/tree".into() };
        let stay = |digit| Plan::Stay(live(digit));
        assert_eq!(choose(None, &wanted("a"), None), Plan::Advance);
        assert_eq!(choose(Some(live("a")), &wanted("a"), None), stay("a"));
        assert_eq!(choose(Some(live("b")), &wanted("a"), None), Plan::Advance);
        let tag = Some((wanted("c"), commit("a")));
        assert_eq!(choose(Some(live("a")), &wanted("c"), tag.as_ref()), stay("a"));
        assert_eq!(choose(Some(live("b")), &wanted("c"), tag.as_ref()), Plan::Advance);
        assert_eq!(choose(Some(live("a")), &wanted("d"), tag.as_ref()), Plan::Advance);
    }
}
