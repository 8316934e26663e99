//! Objects from a local source into the store: what `git upload-pack` and `git index-pack` do
//! together, without either. The pack is never whole in memory; a thread makes it while another
//! takes it in.

use crate::git::Excess;
use crate::git::Order;
use crate::git::Store;
use crate::git::error::{excess, of_the_system, words};
use crate::git::hollow::WithEmptyTree;
use crate::git::packs;
use crate::git::partial;
use crate::git::select::{Here, Selection, Walk, unreadable};
use crate::model::{Cause, Limits, Size};
use crate::runtime::{Stop, Stopped};
use gix::ObjectId;
use gix::object::Kind;
use gix::progress::Discard;
use gix::zlib::Compression;
use gix_pack::data::output::bytes::FromEntriesIter;
use gix_pack::data::output::{Count, entry};
use gix_shallow::Update;
use std::collections::HashSet;
use std::io;
use std::io::{BufReader, Write};
use std::path::{Path, PathBuf};
use std::thread;
use tracing::Span;

/// Where a pack goes, and how much work is put into it.
#[derive(Clone, Copy)]
pub(super) struct Parcel<'a> {
    pub(super) directory: &'a Path,
    /// What is packed already is copied as it is.
    pub(super) compression: Compression,
    pub(super) threads: usize,
    pub(super) limits: Limits,
}

/// Threads that compress; what the source has compressed is copied as it is.
const THREADS: usize = 2;

/// Why objects could not be copied.
#[derive(Debug)]
pub(super) enum CopyError {
    /// It took too long, or the program stops.
    Stopped(Stopped),
    /// The source has no such object.
    Wanted,
    /// The source has it, and it leads to no commit.
    NoCommit,
    /// The source could not be read.
    Source(Cause),
    /// The store could not be written.
    Store(Cause),
    /// The source has more than is taken.
    Excess(Excess),
}

