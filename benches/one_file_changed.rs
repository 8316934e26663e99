//! One file changed: from the signal to the link that names the new commit, beside Git's ways.
//!
//! What the server spends is no part of the processor time. How long it took to answer is measured
//! too, as a part of the time that passed.

use std::path::Path;
use std::time::Duration;

use crate::followers::{Change, Follower, Reset, Waiting, Worktrees};
use crate::support::ground::Ground;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::sampler::Memory;
use crate::support::server::Server;
use crate::support::stats;
use crate::support::stats::{Summary, summary};

/// The rows that are looked at again.
pub(crate) const TIME: &str = "time until it is seen";
pub(crate) const SERVER: &str = "of that, the server's answers";
pub(crate) const CPU: &str = "processor time until it is seen";
pub(crate) const AFTER: &str = "processor time afterwards";
/// The column of the script that changes files in place.
pub(crate) const RESET: &str = "git fetch, git reset --hard";

/// The sides, as columns: every way of the program, the scripts, and the peer.
pub(crate) fn columns() -> Vec<String> {
    let names = |programs: Vec<Program>| programs.into_iter().map(|program| program.name);
    let scripts = ["git fetch, git worktree add, link", RESET].map(str::to_owned);
    let peer = Program::peer().into_iter().collect();
    names(Program::ways()).chain(scripts).chain(names(peer)).collect()
}

/// A side and what was seen of it.
struct Side {
    follower: Box<dyn Follower>,
    changes: Vec<Change>,
    served: Vec<Duration>,
    memory: Vec<Memory>,
}

/// Measures all sides in turn.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    report.repeated(ground, ground.runs, "runs");
    let place = ground.place();
    let mut sides = sides(&ground.server, place.path());
    let (runs, many) = (ground.runs, sides.len());
    // The first round warms up. Each round another side begins, since the server, too, is faster
    // when it does something again.
    for round in 0..=runs + ground.weighings {
        let commit = ground.origin.change_one_file();
        for turn in 0..many {
            let side = &mut sides[(round + turn) % many];
            match round {
                0 => drop(side.follower.follow(&commit)),
                _ if round <= runs => side.follow(&ground.server, &commit),
                _ => side.memory.push(side.follower.weigh(&commit)),
            }
        }
    }
    tabulate(ground.files, report, &sides);
}

fn sides(server: &Server, dir: &Path) -> Vec<Side> {
    let waiting = |(number, program): (usize, Program)| -> Box<dyn Follower> {
        let root = dir.join("root").join(number.to_string());
        Box::new(Waiting::new(&program, server, root))
    };
    let ways = Program::ways().into_iter().enumerate().map(waiting);
    let scripts: [Box<dyn Follower>; 2] =
        [Box::new(Worktrees::new(server, dir)), Box::new(Reset::new(server, dir))];
    let peer = Program::peer().into_iter().map(|program| (usize::MAX, program)).map(waiting);
    let side =
        |follower| Side { follower, changes: Vec::new(), served: Vec::new(), memory: Vec::new() };
    ways.chain(scripts).chain(peer).map(side).collect()
}

impl Side {
    /// Follows, and looks in the server's log what that took of it.
    fn follow(&mut self, server: &Server, commit: &str) {
        let mark = server.mark();
        self.changes.push(self.follower.follow(commit));
        self.served.push(server.asked_since(mark).time);
    }

    fn summary(&self, of: fn(&Change, Duration) -> Option<Duration>) -> Option<Summary> {
        let all = self.changes.iter().zip(&self.served);
        let times: Vec<_> = all.filter_map(|(change, served)| of(change, *served)).collect();
        (!times.is_empty()).then(|| summary(times.iter().map(Duration::as_secs_f64)))
    }
}

fn tabulate(files: u32, report: &mut Report, sides: &[Side]) {
    let mut row = |what, of: fn(&Change, Duration) -> Option<Duration>| {
        report.row(files, what, Unit::Time, sides.iter().map(|side| side.summary(of)));
    };
    row(TIME, |change, _| Some(change.seen.wall));
    row(SERVER, |_, served| Some(served));
    row("without the server's answers", |change, served| {
        Some(change.seen.wall.saturating_sub(served))
    });
    row(CPU, |change, _| Some(change.seen.cpu));
    row(AFTER, |change, _| change.after);
    let mut row = |what, of: fn(&[Memory]) -> Summary| {
        report.row(files, what, Unit::Memory, sides.iter().map(|side| Some(of(&side.memory))));
    };
    row("peak anonymous memory", stats::anonymous);
    row("peak resident memory", stats::resident);
}
