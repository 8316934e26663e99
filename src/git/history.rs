//! Looking whether the commits that a commit descends from are here, up to the shallow boundary.
//!
//! What was looked at before need not be looked at again: with a known commit, the cost follows
//! what is new and not the length of the history. Trees are not looked at.

use crate::git::Store;
use crate::git::error::words;
use crate::git::format;
use crate::model::{Cause, CommitId};
use crate::runtime::{Stop, Stopped};
use gix::ObjectId;
use gix::objs::Exists;
use std::collections::{BinaryHeap, HashMap, HashSet};

/// Looks whether a commit is here with all that it descends from; what `known` descends from is. The
/// outer result says whether there was time to look at all of a long history.
pub(super) fn is_here(
    store: &Store,
    tip: ObjectId,
    known: Option<&CommitId>,
    stop: &Stop,
) -> Result<Result<(), Cause>, Stopped> {
    let ends: HashSet<ObjectId> = match gix_shallow::read(&store.shallow_file()) {
        Ok(ends) => ends.into_iter().flatten().collect(),
        Err(error) => return Ok(Err(words(&error))),
    };
    // A history with ends is not longer than was asked for; and a source may move its ends.
    let known = known
        .filter(|_commit| ends.is_empty())
        .and_then(|known| format::object(&store.repo, known))
        .filter(|known| store.repo.objects.exists(known));
    let history = History::new(&store.repo, ends, stop);
    let looked = match known {
        Some(known) => history.beyond(tip, known),
        None => history.whole(tip),
    };
    match looked {
        Ok(commits) => {
            tracing::debug!(commits, tip = %tip, "looked at the history");
            Ok(Ok(()))
        }
        Err(Gap::Missing(cause)) => Ok(Err(cause)),
        Err(Gap::Stopped(stopped)) => Err(stopped),
    }
}

/// Why history is not known to be whole.
#[derive(Debug)]
enum Gap {
    /// There was no time to look at all of it.
    Stopped(Stopped),
    /// A commit is not here or cannot be read.
    Missing(Cause),
}

/// A commit: the newest comes first out of a heap.
type Dated = (i64, ObjectId);

/// The history in a repository.
struct History<'a> {
    repo: &'a gix::Repository,
    ends: HashSet<ObjectId>,
    stop: &'a Stop,
    /// The parents of every commit that was read.
    read: HashMap<ObjectId, Vec<ObjectId>>,
}

impl<'a> History<'a> {
    /// History ends at `ends`, whose parents are not expected to be here.
    fn new(repo: &'a gix::Repository, ends: HashSet<ObjectId>, stop: &'a Stop) -> Self {
        Self { repo, ends, stop, read: HashMap::new() }
    }

    /// Looks at every ancestor of `tip`, and says how many commits that were.
    fn whole(&self, tip: ObjectId) -> Result<usize, Gap> {
        let mut seen = HashSet::from([tip]);
        let mut left = vec![tip];
        while let Some(id) = left.pop() {
            self.stop.check().map_err(Gap::Stopped)?;
            let commit = self.repo.find_commit(id).map_err(|error| Gap::Missing(words(&error)))?;
            if !self.ends.contains(&id) {
                let parents = commit.parent_ids().map(gix::Id::detach);
                left.extend(parents.filter(|parent| seen.insert(*parent)));
            }
        }
        Ok(seen.len())
    }

    /// Looks at every ancestor of `tip` that is none of `known`, which is here with its own, and
    /// says how many commits were read.
    ///
    /// Two walks take turns: one goes back from the tip, the other marks what is known. Neither can
    /// go far if the other has nothing left to do, whatever the times in the commits are.
    fn beyond(mut self, tip: ObjectId, known: ObjectId) -> Result<usize, Gap> {
        let mut old = HashSet::from([known]);
        let mut old_left: BinaryHeap<Dated> = self.visit(known).into_iter().collect();
        let mut new_left = BinaryHeap::new();
        if tip != known {
            new_left.push(self.visit(tip).map_err(Gap::Missing)?);
        }
        while let Some((_, id)) = new_left.pop() {
            self.stop.check().map_err(Gap::Stopped)?;
            if old.contains(&id) {
                continue;
            }
            for parent in self.parents(&id) {
                if !old.contains(&parent) && !self.read.contains_key(&parent) {
                    new_left.push(self.visit(parent).map_err(Gap::Missing)?);
                }
            }
            if !new_left.is_empty()
                && let Some((_, id)) = old_left.pop()
            {
                self.mark(&id, &mut old, &mut old_left);
            }
        }
        Ok(self.read.len())
    }

    /// Marks the parents of a known commit, and what was read already above them.
    fn mark(&mut self, id: &ObjectId, old: &mut HashSet<ObjectId>, left: &mut BinaryHeap<Dated>) {
        let mut above = self.parents(id);
        while let Some(id) = above.pop() {
            if !old.insert(id) {
                continue;
            }
            if self.read.contains_key(&id) {
                above.extend(self.parents(&id));
            } else if let Ok(dated) = self.visit(id) {
                left.push(dated);
            }
        }
    }

    fn parents(&self, id: &ObjectId) -> Vec<ObjectId> {
        self.read.get(id).cloned().unwrap_or_default()
    }

