//! Looking for something new when there is nothing: a daemon's poll beside Git's commands.
//!
//! It does not measure what the server spends; the number of requests hints at it.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::support::daemon::Daemon;
use crate::support::git::{git, run as run_git};
use crate::support::ground::Ground;
use crate::support::processes;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::sampler::{Memory, Sampler};
use crate::support::server::{Asked, Server};
use crate::support::stats;
use crate::support::stats::{Summary, summary};
use crate::support::usage::{Cost, measure, pause, weigh};

/// The rest between two polls of a daemon.
const PERIOD: &str = "--period=200ms";
/// How long a stretch is that gives one figure of a daemon: about ten polls.
const STRETCH: Duration = Duration::from_secs(2);
/// How many stretches a daemon has at most to settle down after its start.
const SETTLING: usize = 30;
/// How many stretches there are for each run of Git, at least one.
const RUNS_PER_STRETCH: usize = 2;
/// The column of the command that people use for this.
pub(crate) const PULL: &str = "git pull";

/// The sides, as columns.
pub(crate) fn columns() -> Vec<String> {
    let others = ["git ls-remote", "git fetch --depth 1", PULL].map(str::to_owned);
    let mut columns: Vec<_> = Program::all().into_iter().map(|program| program.name).collect();
    columns.splice(1..1, others);
    columns
}

/// What one side costs for each poll.
struct Polls {
    wall: Summary,
    cpu: Summary,
    requests: Summary,
    connections: Summary,
    anonymous: Summary,
    resident: Summary,
    /// What a daemon has while it waits; a command that has ended has nothing.
    waiting: Option<Memory>,
}

/// Measures all sides, one after the other.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    report.repeated(ground, ground.runs, "runs");
    let place = ground.place();
    let (dir, url) = (place.path(), &ground.server.url());
    let stretches = ground.runs.div_ceil(RUNS_PER_STRETCH);
    let watch = |(number, program): (usize, Program)| {
        daemon(&ground.server, &program, &dir.join(number.to_string()), stretches)
    };
    let mut all: Vec<_> = Program::all().into_iter().enumerate().map(watch).collect();
    let clone = dir.join("clone");
    run_git(git(dir).args(["clone", "--quiet", "--depth=1", url]).arg(&clone));
    let commands: [&[&str]; 3] = [
        &["ls-remote", "--quiet", url, "refs/heads/main"],
        &["fetch", "--quiet", "--depth=1", "origin", "main"],
        &["pull", "--quiet", "--ff-only"],
    ];
    let commands = commands.map(|arguments| {
        let command = || {
            let mut command = git(&clone);
            command.args(arguments);
            command
        };
        git_polls(ground, &command)
    });
    all.splice(1..1, commands);
    tabulate(ground.files, report, &all);
}

fn tabulate(files: u32, report: &mut Report, all: &[Polls]) {
    let mut row = |what, unit, of: fn(&Polls) -> Option<Summary>| {
        report.row(files, what, unit, all.iter().map(of));
    };
    row("time of a poll", Unit::Time, |polls| Some(polls.wall));
    row("processor time of a poll", Unit::Time, |polls| Some(polls.cpu));
    row("requests of a poll", Unit::Count, |polls| Some(polls.requests));
    row("new connections of a poll", Unit::Count, |polls| Some(polls.connections));
    row("anonymous memory while waiting", Unit::Memory, |polls| {
        polls.waiting.map(|memory| stats::anonymous(&[memory]))
    });
    row("resident memory while waiting", Unit::Memory, |polls| {
        polls.waiting.map(|memory| stats::resident_now(&[memory]))
    });
    row("peak anonymous memory", Unit::Memory, |polls| Some(polls.anonymous));
    row("peak resident memory", Unit::Memory, |polls| Some(polls.resident));
}

/// Lets a daemon poll, on its own, and reads its clocks and counters now and then.
fn daemon(server: &Server, program: &Program, root: &Path, stretches: usize) -> Polls {
    // The first start publishes; the second finds everything in place, as after an idle time.
    let first = Daemon::start(program, &server.url(), root.to_owned(), &["--period=1h"]);
    first.wait_until_idle();
    first.end();
    let flags: &[&str] = if program.is_ours { &[PERIOD, "--jitter=0"] } else { &[PERIOD] };
    let daemon = Daemon::start(program, &server.url(), root.to_owned(), flags);
    // What it does at its start, preparation for a change included, is over when it rests between
    // two polls.
    daemon.wait_until_idle();
    settle(&daemon);
    let (costs, asked): (Vec<_>, Vec<_>) = (0..stretches).map(|_| stretch(server, &daemon)).unzip();
    let sampler = Sampler::start(daemon.process());
    pause(STRETCH);
    Polls::of(&costs, &asked, &[sampler.end()], Some(between_polls(daemon.process())))
}

/// Waits until a daemon does what it does for ever: until it uses no less than a while ago.
fn settle(daemon: &Daemon) {
    let mut before = f64::INFINITY;
    for _ in 0..SETTLING {
        let begun = daemon.cpu();
        pause(STRETCH);
        let now = daemon.cpu().saturating_sub(begun).as_secs_f64();
        if now > before * 0.8 {
            return;
        }
        before = now;
    }
}

/// The memory of a daemon at a moment when it only waits.
fn between_polls(process: u32) -> Memory {
    for _ in 0..100 {
        if !processes::is_busy(process) {
            break;
        }
        pause(Duration::from_millis(10));
    }
    processes::memory(process)
}

/// The cost of a poll, and what was asked for it, in a stretch of time.
fn stretch(server: &Server, daemon: &Daemon) -> (Cost, Asked) {
    let mark = server.mark();
    let before = daemon.attempts();
    let cpu = daemon.cpu();
    pause(STRETCH);
    let cpu = daemon.cpu().saturating_sub(cpu);
    let asked = server.asked_since(mark);
    let after = daemon.attempts();
    assert!(after.failed <= before.failed, "polls fail");
    let polls = after.unchanged - before.unchanged;
    assert!(polls > 0.0, "there are no polls");
    let wall = Duration::from_secs_f64((after.seconds - before.seconds) / polls);
    (Cost { wall, cpu: cpu.div_f64(polls) }, asked.divided_by(polls))
}

/// Runs a command of Git again and again.
fn git_polls(ground: &Ground, command: &dyn Fn() -> Command) -> Polls {
    measure(&mut [command()]);
    let mark = ground.server.mark();
    let costs: Vec<_> = (0..ground.runs).map(|_| measure(&mut [command()])).collect();
    let runs = f64::from(u32::try_from(ground.runs).unwrap());
    let asked = ground.server.asked_since(mark).divided_by(runs);
    let memory: Vec<_> = (0..ground.weighings).map(|_| weigh(&mut [command()])).collect();
    Polls::of(&costs, &[asked], &memory, None)
}

impl Polls {
    fn of(costs: &[Cost], asked: &[Asked], memory: &[Memory], waiting: Option<Memory>) -> Self {
        Self {
            wall: stats::wall(costs),
            cpu: stats::cpu(costs),
            requests: summary(asked.iter().map(|asked| asked.requests)),
            connections: summary(asked.iter().map(|asked| asked.connections)),
            anonymous: stats::anonymous(memory),
            resident: stats::resident(memory),
            waiting,
        }
    }
}
