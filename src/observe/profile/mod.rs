//! Where the time of the processor goes: samples of what all threads do, taken a hundred times for
//! each second that they work, in the format of pprof.
//!
//! Nothing is set up before the first profile. Samples wait in a temporary file; its directory is
//! there only while a profile is taken.

mod keeper;
mod message;

use crate::model::Cause;
use flate2::Compression;
use flate2::write::GzEncoder;
use keeper::Keeper;
use message::Profile;
use pprof::{ProfilerGuard, ProfilerGuardBuilder};
use std::fs;
use std::io;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Samples for a second of work.
const FREQUENCY: i32 = 100;
/// A sample that is in these libraries cannot be followed safely to whoever called them. They are
/// part of the program where it is static, and then it is safe.
const UNSAFE: [&str; 4] = ["libc", "libgcc", "pthread", "vdso"];
/// Where samples can wait if the usual place cannot be written to.
const MEMORY: &str = "/dev/shm";

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
    fs::create_dir_all(&*place).map_err(|error| broken(&error))?;
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

/// Makes a directory where that can be done, and has the profiler use it from now on.
fn choose() -> Result<PathBuf, ProfileError> {
    let usual = std::env::temp_dir();
    let make = |above: &Path| tempfile::Builder::new().prefix("gitsyncd-").tempdir_in(above);
    let directory = make(&usual).or_else(|_error| make(Path::new(MEMORY)));
    let place = directory.map_err(|_error| ProfileError::NoRoom(usual))?.keep();
    // Said once: another place than this is never asked for.
    match tempfile::env::override_temp_dir(&place) {
        Ok(()) => Ok(place),
        Err(before) => Ok(before),
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
    let report = guard.report().build().map_err(|error| broken(&error))?;
    let profile = Profile::of(&report).write();
    // The guard makes room for the next samples when it goes: what was used on the way goes first.
    drop(report);
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