    /// Reads a commit.
    fn visit(&mut self, id: ObjectId) -> Result<Dated, Cause> {
        let commit = self.repo.find_commit(id).map_err(|error| words(&error))?;
        let time = commit.time().map(|time| time.seconds).map_err(|error| words(&error))?;
        let parents = if self.ends.contains(&id) {
            Vec::new()
        } else {
            commit.parent_ids().map(gix::Id::detach).collect()
        };
        self.read.insert(id, parents);
        Ok((time, id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::objs::Commit;
    use std::time::Duration;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    /// A repository of commits without files.
    struct Commits {
        _dir: tempfile::TempDir,
        repo: gix::Repository,
    }

    impl Commits {
        fn new() -> Self {
            let dir = tempfile::tempdir().unwrap();
            let repo = gix::init_bare(dir.path()).unwrap();
            Self { _dir: dir, repo }
        }

        fn add(&self, seconds: i64, parents: &[ObjectId]) -> ObjectId {
            let time = gix::date::Time::new(seconds, 0);
            let who = gix::actor::Signature { name: "A".into(), email: "a@b".into(), time };
            let commit = Commit {
                tree: ObjectId::empty_tree(self.repo.object_hash()),
                parents: parents.iter().copied().collect(),
                author: who.clone(),
                committer: who,
                encoding: None,
                message: format!("{seconds} {parents:?}").into(),
                extra_headers: Vec::new(),
            };
            self.repo.write_object(&commit).unwrap().detach()
        }

        /// A line of commits, the oldest first.
        fn line(&self, from: Option<ObjectId>, seconds: std::ops::Range<i64>) -> Vec<ObjectId> {
            let mut line: Vec<ObjectId> = from.into_iter().collect();
            for second in seconds {
                let parents: Vec<_> = line.last().copied().into_iter().collect();
                line.push(self.add(second, &parents));
            }
            line
        }

        fn remove(&self, id: ObjectId) {
            let hex = id.to_hex().to_string();
            let (first, rest) = hex.split_at(2);
            std::fs::remove_file(self.repo.path().join("objects").join(first).join(rest)).unwrap();
        }

        fn looks(&self, tip: ObjectId, known: Option<ObjectId>) -> Option<usize> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let runtime = runtime.unwrap();
            let _inside = runtime.enter();
            let end = Instant::now() + Duration::from_mins(1);
            let stop = Stop::new(CancellationToken::new(), end);
            let history = History::new(&self.repo, HashSet::new(), &stop);
            let looked = match known {
                Some(known) => history.beyond(tip, known),
                None => history.whole(tip),
            };
            looked.ok()
        }
    }

    #[test]
    fn the_cost_of_a_change_does_not_follow_the_history() {
        let commits = Commits::new();
        let line = commits.line(None, 0..2000);
        let (known, tip) = (line[1998], line[1999]);
        assert_eq!(commits.looks(tip, None), Some(2000));
        assert_eq!(commits.looks(tip, Some(known)), Some(2));
        // A clock that was wrong makes no difference.
        for second in [-1_000_000, 1_000_000] {
            let odd = commits.add(second, &[tip]);
            assert_eq!(commits.looks(odd, Some(tip)), Some(2));
            assert!(commits.looks(commits.add(3000, &[odd]), Some(odd)).unwrap() <= 3);
        }
        // Back to where it was before.
        assert!(commits.looks(line[1990], Some(tip)).unwrap() < 30);
        assert_eq!(commits.looks(tip, Some(tip)), Some(1));
    }

    #[test]
    fn a_branch_that_began_long_ago_costs_what_came_since() {
        let commits = Commits::new();
        let line = commits.line(None, 0..2000);
        let branch = commits.line(Some(line[1900]), 5000..5020);
        let merge = commits.add(6000, &[line[1999], branch[20]]);
        let looked = commits.looks(merge, Some(line[1999])).unwrap();
        assert!((22..=300).contains(&looked), "{looked}");
        // As if nobody had a clock.
        let branch = commits.line(Some(line[1900]), -20..0);
        let merge = commits.add(6000, &[line[1999], branch[20]]);
        let looked = commits.looks(merge, Some(line[1999])).unwrap();
        assert!((22..=300).contains(&looked), "{looked}");
    }

    #[test]
    fn a_commit_that_is_missing_is_noticed_wherever_it_is() {
        let commits = Commits::new();
        let line = commits.line(None, 0..100);
        let tip = line[99];
        commits.remove(line[95]);
        assert_eq!(commits.looks(tip, None), None);
        assert_eq!(commits.looks(tip, Some(line[90])), None);
        // What is known is believed.
        assert_eq!(commits.looks(tip, Some(line[98])), Some(2));
        // A whole other history that came with a merge.
        let other = commits.line(None, 200..220);
        let merge = commits.add(300, &[tip, other[19]]);
        assert!(commits.looks(merge, Some(tip)).is_some());
        commits.remove(other[0]);
        assert_eq!(commits.looks(merge, Some(tip)), None);
    }

    #[test]
    fn a_commit_that_only_the_new_one_has_is_not_taken_for_known() {
        let commits = Commits::new();
        let root = commits.add(0, &[]);
        let side = commits.line(Some(root), 1..6);
        let known = commits.line(Some(root), 10..30);
        let tip = commits.add(50, &[known[20], side[5]]);
        for lost in &side[1..5] {
            commits.remove(*lost);
            assert_eq!(commits.looks(tip, Some(known[20])), None);
            commits.line(Some(root), 1..6);
        }
        assert!(commits.looks(tip, Some(known[20])).is_some());
    }
}
