//! A few directories of a large repository, about 200 files: `gitsyncd --one-time` with a filter and
//! `--sparse-path`, beside `git clone --sparse` with a filter and `git sparse-checkout set`.
//!
//! What travels is the server's word, all that it sent. The processor time is that of the client.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::git::git;
use crate::support::ground::Ground;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::stats;
use crate::support::stats::summary;
use crate::support::usage::{Cost, measure};

/// The columns that are the same on every machine.
pub(crate) const TREES: &str = "gitsyncd --filter=tree:0";
pub(crate) const SHALLOW: &str = "git clone --depth 1";
const BLOBS: &str = "gitsyncd --filter=blob:none";
const DEEP: &str = "git clone";
/// How much travels.
pub(crate) const BYTES: &str = "received";
const REQUESTS: &str = "requests";

/// How many directories are wanted, of 16 files each.
const DIRECTORIES: u32 = 13;

/// The calls that fill a directory, one after the other.
type Filler<'a> = Box<dyn Fn(&Path) -> Vec<Command> + 'a>;

/// The sides, as columns.
pub(crate) fn columns() -> Vec<String> {
    [TREES, BLOBS, SHALLOW, DEEP].map(str::to_owned).into()
}

fn wanted() -> impl Iterator<Item = String> {
    (0..DIRECTORIES).map(|number| format!("src/part_000/module_{number:02}"))
}

/// Measures all sides in turn.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    let place = ground.place();
    let (dir, url) = (place.path(), &ground.server.url());
    ground.origin.let_filter();
    let sides = sides(dir, url);
    report.repeated(ground, ground.runs, "runs");
    let mut costs: Vec<Vec<Cost>> = vec![Vec::new(); sides.len()];
    let mut asked = vec![Vec::new(); sides.len()];
    // The first of each warms up.
    for round in 0..=ground.runs {
        for ((side, costs), asked) in sides.iter().zip(&mut costs).zip(&mut asked) {
            let (to, mark) = (dir.join("target"), ground.server.mark());
            let cost = measure(&mut side(&to));
            let answered = ground.server.asked_since(mark);
            fs::remove_dir_all(to).unwrap();
            if round > 0 {
                costs.push(cost);
                asked.push(answered);
            }
        }
    }
    let files = ground.files;
    let bytes = asked.iter().map(|runs| Some(summary(runs.iter().map(|run| run.bytes / 1024.0))));
    report.row(files, BYTES, Unit::Size, bytes);
    let requests = asked.iter().map(|runs| Some(summary(runs.iter().map(|run| run.requests))));
    report.row(files, REQUESTS, Unit::Count, requests);
    let cells = |of: fn(&[_]) -> _| costs.iter().map(|costs| Some(of(costs))).collect::<Vec<_>>();
    report.row(files, "time", Unit::Time, cells(stats::wall));
    report.row(files, "processor time", Unit::Time, cells(stats::cpu));
}

fn sides<'a>(dir: &'a Path, url: &'a str) -> Vec<Filler<'a>> {
    let follow = |filter: &'static str| -> Filler<'a> {
        Box::new(move |to| {
            let mut command = Program::ours().command(url, to);
            command.arg("--one-time").arg(format!("--filter={filter}"));
            command.args(wanted().map(|path| format!("--sparse-path={path}")));
            vec![command]
        })
    };
    let clone = |depth: &'static [&'static str]| -> Filler<'a> {
        Box::new(move |to| {
            let mut clone = git(dir);
            clone.args(["clone", "--quiet", "--filter=blob:none", "--sparse"]);
            clone.args(depth).arg(url).arg(to);
            let mut set = git(dir);
            set.arg("-C").arg(to).args(["sparse-checkout", "set"]).args(wanted());
            vec![clone, set]
        })
    };
    vec![follow("tree:0"), follow("blob:none"), clone(&["--depth=1"]), clone(&[])]
}
