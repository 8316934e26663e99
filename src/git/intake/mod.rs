//! Takes in a pack: writes it to the disk, names its objects, and makes its index, within limits.
//!
//! It is what `gix_pack::Bundle::write_to_directory` does, with looks at what comes at each step. What
//! is not taken leaves nothing: files have private names until all is well.

mod chains;
mod excess;
mod gauge;
mod memory;

pub use excess::Excess;

use crate::git::intake::chains::Chains;
use crate::git::intake::gauge::{Gauge, Meter};
use crate::git::intake::memory::Watch;
use crate::model::Limits;
use gix::error::{Class, ResourceExhaustionKind};
use gix::hash::Kind;
use gix::progress::Discard;
use gix_pack::MMap;
use gix_pack::bundle::write::Outcome;
use gix_pack::data;
use gix_pack::data::EntryRange;
use gix_pack::data::input::{
    BytesToEntriesIter, EntriesToBytesIter, Entry, EntryDataMode, LookupRefDeltaObjectsIter, Mode,
};
use gix_pack::index;
use std::cell::{Cell, RefCell};
use std::fs;
use std::fs::File;
use std::io;
use std::io::{BufRead, BufWriter, Read, Seek, SeekFrom, Write};
use std::iter;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::NamedTempFile;

/// The most objects of one pack: each takes about a hundred bytes of memory. The largest repositories
/// that are known have some tens of millions.
const OBJECTS: usize = 1 << 26;

/// How a pack is taken in.
#[derive(Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Where it goes.
    pub(super) directory: &'a Path,
    pub(super) limits: Limits,
    pub(super) threads: usize,
    pub(super) hash: Kind,
    /// Ends the work when it is raised.
    pub(super) interrupt: &'a AtomicBool,
}

type Entries<'a> = Box<dyn Iterator<Item = gix::error::Result<Entry>> + 'a>;

/// Takes it in. Objects that are missing in it are sought among the `bases`, if there may be any.
pub(super) fn take_in(
    pack: &mut dyn BufRead,
    bases: Option<impl gix::objs::Find>,
    terms: Terms<'_>,
) -> gix::error::Result<Outcome> {
    let data = NamedTempFile::new_in(terms.directory).map_err(gix::Error::from_error)?;
    let index = NamedTempFile::new_in(terms.directory).map_err(gix::Error::from_error)?;
    let out = data.as_file().try_clone().map(BufWriter::new).map_err(gix::Error::from_error)?;
    let (copy, sheet) = if bases.is_some() { (None, Some(out)) } else { (Some(out), None) };
    let meter = Rc::new(RefCell::new(Meter::new(terms.limits, copy)));
    let mode = if bases.is_some() { EntryDataMode::KeepAndCrc32 } else { EntryDataMode::Crc32 };
    let gauge = Gauge::new(pack, &meter, terms.interrupt);
    let raw = BytesToEntriesIter::new_from_header(gauge, Mode::Verify, mode, terms.hash)?;
    let (version, claimed) = (raw.version(), raw.size_hint().0);
    if claimed > OBJECTS {
        return Err(Excess::Objects { claimed, most: OBJECTS }.raise());
    }
    let judged = judged(raw, &meter, Chains::new(terms.limits));
    let mut entries: Entries<'_> = match (bases, sheet) {
        (Some(bases), Some(sheet)) => {
            let whole =
                LookupRefDeltaObjectsIter::new(judged, bases, gix::zlib::Compression::BEST_SPEED);
            Box::new(EntriesToBytesIter::new(whole, Sheet(sheet), version, terms.hash))
        }
        (_, _) => Box::new(judged),
    };
    let by_name = Cell::new(false);
    // Nothing is reserved for what is only claimed to come.
    let mut entries = iter::from_fn(|| {
        let entry = entries.next();
        let is_by_name =
            |entry: &Entry| matches!(entry.header, data::entry::Header::RefDelta { .. });
        by_name.set(by_name.get() || entry.iter().flatten().any(is_by_name));
        entry
    });
    let written = name_all(&mut entries, (version, &meter), (&data, &index), terms)?;
    if by_name.get() {
        let pack = data::File::at(data.path(), terms.hash)?;
        Chains::look_through(terms.limits, &pack, &index::File::at(index.path(), terms.hash)?)?;
    }
    keep(terms, (data, index), written, version).map_err(gix::Error::from_error)
}

/// Looks at each entry when it came.
fn judged<'a>(
    mut raw: impl Iterator<Item = gix::error::Result<Entry>> + 'a,
    meter: &Rc<RefCell<Meter>>,
    mut chains: Chains,
) -> impl Iterator<Item = gix::error::Result<Entry>> + 'a {
    let meter = Rc::clone(meter);
    iter::from_fn(move || {
        meter.borrow_mut().begin();
        let entry = raw.next()?;
        Some(entry.and_then(|entry| chains.add(&entry).map_err(Excess::raise).map(|()| entry)))
    })
}

