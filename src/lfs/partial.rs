//! The beginning of a large file, which is gone on with after an interruption, in this attempt or in
//! a later one.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{make_directory, remove};
use crate::lfs::{LfsError, Objects, Oid, Pointer};
use crate::runtime::Stop;
use ring::digest::{Context, SHA256};
use std::fs::File;
use std::io;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// How much is read at once.
const CHUNK: usize = 128 << 10;

/// Makes names differ within one process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Copies that were written to last before this second are those of a process that is gone. Clocks of file systems tick
/// slowly.
pub(super) static FIRST: LazyLock<i64> = LazyLock::new(|| jiff::Timestamp::now().as_second() - 1);

/// A file that is being brought.
pub(super) struct Partial {
    pointer: Pointer,
    path: PathBuf,
    file: File,
    hash: Context,
    got: u64,
}

/// What a step makes, or what is wrong with the content.
pub(super) type Sound<T> = Result<T, String>;

impl Partial {
    /// Goes on where it was left, if it was begun. What is there is read as a whole.
    pub(super) fn resume(
        objects: &Objects,
        pointer: &Pointer,
        stop: &Stop,
    ) -> Result<Self, LfsError> {
        let mut partial = Self::open(objects, pointer, pointer.oid.as_str())?;
        let mut chunk = vec![0; CHUNK];
        loop {
            stop.check()?;
            let count = partial.file.read(&mut chunk).at("read", &partial.path)?;
            if count == 0 {
                break;
            }
            partial.hash.update(chunk.get(..count).unwrap_or_default());
            partial.got += u64::try_from(count).unwrap_or_default();
        }
        if partial.got > pointer.size {
            partial.restart()?;
        }
        Ok(partial)
    }

    /// Begins anew, beside what others may have begun.
    pub(super) fn anew(objects: &Objects, pointer: &Pointer) -> Result<Self, DiskError> {
        LazyLock::force(&FIRST);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut partial = Self::open(objects, pointer, &format!("{}-{number}", pointer.oid))?;
        partial.restart()?;
        Ok(partial)
    }

    fn open(objects: &Objects, pointer: &Pointer, name: &str) -> Result<Self, DiskError> {
        let above = objects.partial();
        make_directory(&above)?;
        let path = above.join(name);
        let open =
            || File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let file = match open() {
            Err(error) if error.kind() == io::ErrorKind::IsADirectory => {
                remove(&path)?;
                open()
            }
            opened => opened,
        };
        let file = file.at("open", &path)?;
        Ok(Self { pointer: pointer.clone(), path, file, hash: Context::new(&SHA256), got: 0 })
    }

    /// Forgets what there is.
    pub(super) fn restart(&mut self) -> Result<(), DiskError> {
        self.file.set_len(0).at("shorten", &self.path)?;
        self.file.seek(SeekFrom::Start(0)).at("go back in", &self.path)?;
        self.hash = Context::new(&SHA256);
        self.got = 0;
        Ok(())
    }

    /// How much is here, in bytes.
    pub(super) fn got(&self) -> u64 {
        self.got
    }

    /// Whether all of it is here.
    pub(super) fn is_whole(&self) -> bool {
        self.got == self.pointer.size
    }

