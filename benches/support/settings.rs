//! What the environment asks of a bench, and where it works.

use std::env;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How many files the generated repositories have, unless `BENCH_FILES` says otherwise.
const FILES: [u32; 3] = [100, 3_000, 30_000];
/// How much room a place in memory must have, per thousand files and besides.
const ROOM_PER_THOUSAND: u64 = 48 << 20;
const ROOM: u64 = 512 << 20;

/// Says whether this run is to measure. `cargo test --all-targets` starts bench programs too, and
/// then nothing is measured.
pub(crate) fn is_asked_for() -> bool {
    env::args_os().any(|argument| argument == "--bench")
}

/// How many files each repository has: `BENCH_FILES=100,3000`.
pub(crate) fn sizes() -> Vec<u32> {
    match variable("BENCH_FILES") {
        Some(text) => text.split(',').map(|size| size.trim().parse().unwrap()).collect(),
        None => FILES.to_vec(),
    }
}

/// How often to repeat: `BENCH_RUNS`, or as often as the size of the repository lets one wait.
pub(crate) fn runs(files: u32) -> usize {
    let asked = variable("BENCH_RUNS").map(|text| text.parse().unwrap());
    asked.unwrap_or(match files {
        0..1_000 => 21,
        1_000..10_000 => 15,
        10_000..50_000 => 9,
        50_000.. => 5,
    })
}

/// Says whether the figures go into the document: `BENCH_WRITE=1`.
pub(crate) fn writes() -> bool {
    variable("BENCH_WRITE").as_deref() == Some("1")
}

/// The program to measure: `BENCH_PROGRAM`, or the one that Cargo built.
pub(crate) fn program() -> PathBuf {
    let built = env!("CARGO_BIN_EXE_gitsyncd");
    variable("BENCH_PROGRAM").map_or_else(|| built.into(), PathBuf::from)
}

/// Says whether the program is made of the sources beside the benches.
pub(crate) fn is_built_here() -> bool {
    variable("BENCH_PROGRAM").is_none()
}

/// The variables that were set, for the command that repeats this run.
pub(crate) fn given() -> Vec<String> {
    ["BENCH_FILES", "BENCH_RUNS"]
        .into_iter()
        .filter_map(|name| Some(format!("{name}={}", variable(name)?)))
        .collect()
}

/// A new directory to work in: below `BENCH_DIR`, else in memory if there is room, else where
/// temporary files go.
pub(crate) fn place(files: u32) -> TempDir {
    let memory = Path::new("/dev/shm");
    let needed = ROOM + ROOM_PER_THOUSAND * u64::from(files.div_ceil(1_000));
    let above = match variable("BENCH_DIR") {
        Some(place) => place.into(),
        None if room(memory).is_some_and(|room| room >= needed) => memory.to_owned(),
        None => env::temp_dir(),
    };
    tempfile::Builder::new().prefix("gitsyncd-bench-").tempdir_in(above).unwrap()
}

fn room(path: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(path).ok()?;
    Some(found.f_bavail * found.f_frsize)
}

fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.into_string().unwrap()).filter(|text| !text.is_empty())
}