impl From<Stopped> for CopyError {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// Copies what was ordered and what it needs.
pub(super) fn objects(
    source: &gix::Repository,
    store: &Store,
    order: &Order,
    stop: &Stop,
) -> Result<(), CopyError> {
    let selection = select(source, store, order, stop)?;
    judge(source, &selection.objects, store.scope().limits.object, stop)?;
    // An end of history is known before its commit comes, and forgotten after its parents came. So
    // no crash leaves a commit whose parents are missing without a reason.
    mark_shallow(store, &selection.boundary, Update::Shallow)?;
    if !selection.objects.is_empty() {
        let directory = packs::directory(store.path());
        // What the source has loose is compressed anew; that is not worth much time on one machine.
        let parcel = Parcel {
            directory: &directory,
            compression: Compression::BEST_SPEED,
            threads: THREADS,
            limits: store.scope().limits,
        };
        transfer(source, store, (&selection.objects, parcel), stop)?;
    }
    mark_shallow(store, &selection.inner, Update::Unshallow)
}

/// Walks from the wanted object to the depth that is asked for, leaving out what the store has.
fn select(
    source: &gix::Repository,
    store: &Store,
    order: &Order,
    stop: &Stop,
) -> Result<Selection, CopyError> {
    if let Some(filter) = &order.filter {
        partial::note_lack(store, filter).map_err(|error| CopyError::Store(Cause::of(&error)))?;
    }
    let mut selection = Selection::default();
    let whole = order.depth.is_none() && !store.is_shallow();
    let has = Box::new(|id: &ObjectId| store.repo.objects.exists_without_refresh(id));
    let here = Here { has, whole };
    // Of what is here much may be missing, and all is wanted.
    let all = order.filter.is_none() && !order.exact && store.is_partial();
    let mut walk = Walk::new(source, (!all).then_some(&here), stop);
    if order.exact {
        let alone = order.filter.is_some();
        for want in &order.wants {
            walk.exactly(*want, alone, &mut selection)?;
        }
        return Ok(selection);
    }
    walk.filter = order.filter.as_ref();
    let want = order.wants.first().copied().ok_or(CopyError::Wanted)?;
    let mut tip = source.find_object(want).map_err(|_missing| CopyError::Wanted)?;
    while tip.kind == Kind::Tag {
        let target = tip.to_tag_ref().target();
        selection.objects.push(tip.id);
        tip = source.find_object(target).map_err(unreadable)?;
    }
    if tip.kind != Kind::Commit {
        return Err(CopyError::NoCommit);
    }
    walk.history(tip.id, order.depth, &mut selection)?;
    Ok(selection)
}

/// Looks whether any object is too large, before the source has it in memory.
fn judge(
    source: &gix::Repository,
    objects: &[ObjectId],
    limit: Size,
    stop: &Stop,
) -> Result<(), CopyError> {
    if limit == Size::default() {
        return Ok(());
    }
    for object in objects {
        stop.check()?;
        // What cannot be read is told by who needs it.
        if let Ok(header) = source.find_header(*object)
            && header.size() > limit.0
        {
            let what = match header.kind() {
                Kind::Commit => "commit",
                Kind::Tree => "tree",
                Kind::Blob => "blob",
                Kind::Tag => "tag",
            };
            let bytes = header.size();
            return Err(CopyError::Excess(Excess::Object { what, bytes, limit }));
        }
    }
    Ok(())
}

/// Streams the objects as a pack from one thread to the other.
pub(super) fn transfer(
    source: &gix::Repository,
    store: &Store,
    (objects, parcel): (&[ObjectId], Parcel<'_>),
    stop: &Stop,
) -> Result<Option<PathBuf>, CopyError> {
    let (reader, writer) = io::pipe().map_err(|error| CopyError::Store(Cause::of(&error)))?;
    let source = source.clone().into_sync();
    let span = Span::current();
    thread::scope(|scope| {
        let work = move || make(&source, (objects, parcel), stop, writer);
        let making = scope.spawn(move || span.in_scope(work));
        let place = (parcel.directory, parcel.threads, parcel.limits);
        let taken = store.receive_at(place, &mut BufReader::new(reader), false, stop);
        let made = making
            .join()
            .unwrap_or_else(|_panic| Err(Cause::new("the thread that makes the pack panicked")));
        stop.check()?;
        if let Some(excess) =
            taken.as_ref().err().and_then(|error| error.iter_errors().find_map(excess))
        {
            return Err(CopyError::Excess(excess));
        }
        match (made, taken) {
            // A writer whose reader is gone fails too; the reader knows why.
            (_, Err(error)) if error.iter_errors().any(of_the_system) => {
                Err(CopyError::Store(words(&error)))
            }
            (Err(cause), _) => Err(CopyError::Source(cause)),
            (Ok(()), Err(error)) => Err(CopyError::Store(words(&error))),
            (Ok(()), Ok(pack)) => Ok(pack),
        }
    })
}

fn make(
    source: &gix::ThreadSafeRepository,
    (objects, parcel): (&[ObjectId], Parcel<'_>),
    stop: &Stop,
    writer: impl Write,
) -> Result<(), Cause> {
    let repo = source.to_thread_local();
    let mut database = repo.objects.clone().into_inner();
    database.prevent_pack_unload();
    let database = WithEmptyTree(database);
    let counts = locate(&database, objects, stop)?;
    let options = entry::iter_from_counts::Options {
        thread_limit: Some(parcel.threads),
        compression: parcel.compression,
        ..Default::default()
    };
    write_pack(counts, database, options, (writer, repo.object_hash()))
}

/// Finds where the source has the objects. gix has a function that does this too, but it builds each
/// object out of all its deltas on the way, as if to look into it.
fn locate(
    database: &impl gix_pack::Find,
    objects: &[ObjectId],
    stop: &Stop,
) -> Result<Vec<Count>, Cause> {
    let mut buffer = Vec::new();
    let locate = |object: &ObjectId| {
        stop.check().map_err(|stopped| Cause::of(&stopped))?;
        let place = database.location_by_oid(object, &mut buffer).map_err(|error| words(&error))?;
        // What is in no pack is loose, or nowhere.
        if place.is_none() && !database.contains(object) {
            return Err(Cause::new(format!("{object} is missing")));
        }
        Ok(Count::from_data(*object, place))
    };
    objects.iter().map(locate).collect()
}

fn write_pack(
    counts: Vec<Count>,
    database: impl gix_pack::Find + Send + Clone + 'static,
    options: entry::iter_from_counts::Options,
    (writer, hash): (impl Write, gix::hash::Kind),
) -> Result<(), Cause> {
    let number = u32::try_from(counts.len()).map_err(|error| Cause::of(&error))?;
    let entries = entry::iter_from_counts(counts, database, Box::new(Discard), options)
        .map_err(|error| words(&error))?;
    let in_order = gix::parallel::InOrderIter::from(entries);
    let version = gix_pack::data::Version::V2;
    for written in FromEntriesIter::new(in_order, writer, number, version, hash) {
        written.map_err(|error| words(&error))?;
    }
    Ok(())
}

/// Adds ends of history to the shallow file, or removes those that are none any more.
pub(super) fn mark_shallow(
    store: &Store,
    commits: &[ObjectId],
    update: fn(ObjectId) -> Update,
) -> Result<(), CopyError> {
    let fail = |error: gix::Error| CopyError::Store(words(&error));
    let path = store.shallow_file();
    let before = gix_shallow::read(&path).map_err(fail)?;
    let known: HashSet<ObjectId> = before.iter().flatten().copied().collect();
    let updates: Vec<Update> = commits
        .iter()
        .map(|commit| update(*commit))
        .filter(|update| match update {
            Update::Shallow(commit) => !known.contains(commit),
            Update::Unshallow(commit) => known.contains(commit),
        })
        .collect();
    if updates.is_empty() {
        return Ok(());
    }
    let lock = gix::lock::File::acquire_to_update_resource(
        &path,
        gix::lock::acquire::Fail::Immediately,
        None,
        0,
    )
    .map_err(fail)?;
    gix_shallow::write(lock, before, &updates).map_err(fail)
}
