//! What the environment asks of a bench, and where it works.

use std::env;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// How many files the generated repositories have, unless `BENCH_FILES` says otherwise.
const FILES: [u32; 3] = [3_000, 30_000, 100_000];
/// How much room a place in memory must have, per thousand files and besides.
const ROOM_PER_THOUSAND: u64 = 64 << 20;
const ROOM: u64 = 512 << 20;

/// Says whether this run is to measure. `cargo test --all-targets` starts bench programs too, and
/// then nothing is measured.
pub(crate) fn is_asked_for() -> bool {
    env::args_os().any(|argument| argument == "--bench")
}

/// The measurements that are asked for by name; none means all.
pub(crate) fn names() -> Vec<String> {
    let arguments = env::args_os().skip(1).map(|argument| argument.into_string().unwrap());
    arguments.filter(|argument| !argument.starts_with('-')).collect()
}

/// How many files each repository has, the smallest first: `BENCH_FILES=100,3000`.
pub(crate) fn sizes() -> Vec<u32> {
    let mut sizes = match variable("BENCH_FILES") {
        Some(text) => text.split(',').map(|size| size.trim().parse().unwrap()).collect(),
        None => FILES.to_vec(),
    };
    sizes.sort_unstable();
    sizes
}

/// How long a file is on average, in KiB: `BENCH_KIB`.
pub(crate) fn kibibytes() -> usize {
    variable("BENCH_KIB").map_or(3, |text| text.parse().unwrap())
}

/// How many changes the growth of the disk is watched for: `BENCH_CHANGES`.
pub(crate) fn changes() -> usize {
    variable("BENCH_CHANGES").map_or(1_000, |text| text.parse().unwrap())
}

/// How many repositories one process keeps: `BENCH_REPOSITORIES`.
pub(crate) fn repositories() -> usize {
    variable("BENCH_REPOSITORIES").map_or(500, |text| text.parse().unwrap())
}

/// How many instances follow one origin: `BENCH_INSTANCES`.
pub(crate) fn instances() -> usize {
    variable("BENCH_INSTANCES").map_or(100, |text| text.parse().unwrap())
}

/// How long instances are watched that have nothing to do: `BENCH_SECONDS`.
pub(crate) fn seconds() -> u64 {
    variable("BENCH_SECONDS").map_or(30, |text| text.parse().unwrap())
}

/// How often to repeat: `BENCH_RUNS`, or as often as the size of the repository lets one wait.
pub(crate) fn runs(files: u32) -> usize {
    let asked = variable("BENCH_RUNS").map(|text| text.parse().unwrap());
    asked.unwrap_or(match files {
        0..10_000 => 11,
        10_000..50_000 => 5,
        50_000.. => 3,
    })
}

/// How often memory is looked at; it hardly varies.
pub(crate) fn weighings(files: u32) -> usize {
    if files < 10_000 { 3 } else { 1 }
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

/// Another program with the flags of git-sync to measure beside it: `BENCH_PEER`.
pub(crate) fn peer() -> Option<PathBuf> {
    variable("BENCH_PEER").map(PathBuf::from)
}

/// Says whether the program is made of the sources beside the benches.
pub(crate) fn is_built_here() -> bool {
    variable("BENCH_PROGRAM").is_none()
}

/// The variables that were set, for the command that repeats this run.
pub(crate) fn given() -> Vec<String> {
    let names = [
        "BENCH_FILES",
        "BENCH_KIB",
        "BENCH_RUNS",
        "BENCH_CHANGES",
        "BENCH_REPOSITORIES",
        "BENCH_INSTANCES",
        "BENCH_SECONDS",
    ];
    let plain = names.into_iter().filter_map(|name| Some(format!("{name}={}", variable(name)?)));
    // Where the peer is differs from machine to machine.
    plain.chain(peer().map(|_| "BENCH_PEER=…".to_owned())).collect()
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
