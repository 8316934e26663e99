//! Which objects a commit needs: a walk through history and trees.

use crate::git::copy::CopyError;
use crate::git::error::words;
use crate::runtime::Stop;
use gix::ObjectId;
use std::collections::HashSet;
use std::num::NonZeroU32;

/// What is to be copied, where history ends afterwards, and where it goes on.
#[derive(Default)]
pub(super) struct Selection {
    pub(super) objects: Vec<ObjectId>,
    pub(super) boundary: Vec<ObjectId>,
    pub(super) inner: Vec<ObjectId>,
}

pub(super) fn unreadable(error: gix::Error) -> CopyError {
    CopyError::Source(words(&error))
}

/// What need not be copied. No tree is here without what is below it, because packs are taken in
/// whole.
pub(super) struct Here<'a> {
    pub(super) has: Box<dyn Fn(&ObjectId) -> bool + 'a>,
    /// Whether no commit is here without its ancestors either.
    pub(super) whole: bool,
}

impl Here<'_> {
    /// Says whether an object is here.
    pub(super) fn has(&self, id: &ObjectId) -> bool {
        (self.has)(id)
    }
}

/// A walk through history and trees.
pub(super) struct Walk<'a> {
    pub(super) source: &'a gix::Repository,
    pub(super) here: Option<&'a Here<'a>>,
    pub(super) seen: HashSet<ObjectId>,
    pub(super) stop: &'a Stop,
}

impl Walk<'_> {
    fn is_here(&self, id: &ObjectId) -> bool {
        self.here.is_some_and(|here| here.has(id))
    }

    /// Goes back from a commit, level by level, so that each commit is met where it is nearest.
    pub(super) fn history(
        &mut self,
        tip: ObjectId,
        limit: Option<NonZeroU32>,
        selection: &mut Selection,
    ) -> Result<(), CopyError> {
        let ends: HashSet<ObjectId> = self
            .source
            .shallow_commits()
            .map_err(unreadable)?
            .iter()
            .flat_map(|commits| commits.iter().copied())
            .collect();
        let whole = self.here.is_some_and(|here| here.whole);
        let mut level = vec![tip];
        let mut depth = 1_u32;
        while !level.is_empty() {
            let last = limit.is_some_and(|limit| depth >= limit.get());
            let mut next = Vec::new();
            for id in level {
                self.stop.check()?;
                if !self.seen.insert(id) || (whole && self.is_here(&id)) {
                    continue;
                }
                let commit = self.source.find_commit(id).map_err(unreadable)?;
                if !self.is_here(&id) {
                    selection.objects.push(id);
                }
                self.tree(commit.tree_id().map_err(unreadable)?.detach(), selection)?;
                let parents: Vec<ObjectId> = commit.parent_ids().map(gix::Id::detach).collect();
                if ends.contains(&id) || (last && !parents.is_empty()) {
                    selection.boundary.push(id);
                } else {
                    selection.inner.push(id);
                    next.extend(parents);
                }
            }
            level = next;
            depth += 1;
        }
        Ok(())
    }

    fn tree(&mut self, root: ObjectId, selection: &mut Selection) -> Result<(), CopyError> {
        let mut left = vec![root];
        while let Some(id) = left.pop() {
            self.stop.check()?;
            if !self.seen.insert(id) || self.is_here(&id) {
                continue;
            }
            selection.objects.push(id);
            let tree = self.source.find_tree(id).map_err(unreadable)?;
            for entry in tree.iter() {
                let entry = entry.map_err(unreadable)?;
                let child = entry.object_id();
                if entry.mode().is_tree() {
                    left.push(child);
                } else if !entry.mode().is_commit()
                    && self.seen.insert(child)
                    && !self.is_here(&child)
                {
                    selection.objects.push(child);
                }
            }
        }
        Ok(())
    }
}
