//! Bringing the files that Git LFS keeps, before any of a commit is written, and letting go of those
//! that nobody needs.

use crate::attempt::Attempts;
use crate::attempt::addresses;
use crate::attempt::error::AttemptError;
use crate::config::Config;
use crate::disk::{DiskError, is_there, remove, room};
use crate::git::{Fetched, Store, git_directory, lfs_url};
use crate::lfs;
use crate::lfs::{Endpoint, LfsError, Named, Needed, Objects, Oid, Pointer, Server, Wanted};
use crate::model::{Cause, CommitId, Location, RepoUrl, Room};
use crate::runtime::Stop;
use crate::trees;
use std::collections::{BTreeMap, HashSet};
use std::path::Path;

/// How many files are asked for before they are brought: what is told of them may not be good for
/// long.
const AT_ONCE: usize = 100;

/// What is kept from one attempt to the next.
#[derive(Debug)]
pub(super) struct Large {
    /// Where the options say that files are.
    url: Option<String>,
    /// Whether it was told that pointers are written as they are.
    told: bool,
    /// Whether something was published since files were let go of.
    fresh: bool,
}

impl Large {
    /// Takes what the options say.
    pub(super) fn new(config: &Config) -> Self {
        let url = config.access.lfs_url().map(str::to_owned);
        Self { url, told: false, fresh: true }
    }

    /// Says once that there are pointers, if there are.
    fn tell(&mut self, store: &Store, fetched: &Fetched) -> Result<(), AttemptError> {
        if !self.told && trees::has_pointers(store, fetched)? {
            self.told = true;
            tracing::info!(
                commit = %fetched.commit(),
                "some files are pointers of Git LFS and are written as they are; lfs=on brings what they point to"
            );
        }
        Ok(())
    }
}

/// Brings what a commit and its submodules need and is not here. All of it is kept in one place.
pub(super) fn bring(
    me: &mut Attempts,
    (store, fetched): (&Store, &Fetched),
    place: usize,
    stop: &Stop,
) -> Result<(), AttemptError> {
    if !store.scope().lfs {
        return me.large.tell(store, fetched);
    }
    let objects = Objects::of(store.large());
    let how = store.shape() + store.scope().submodules.label();
    let known = fetched.base().and_then(|base| Needed::read(&objects, base, &how));
    let each = trees::needed(store, fetched, known)?;
    let all = trees::together(fetched, &each);
    // Before anything comes, so that it is known what it is for.
    all.note(&objects, fetched.commit(), &how)?;
    let lacking = missing(&objects, &all, stop)?;
    if lacking.is_empty() {
        return Ok(());
    }
    lfs::forget_others(&objects, &lacking)?;
    let live = me.root.live().map(|live| live.commit);
    let bytes = check_room(&objects, store, &lacking).or_else(|full| {
        lfs::keep_only(&objects, &all, live.as_ref(), &how)?;
        check_room(&objects, store, &lacking).map_err(|_still| full)
    })?;
    tracing::info!(files = lacking.len(), bytes, "bringing files of Git LFS");
    let Some(remote) = me.sources.place(place).cloned() else {
        return Ok(());
    };
    let mut left: HashSet<_> = lacking.into_iter().map(|file| which(&file.pointer)).collect();
    let mut each = each.iter();
    if let Some(needed) = each.next() {
        let home = Home { store, commit: fetched.commit(), url: remote.clone() };
        home.bring(me, &objects, take(&mut left, needed), stop)?;
    }
    for (needed, part) in each.zip(&fetched.parts) {
        let missing = take(&mut left, needed);
        if missing.is_empty() {
            continue;
        }
        let (module, access) = (&part.module, me.sources.access());
        let url = addresses::of_module(access, (store, fetched), module, &remote)?;
        let (path, shown) = (module.shown(), url.to_string());
        let home = Home { store: &store.of_module(module)?, commit: module.commit(), url };
        home.bring(me, &objects, missing, stop).map_err(|error| error.of_submodule(path, shown))?;
    }
    Ok(())
}

/// The repository that has pointers, and where it came from.
struct Home<'a> {
    store: &'a Store,
    commit: &'a CommitId,
    url: RepoUrl,
}

impl Home<'_> {
    /// Brings what they point to.
    fn bring(
        &self,
        me: &mut Attempts,
        objects: &Objects,
        mut missing: Vec<Wanted>,
        stop: &Stop,
    ) -> Result<(), AttemptError> {
        if let Location::Local(path) = self.url.location() {
            copy(objects, path, &mut missing, stop)?;
        }
        if missing.is_empty() {
            return Ok(());
        }
        let named = named(me, self.store, self.commit)?;
        let endpoint = lfs::find(&self.url, named.as_ref())?;
        let server = server(me, endpoint, &self.url, (missing.as_slice(), stop))?;
        for some in missing.chunks(AT_ONCE) {
            let offered = server.ask(some, stop)?;
            lfs::bring(&server, &offered, objects, stop)?;
        }
        Ok(())
    }
}

