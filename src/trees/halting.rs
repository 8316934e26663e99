//! Ends a checkout early. gix looks at its flag only between many files, but it asks for the content
//! of each one.

use crate::runtime::Stop;
use gix::error::Result;
use gix::objs::{Data, Find};

/// Finds objects as long as the work may go on.
#[derive(Clone)]
pub(super) struct Halting<'a, F> {
    objects: F,
    stop: &'a Stop,
}

impl<'a, F> Halting<'a, F> {
    pub(super) fn new(objects: F, stop: &'a Stop) -> Self {
        Self { objects, stop }
    }
}

impl<F: Find> Find for Halting<'_, F> {
    fn try_find<'a>(&self, id: &gix::oid, buffer: &'a mut Vec<u8>) -> Result<Option<Data<'a>>> {
        let check = || self.stop.check().map_err(gix::Error::from_error);
        check()?;
        let found = self.objects.try_find(id, buffer)?;
        // What is large took long to put together, and would take long to write.
        check().map(|()| found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gix::bstr::BStr;
    use gix::command::Context;
    use gix::filter::plumbing::{Pipeline, pipeline};
    use gix::hash::Kind;
    use gix::index::entry::{Flags, Mode, Stat};
    use gix::progress::Discard;
    use gix::worktree::state::checkout;
    use gix::worktree::state::checkout::Options;
    use std::fs;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;
    use tokio::time::Instant;
    use tokio_util::sync::CancellationToken;

    /// Has every object, and asks for an end when some were found.
    #[derive(Clone)]
    struct Source<'a> {
        found: &'a AtomicUsize,
        end: &'a CancellationToken,
    }

    impl Find for Source<'_> {
        fn try_find<'a>(&self, _: &gix::oid, into: &'a mut Vec<u8>) -> Result<Option<Data<'a>>> {
            if self.found.fetch_add(1, Ordering::Relaxed) + 1 >= 10 {
                self.end.cancel();
            }
            *into = b"content".to_vec();
            Ok(Some(Data { kind: gix::objs::Kind::Blob, object_hash: Kind::Sha1, data: into }))
        }
    }

    #[tokio::test]
    async fn a_checkout_ends_when_it_must_and_not_many_files_later() {
        const THREADS: usize = 2;
        let mut index = gix::index::State::new(Kind::Sha1);
        let id = gix::ObjectId::from_hex(&[b'1'; 40]).unwrap();
        for n in 0..2000 {
            let path = format!("{n:06}");
            let path = BStr::new(&path);
            index.dangerously_push_entry(Stat::default(), id, Flags::empty(), Mode::FILE, path);
        }
        let (found, end) = (AtomicUsize::new(0), CancellationToken::new());
        let stop = Stop::new(end.clone(), Instant::now() + Duration::from_mins(5));
        let objects = Halting::new(Source { found: &found, end: &end }, &stop);
        let dir = tempfile::tempdir().unwrap();
        let filters = Pipeline::new(Context::default(), Kind::Sha1, pipeline::Options::default());
        let options = Options {
            destination_is_initially_empty: true,
            thread_limit: Some(THREADS),
            ..Options::new(filters)
        };
        checkout(&mut index, dir.path(), objects, &Discard, &Discard, stop.flag(), options)
            .unwrap_err();
        let files = fs::read_dir(dir.path()).unwrap().count();
        assert!(files < 10 + THREADS, "{files} files");
    }
}
