//! The local repository: where objects are kept and what is asked of them.

use crate::git::Before;
use crate::git::CommitInfo;
use crate::git::Content;
use crate::git::Fetched;
use crate::git::GitError;
use crate::git::Leaf;
use crate::git::Module;
use crate::git::Resolved;
use crate::git::Scope;
use crate::git::changes;
use crate::git::checks;
use crate::git::error::words;
use crate::git::format;
use crate::git::handle::Handle;
use crate::git::history;
use crate::git::intake;
use crate::git::intake::Terms;
use crate::git::packs;
use crate::git::partial;
use crate::git::partial::Lack;
use crate::git::tree;
use crate::model::{Cause, Class, CommitId, Limits, ObjectFormat};
use crate::runtime::Stop;
use gix::ObjectId;
use gix::bstr::BString;
use gix::objs::Exists;
use gix::odb::store::init::Slots;
use std::collections::BTreeSet;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Threads that index a pack. More would need more memory than a sidecar should take.
const INDEX_THREADS: usize = 2;

/// For how many packs an open repository has room; the 32 that gix takes were seen to run out, and
/// then new objects are not found.
pub(super) const ROOM: usize = 512;
/// The same of one to which next to nothing comes.
const LITTLE_ROOM: usize = 16;

/// The repository of a root. One thread uses it at a time.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    pub(crate) repo: Handle,
    scope: Arc<Scope>,
    /// The repository in whose directory the files of Git LFS are kept.
    large: PathBuf,
    /// Whether there is room for only few packs that come.
    resting: bool,
}

