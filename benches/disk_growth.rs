//! How much of the disk is used while a daemon follows many changes of one file each.
//!
//! It fails if that is not bounded.

use std::fs;
use std::path::Path;

use crate::support::daemon::Daemon;
use crate::support::disk;
use crate::support::ground::Ground;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::settings;
use crate::support::stats::megabytes;

/// How often the disk is looked at, in parts of all changes.
const LOOKS: usize = 50;
/// What may be used besides the trees and the packs, in MiB.
const SLACK: f64 = 16.0;
/// How much more may be used in the second half of the changes than in the first.
const GROWTH: f64 = 1.1;
/// The rows that are looked at again.
pub(crate) const MOST: &str = "disk used below the root, most";
const EARLY: &str = "disk used below the root, most in the first half";
const LATE: &str = "disk used below the root, most in the second half";
const COLLECTIONS: &str = "times that packs were put together";
pub(crate) const TREE: &str = "the live tree";
pub(crate) const BOUND: &str = "what may be used";

/// The only side.
pub(crate) fn columns() -> Vec<String> {
    vec![Program::ours().name]
}

/// What is used at a moment, in MiB.
#[derive(Clone, Copy, Debug, Default)]
struct Used {
    all: f64,
    git: f64,
    objects: f64,
}

/// Lets a daemon follow, and looks every now and then.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    let changes = settings::changes();
    report.repeated(ground, changes, "changes");
    let place = ground.place();
    let flags = ["--period=1h", "--sync-on-signal=SIGHUP", "--stale-worktree-timeout=0s"];
    let program = Program::ours();
    let daemon = Daemon::start(&program, &ground.server.url(), place.path().join("root"), &flags);
    daemon.wait_until_idle();
    let (root, cpu) = (daemon.root(), daemon.cpu());
    let first = Used::below(root);
    let (mut early, mut late) = (first, first);
    let (mut packs, mut collections, mut most_packs) = (disk::packs(&root.join(".git")), 0.0, 0);
    for number in 1..=changes {
        let commit = ground.origin.change_one_file();
        daemon.signal();
        daemon.wait_until_published(&commit);
        if number.is_multiple_of(changes.div_ceil(LOOKS)) {
            daemon.wait_until_idle();
            let half = if number > changes / 2 { &mut late } else { &mut early };
            *half = half.most(Used::below(root));
        }
        let now = disk::packs(&root.join(".git"));
        most_packs = most_packs.max(now);
        collections += if now < packs { 1.0 } else { 0.0 };
        packs = now;
    }
    daemon.wait_until_idle();
    let spent = daemon.cpu().saturating_sub(cpu).as_secs_f64();
    let last = Used::below(root);
    let tree = megabytes(disk::used(&fs::canonicalize(root.join("latest")).unwrap()));
    let (files, most) = (ground.files, early.most(late));
    let mut show = |what, figure| report.single(files, what, Unit::Memory, figure);
    show("disk used below the root, first", first.all);
    show(MOST, most.all);
    show(EARLY, early.all);
    show(LATE, late.all);
    show("disk used below the root, last", last.all);
    show(TREE, tree);
    show(".git, first", first.git);
    show(".git, most", most.git);
    show(".git, last", last.git);
    show(".git/objects, first", first.objects);
    show(".git/objects, most", most.objects);
    show(".git/objects, last", last.objects);
    show(BOUND, 2.0 * (tree + first.objects) + SLACK);
    let count = |number: usize| f64::from(u32::try_from(number).unwrap());
    report.single(files, "packs, most", Unit::Count, count(most_packs));
    report.single(files, "packs, last", Unit::Count, count(packs));
    report.single(files, COLLECTIONS, Unit::Count, collections);
    report.single(files, "processor time of a change", Unit::Time, spent / count(changes));
}

/// Ends the program if more was used than may be, or if it went on to grow.
pub(crate) fn check(report: &Report, files: u32) {
    let figure = |what| report.figure(files, what, "gitsyncd").unwrap();
    let (most, bound) = (figure(MOST), figure(BOUND));
    assert!(most <= bound, "{most:.1} MiB of the disk were used; {bound:.1} MiB may be");
    let (early, late) = (figure(EARLY), figure(LATE));
    // Packs heap up until they are put together; both halves must have seen that.
    if figure(COLLECTIONS) >= 4.0 {
        assert!(late <= early * GROWTH, "{early:.1} MiB of the disk were used, then {late:.1} MiB");
    }
}

impl Used {
    fn below(root: &Path) -> Self {
        let used = |path: &str| megabytes(disk::used(&root.join(path)));
        Self { all: used(""), git: used(".git"), objects: used(".git/objects") }
    }

    fn most(self, other: Self) -> Self {
        Self {
            all: self.all.max(other.all),
            git: self.git.max(other.git),
            objects: self.objects.max(other.objects),
        }
    }
}
