//! Where the time of the processor goes: samples of what all threads do, taken a hundred times for
//! each second that they work, in the format of pprof.
//!
//! A profile has addresses, and tells which part of which file they are in. It has the names of
//! functions too where the program has them; what is given out has none.
//!
//! Nothing is set up before the first profile. Samples wait in a temporary file; its directory is
//! made for one profile, for nobody else to look into, and removed behind it.

mod keeper;
mod mappings;
mod message;
mod names;
mod stacks;

use crate::model::Cause;
use flate2::Compression;
use flate2::write::GzEncoder;
use jiff::Timestamp;
use keeper::Keeper;
use message::{Profile, Timing};
use pprof::{ProfilerGuard, ProfilerGuardBuilder};
use prost::Message;
use std::fs;
use std::fs::{DirBuilder, Permissions};
use std::io;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Samples for a second of work.
const FREQUENCY: i32 = 100;
/// A sample that is in these libraries cannot be followed safely to whoever called them. They are
/// part of the program where it is static, and then it is safe.
const UNSAFE: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];
/// Where samples can wait if the usual place cannot be written to.
const MEMORY: &str = "/dev/shm";

/// Only we may look into the directory.
const PRIVATE: u32 = 0o700;

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Nothing can be written.
    #[error("there is no place for samples: neither {} nor {MEMORY} can be written to", .0.display())]
    NoRoom(PathBuf),
    /// The system or the profiler does not want to.
    #[error("the profiler does not work: {0}")]
    Broken(Cause),
}

/// Takes samples until `wait` returns, and gives them as a compressed `profile.proto`; nothing if it
/// says that nobody wants them any more. One at a time.
pub fn take(wait: impl FnOnce() -> bool) -> Result<Option<Vec<u8>>, ProfileError> {
    let mut workshop = WORKSHOP.lock().unwrap_or_else(PoisonError::into_inner);
    let Workshop { place, keeper } = match &mut *workshop {
        Some(workshop) => workshop,
        none => none.insert(Workshop::open()?),
    };
    make(place).map_err(|error| broken(&error))?;
    let result = keeper.does(begin).unwrap_or_else(gone).and_then(|guard| {
        let wanted = wait();
        keeper.does(move || end(guard, wanted)).unwrap_or_else(gone)
    });
    if let Err(error) = fs::remove_dir_all(place) {
        tracing::debug!(%error, "could not remove the directory of samples");
    }
    result
}

/// What stays from the first profile on.
static WORKSHOP: Mutex<Option<Workshop>> = Mutex::new(None);

struct Workshop {
    /// The directory in which samples wait, while a profile is taken.
    place: PathBuf,
    keeper: Keeper,
}

impl Workshop {
    fn open() -> Result<Self, ProfileError> {
        let keeper = Keeper::start().map_err(|error| broken(&error))?;
        Ok(Self { place: choose()?, keeper })
    }
}

/// Finds out where a directory can be made, and has the profiler use that from now on.
fn choose() -> Result<PathBuf, ProfileError> {
    let usual = std::env::temp_dir();
    let private = Permissions::from_mode(PRIVATE);
    let try_it = |above: &Path| {
        tempfile::Builder::new().prefix("gitsyncd-").permissions(private.clone()).tempdir_in(above)
    };
    let directory = try_it(&usual).or_else(|_error| try_it(Path::new(MEMORY)));
    let directory = directory.map_err(|_error| ProfileError::NoRoom(usual))?;
    // Said once: another place than this is never asked for.
    match tempfile::env::override_temp_dir(directory.path()) {
        Ok(()) => Ok(directory.path().to_owned()),
        Err(before) => Ok(before),
    }
}

/// Makes a directory that nobody else can look into. What has its name already is not used: its name
/// is known since the first profile, so anybody may have made it.
fn make(place: &Path) -> io::Result<()> {
    let create = || DirBuilder::new().mode(PRIVATE).create(place);
    match create() {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_dir_all(place)?;
            create()
        }
        made => made,
    }
}

fn begin() -> Result<ProfilerGuard<'static>, ProfileError> {
    let builder = ProfilerGuardBuilder::default().frequency(FREQUENCY).blocklist(&UNSAFE);
    // The profiler makes its file at the end of the profile before, and that one is gone.
    drop(builder.clone().build().map_err(|error| broken(&error))?);
    builder.build().map_err(|error| broken(&error))
}

fn end(guard: ProfilerGuard<'static>, wanted: bool) -> Result<Option<Vec<u8>>, ProfileError> {
    if !wanted {
        return Ok(None);
    }
    let report = guard.report().build_unresolved().map_err(|error| broken(&error))?;
    let started = Timestamp::try_from(report.timing.start_time).unwrap_or_default();
    let timing = Timing {
        started: i64::try_from(started.as_nanosecond()).unwrap_or_default(),
        lasted: report.timing.duration,
        frequency: report.timing.frequency,
    };
    let stacks = stacks::all(&report);
    // The guard makes room for the next samples when it goes: what was used on the way goes first.
    drop(report);
    let mappings = mappings::all().unwrap_or_else(|error| {
        tracing::debug!(%error, "a profile does not tell which files its addresses are in");
        Vec::new()
    });
    let profile = Profile::of(&stacks, &timing, mappings, names::at).encode_to_vec();
    drop(stacks);
    let result = compress(&profile).map(Some).map_err(|error| broken(&error));
    drop(profile);
    drop(guard);
    result
}

fn broken(error: &(dyn std::error::Error + 'static)) -> ProfileError {
    ProfileError::Broken(Cause::of(error))
}

/// What is said if the thread is gone.
fn gone<T>() -> Result<T, ProfileError> {
    Err(broken(&io::Error::other("its thread has ended")))
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(bytes)?;
    out.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    #[test]
    fn a_directory_that_somebody_else_made_is_not_used() {
        let dir = TempDir::new().unwrap();
        let place = dir.path().join("known");
        let is_private = || {
            let found = fs::symlink_metadata(&place).unwrap();
            assert_eq!((found.is_dir(), found.permissions().mode() & 0o777), (true, 0o700));
            assert_eq!(fs::read_dir(&place).unwrap().count(), 0);
        };
        make(&place).unwrap();
        is_private();
        fs::set_permissions(&place, Permissions::from_mode(0o777)).unwrap();
        fs::write(place.join("theirs"), "").unwrap();
        make(&place).unwrap();
        is_private();
        fs::remove_dir(&place).unwrap();
        let theirs = dir.path().join("theirs");
        fs::create_dir(&theirs).unwrap();
        symlink(&theirs, &place).unwrap();
        make(&place).unwrap_or_default();
        assert_eq!(fs::read_dir(&theirs).unwrap().count(), 0);
        assert!(theirs.is_dir(), "what a link leads to is left alone");
    }
}