/// Reads all entries, puts all objects together to name them, and writes the index.
fn name_all(
    entries: &mut dyn Iterator<Item = gix::error::Result<Entry>>,
    (version, meter): (data::Version, &Rc<RefCell<Meter>>),
    (data, index): (&NamedTempFile, &NamedTempFile),
    terms: Terms<'_>,
) -> gix::error::Result<index::write::Outcome> {
    let limit = usize::try_from(terms.limits.object.0).ok().filter(|limit| *limit != 0);
    let watch = RefCell::new(None);
    let open = || {
        let copy = meter.borrow_mut().copy.take();
        copy.map_or(Ok(()), |mut copy| copy.flush())?;
        let looks = Arc::new(Watch::new(terms.limits));
        watch.replace(Some(Arc::clone(&looks)));
        let file = data::File::at(data.path(), terms.hash).map_err(io::Error::other)?;
        Ok((slices(move |range, file| file.entry_slice(range).filter(|_| looks.allows())), file))
    };
    let written = index::write_data_iter_to_stream(
        index::Version::default(),
        open,
        entries,
        Some(terms.threads),
        &mut Discard,
        &mut index.as_file(),
        terms.interrupt,
        terms.hash,
        limit,
        version,
    );
    written.map_err(|error| {
        let of_memory = watch.borrow().as_ref().and_then(|watch| watch.verdict());
        of_memory.or_else(|| too_large(&error, data.path(), terms)).map_or(error, Excess::raise)
    })
}

/// Lets the compiler know that what is returned lives in the file.
fn slices<F>(slice: F) -> F
where
    F: for<'r> Fn(EntryRange, &'r data::File<MMap>) -> Option<&'r [u8]>,
{
    slice
}

/// Finds the delta whose result is too large, if that is what gix complains of.
fn too_large(error: &gix::Error, pack: &Path, terms: Terms<'_>) -> Option<Excess> {
    let exhausted = Class::ResourceExhaustion(ResourceExhaustionKind::AllocationLimit);
    if !error.classify().any(|found| found.class() == exhausted) {
        return None;
    }
    let limit = terms.limits.object;
    let file = data::File::at(pack, terms.hash).ok()?;
    let deltas = file.streaming_iter().ok()?.filter_map(Result::ok);
    let mut sizes =
        deltas.filter(|entry| entry.header.is_delta()).filter_map(|entry| result(&entry));
    let bytes = sizes.find(|bytes| *bytes > limit.0)?;
    Some(Excess::Object { what: "delta with a result", bytes, limit })
}

/// How large a delta says that its result is: the second number in it.
fn result(delta: &Entry) -> Option<u64> {
    let mut start = [0; 24];
    let mut inflate = gix::zlib::Inflate::default();
    let (_, _, count) = inflate.prefix(delta.compressed.as_deref()?, &mut start).ok()?;
    let mut bytes = start.get(..count)?.iter();
    let mut number = || {
        let (mut number, mut shift) = (0_u64, 0_u32);
        loop {
            let byte = bytes.next()?;
            number |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(u64::MAX);
            shift = shift.saturating_add(7);
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
    };
    number()?;
    number()
}

/// Gives both files their names, unless there is nothing in them.
fn keep(
    terms: Terms<'_>,
    (data, index): (NamedTempFile, NamedTempFile),
    written: index::write::Outcome,
    pack_version: data::Version,
) -> io::Result<Outcome> {
    let place = terms.directory.join(format!("pack-{}.pack", written.data_hash.to_hex()));
    let is_empty = written.num_objects == 0;
    let mut outcome = Outcome {
        index: written,
        pack_version,
        object_hash: terms.hash,
        index_path: None,
        data_path: None,
        keep_path: None,
    };
    if is_empty {
        return Ok(outcome);
    }
    let index_path = place.with_extension("idx");
    // One of the same name has the same content.
    if !place.is_file() {
        // Until there is an index, stock Git might collect it.
        let keep = place.with_extension("keep");
        fs::write(&keep, b"")?;
        outcome.keep_path = Some(keep);
        data.persist(&place)?;
    }
    if !index_path.is_file() {
        index.persist(&index_path)?;
    }
    outcome.data_path = Some(place);
    outcome.index_path = Some(index_path);
    Ok(outcome)
}

/// A file that is written, and read once all is written.
struct Sheet(BufWriter<File>);

impl Write for Sheet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Read for Sheet {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.get_mut().read(into)
    }
}

impl Seek for Sheet {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering;

    /// Asks for an end while what it shows is being read.
    struct Cut<'a>(&'a [u8], &'a AtomicBool);

    impl Read for Cut<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.0.read(into)
        }
    }

    impl BufRead for Cut<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            self.1.store(true, Ordering::Relaxed);
            Ok(self.0)
        }

        fn consume(&mut self, amount: usize) {
            self.0.consume(amount);
        }
    }

    #[test]
    fn what_is_cut_off_in_the_middle_of_an_object_ends_with_an_error() {
        // A blob of four bytes, as it is.
        let body = *b"\x34\x78\x01\x01\x04\x00\xfb\xffabcd\x03\xd8\x01\x8b";
        let pack = [&b"PACK\0\0\0\x02\0\0\0\x02"[..], &body, &body].concat();
        let (dir, interrupt) = (tempfile::tempdir().unwrap(), AtomicBool::new(false));
        let terms = Terms {
            directory: dir.path(),
            limits: Limits::default(),
            threads: 1,
            hash: Kind::Sha1,
            interrupt: &interrupt,
        };
        let mut pack = Cut(&pack, &interrupt);
        let error = take_in(&mut pack, None::<gix::objs::find::Never>, terms).unwrap_err();
        assert!(error.iter_errors().any(|error| error.to_string() == "interrupted"), "{error:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
