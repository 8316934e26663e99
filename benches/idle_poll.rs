//! Looking for something new when there is nothing: a daemon's poll beside Git's commands.
//!
//! It does not measure what the server spends; the number of requests hints at it.

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

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::daemon::Daemon;
use crate::support::git::{git, run};
use crate::support::origin::Origin;
use crate::support::report::{Report, Unit};
use crate::support::sampler::{Memory, Sampler};
use crate::support::server::Server;
use crate::support::settings;
use crate::support::stats;
use crate::support::stats::{Summary, summary};
use crate::support::usage::{Cost, measure, pause, weigh};

/// The rest between two polls of the daemon.
const PERIOD: &str = "--period=200ms";
/// How long a stretch is that gives one figure of the daemon: about ten polls.
const STRETCH: Duration = Duration::from_secs(2);
/// How many stretches there are for each run of Git, at least one.
const RUNS_PER_STRETCH: usize = 2;

fn main() {
    if !settings::is_asked_for() {
        return;
    }
    let sizes = settings::sizes();
    let place = settings::place(sizes.iter().copied().max().unwrap_or_default());
    let columns = &["gitsyncd", "git ls-remote", "git fetch --depth 1", "git pull"];
    let mut report = Report::new("idle_poll", place.path(), columns);
    for files in sizes {
        let dir = tempfile::tempdir_in(place.path()).unwrap();
        compare(&mut report, dir.path(), files);
    }
    report.finish();
}

/// What one side costs for each poll.
struct Polls {
    wall: Summary,
    cpu: Summary,
    requests: Summary,
    anonymous: Summary,
    resident: Summary,
}

fn compare(report: &mut Report, dir: &Path, files: u32) {
    let origin = Origin::generate(dir, files);
    let server = Server::start(dir, &dir.join("server"));
    let runs = settings::runs(files);
    report.repeated(files, origin.bytes(), runs);
    let url = server.url();
    let clone = dir.join("clone");
    run(git(dir).args(["clone", "--quiet", "--depth=1", &url]).arg(&clone));
    let mut all = vec![daemon(&server, dir, runs.div_ceil(RUNS_PER_STRETCH))];
    let commands: [&[&str]; 3] = [
        &["ls-remote", "--quiet", &url, "refs/heads/main"],
        &["fetch", "--quiet", "--depth=1", "origin", "main"],
        &["pull", "--quiet", "--ff-only"],
    ];
    for arguments in commands {
        let command = || {
            let mut command = git(&clone);
            command.args(arguments);
            command
        };
        all.push(git_polls(&server, &command, runs));
    }
    let mut row = |what, unit, of: fn(&Polls) -> Summary| {
        let cells: Vec<_> = all.iter().map(|polls| Some(of(polls))).collect();
        report.row(files, what, unit, &cells);
    };
    row("time of a poll", Unit::Time, |polls| polls.wall);
    row("processor time of a poll", Unit::Time, |polls| polls.cpu);
    row("requests of a poll", Unit::Count, |polls| polls.requests);
    row("peak anonymous memory, all processes", Unit::Memory, |polls| polls.anonymous);
    row("peak resident memory, largest process", Unit::Memory, |polls| polls.resident);
}

/// Lets a daemon poll, on its own, and reads its clocks and counters now and then.
fn daemon(server: &Server, dir: &Path, stretches: usize) -> Polls {
    // The first start publishes; the second finds everything in place, as after an idle time.
    let root = dir.join("root");
    drop(Daemon::start(&server.url(), root.clone(), &["--period=1h"]));
    let daemon = Daemon::start(&server.url(), root, &[PERIOD, "--jitter=0"]);
    pause(STRETCH);
    let mut costs = Vec::new();
    let mut requests = Vec::new();
    for _ in 0..stretches {
        let (before, asked) = (daemon.attempts(), server.requests());
        let cpu = daemon.cpu();
        pause(STRETCH);
        let cpu = daemon.cpu().saturating_sub(cpu);
        let (after, asked) = (daemon.attempts(), server.requests() - asked);
        assert!(after.failed == 0.0, "polls fail");
        let polls = after.unchanged - before.unchanged;
        costs.push(Cost {
            wall: Duration::from_secs_f64((after.seconds - before.seconds) / polls),
            cpu: cpu.div_f64(polls),
        });
        requests.push(f64::from(u32::try_from(asked).unwrap()) / polls);
    }
    let sampler = Sampler::start(daemon.process());
    pause(STRETCH);
    let memory = sampler.end();
    Polls::of(&costs, requests, &[memory])
}

/// Runs a command of Git again and again.
fn git_polls(server: &Server, command: &dyn Fn() -> Command, runs: usize) -> Polls {
    measure(&mut [command()]);
    let asked = server.requests();
    let costs: Vec<_> = (0..runs).map(|_| measure(&mut [command()])).collect();
    let asked = f64::from(u32::try_from(server.requests() - asked).unwrap());
    let requests = vec![asked / f64::from(u32::try_from(runs).unwrap())];
    let memory: Vec<_> = (0..3).map(|_| weigh(&mut [command()])).collect();
    Polls::of(&costs, requests, &memory)
}

impl Polls {
    fn of(costs: &[Cost], requests: Vec<f64>, memory: &[Memory]) -> Self {
        Self {
            wall: stats::wall(costs),
            cpu: stats::cpu(costs),
            requests: summary(requests),
            anonymous: stats::anonymous(memory),
            resident: stats::resident(memory),
        }
    }
}
