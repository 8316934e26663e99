//! Bringing the submodules of a commit: where they are, whether they may be fetched from there, and
//! the very commits that are wanted.
//!
//! What is said of them comes from the commit, which anybody may have written. So it is followed only
//! to servers, by the ways that the options allow, and only what the options have for such a server
//! is told to it.

use crate::attempt::Attempts;
use crate::attempt::addresses::address;
use crate::attempt::error::AttemptError;
use crate::attempt::root::stores;
use crate::disk;
use crate::git;
use crate::git::{
    Before, Declared, Fetched, GitError, Link, Module, Part, Resolved, Store, Use, label,
};
use crate::model::{Cause, CommitId, RepoUrl, Submodules};
use crate::publish;
use crate::runtime::Stop;
use std::time::Instant;

/// How deep submodules may be in submodules.
const DEEPEST: usize = 10;
/// How many there may be in one tree.
const MOST: usize = 1000;

/// Brings what the commit has as submodules, if that is wanted. `place` is the source that has the
/// commit: where others are may be told as a way from there.
pub(super) fn bring(
    me: &mut Attempts,
    store: &Store,
    fetched: Fetched,
    place: usize,
    stop: &Stop,
) -> Result<Fetched, AttemptError> {
    if store.scope().submodules == Submodules::Off {
        return Ok(fetched);
    }
    let old = me.bases.modules().to_vec();
    if fetched.is_by_changes()
        && old.is_empty()
        && fetched.links().is_some_and(|all| all.is_empty())
    {
        return Ok(fetched);
    }
    let Some(url) = me.sources.place(place).cloned() else {
        let text = "nobody knows from where the commit came that has submodules";
        return Err(AttemptError::Internal(Cause::new(text)));
    };
    let top = fetched.commit().clone();
    if let Some(path) = fetched.clash() {
        return Err(clashing(&top, path).into());
    }
    let repository =
        Repository { store, commit: fetched.commit().clone(), url, module: None, above: None };
    let mut gathering = Gathering { me, old, top, parts: Vec::new(), stop };
    let sure = !fetched.may_clash(&gathering.old)
        && gathering.all_of(&repository, fetched.links(), fetched.is_by_changes())?;
    if sure {
        let parts = gathering.parts;
        return Ok(fetched.with_parts(parts));
    }
    // Something came or went: all are looked at.
    let fetched = fetched.whole(store)?;
    if let Some(path) = fetched.clash() {
        return Err(clashing(fetched.commit(), path).into());
    }
    gathering.parts.clear();
    gathering.old.clear();
    gathering.all_of(&repository, fetched.links(), false)?;
    let parts = gathering.parts;
    Ok(fetched.with_parts(parts))
}

fn clashing(commit: &CommitId, path: String) -> GitError {
    let reason = "it is the path of a submodule, or leads to one, in other letters".to_owned();
    GitError::Submodule { commit: commit.clone(), path, reason }
}

/// A repository at a commit that is whole, in which there may be submodules.
struct Repository<'a> {
    store: &'a Store,
    commit: CommitId,
    url: RepoUrl,
    /// What it is a submodule as, if it is one.
    module: Option<Module>,
    /// The one that has it.
    above: Option<&'a Self>,
}

impl Repository<'_> {
    /// It, and all that have it.
    fn line(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |repository| repository.above)
    }
}

/// The work on one tree.
struct Gathering<'a> {
    me: &'a mut Attempts,
    /// What the tree has that the next one may be made from.
    old: Vec<Module>,
    /// The commit that has all of them.
    top: CommitId,
    parts: Vec<Part>,
    stop: &'a Stop,
}