/// What is not here, each file once.
fn missing(objects: &Objects, needed: &Needed, stop: &Stop) -> Result<Vec<Wanted>, LfsError> {
    let mut missing: BTreeMap<_, Wanted> = BTreeMap::new();
    for (path, pointer) in &needed.0 {
        if let Some(other) = missing.get(&pointer.oid) {
            // Both cannot be right, and both would be written to the same place.
            if other.pointer.size != pointer.size {
                return Err(LfsError::Contradiction {
                    path: Wanted::new(path, pointer.clone()).path,
                    other: other.path.clone(),
                });
            }
        } else if !objects.has(pointer, stop)? {
            missing.insert(&pointer.oid, Wanted::new(path, pointer.clone()));
        }
    }
    Ok(missing.into_values().collect())
}

/// What tells pointers apart: of two that name the same content, one may be wrong about its size.
fn which(pointer: &Pointer) -> (Oid, u64) {
    (pointer.oid.clone(), pointer.size)
}

/// Takes those out of what is left that are needed here.
fn take(left: &mut HashSet<(Oid, u64)>, needed: &Needed) -> Vec<Wanted> {
    let files = needed.0.iter().filter(|(_, pointer)| left.remove(&which(pointer)));
    files.map(|(path, pointer)| Wanted::new(path, pointer.clone())).collect()
}

/// Finds out whether there is room for what is to come, before any of it comes.
fn check_room(objects: &Objects, store: &Store, missing: &[Wanted]) -> Result<u64, LfsError> {
    let rest = |file: &Wanted| file.pointer.size.saturating_sub(objects.begun(&file.pointer));
    let bytes = missing.iter().fold(0, |sum: u64, file| sum.saturating_add(rest(file)));
    let Room { size, available, .. } = room(store.path())?;
    // Some file systems do not say how large they are.
    if size > 0 && available < bytes {
        return Err(LfsError::NoRoom { needed: bytes, available });
    }
    Ok(bytes)
}

/// Copies what a repository of this machine has.
fn copy(
    objects: &Objects,
    path: &Path,
    missing: &mut Vec<Wanted>,
    stop: &Stop,
) -> Result<(), LfsError> {
    let Some(git) = git_directory(path) else {
        return Ok(());
    };
    let mut left = Vec::new();
    for file in missing.drain(..) {
        if !objects.copy_from(&git, &file, stop)? {
            left.push(file);
        }
    }
    *missing = left;
    Ok(())
}

/// Who says where files are: the options, or else the commit itself.
fn named(me: &Attempts, store: &Store, commit: &CommitId) -> Result<Option<Named>, AttemptError> {
    if let Some(url) = &me.large.url {
        return Ok(Some(Named { url: url.clone(), by: "git-config", by_repository: false }));
    }
    let named = |url| Named { url, by: ".lfsconfig", by_repository: true };
    Ok(lfs_url(store, commit)?.map(named))
}

fn server(
    me: &mut Attempts,
    endpoint: Endpoint,
    remote: &RepoUrl,
    (missing, stop): (&[Wanted], &Stop),
) -> Result<Server, AttemptError> {
    let (url, grant) = match endpoint {
        Endpoint::Http(url) => (url, None),
        Endpoint::Ssh(url, guess) => {
            let grant = lfs::ask(me.sources.ssh_to(remote), &url, stop)?;
            let href = grant.as_ref().and_then(|grant| grant.href.clone());
            let url = match href {
                Some(href) => at(&href)?,
                None => guess,
            };
            (url, grant)
        }
        Endpoint::Local(place) => {
            let place = git_directory(&place).unwrap_or(place).join("lfs/objects");
            let file =
                missing.first().map(|file| (file.path.clone(), file.pointer.oid.to_string()));
            let (path, oid) = file.unwrap_or_default();
            return Err(LfsError::NotThere { path, oid, place }.into());
        }
    };
    tracing::debug!(%url, "asking an LFS server");
    let outfit = me.sources.outfit_at(&url, stop)?;
    let identified = me.sources.identifies_us_to(&url);
    let (client, redirects) = me.sources.client_to(&url);
    let server = Server::new(client, &url, &outfit, identified);
    let server = server.ok_or_else(|| lfs::not_http(&url.to_string()))?.with_redirects(redirects);
    Ok(match &grant {
        Some(grant) => server.granted(grant),
        None => server,
    })
}

/// Where an SSH server sends us.
fn at(href: &str) -> Result<RepoUrl, LfsError> {
    let url = href.parse().ok();
    url.filter(|url: &RepoUrl| matches!(url.location(), Location::Http(_)))
        .ok_or_else(|| lfs::not_http(href))
}

/// A commit is published: what it needs is kept from now on.
pub(super) fn published(me: &mut Attempts, commit: &CommitId) {
    me.large.fresh = true;
    let noted = lfs::published(&Objects::of(&me.root.layout().git()), commit);
    if let Err(error) = noted {
        tracing::warn!(error = %Cause::of(&error), "could not note which files of Git LFS are needed");
    }
}

/// Lets go of files that neither the published commit nor the one before it needs, if something was
/// published since the last time. Where Git LFS is not wanted any more, that is all of them.
pub(super) fn sweep(me: &mut Attempts) -> Result<(), DiskError> {
    let Some(live) = me.root.live().filter(|_| me.large.fresh) else {
        return Ok(());
    };
    me.large.fresh = false;
    let git = me.root.layout().git();
    let objects = Objects::of(&git);
    if me.root.scope().lfs {
        return lfs::sweep(&objects, &live.commit);
    }
    let own = me.root.layout().large();
    if is_there(&own) {
        objects.sweep(&HashSet::new())?;
        remove(&own)?;
    }
    Ok(())
}
