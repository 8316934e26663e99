//! The empty tree: Git knows it whether or not a repository holds it, so commits may name it where it
//! is not.

use gix::error::Result;
use gix::object::Kind;
use gix::objs::Data;
use gix_pack::cache::DecodeEntry;
use gix_pack::data::Offset;
use gix_pack::data::entry::Location;
use gix_pack::{Find, find};

/// Finds what a database has, and the empty tree in any case.
#[derive(Clone)]
pub(super) struct WithEmptyTree<F>(pub(super) F);

impl<F: Find> Find for WithEmptyTree<F> {
    fn contains(&self, id: &gix::oid) -> bool {
        id.is_empty_tree() || self.0.contains(id)
    }

    fn try_find_cached<'a>(
        &self,
        id: &gix::oid,
        buffer: &'a mut Vec<u8>,
        cache: &mut dyn DecodeEntry,
    ) -> Result<Option<(Data<'a>, Option<Location>)>> {
        if id.is_empty_tree() {
            let tree = Data { kind: Kind::Tree, object_hash: id.kind(), data: &[] };
            return Ok(Some((tree, None)));
        }
        self.0.try_find_cached(id, buffer, cache)
    }

    fn location_by_oid(&self, id: &gix::oid, buffer: &mut Vec<u8>) -> Result<Option<Location>> {
        self.0.location_by_oid(id, buffer)
    }

    fn pack_offsets_and_oid(&self, pack: u32) -> Result<Option<Vec<(Offset, gix::ObjectId)>>> {
        self.0.pack_offsets_and_oid(pack)
    }

    fn entry_by_location(&self, location: &Location) -> Option<find::Entry> {
        self.0.entry_by_location(location)
    }
}
