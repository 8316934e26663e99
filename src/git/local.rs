//! A source on this machine, read in process: bare or not, a linked worktree, shallow, detached,
//! or owned by somebody else. Nothing in its configuration is executed.

use crate::disk::look::Look;
use crate::git::GitError;
use crate::git::Order;
use crate::git::Resolved;
use crate::git::Store;
use crate::git::copy;
use crate::git::error::words;
use crate::git::format;
use crate::git::format::format_of;
use crate::git::pick;
use crate::git::pick::Tip;
use crate::git::store;
use crate::model::{Cause, ObjectFormat, Reference};
use crate::runtime::Stop;
use gix::ObjectId;
use gix::bstr::BStr;
use gix::refs::FullName;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// From how many refs to how many others a name may lead: Git follows five.
const MOST_STEPS: usize = 6;

/// An open repository of this machine.
#[derive(Debug)]
pub struct Local {
    path: PathBuf,
    repo: gix::Repository,
    identity: [Look; 2],
}

/// Where the refs of a repository of this machine are: files, and a directory of many.
pub fn ref_places(path: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let itself = vec![path.to_owned(), path.join(".git")];
    let opened =
        path.canonicalize().ok().and_then(|real| store::options(store::ROOM).open(real).ok());
    let Some(repo) = opened.map(|repo| repo.to_thread_local()) else {
        return (itself, Vec::new());
    };
    let (own, common) = (repo.git_dir(), repo.common_dir());
    let files = [own.join("HEAD"), common.join("packed-refs"), common.join("reftable/tables.list")];
    let files = itself.into_iter().chain(files).collect();
    (files, vec![common.join("refs")])
}

/// The address that a path may be without its scheme: one whose first part has the form of a host.
pub(super) fn meant(path: &Path) -> String {
    let address = path.to_str().and_then(|text| text.split_once('/').map(|parts| (text, parts)));
    let is_of_host =
        |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '.';
    match address {
        Some((text, (host, rest)))
            if host.contains('.')
                && host.starts_with(|letter: char| letter.is_ascii_alphanumeric())
                && host.chars().all(is_of_host)
                && !rest.is_empty() =>
        {
            format!(" on this machine; if a server is meant, write https://{text}")
        }
        Some(_) | None => String::new(),
    }
}

/// Tells the repository that a path leads to from one that took its place: by a link that was
/// turned, or by being made anew.
fn identity(path: &Path) -> [Look; 2] {
    [Look::at(path), Look::at(&path.join(".git"))]
}

impl Local {
    pub(super) fn open(path: &Path, stop: &Stop) -> Result<Self, GitError> {
        stop.check()?;
        let nothing = |source| GitError::NoRepository { path: path.to_owned(), source };
        let closed = |source: Cause| {
            // There is one whose objects are named in a way that is not known here.
            if source.to_string().contains("extensions.objectFormat") {
                GitError::Source { path: path.to_owned(), source }
            } else {
                nothing(source)
            }
        };
        let identity = identity(path);
        let real = path.canonicalize().map_err(|error| nothing(Cause::of(&error)))?;
        store::options(store::ROOM)
            .open(real)
            .map(|repo| Self { path: path.to_owned(), repo: repo.to_thread_local(), identity })
            .map_err(|error| closed(words(&error)))
    }

    /// Says whether the path still leads to the repository that was opened.
    pub(super) fn is_still_there(&self) -> bool {
        identity(&self.path).iter().zip(&self.identity).all(|(now, then)| now.is_like(then))
    }

    /// By which hash it names objects.
    pub(super) fn format(&self) -> ObjectFormat {
        format_of(self.repo.object_hash())
    }

    pub(super) fn resolve(&self, reference: &Reference) -> Result<Resolved, GitError> {
        if let Reference::Commit(commit) = reference {
            return Resolved::exactly(commit);
        }
        if let Some(prefix) = reference.prefix() {
            return self
                .newest(reference, &prefix)?
                .ok_or_else(|| self.nothing_like(reference, &prefix));
        }
        for name in reference.candidates() {
            let Ok(name) = FullName::try_from(name) else {
                continue;
            };
            let found = self.repo.try_find_reference(name.as_ref());
            if let Some(mut found) = found.map_err(|error| self.unreadable(words(&error)))? {
                let at = found.target().try_id().map(ToOwned::to_owned);
                return match found.peel_to_id() {
                    Ok(id) => {
                        // Where it led to another one, it is that one now.
                        let name = found.name().as_bstr();
                        let full = std::str::from_utf8(name).ok().map(str::to_owned);
                        Ok(tagged(Resolved::named(full, id.detach()), name, at))
                    }
                    Err(error) => Err(self.broken(reference, found.name().to_owned(), &error)),
                };
            }
        }
        if reference.may_be_abbreviated() {
            let tips = self.tips(&pick::TIPS)?.into_iter();
            return pick::abbreviated(&reference.to_string(), tips)
                .map_err(|_ambiguous| self.no_such_ref(reference, pick::AMBIGUOUS))?
                .ok_or_else(|| self.no_such_ref(reference, ""));
        }
        Err(self.no_such_ref(reference, ""))
    }

    /// Says that no tag is like that, and which there are.
    fn nothing_like(&self, reference: &Reference, prefix: &str) -> GitError {
        let tags = self.refs(&[prefix]).unwrap_or_default();
        let names: Vec<_> = tags.iter().map(|(name, _)| name.as_str()).collect();
        self.no_such_ref(reference, pick::nothing_like(reference, &names))
    }

