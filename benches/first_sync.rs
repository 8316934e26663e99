//! From nothing to a published commit: `gitsyncd --one-time` beside `git clone --depth 1`, and beside
//! unpacking an archive of the same files, which is the least that anything can do.
//!
//! It does not measure what the server spends, which is the same for all but the archive.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::git::{git, program};
use crate::support::ground::Ground;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::stats;
use crate::support::usage::{measure, weigh};

/// The columns that are the same on every machine.
pub(crate) const TAR: &str = "tar x";
pub(crate) const CLONE: &str = "git clone --depth 1";

/// A command that fills a directory.
type Filler<'a> = Box<dyn Fn(&Path) -> Command + 'a>;

/// The sides, as columns.
pub(crate) fn columns() -> Vec<String> {
    let others = [CLONE, TAR].map(str::to_owned);
    let mut columns: Vec<_> = Program::all().into_iter().map(|program| program.name).collect();
    columns.splice(1..1, others);
    columns
}

/// Measures all sides in turn.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    let place = ground.place();
    let (dir, url) = (place.path(), &ground.server.url());
    let archive = &dir.join("files.tar");
    ground.origin.archive(archive);
    let sides = sides(dir, url, archive);
    report.repeated(ground, ground.runs, "runs");
    let mut costs = vec![Vec::new(); sides.len()];
    let mut memory = vec![Vec::new(); sides.len()];
    // The first of each warms up.
    for round in 0..=ground.runs {
        for (side, costs) in sides.iter().zip(&mut costs) {
            let cost = anew(dir, side, measure);
            if round > 0 {
                costs.push(cost);
            }
        }
    }
    for (side, memory) in sides.iter().zip(&mut memory) {
        memory.extend((0..ground.weighings).map(|_| anew(dir, side, weigh)));
    }
    let files = ground.files;
    let cells = |of: fn(&[_]) -> _| costs.iter().map(|costs| Some(of(costs))).collect::<Vec<_>>();
    report.row(files, "time", Unit::Time, cells(stats::wall));
    report.row(files, "processor time", Unit::Time, cells(stats::cpu));
    let cells = |of: fn(&[_]) -> _| memory.iter().map(|runs| Some(of(runs))).collect::<Vec<_>>();
    report.row(files, "peak anonymous memory", Unit::Memory, cells(stats::anonymous));
    report.row(files, "peak resident memory", Unit::Memory, cells(stats::resident));
}

fn sides<'a>(dir: &'a Path, url: &'a str, archive: &'a Path) -> Vec<Filler<'a>> {
    let clone = move |to: &Path| {
        let mut command = git(dir);
        command.args(["clone", "--quiet", "--depth=1", url]).arg(to);
        command
    };
    let unpack = move |to: &Path| {
        fs::create_dir(to).unwrap();
        let mut command = Command::new(program("tar"));
        command.arg("--extract").arg("--file").arg(archive).arg("--directory").arg(to);
        command
    };
    let follow = |program: Program| -> Filler<'a> {
        Box::new(move |to| {
            let mut command = program.command(url, to);
            command.arg("--one-time");
            command
        })
    };
    let mut sides: Vec<_> = Program::all().into_iter().map(follow).collect();
    let others: [Filler<'a>; 2] = [Box::new(clone), Box::new(unpack)];
    sides.splice(1..1, others);
    sides
}

/// Lets a command fill a directory that does not exist yet, and removes it afterwards.
fn anew<T>(dir: &Path, side: &Filler<'_>, watch: impl Fn(&mut [Command]) -> T) -> T {
    let to = dir.join("target");
    let seen = watch(&mut [side(&to)]);
    fs::remove_dir_all(to).unwrap();
    seen
}
