//! From nothing to a published commit: `gitsyncd --one-time` beside `git clone --depth 1`.
//!
//! It does not measure what the server spends, which is the same for both.

#![expect(
    dead_code,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its table, stops where it cannot go on, and shares code with others"
)]

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::daemon::gitsyncd;
use crate::support::git::git;
use crate::support::origin::Origin;
use crate::support::report::{Report, Unit};
use crate::support::server::Server;
use crate::support::settings;
use crate::support::stats;
use crate::support::usage::{measure, weigh};

/// How often memory is looked at; it hardly varies.
const WEIGHINGS: usize = 3;

fn main() {
    if !settings::is_asked_for() {
        return;
    }
    let sizes = settings::sizes();
    let place = settings::place(sizes.iter().copied().max().unwrap_or_default());
    let columns = &["gitsyncd --one-time", "git clone --depth 1"];
    let mut report = Report::new("first_sync", place.path(), columns);
    for files in sizes {
        let dir = tempfile::tempdir_in(place.path()).unwrap();
        compare(&mut report, dir.path(), files);
    }
    report.finish();
}

fn compare(report: &mut Report, dir: &Path, files: u32) {
    let origin = Origin::generate(dir, files);
    let server = Server::start(dir, &dir.join("server"));
    let url = server.url();
    let ours = |to: &Path| {
        let mut command = gitsyncd(&url, to);
        command.arg("--one-time");
        command
    };
    let theirs = |to: &Path| {
        let mut command = git(dir);
        command.args(["clone", "--quiet", "--depth=1", &url]).arg(to);
        command
    };
    let runs = settings::runs(files);
    report.repeated(files, origin.bytes(), runs);
    // The first of each warms up.
    let (mut our_costs, mut their_costs) = (Vec::new(), Vec::new());
    for _ in 0..=runs {
        our_costs.push(anew(dir, &ours, measure));
        their_costs.push(anew(dir, &theirs, measure));
    }
    let (our_costs, their_costs) = (&our_costs[1..], &their_costs[1..]);
    let our_memory: Vec<_> = (0..WEIGHINGS).map(|_| anew(dir, &ours, weigh)).collect();
    let their_memory: Vec<_> = (0..WEIGHINGS).map(|_| anew(dir, &theirs, weigh)).collect();
    let mut row = |what, unit, of: [stats::Summary; 2]| {
        report.row(files, what, unit, &of.map(Some));
    };
    row("time", Unit::Time, [our_costs, their_costs].map(stats::wall));
    row("processor time", Unit::Time, [our_costs, their_costs].map(stats::cpu));
    let memory = [&our_memory[..], &their_memory];
    row("peak anonymous memory, all processes", Unit::Memory, memory.map(stats::anonymous));
    row("peak resident memory, largest process", Unit::Memory, memory.map(stats::resident));
}

/// Lets a command fill a directory that does not exist yet, and removes it afterwards.
fn anew<T>(
    dir: &Path,
    command: &dyn Fn(&Path) -> Command,
    watch: impl Fn(&mut [Command]) -> T,
) -> T {
    let to = dir.join("target");
    let seen = watch(&mut [command(&to)]);
    fs::remove_dir_all(to).unwrap();
    seen
}