    /// Says why a ref that is there comes to nothing.
    fn broken(&self, reference: &Reference, name: FullName, error: &gix::Error) -> GitError {
        let mut name = name;
        for _ in 0..MOST_STEPS {
            name = match self.repo.try_find_reference(name.as_ref()) {
                Ok(Some(found)) => match found.target().try_name() {
                    Some(next) => next.to_owned(),
                    None => return self.unreadable(words(error)),
                },
                Ok(None) if self.is_empty() => {
                    return self.no_such_ref(reference, ", because the repository is empty");
                }
                Ok(None) => {
                    return self
                        .no_such_ref(reference, ", because it names a branch that is not there");
                }
                Err(error) => return self.unreadable(words(&error)),
            };
        }
        self.no_such_ref(reference, ", because it leads from ref to ref without end")
    }

    /// Says whether there is no branch and no tag.
    fn is_empty(&self) -> bool {
        self.refs(&pick::TIPS).is_ok_and(|refs| refs.is_empty())
    }

    /// Takes the newest of the tags that a reference leaves the choice of. What it comes to is
    /// looked up for that one alone, unless it is broken.
    fn newest(&self, reference: &Reference, prefix: &str) -> Result<Option<Resolved>, GitError> {
        let chosen = |(name, object)| Resolved::chosen_ref(name, object);
        let Some((name, mut found)) = pick::newest(reference, self.refs(&[prefix])?.into_iter())
        else {
            return Ok(None);
        };
        let at = found.target().try_id().map(ToOwned::to_owned);
        match found.peel_to_id() {
            Ok(id) => {
                let full = name.clone();
                Ok(Some(tagged(chosen((name, id.detach())), full.as_str().into(), at)))
            }
            Err(_broken) => {
                let tips = self.tips(&[prefix])?.into_iter();
                Ok(pick::newest(reference, tips).map(chosen))
            }
        }
    }

    /// Lists refs by the beginnings of their names, with what they come to. One that is broken is
    /// passed over, as Git does.
    fn tips(&self, prefixes: &[&str]) -> Result<Vec<Tip>, GitError> {
        let peeled = |(name, mut found): (String, gix::Reference<'_>)| {
            found.peel_to_id().ok().map(|id| (name, id.detach()))
        };
        Ok(self.refs(prefixes)?.into_iter().filter_map(peeled).collect())
    }

    /// Lists refs by the beginnings of their names.
    fn refs(&self, prefixes: &[&str]) -> Result<Vec<(String, gix::Reference<'_>)>, GitError> {
        let unreadable = |error| self.unreadable(words(&error));
        let platform = self.repo.references().map_err(unreadable)?;
        let mut all = Vec::new();
        for prefix in prefixes {
            // Whole directories; the caller chooses.
            let directory = prefix.rfind('/').and_then(|end| prefix.get(..=end)).unwrap_or("refs/");
            let refs = platform.prefixed(directory).map_err(unreadable)?;
            all.extend(refs.filter_map(Result::ok).filter_map(|found| {
                let name = std::str::from_utf8(found.name().as_bstr()).ok()?.to_owned();
                Some((name, found))
            }));
        }
        Ok(all)
    }

    pub(super) fn fetch(&self, order: &Order, store: &Store, stop: &Stop) -> Result<(), GitError> {
        let url = self.path.display().to_string();
        if let Some(want) = order.wants.first() {
            format::check(want, (self.repo.object_hash(), &url), store)?;
        }
        let copied = match copy::objects(&self.repo, store, order, stop) {
            // Somebody may have repacked it meanwhile: what was found is elsewhere now.
            Err(
                copy::CopyError::Source(_) | copy::CopyError::Store(_) | copy::CopyError::Wanted,
            ) => copy::objects(&Self::open(&self.path, stop)?.repo, store, order, stop),
            copied => copied,
        };
        copied.map_err(|failure| match failure {
            copy::CopyError::Stopped(stopped) => GitError::Stopped(stopped),
            copy::CopyError::Source(source) => self.unreadable(source),
            copy::CopyError::Wanted => GitError::NoSuchRef {
                url: self.path.display().to_string(),
                reference: order.first(),
                detail: ": there is no such commit".into(),
            },
            copy::CopyError::NoCommit => GitError::NoSuchRef {
                url: self.path.display().to_string(),
                reference: order.first(),
                detail: ": it names no commit".into(),
            },
            copy::CopyError::Excess(excess) => GitError::TooLarge { url: url.clone(), excess },
            copy::CopyError::Store(source) => {
                GitError::Disk { path: store.path().to_owned(), source }
            }
        })
    }

    fn unreadable(&self, source: Cause) -> GitError {
        GitError::Source { path: self.path.clone(), source }
    }

    fn no_such_ref(&self, reference: &Reference, detail: impl Into<Cow<'static, str>>) -> GitError {
        GitError::no_such_ref(self.path.display().to_string(), reference, detail)
    }
}

/// Notes the annotated tag that a ref is at, if it is at something else than what it comes to.
fn tagged(found: Resolved, name: &BStr, at: Option<ObjectId>) -> Resolved {
    let tag = at.filter(|at| *at != found.object);
    Resolved { tag: tag.map(|tag| (name.to_string(), tag)), ..found }
}