impl Store {
    /// Opens a repository by its own configuration only, whoever owns it: what it says is either
    /// ours or harmless, as no program is ever started.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        Self::open_for(ROOM, path)
    }

    fn open_for(packs: usize, path: &Path) -> Result<Self, GitError> {
        options(packs)
            .open_path_as_is(true)
            .open(path)
            .map(|repo| Self::of(path, repo))
            .map_err(|error| GitError::Damaged { path: path.to_owned(), source: words(&error) })
    }

    fn of(path: &Path, repo: gix::ThreadSafeRepository) -> Self {
        let (path, large, repo) = (path.to_owned(), path.to_owned(), Handle::new(repo));
        Self { path, repo, scope: Arc::default(), large, resting: false }
    }

    /// Opens the repository of a submodule. What Git LFS keeps is in one place for all of a tree.
    pub fn of_module(&self, module: &Module) -> Result<Self, GitError> {
        let store = Self::open(module.store())?.within(&Arc::new(self.scope.inside()));
        Ok(Self { large: self.large.clone(), ..store })
    }

    /// The repository in whose directory the files of Git LFS are kept.
    pub fn large(&self) -> &Path {
        &self.large
    }

    /// Looks at commits in this way from now on.
    #[must_use]
    pub fn within(self, scope: &Arc<Scope>) -> Self {
        Self { scope: Arc::clone(scope), ..self }
    }

    /// How commits are looked at.
    pub fn scope(&self) -> &Arc<Scope> {
        &self.scope
    }

    /// Lets go of the packs and all that was read from them, until they are needed again. There is
    /// room for a few packs that come, as room costs memory.
    pub fn rest(self) -> Result<Self, GitError> {
        self.again(LITTLE_ROOM)
    }

    /// Makes room again for all the packs that may come.
    pub fn wake(self) -> Result<Self, GitError> {
        if self.resting { self.again(ROOM) } else { Ok(self) }
    }

    fn again(self, packs: usize) -> Result<Self, GitError> {
        let store = Self::open_for(packs, &self.path)?.within(&self.scope);
        Ok(Self { large: self.large, resting: packs < ROOM, ..store })
    }

    /// Opens whatever repository a `.git` leads to, only to look.
    pub fn open_any(path: &Path) -> Result<Self, GitError> {
        options(ROOM)
            .open(path)
            .map(|repo| Self::of(path, repo))
            .map_err(|error| GitError::Damaged { path: path.to_owned(), source: words(&error) })
    }

    /// What configuration and scope say that makes a tree another one, in words that are the same if
    /// that is; none if they say nothing.
    pub fn shape(&self) -> String {
        let config = self.repo.config_snapshot();
        let text = |key: &str| Some(config.string(key)?.to_string().to_ascii_lowercase());
        let autocrlf = text("core.autocrlf")
            .filter(|text| text == "input")
            .or_else(|| config.boolean("core.autocrlf").filter(|on| *on).map(|on| on.to_string()));
        let eol = text("core.eol").filter(|text| text == "crlf");
        let symlinks = config.boolean("core.symlinks").filter(|on| !on).map(|on| on.to_string());
        let of_config: String = [("autocrlf", autocrlf), ("eol", eol), ("symlinks", symlinks)]
            .into_iter()
            .filter_map(|(key, value)| Some(format!("{key} = {}\n", value?)))
            .collect();
        of_config + &self.scope.shape()
    }

    /// Says whether there is any ref, or something that can only have been one: what cannot be read
    /// is not nothing.
    pub fn has_refs(&self) -> bool {
        let has = match self.repo.references() {
            Ok(all) => all.all().map_or(true, |mut all| all.next().is_some()),
            Err(_unreadable) => true,
        };
        has || self.repo.head_id().is_ok()
    }

    /// By which hash it names objects.
    pub fn format(&self) -> ObjectFormat {
        format::format_of(self.repo.object_hash())
    }

    /// The directory of the repository.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn shallow_file(&self) -> PathBuf {
        self.path.join("shallow")
    }

    pub(super) fn is_shallow(&self) -> bool {
        self.shallow_file().exists()
    }

    /// Takes in a pack, whole or not at all, and makes sure that it is on the disk. An empty one
    /// leaves nothing.
    ///
    /// A crash leaves temporary files, which the next start removes.
    pub(super) fn receive(
        &self,
        pack: &mut dyn BufRead,
        thin: bool,
        stop: &Stop,
    ) -> gix::error::Result<Option<PathBuf>> {
        let directory = packs::directory(&self.path);
        self.receive_at((&directory, INDEX_THREADS, self.scope.limits), pack, thin, stop)
    }

    /// Takes it in at another place, with so many threads, within other limits.
    pub(super) fn receive_at(
        &self,
        (directory, threads, limits): (&Path, usize, Limits),
        pack: &mut dyn BufRead,
        thin: bool,
        stop: &Stop,
    ) -> gix::error::Result<Option<PathBuf>> {
        let (hash, interrupt) = (self.repo.object_hash(), stop.flag());
        let bases = thin.then(|| self.repo.objects.clone());
        let terms = Terms { directory, limits, threads, hash, interrupt };
        let written = intake::take_in(pack, bases, terms)?;
        packs::settle(directory, &written)
            .and_then(|()| {
                written.data_path.as_ref().map_or(Ok(()), |pack| partial::mark(self, pack))
            })
            .map_err(gix::Error::from_error)?;
        tracing::debug!(objects = written.index.num_objects, "took in a pack");
        Ok(written.data_path)
    }

    /// Looks whether a commit is here with its whole tree and, up to the shallow boundary, its
    /// ancestors; the trees of ancestors are believed to be whole. What was confirmed `before` is
    /// not looked at again: only what differs from its tree is looked at and listed, if that can be
    /// done without doubt, and only what its history does not have.
    pub fn confirm(
        &self,
        wanted: &Resolved,
        before: &Before,
        url: &str,
        stop: &Stop,
    ) -> Result<Fetched, GitError> {
        let tip = self.commit_of(wanted.object, url)?;
        let commit: CommitId = tip.id.to_hex().to_string().parse().map_err(|error| {
            GitError::Damaged { path: self.path.clone(), source: Cause::of(&error) }
        })?;
        let incomplete =
            |source| GitError::Incomplete { url: url.to_owned(), commit: commit.clone(), source };
        history::is_here(self, tip.id, before.history.as_ref(), stop)?.map_err(incomplete)?;
        let root = tip.tree_id().map_err(|error| incomplete(words(&error)))?.detach();
        let since = |base: &CommitId| {
            Some(Content::Since(
                base.clone(),
                changes::between(&self.repo, self.root_of(base)?, root, &self.scope)?,
            ))
        };
        if let Some(content) = before.tree.as_ref().and_then(since) {
            return Ok(Fetched { commit, content, parts: Vec::new() });
        }
        let mut index =
            tree::list(&self.repo, root, &commit, &self.scope).map_err(|error| match error {
                tree::ListError::Missing(source) => incomplete(source),
                tree::ListError::Hostile(reason) => {
                    GitError::Hostile { commit: commit.clone(), reason }
                }
            })?;
        tree::leave_out(&mut index, &self.scope, || stop.check())?;
        // A pack may have come of which nothing was needed until now.
        let objects = &self.repo.objects;
        let has = |id: &gix::oid| objects.exists_without_refresh(id) || objects.exists(id);
        if let Some(missing) = tree::first_missing(&index, has) {
            return Err(incomplete(Cause::new(format!("{missing} is missing"))));
        }
        Ok(Fetched { commit, content: Content::Whole(Box::new(index)), parts: Vec::new() })
    }

    /// Lists all files of a commit that was confirmed.
    pub(crate) fn list(
        &self,
        commit: &CommitId,
        content: Content,
    ) -> Result<gix::index::File, GitError> {
        match content {
            Content::Whole(index) => Ok(*index),
            Content::Since(..) => self.list_commit(commit),
        }
    }

    /// Lists all files of a commit that was confirmed before.
    pub(crate) fn list_commit(&self, commit: &CommitId) -> Result<gix::index::File, GitError> {
        let damaged = |source| GitError::Damaged { path: self.path.clone(), source };
        let root = self.root_of(commit);
        let root = root.ok_or_else(|| damaged(Cause::new(format!("{commit} cannot be read"))))?;
        let mut index =
            tree::list(&self.repo, root, commit, &self.scope).map_err(|error| match error {
                tree::ListError::Missing(source) => damaged(source),
                tree::ListError::Hostile(reason) => {
                    GitError::Hostile { commit: commit.clone(), reason }
                }
            })?;
        tree::leave_out(&mut index, &self.scope, || Ok(()))?;
        Ok(index)
    }

    /// Finds what stands at some paths of a commit, if anything but a directory does.
    pub(crate) fn find_leaves(
        &self,
        commit: &CommitId,
        paths: BTreeSet<BString>,
    ) -> Result<Vec<(BString, Leaf)>, GitError> {
        let damaged = |error: gix::Error| GitError::Damaged {
            path: self.path.clone(),
            source: words(&error),
        };
        let Some(root) = self.root_of(commit) else {
            return Ok(Vec::new());
        };
        let root = self.repo.find_tree(root).map_err(damaged)?;
        let mut found = Vec::new();
        for path in paths {
            let entry = root.lookup_entry(path.split(|byte| *byte == b'/')).map_err(damaged)?;
            let leaf = entry.and_then(|entry| changes::leaf((entry.mode(), entry.object_id())));
            found.extend(leaf.map(|leaf| (path, leaf)));
        }
        Ok(found)
    }

    pub(super) fn root_of(&self, commit: &CommitId) -> Option<ObjectId> {
        let object = format::object(&self.repo, commit)?;
        Some(self.repo.find_commit(object).ok()?.tree_id().ok()?.detach())
    }

    /// Follows a tag to the commit it names.
    pub(super) fn commit_of(
        &self,
        object: ObjectId,
        url: &str,
    ) -> Result<gix::Commit<'_>, GitError> {
        let no_commit = |detail: &'static str| GitError::NoSuchRef {
            url: url.to_owned(),
            reference: object.to_hex().to_string(),
            detail: detail.into(),
        };
        if object.kind() != self.repo.object_hash() {
            return Err(no_commit(": objects here have names of another length"));
        }
        let found = self
            .repo
            .try_find_object(object)
            .map_err(|error| GitError::Damaged { path: self.path.clone(), source: words(&error) })?
            .ok_or_else(|| no_commit(": the object did not come"))?;
        found
            .peel_tags_to_end()
            .ok()
            .and_then(|object| object.try_into_commit().ok())
            .ok_or_else(|| no_commit(": it names no commit"))
    }

    /// Says whether a commit is here with its ancestors, up to the shallow boundary. Trees are
    /// believed to be whole, and so is a history for which there is no time. What `known`
    /// descends from was found here before.
    pub fn reaches(&self, commit: &CommitId, known: Option<&CommitId>, stop: &Stop) -> bool {
        format::object(&self.repo, commit).is_some_and(|object| {
            history::is_here(self, object, known, stop).map_or(true, |here| here.is_ok())
        })
    }

    /// Reads what people want to know about a commit.
    pub fn describe(&self, commit: &CommitId) -> Option<CommitInfo> {
        CommitInfo::read(&self.repo, commit)
    }

    /// Looks whether a commit that was published is still here, whole.
    pub fn still_has(&self, commit: &CommitId, stop: &Stop) -> Result<(), GitError> {
        let damaged = |source| GitError::Damaged { path: self.path.clone(), source };
        let object = ObjectId::from_hex(commit.as_str().as_bytes())
            .map_err(|error| damaged(words(&error)))?;
        match self.confirm(&Resolved::of(object), &Before::default(), "the local repository", stop)
        {
            Ok(_fetched) => Ok(()),
            Err(GitError::Stopped(stopped)) => Err(GitError::Stopped(stopped)),
            Err(error) if error.class() == Class::Ref => {
                Err(damaged(Cause::new(format!("the published commit {commit} is missing"))))
            }
            Err(error) => Err(damaged(Cause::of(&error))),
        }
    }

    /// Reads every pack and compares its checksums.
    pub fn verify(&self, stop: &Stop) -> Result<(), GitError> {
        checks::verify(self, stop)
    }

    /// Looks whether every pack is as long as it was and belongs to its index, without reading
    /// more than their ends, and whether the ends of history can be read.
    pub fn skim(&self) -> Result<(), GitError> {
        checks::skim(self)
    }

    /// Whether anything may be missing here because a source was told to leave it out.
    pub fn is_partial(&self) -> bool {
        partial::lack(self) != Lack::Nothing
    }

    /// Tells stock Git, if it is so, that what is missing may be. A crash may have come between a pack
    /// and its mark.
    pub fn complete_marks(&self) -> Result<(), GitError> {
        partial::complete_marks(self)
    }
}

/// How repositories are opened, ours and local sources: by their own configuration only, whoever
/// owns them, and with every object as its id says, whatever somebody has it replaced with. There is room for so many
/// packs in all, and for twice as many as there are.
pub(super) fn options(packs: usize) -> gix::open::Options {
    let slots = Slots::AsNeededByDiskState { multiplier: 2.0, minimum: packs };
    gix::open::Options::isolated()
        .with(gix::sec::Trust::Full)
        .config_overrides(["core.useReplaceRefs=false"])
        .object_store_slots(slots)
}
