//! How many instructions a poll and a change take: figures that no other load disturbs.
//!
//! Valgrind counts what the program itself executes, in all its threads; what the kernel does for it
//! is not in that. A daemon does something a few times, and another one twice as often; what the
//! second needs more is the cost.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::support::daemon::Daemon;
use crate::support::git::search_path;
use crate::support::ground::Ground;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::usage::succeed;

/// How often a daemon polls, and the other one twice as often.
const POLLS: u32 = 40;
/// The same for changes.
const CHANGES: u32 = 2;
/// The row that is looked at again.
pub(crate) const POLL: &str = "instructions of a poll";

/// The only side.
pub(crate) fn columns() -> Vec<String> {
    vec![Program::ours().name]
}

/// Counts, if Valgrind is there.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    let mut paths = env::split_paths(&search_path()).collect::<Vec<_>>().into_iter();
    let Some(valgrind) = paths.find_map(|dir| Some(dir.join("valgrind")).filter(|at| at.is_file()))
    else {
        report.remark("Valgrind is not installed, so nothing was counted.");
        return;
    };
    report.repeated(ground, 1, "count");
    let place = ground.place();
    let root = &place.path().join("root");
    let program = Program::ours();
    // What is there already need not be fetched under Valgrind, which is slow.
    succeed(program.command(&ground.server.url(), root).arg("--one-time"));
    let file = &place.path().join("callgrind.out");
    let mut to = OsString::from("--callgrind-out-file=");
    to.push(file);
    let program = &program.below(vec![valgrind.into(), "--tool=callgrind".into(), to]);
    let mut cost = |times, act: fn(&mut Ground, &Daemon)| {
        let mut count = |times| count(ground, program, (root, file), times, act);
        let once = count(times);
        (count(2 * times) - once) / f64::from(times)
    };
    let (poll, change) = (cost(POLLS, poll), cost(CHANGES, change));
    report.single(ground.files, POLL, Unit::Millions, poll);
    report.single(ground.files, "instructions of a change, all in all", Unit::Millions, change);
}

/// Runs a daemon that does something so many times, and says how many instructions that took.
fn count(
    ground: &mut Ground,
    program: &Program,
    (root, file): (&Path, &Path),
    times: u32,
    act: fn(&mut Ground, &Daemon),
) -> f64 {
    let flags = ["--period=1h", "--sync-on-signal=SIGHUP", "--stale-worktree-timeout=0s"];
    let daemon = Daemon::start(program, &ground.server.url(), root.to_owned(), &flags);
    daemon.wait_until_idle();
    for _ in 0..times {
        act(ground, &daemon);
        daemon.wait_until_idle();
    }
    daemon.end();
    let text = fs::read_to_string(file).unwrap();
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: ")).unwrap();
    totals.trim().parse().unwrap()
}

fn poll(ground: &mut Ground, daemon: &Daemon) {
    let mark = ground.server.mark();
    daemon.signal();
    while ground.server.asked_since(mark).requests < 1.0 {}
}

fn change(ground: &mut Ground, daemon: &Daemon) {
    let commit = ground.origin.change_one_file();
    daemon.signal();
    daemon.wait_until_published(&commit);
}
