//! Which objects a commit needs: a walk through history and trees.

use crate::git::copy::CopyError;
use crate::git::error::words;
use crate::model::Filter;
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

/// What need not be copied. No tree is here without what is below it, as far as the filter lets that
/// come, because packs are taken in whole.
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
    /// What is not taken though it is needed.
    pub(super) filter: Option<&'a Filter>,
    /// Whether what the source does not have is passed over: it lacks things rightly.
    pub(super) lenient: bool,
}

impl<'a> Walk<'a> {
    /// Begins a walk that takes all that is needed and not here.
    pub(super) fn new(
        source: &'a gix::Repository,
        here: Option<&'a Here<'a>>,
        stop: &'a Stop,
    ) -> Self {
        Self { source, here, seen: HashSet::new(), stop, filter: None, lenient: false }
    }

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
                if !matches!(self.filter, Some(Filter::Trees(_))) {
                    self.tree(commit.tree_id().map_err(unreadable)?.detach(), selection)?;
                }
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

    /// Whether it is not in the source, and need not be.
    fn is_passed_over(&self, id: &ObjectId) -> bool {
        self.lenient && !self.source.objects.exists_without_refresh(id)
    }

    /// Whether the content of a file is left out. It can be asked for when it turns out to be needed.
    fn is_filtered(&self, blob: &ObjectId) -> bool {
        match self.filter {
            None => false,
            Some(Filter::BlobLimit(limit)) => {
                self.source.find_header(*blob).is_ok_and(|found| found.size() >= *limit)
            }
            Some(Filter::NoBlobs | Filter::Trees(_) | Filter::Other(_)) => true,
        }
    }

    /// Takes an object, and all that is in it if it is a tree and not meant alone. Trees that are
    /// here are looked into, because what is in them may not be.
    pub(super) fn exactly(
        &mut self,
        want: ObjectId,
        alone: bool,
        selection: &mut Selection,
    ) -> Result<(), CopyError> {
        let mut left = vec![want];
        while let Some(id) = left.pop() {
            self.stop.check()?;
            if !self.seen.insert(id) || self.is_passed_over(&id) {
                continue;
            }
            let kind = self.source.find_header(id).map_err(|_missing| CopyError::Wanted)?.kind();
            if !self.is_here(&id) {
                selection.objects.push(id);
            }
            if kind != gix::object::Kind::Tree || alone {
                continue;
            }
            let tree = self.source.find_tree(id).map_err(unreadable)?;
            for entry in tree.iter() {
                let entry = entry.map_err(unreadable)?;
                if !entry.mode().is_commit() {
                    left.push(entry.object_id());
                }
            }
        }
        Ok(())
    }

    fn tree(&mut self, root: ObjectId, selection: &mut Selection) -> Result<(), CopyError> {
        let mut left = vec![root];
        while let Some(id) = left.pop() {
            self.stop.check()?;
            if !self.seen.insert(id) || self.is_here(&id) || self.is_passed_over(&id) {
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
                    && !self.is_passed_over(&child)
                    && !self.is_filtered(&child)
                {
                    selection.objects.push(child);
                }
            }
        }
        Ok(())
    }
}
