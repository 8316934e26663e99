//! How deep deltas are upon each other, and how much they are together: an object is put together
//! out of its whole chain at once.

use crate::git::intake::Excess;
use crate::git::intake::memory;
use crate::model::{Limits, Size};
use gix::ObjectId;
use gix_pack::data::entry::Header;
use gix_pack::data::input::Entry;
use gix_pack::data::{File, Offset};
use gix_pack::index;
use std::collections::HashMap;

/// The deepest chain. `git pack-objects` makes none of more than 4095, `git fast-import` none of more
/// than 8191.
pub(super) const DEEPEST: u32 = 8192;

/// A delta, and all below it.
#[derive(Clone, Copy, Debug, Default)]
struct Link {
    offset: Offset,
    depth: u32,
    bytes: u64,
}

/// The deltas of a pack whose bases are known by their places before them.
#[derive(Debug)]
pub(super) struct Chains {
    most: Option<Size>,
    links: Vec<Link>,
}

impl Chains {
    pub(super) fn new(limits: Limits) -> Self {
        Self { most: memory::most(limits), links: Vec::new() }
    }

    /// Takes the next entry.
    pub(super) fn add(&mut self, entry: &Entry) -> Result<(), Excess> {
        let base = match entry.header {
            Header::OfsDelta { base_distance } => entry.pack_offset.checked_sub(base_distance),
            Header::RefDelta { .. } => None,
            Header::Commit | Header::Tree | Header::Blob | Header::Tag => return Ok(()),
        };
        let below = base
            .and_then(|base| self.links.binary_search_by_key(&base, |link| link.offset).ok())
            .and_then(|at| self.links.get(at).copied())
            .unwrap_or_default();
        let link = self.upon(below, entry.decompressed_size)?;
        self.links.push(Link { offset: entry.pack_offset, ..link });
        Ok(())
    }

    fn upon(&self, below: Link, bytes: u64) -> Result<Link, Excess> {
        let depth = below.depth.saturating_add(1);
        let bytes = below.bytes.saturating_add(bytes);
        match self.most {
            _ if depth > DEEPEST => Err(Excess::Depth(DEEPEST)),
            Some(most) if bytes > most.0 => Err(Excess::Memory(most)),
            Some(_) | None => Ok(Link { depth, bytes, ..below }),
        }
    }

    /// Looks through a whole pack in which bases are known by their names too, which say nothing
    /// about places until all is named. Hardly any server sends that.
    pub(super) fn look_through(
        limits: Limits,
        pack: &File<gix_pack::MMap>,
        index: &index::File<gix_pack::MMap>,
    ) -> gix::error::Result<()> {
        let chains = Self::new(limits);
        let place = |id: &ObjectId| Some(index.pack_offset_at_index(index.lookup(id)?));
        let mut bases = HashMap::new();
        for entry in pack.streaming_iter()? {
            let entry = entry?;
            let base = match entry.header {
                Header::OfsDelta { base_distance } => entry.pack_offset.checked_sub(base_distance),
                Header::RefDelta { base_id } => place(&base_id),
                Header::Commit | Header::Tree | Header::Blob | Header::Tag => None,
            };
            if let Some(base) = base {
                bases.insert(entry.pack_offset, (base, entry.decompressed_size));
            }
        }
        chains.climb(&bases).map_err(Excess::raise)
    }

    /// Measures each chain once, from wherever it is entered down to what is known of it.
    fn climb(&self, bases: &HashMap<Offset, (Offset, u64)>) -> Result<(), Excess> {
        let mut known: HashMap<Offset, Link> = HashMap::new();
        for start in bases.keys() {
            let (mut path, mut at) = (Vec::new(), *start);
            while let (None, Some((base, bytes))) = (known.get(&at), bases.get(&at)) {
                path.push((at, *bytes));
                at = *base;
            }
            let mut link = known.get(&at).copied().unwrap_or_default();
            for (offset, bytes) in path.into_iter().rev() {
                link = self.upon(link, bytes)?;
                known.insert(offset, link);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_measured_from_wherever_they_are_entered() {
        let chains = Chains::new(Limits::default());
        let chain = |length: u64| (1..=length).map(|at| (at, (at - 1, 10))).collect();
        let deepest = u64::from(DEEPEST);
        assert_eq!(chains.climb(&chain(deepest)), Ok(()));
        assert_eq!(chains.climb(&chain(deepest + 1)), Err(Excess::Depth(DEEPEST)));
    }
}
