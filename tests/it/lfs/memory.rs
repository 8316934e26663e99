//! How much memory it takes to bring what is large: it does not follow the size of the files.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Duration;

use crate::lfs::{at, polling, with_server};
use crate::support::daemon::{Daemon, Root};
use crate::support::git::run;
use crate::support::lfs::{self, Server, kept};
use crate::support::skip;
use crate::support::wait::eventually;

/// The most memory that a process has had, in kilobytes.
pub(crate) fn peak(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Writes so many megabytes that do not repeat.
pub(crate) fn fill(path: &Path, megabytes: u32, seed: u64) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    let mut state = seed;
    for _ in 0..megabytes {
        let number = |_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            state.to_le_bytes()
        };
        out.write_all((0..1 << 17).map(number).collect::<Vec<_>>().as_flattened()).unwrap();
    }
    out.flush().unwrap();
}

/// Brings files of so many megabytes each, and says how much memory that took.
fn brings(files: u32, megabytes: u32, patience: Duration) -> u64 {
    let (upstream, root) = (lfs::upstream(), Root::new());
    for number in 0..files {
        let path = upstream.work().join(format!("{number}.bin"));
        fill(&path, megabytes, number.into());
    }
    let commit = upstream.change().commit();
    let server = Server::start(&kept(&upstream));
    let setup = polling(&at(&upstream), &root).flag("--sync-timeout=1h");
    let daemon = with_server(setup, &server.url()).start();
    eventually("it is published", patience, || {
        (root.published().as_deref() == Some(commit.as_str())).then_some(())
    });
    for number in 0..files {
        let name = format!("{number}.bin");
        let (ours, theirs) = (root.link().join(&name), upstream.work().join(&name));
        let same = std::process::Command::new("cmp").args([&ours, &theirs]).status();
        assert!(same.unwrap().success(), "{name}");
    }
    assert_eq!(run(crate::support::git::git(&root.link()).args(["status", "--porcelain"])), "");
    peak(&daemon)
}

#[test]
fn several_files_at_once_take_little_memory() {
    let one = brings(1, 11, Duration::from_mins(2));
    let many = brings(8, 60, Duration::from_mins(4));
    println!("{one} kB for one, {many} kB for more than forty times as much");
    assert!(many < one + (24 << 10), "{many} kB and {one} kB");
}

#[test]
fn long_a_file_of_more_than_two_gigabytes_takes_no_more() {
    if !skip::unless_long("long_a_file_of_more_than_two_gigabytes_takes_no_more") {
        let kilobytes = brings(1, 2200, Duration::from_mins(20));
        println!("{kilobytes} kB");
        assert!(kilobytes < 64 << 10, "{kilobytes} kB");
    }
}