impl Gathering<'_> {
    /// Brings the submodules of a repository, and theirs. `links` are all of them, or those that moved
    /// since the old tree; the others are as they were there. Says whether it is sure of that.
    fn all_of(
        &mut self,
        repository: &Repository<'_>,
        links: Option<Vec<Link>>,
        by_changes: bool,
    ) -> Result<bool, AttemptError> {
        let Some(links) = links else {
            return Ok(false);
        };
        if by_changes {
            self.keep(repository, &links);
        }
        if links.is_empty() {
            return Ok(true);
        }
        let declared = Declared::of(repository.store, &repository.commit)?;
        for link in links {
            self.stop.check()?;
            let old = self.old_of(repository, &link);
            // One that had no files before gets none now.
            if by_changes && old.is_none() {
                continue;
            }
            if !self.one(repository, &declared, &link, old.filter(|_| by_changes))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn old_of(&self, repository: &Repository<'_>, link: &Link) -> Option<Module> {
        let above = repository.module.as_ref();
        self.old.iter().find(|old| old.is_at(above, link)).cloned()
    }

    /// Keeps what is in the repository and has not moved, with all below.
    fn keep(&mut self, repository: &Repository<'_>, moved: &[Link]) {
        let above = repository.module.as_ref();
        let moved: Vec<_> = moved.iter().filter_map(|link| self.old_of(repository, link)).collect();
        for old in &self.old {
            let is_inside = above.is_none_or(|above| old.is_below(above));
            let has_moved = |moved: &Module| moved == old || old.is_below(moved);
            if is_inside && !moved.iter().any(has_moved) {
                self.parts.push(Part::unchanged(old.clone()));
            }
        }
    }

    /// Brings one submodule, and those in it. Says whether it is sure of what differs from the old.
    fn one(
        &mut self,
        repository: &Repository<'_>,
        declared: &Declared,
        link: &Link,
        old: Option<Module>,
    ) -> Result<bool, AttemptError> {
        let path = link.module(repository.module.as_ref(), repository.store).shown();
        let refused = |reason: String| GitError::Submodule {
            commit: repository.commit.clone(),
            path: path.clone(),
            reason,
        };
        let text = match declared.find(link).map_err(refused)? {
            Use::Fetch(text) => text,
            Use::Leave => return Ok(true),
        };
        if repository.line().count() > DEEPEST {
            return Err(refused(format!("submodules are nested deeper than {DEEPEST}")).into());
        }
        if self.parts.len() >= MOST {
            return Err(refused(format!("there are more than {MOST} submodules")).into());
        }
        let access = self.me.sources.access();
        let url = address(access, &text, &repository.url).map_err(refused)?;
        let is_above = |above: &Repository<'_>| above.url == url && above.commit == *link.commit();
        if repository.line().any(is_above) {
            return Err(refused("it holds itself".to_owned()).into());
        }
        let failed = |source: AttemptError| source.of_submodule(path.clone(), url.to_string());
        let (store, fetched) = self.fetch(repository, link, &url, old.as_ref()).map_err(failed)?;
        let module = link.module(repository.module.as_ref(), &store);
        if old.is_some_and(|old| old.store() != module.store()) {
            return Ok(false);
        }
        let by_changes = fetched.is_by_changes();
        if let Some(path) = fetched.clash() {
            return Err(clashing(link.commit(), path).into());
        }
        let links = fetched.links();
        self.parts.push(fetched.into_part(module.clone()));
        if repository.store.scope().submodules == Submodules::Shallow {
            return Ok(true);
        }
        let below = Repository {
            store: &store,
            commit: link.commit().clone(),
            url,
            module: Some(module),
            above: Some(repository),
        };
        self.all_of(&below, links, by_changes)
    }

    /// Makes sure that the commit is here, whole.
    fn fetch(
        &mut self,
        repository: &Repository<'_>,
        link: &Link,
        url: &RepoUrl,
        old: Option<&Module>,
    ) -> Result<(Store, Fetched), AttemptError> {
        if let Some(found) = self.kept(repository, link, url) {
            return Ok(found);
        }
        let (label, format) = (self.label(url), self.top.format());
        let mut store = stores::open(&mut self.me.root, &label, format)?;
        let path = link.module(repository.module.as_ref(), repository.store).shown();
        if !self.is_sound(&store)? {
            store = self.renew((store, &path), url)?;
        }
        match self.fetch_into((&store, &path), link.commit(), url, old) {
            Ok(fetched) => Ok((store, fetched)),
            Err(error) if error.may_be_ours() && store.verify(self.stop).is_err() => {
                self.stop.check()?;
                let store = self.renew((store, &path), url)?;
                let fetched = self.fetch_into((&store, &path), link.commit(), url, None)?;
                Ok((store, fetched))
            }
            Err(error) => Err(error),
        }
    }

    /// Looks whether the packs of a repository are as they were: quickly, unless an attempt failed that
    /// may have found otherwise.
    fn is_sound(&mut self, store: &Store) -> Result<bool, AttemptError> {
        let looked = stores::look(&mut self.me.root, store, self.stop);
        self.stop.check()?;
        Ok(looked
            .inspect_err(|error| {
                tracing::warn!(error = %Cause::of(error), "a submodule's repository is damaged");
            })
            .is_ok())
    }

    /// The name of the repository for an address: there may be others, with other object ids.
    fn label(&self, url: &RepoUrl) -> String {
        label(format!("{url} {}", self.top.format()).as_bytes())
    }

    /// Begins anew with an empty repository, and brings back what trees and kept commits have of it.
    /// That others do not have it any more is no reason to fail: those trees go soon.
    fn renew(
        &mut self,
        (damaged, path): (Store, &str),
        url: &RepoUrl,
    ) -> Result<Store, AttemptError> {
        let store = stores::renew(&mut self.me.root, damaged)?;
        for commit in publish::kept_of_module(store.path())? {
            if let Err(error) = self.fetch_into((&store, path), &commit, url, None) {
                self.stop.check()?;
                tracing::warn!(error = %Cause::of(&error), "could not bring back lost objects");
            }
        }
        Ok(store)
    }

    /// Finds it where it was when the same commit was published before: nothing is asked then.
    fn kept(
        &mut self,
        repository: &Repository<'_>,
        link: &Link,
        url: &RepoUrl,
    ) -> Option<(Store, Fetched)> {
        let module = link.module(repository.module.as_ref(), repository.store);
        let path = publish::kept_module(self.me.root.layout(), &self.top, &module)?;
        let store = stores::open(&mut self.me.root, disk::name(&path)?, self.top.format()).ok()?;
        if !self.is_sound(&store).ok()? {
            return None;
        }
        let object = Resolved::exactly(link.commit()).ok()?;
        let known = Before::default();
        let fetched = store.confirm(&object, &known, &url.to_string(), self.stop).ok()?;
        Some((store, fetched))
    }

    fn fetch_into(
        &mut self,
        (store, path): (&Store, &str),
        commit: &CommitId,
        url: &RepoUrl,
        old: Option<&Module>,
    ) -> Result<Fetched, AttemptError> {
        let object = Resolved::exactly(commit)?;
        let old = old.filter(|old| old.store() == store.path()).map(Module::commit);
        let before = Before { tree: old.cloned(), history: old.cloned() };
        let shown = url.to_string();
        if let Ok(fetched) = store.confirm(&object, &before, &shown, self.stop) {
            return Ok(fetched);
        }
        let have = old.or(self.known_in(store));
        let order = git::order(store, &object, have, self.me.depth.wanted, false);
        let (source, outfit) = self.me.sources.elsewhere(url, self.stop)?;
        tracing::debug!(url = shown, %commit, "fetching a submodule");
        let begun = Instant::now();
        let mut session = source.connect(&outfit, self.stop)?;
        self.me.sources.believed_at(url, &outfit);
        match session.fetch(&order, store, self.stop) {
            Err(error) if session.may_hide(&error) => {
                let mut session = source.connect(&outfit, self.stop)?;
                let Some(order) = session.order_branches(&order, store)? else {
                    return Err(error.into());
                };
                tracing::debug!(error = %Cause::of(&error), "fetching all branches instead");
                session.fetch(&order, store, self.stop)?;
            }
            fetched => fetched?,
        }
        let fetched = store.confirm(&object, &before, &shown, self.stop)?;
        tracing::info!(path, url = shown, %commit, took = ?begun.elapsed(), "fetched a submodule");
        Ok(fetched)
    }

    /// A commit that a published tree has from the same repository, so that it is here.
    fn known_in(&self, store: &Store) -> Option<&CommitId> {
        self.old.iter().find(|old| old.store() == store.path()).map(Module::commit)
    }
}