    /// Adds what came. More than there should be is no good.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<Sound<()>, DiskError> {
        let more = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if more > self.pointer.size.saturating_sub(self.got) {
            remove(&self.path)?;
            return Ok(Err(format!("more than {} bytes came", self.pointer.size)));
        }
        if let Err(error) = self.file.write_all(bytes) {
            if is_full(error.kind()) {
                // What is here by halves takes the place that others need.
                remove(&self.path)?;
            }
            return Err(error).at("write", &self.path);
        }
        self.hash.update(bytes);
        self.got += more;
        Ok(Ok(()))
    }

    /// Throws away what is here.
    pub(super) fn discard(self) -> Result<(), DiskError> {
        remove(&self.path)
    }

    /// Keeps the file if it is what it should be, or else throws it away.
    pub(super) fn finish(self, objects: &Objects) -> Result<Sound<()>, DiskError> {
        let Self { pointer, path, file, hash, got } = self;
        if got != pointer.size {
            remove(&path)?;
            return Ok(Err(format!("it has {got} bytes and should have {}", pointer.size)));
        }
        let found = Oid::of(hash.finish().as_ref());
        if found != pointer.oid {
            remove(&path)?;
            return Ok(Err(format!("its SHA-256 is {found}")));
        }
        file.sync_all().at("sync", &path)?;
        objects.keep(&path, &pointer.oid).map(Ok)
    }
}

/// Says whether there is no room, or none for us.
fn is_full(kind: io::ErrorKind) -> bool {
    matches!(kind, io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lfs::stops::{calm, soon};
    use std::time::{Duration, Instant};

    fn pointer(content: &[u8]) -> Pointer {
        let digest = ring::digest::digest(&SHA256, content);
        let size = u64::try_from(content.len()).unwrap();
        Pointer { oid: Oid::of(digest.as_ref()), size, extension: None }
    }

    #[test]
    fn a_file_is_gone_on_with_where_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let (objects, pointer) = (Objects::of(dir.path()), pointer(b"one two"));
        let mut partial = Partial::resume(&objects, &pointer, &calm()).unwrap();
        partial.write(b"one ").unwrap().unwrap();
        drop(partial);
        let mut partial = Partial::resume(&objects, &pointer, &calm()).unwrap();
        assert_eq!((partial.got(), partial.is_whole()), (4, false));
        partial.write(b"two").unwrap().unwrap();
        assert!(partial.is_whole());
        partial.finish(&objects).unwrap().unwrap();
        assert!(objects.has(&pointer, &calm()).unwrap());
        assert_eq!(std::fs::read_dir(objects.partial()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_too_long_too_short_or_something_else_is_thrown_away() {
        let dir = tempfile::tempdir().unwrap();
        let (objects, pointer) = (Objects::of(dir.path()), pointer(b"one two"));
        let mut partial = Partial::resume(&objects, &pointer, &calm()).unwrap();
        assert!(partial.write(b"one two three").unwrap().is_err());
        for other in [&b"one"[..], b"ONE TWO"] {
            let mut partial = Partial::resume(&objects, &pointer, &calm()).unwrap();
            assert_eq!(partial.got(), 0);
            partial.write(other).unwrap().unwrap();
            assert!(partial.finish(&objects).unwrap().is_err());
        }
        assert!(!objects.has(&pointer, &calm()).unwrap());
        std::fs::write(objects.partial().join(pointer.oid.as_str()), "far too much").unwrap();
        assert_eq!(Partial::resume(&objects, &pointer, &calm()).unwrap().got(), 0);
    }

    #[test]
    fn reading_a_large_beginning_ends_when_it_must() {
        let dir = tempfile::tempdir().unwrap();
        let (objects, pointer) = (Objects::of(dir.path()), pointer(b""));
        let pointer = Pointer { size: 1 << 40, ..pointer };
        make_directory(&objects.partial()).unwrap();
        let file = File::create(objects.partial().join(pointer.oid.as_str())).unwrap();
        file.set_len(1 << 36).unwrap();
        let begun = Instant::now();
        let ended = Partial::resume(&objects, &pointer, &soon()).err();
        assert!(matches!(ended, Some(LfsError::Stopped(_))), "{ended:?}");
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    }

    #[test]
    fn a_full_disk_and_a_used_up_quota_are_alike() {
        assert!(is_full(io::Error::from(rustix::io::Errno::NOSPC).kind()));
        assert!(is_full(io::Error::from(rustix::io::Errno::DQUOT).kind()));
        assert!(!is_full(io::Error::from(rustix::io::Errno::IO).kind()));
    }
}
