//! What a run was made on, in a few words.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;

use crate::support::git::{git, run};
use crate::support::settings;

/// Names versions, commit, kernel, processors and the file system below a directory.
pub(crate) fn describe(place: &Path) -> String {
    let ours = run(Command::new(settings::program()).arg("--version"));
    let commit = settings::is_built_here().then(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR"));
        format!(" at {}", run(git(source).args(["rev-parse", "--short", "HEAD"])))
    });
    let commit = commit.unwrap_or_default();
    let theirs = run(git(place).arg("--version")).replace("git version", "git");
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{ours}{commit}, {theirs}, Linux {}, {processors} × {}, {}",
        kernel.trim(),
        processor(),
        file_system(place),
    )
}

/// How busy the machine was in the last minute.
pub(crate) fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

fn processor() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find(|line| line.starts_with("model name"));
    let name = model.and_then(|line| line.split_once(": ")).map(|(_, name)| name.trim().to_owned());
    name.unwrap_or_else(|| "unknown processor".to_owned())
}

fn file_system(place: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let above = fields.filter(|fields| place.starts_with(fields[1]));
    let Some(mount) = above.max_by_key(|fields| fields[1].len()) else {
        return "an unknown file system".to_owned();
    };
    let (device, kind) = (mount[0].trim_start_matches("/dev/"), mount[2]);
    let journal = fs::read_dir("/proc/fs/jbd2").into_iter().flatten().flatten().any(|entry| {
        entry.file_name().to_string_lossy().rsplit_once('-').is_some_and(|(name, _)| name == device)
    });
    match (kind, journal) {
        ("ext4", false) => "ext4 without a journal".to_owned(),
        ("ext4", true) => "ext4 with a journal".to_owned(),
        _ => kind.to_owned(),
    }
}
