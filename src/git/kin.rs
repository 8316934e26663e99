//! Objects from a repository of ours that holds the same project in another root.
//!
//! What is there may be damaged, be changed just now by a collection, or be gone; so any failure is
//! only a reason to ask the source. What comes by copying is named anew by its content. What comes as
//! a whole pack shares its blocks (reflink) or, where the file system cannot do that, its file
//! (hardlink) with the other repository: packs are never written to, and each repository removes its
//! own names only. Every object in such a pack is read and compared with its name before it counts.

use crate::disk::{Durable, remove, replace_file, sync_directory};
use crate::git::Order;
use crate::git::Resolved;
use crate::git::Store;
use crate::git::copy;
use crate::git::copy::CopyError;
use crate::git::error::words;
use crate::git::packs;
use crate::model::{Cause, CommitId};
use crate::runtime::Stop;
use gix::objs::Exists;
use gix::progress::Discard;
use gix_pack::Bundle;
use gix_pack::index::traverse::Algorithm;
use gix_pack::index::verify::Mode;
use gix_pack::index::verify::integrity::Options;
use rustix::fs::ioctl_ficlone;
use std::fs;
use std::fs::{File, Permissions};
use std::io;
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::Duration;

/// Threads that read packs.
const THREADS: usize = 2;
/// How often is looked whether there is time left.
const GLANCE: Duration = Duration::from_millis(50);

/// A repository of ours beside another one.
#[derive(Debug)]
pub struct Kin {
    store: Store,
}

impl Kin {
    /// Opens it to look, if objects of it are of use in a store: neither may lack any.
    pub fn open(git: &Path, store: &Store) -> Option<Self> {
        let kin = Store::open(git).ok()?;
        let fits = kin.format() == store.format() && !kin.is_partial() && !store.is_partial();
        fits.then_some(Self { store: kin })
    }

    /// The commit that is published there.
    pub fn head(&self) -> Option<CommitId> {
        self.store.repo.head_id().ok()?.to_hex().to_string().parse().ok()
    }

    /// Copies a commit and what it needs into the store, if it is here with as much history as is
    /// wanted. Says whether it was. How far back something between one commit and all of them goes,
    /// only the source knows.
    pub fn give(
        &self,
        wanted: &Resolved,
        depth: Option<NonZeroU32>,
        store: &Store,
        stop: &Stop,
    ) -> Result<bool, Cause> {
        let deep = match depth {
            Some(depth) => depth == NonZeroU32::MIN,
            None => !self.store.is_shallow(),
        };
        if !deep || !self.store.repo.objects.exists(&wanted.object) {
            return Ok(false);
        }
        let wants = vec![wanted.object];
        let order = Order { wants, haves: Vec::new(), depth, filter: None, exact: false };
        match copy::objects(&self.store.repo, store, &order, stop) {
            Ok(()) => Ok(true),
            Err(CopyError::Stopped(stopped)) => Err(Cause::of(&stopped)),
            Err(CopyError::Wanted) => Err(Cause::new("an object is missing")),
            Err(CopyError::NoCommit) => Err(Cause::new("it is no commit")),
            Err(CopyError::Source(cause) | CopyError::Store(cause)) => Err(cause),
            Err(CopyError::Excess(excess)) => Err(Cause::of(&excess)),
        }
    }

    /// Gives all its packs to a store that has none, and the ends of its history. Says whether that
    /// could be done.
    pub fn lend(&self, store: &Store, stop: &Stop) -> Result<bool, Cause> {
        let (from, to) = (packs::directory(self.store.path()), packs::directory(store.path()));
        let cause = |error: io::Error| Cause::of(&error);
        let theirs = packs::indexes(self.store.path()).map_err(cause)?;
        let empty = packs::indexes(store.path()).map_err(cause)?.is_empty();
        if !empty || theirs.is_empty() || store.is_shallow() {
            return Ok(false);
        }
        let ends = ends(&self.store).map_err(cause)?;
        let mut lent = Lent { files: Vec::new(), counts: false };
        if let Some(ends) = &ends {
            lent.files.push(store.shallow_file());
            replace_file(&store.shallow_file(), ends, Durable::Yes)
                .map_err(|error| Cause::of(&error))?;
        }
        for index in &theirs {
            stop.check().map_err(|stopped| Cause::of(&stopped))?;
            // A pack is found by its index, which comes last.
            let name = Path::new(index.file_name().unwrap_or_default());
            let place = to.join(name);
            lent.share(&index.with_extension("pack"), &place.with_extension("pack"))?;
            lent.share(&from.join(name), &place)?;
            look_through(&place, store, stop)?;
        }
        // A collection, or a fetch with another end of history, may have come in between.
        if self::ends(&self.store).map_err(cause)? != ends {
            return Ok(false);
        }
        sync_directory(&to).map_err(|error| Cause::of(&error))?;
        lent.counts = true;
        Ok(true)
    }
}

/// What the file of the ends of history holds, if there is one.
fn ends(store: &Store) -> io::Result<Option<Vec<u8>>> {
    crate::disk::if_there(fs::read(store.shallow_file()))
}

/// Reads all of a pack, and compares each object with its name.
fn look_through(index: &Path, store: &Store, stop: &Stop) -> Result<(), Cause> {
    let mut bundle = Bundle::at(index, store.repo.object_hash()).map_err(|error| words(&error))?;
    // The other repository may have other limits.
    let limit = usize::try_from(store.scope().limits.object.0).ok().filter(|limit| *limit != 0);
    bundle.pack = bundle.pack.with_alloc_limit_bytes(limit);
    let options = Options {
        verify_mode: Mode::HashCrc32,
        traversal: Algorithm::DeltaTreeLookup,
        thread_limit: Some(THREADS),
        make_pack_lookup_cache: || gix_pack::cache::Never,
    };
    // Of its own, as it is raised when anything is found wrong.
    let raised = AtomicBool::new(false);
    let flag = &raised;
    thread::scope(|scope| {
        let (over, is_over) = mpsc::channel::<()>();
        scope.spawn(move || {
            while is_over.recv_timeout(GLANCE) == Err(RecvTimeoutError::Timeout) {
                if stop.check().is_err() {
                    flag.store(true, Ordering::Relaxed);
                }
            }
        });
        let read = bundle.verify_integrity(&mut Discard, flag, options);
        drop(over);
        read.map(drop).map_err(|error| words(&error))
    })
}

/// Files that came, which go again unless they count.
struct Lent {
    files: Vec<PathBuf>,
    counts: bool,
}

impl Lent {
    fn share(&mut self, from: &Path, to: &Path) -> Result<(), Cause> {
        self.files.push(to.to_owned());
        let cloned = clone(from, to);
        let shared = cloned.or_else(|_error| {
            remove(to).map_err(io::Error::other)?;
            fs::hard_link(from, to)
        });
        shared.map_err(|error| Cause::of(&error))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if self.counts {
            return;
        }
        // The index of a pack is removed before the pack.
        for file in self.files.iter().rev() {
            if let Err(error) = remove(file) {
                tracing::warn!(error = %Cause::of(&error), "could not remove what was shared");
            }
        }
    }
}

fn clone(from: &Path, to: &Path) -> io::Result<()> {
    let source = File::open(from)?;
    let target = File::create_new(to)?;
    ioctl_ficlone(&target, &source)?;
    target.set_permissions(Permissions::from_mode(0o444))?;
    target.sync_all()
}
