//! What of a commit is still to be fetched, after a source was told to leave out objects: found by
//! reading the trees that are here and going by the rules. What is here is never asked for.
//!
//! Trees come level by level, as what is in a tree is known when it is here. Those of directories
//! that are wanted whole, and were not there before, come with all that is in them, together with
//! the contents that are missing elsewhere: that is the last request.

use crate::git::Descent;
use crate::git::GitError;
use crate::git::Marker;
use crate::git::Order;
use crate::git::Resolved;
use crate::git::Scope;
use crate::git::Store;
use crate::git::changes::{is_in_order, leaf};
use crate::git::error::words;
use crate::model::{Cause, CommitId, Filter};
use crate::runtime::Stop;
use gix::ObjectId;
use gix::bstr::{BString, ByteSlice};
use gix::index::entry::Mode;
use gix::objs::Exists;
use std::collections::{HashMap, HashSet};

/// How many bytes the ids of a request may take with what stands around them. So a request is shorter
/// than a megabyte, which is what nginx allows if nobody says otherwise.
const MOST: usize = 850_000;
/// What stands around an id in a line.
const AROUND: usize = "0000want \n".len();

/// What is to be asked for next.
#[derive(Debug, Default)]
struct Lacking {
    /// Trees, without what is in them.
    trees: Vec<ObjectId>,
    /// Trees, with all that is in them.
    whole: Vec<ObjectId>,
    blobs: Vec<ObjectId>,
    met: HashSet<ObjectId>,
}

impl Lacking {
    fn is_empty(&self) -> bool {
        self.met.is_empty()
    }

    /// Names the first of it.
    fn first(&self) -> String {
        let first = [&self.trees, &self.whole, &self.blobs].into_iter().flatten().next();
        first.map(|id| id.to_hex().to_string()).unwrap_or_default()
    }

    /// Asks for it. Servers leave out what is in a tree even if it is asked for as well, so nothing
    /// but trees comes with trees.
    fn orders(&self) -> Vec<Order> {
        let order = |wants: &[ObjectId], filter: Option<Filter>| Order {
            wants: wants.to_vec(),
            haves: Vec::new(),
            depth: None,
            filter,
            exact: true,
        };
        if !self.trees.is_empty() {
            let wants = self.trees.chunks(at_once(&self.trees));
            return wants.map(|wants| order(wants, Some(Filter::Trees(0)))).collect();
        }
        let last = [self.whole.as_slice(), self.blobs.as_slice()].concat();
        last.chunks(at_once(&last)).map(|wants| order(wants, None)).collect()
    }

    fn add(&mut self, id: ObjectId, to: impl FnOnce(&mut Self) -> &mut Vec<ObjectId>) {
        if self.met.insert(id) {
            to(self).push(id);
        }
    }
}

/// How many of these are asked for in a request.
fn at_once(ids: &[ObjectId]) -> usize {
    let length = ids.first().map_or(0, |id| id.kind().len_in_hex());
    MOST / (AROUND + length)
}

/// A directory to look at.
struct Directory {
    path: BString,
    id: ObjectId,
    /// What was there in a commit that is here.
    base: Option<ObjectId>,
}

/// What is still to be asked for, so that a commit has all that it needs by the rules.
#[derive(Debug)]
pub struct Search<'a> {
    store: &'a Store,
    wanted: &'a Resolved,
    /// The tree of a commit that has all it needs by the same rules.
    base: Option<ObjectId>,
    url: &'a str,
    before: Lacking,
}

impl<'a> Search<'a> {
    /// Begins with a commit that came from there. What is the same in `base`, which has all that it
    /// needs by the same rules, is not looked at.
    pub fn new(
        store: &'a Store,
        wanted: &'a Resolved,
        base: Option<&CommitId>,
        url: &'a str,
    ) -> Self {
        let base = base.and_then(|base| store.root_of(base));
        Self { store, wanted, base, url, before: Lacking::default() }
    }

    /// What to ask for next; nothing if nothing is missing any more. What was asked for before must
    /// have come at least in part, or there would be no end.
    pub fn next(&mut self, stop: &Stop) -> Result<Vec<Order>, GitError> {
        // Looking for the first also finds the packs that have come since.
        let mut asked = self.before.met.iter();
        if !self.before.is_empty() && !asked.any(|id| self.store.repo.objects.exists(id)) {
            let text = format!("{} was asked for and did not come", self.before.first());
            return Err(self.incomplete(Cause::new(text)));
        }
        let tip = self.store.commit_of(self.wanted.object, self.url)?;
        let root = tip.tree_id().map_err(|error| self.incomplete(words(&error)))?.detach();
        self.before = self.look(root, stop)?;
        Ok(self.before.orders())
    }

    fn incomplete(&self, source: Cause) -> GitError {
        let tip = self.store.commit_of(self.wanted.object, self.url);
        let commit = tip.map(|tip| tip.id.to_hex().to_string().parse());
        match commit {
            Ok(Ok(commit)) => GitError::Incomplete { url: self.url.to_owned(), commit, source },
            Ok(Err(_)) => GitError::Protocol { url: self.url.to_owned(), source },
            Err(error) => error,
        }
    }

    fn look(&self, root: ObjectId, stop: &Stop) -> Result<Lacking, GitError> {
        let scope = self.store.scope();
        let mut marker = scope.sparse.as_deref().map(Marker::new);
        let mut lacking = Lacking::default();
        let mut left = vec![Directory { path: BString::default(), id: root, base: self.base }];
        while let Some(Directory { path, id, base }) = left.pop() {
            stop.check()?;
            if base == Some(id) {
                continue;
            }
            let descent = match &mut marker {
                Some(marker) => marker.descent(path.as_bstr()),
                None => Descent::Whole,
            };
            if !self.store.repo.objects.exists_without_refresh(&id) {
                let anew = descent == Descent::Whole && base.is_none();
                lacking.add(id, |me| if anew { &mut me.whole } else { &mut me.trees });
                continue;
            }
            if descent == Descent::Nothing && scope.folds() {
                continue;
            }
            if !is_in_order(&self.store.repo, &id) {
                // It is told what is wrong with it when it is listed.
                continue;
            }
            let tree =
                self.store.repo.find_tree(id).map_err(|error| self.incomplete(words(&error)))?;
            let before = directories_of(self.store, base);
            for entry in tree.iter() {
                let entry = entry.map_err(|error| self.incomplete(words(&error)))?;
                let path = below(&path, entry.filename());
                let child = entry.object_id();
                if entry.mode().is_tree() {
                    let base = before.get(entry.filename().as_bytes()).copied();
                    left.push(Directory { path, id: child, base });
                } else if let Some(leaf) = leaf((entry.mode(), child))
                    && leaf.mode != Mode::COMMIT
                    && Scope::needs(marker.as_mut(), path.as_bstr())
                    && !self.store.repo.objects.exists_without_refresh(&child)
                {
                    lacking.add(child, |me| &mut me.blobs);
                }
            }
        }
        Ok(lacking)
    }
}

fn directories_of(store: &Store, tree: Option<ObjectId>) -> HashMap<Vec<u8>, ObjectId> {
    let tree = tree.and_then(|tree| store.repo.find_tree(tree).ok());
    let mut found = HashMap::new();
    for entry in tree.iter().flat_map(gix::Tree::iter).filter_map(Result::ok) {
        if entry.mode().is_tree() {
            found.insert(entry.filename().to_vec(), entry.object_id());
        }
    }
    found
}

/// The path of something in a directory.
pub(super) fn below(directory: &BString, name: &gix::bstr::BStr) -> BString {
    if directory.is_empty() {
        return name.to_owned();
    }
    [directory.as_slice(), b"/", name.as_bytes()].concat().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::hash::Kind;

    /// So many ids.
    fn ids(kind: Kind, count: u32) -> Vec<ObjectId> {
        let width = kind.len_in_hex();
        let id = |n| ObjectId::from_hex(format!("{n:0width$x}").as_bytes());
        (0..count).map(|n| id(n).unwrap()).collect()
    }

    #[test]
    fn no_request_is_longer_than_servers_take() {
        for kind in [Kind::Sha1, Kind::Sha256] {
            let (trees, all) = (ids(kind, 40_000), ids(kind, 60_000));
            let few = Lacking { trees: trees.clone(), ..Lacking::default() };
            let (whole, blobs) = (all[..5].to_vec(), all[5..].to_vec());
            let last = Lacking { whole, blobs, ..Lacking::default() };
            for (lacking, wanted) in [(few, trees), (last, all)] {
                let orders = lacking.orders();
                let lengths: Vec<usize> = orders
                    .iter()
                    .map(|order| {
                        let lines = order.wants.iter().map(|id| format!("0000want {id}\n").len());
                        lines.sum()
                    })
                    .collect();
                assert!(lengths.iter().all(|length| *length <= 900_000), "{kind}: {lengths:?}");
                assert!(lengths.first().is_some_and(|length| *length > 800_000), "{lengths:?}");
                assert_eq!(
                    orders.into_iter().flat_map(|order| order.wants).collect::<Vec<_>>(),
                    wanted
                );
            }
        }
        assert!(Lacking::default().orders().is_empty());
    }
}
