//! One file changed: from the signal to the link that names the new commit, beside Git's ways.
//!
//! It does not measure what the server spends, which is the same for all.

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
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::support::daemon::Daemon;
use crate::support::git::{git, run};
use crate::support::origin::Origin;
use crate::support::report::{Report, Unit};
use crate::support::sampler::{Memory, Sampler};
use crate::support::server::Server;
use crate::support::settings;
use crate::support::stats;
use crate::support::stats::Summary;
use crate::support::usage::{Cost, measure, weigh};

/// How often memory is looked at; it hardly varies.
const WEIGHINGS: usize = 3;

fn main() {
    if !settings::is_asked_for() {
        return;
    }
    let sizes = settings::sizes();
    let place = settings::place(sizes.iter().copied().max().unwrap_or_default());
    let columns = &["gitsyncd", "git fetch, git worktree add, link", "git fetch, git reset --hard"];
    let mut report = Report::new("one_file_changed", place.path(), columns);
    for files in sizes {
        let dir = tempfile::tempdir_in(place.path()).unwrap();
        compare(&mut report, dir.path(), files);
    }
    report.finish();
}

fn compare(report: &mut Report, dir: &Path, files: u32) {
    let mut origin = Origin::generate(dir, files);
    let server = Server::start(dir, &dir.join("server"));
    let runs = settings::runs(files);
    report.repeated(files, origin.bytes(), runs);
    let mut sides: [Box<dyn Side>; 3] = [
        Box::new(Ours::new(&server, dir)),
        Box::new(Worktrees::new(&server, dir)),
        Box::new(Reset::new(&server, dir)),
    ];
    let mut costs = [const { Vec::new() }; 3];
    let mut memory = [const { Vec::new() }; 3];
    // The first round warms up. Each round another side begins, since the server, too, is faster
    // when it does something again.
    for round in 0..=runs + WEIGHINGS {
        let commit = origin.change_one_file();
        for turn in 0..sides.len() {
            let number = (round + turn) % sides.len();
            match round {
                0 => drop(sides[number].follow(&commit)),
                _ if round <= runs => costs[number].push(sides[number].follow(&commit)),
                _ => memory[number].push(sides[number].weigh(&commit)),
            }
        }
    }
    let mut row = |what, unit, of: [Summary; 3]| report.row(files, what, unit, &of.map(Some));
    row("time until it is seen", Unit::Time, costs.each_ref().map(|costs| stats::wall(costs)));
    row("processor time", Unit::Time, costs.each_ref().map(|costs| stats::cpu(costs)));
    row(
        "peak anonymous memory, all processes",
        Unit::Memory,
        memory.each_ref().map(|memory| stats::anonymous(memory)),
    );
    row(
        "peak resident memory, largest process",
        Unit::Memory,
        memory.each_ref().map(|memory| stats::resident(memory)),
    );
}

/// Somebody who follows the origin.
trait Side {
    /// Brings the new commit: the time until readers can see it, and the processor time of all,
    /// with the removal of what was seen before.
    fn follow(&mut self, commit: &str) -> Cost;

    /// The same, while its memory is looked at.
    fn weigh(&mut self, commit: &str) -> Memory;
}

/// The program, which waits for a signal.
struct Ours(Daemon);

impl Ours {
    fn new(server: &Server, dir: &Path) -> Self {
        let flags = ["--period=off", "--sync-on-signal=SIGHUP", "--stale-worktree-timeout=0s"];
        Self(Daemon::start(&server.url(), dir.join("root"), &flags))
    }
}

impl Side for Ours {
    fn follow(&mut self, commit: &str) -> Cost {
        let before = self.0.cpu();
        let begun = Instant::now();
        self.0.signal();
        self.0.wait_until_published(commit);
        let wall = begun.elapsed();
        self.0.wait_until_done(commit);
        Cost { wall, cpu: self.0.cpu().saturating_sub(before) }
    }

    fn weigh(&mut self, commit: &str) -> Memory {
        let sampler = Sampler::start(self.0.process());
        self.follow(commit);
        sampler.end()
    }
}

/// A script that makes a new worktree for each commit and moves a link, so that readers see whole
/// commits only.
struct Worktrees {
    repo: PathBuf,
    link: PathBuf,
    next: PathBuf,
    live: Option<PathBuf>,
}

impl Worktrees {
    fn new(server: &Server, dir: &Path) -> Self {
        let repo = dir.join("worktrees");
        let url = server.url();
        let clone = ["clone", "--quiet", "--depth=1", "--no-checkout", &url];
        run(git(dir).args(clone).arg(&repo));
        Self { repo, link: dir.join("link"), next: dir.join("next"), live: None }
    }

    fn advance(&self, tree: &Path) -> [Command; 2] {
        let mut add = git(&self.repo);
        add.args(["worktree", "add", "--quiet", "--detach"]).arg(tree).arg("FETCH_HEAD");
        [fetch(&self.repo), add]
    }

    /// Moves the link and gives the commands that remove the tree it named before.
    fn publish(&mut self, tree: PathBuf) -> Vec<Command> {
        symlink(&tree, &self.next).unwrap();
        fs::rename(&self.next, &self.link).unwrap();
        let old = self.live.replace(tree);
        let remove = |old: PathBuf| {
            let mut remove = git(&self.repo);
            remove.args(["worktree", "remove", "--force"]).arg(old);
            remove
        };
        old.map(remove).into_iter().collect()
    }
}

impl Side for Worktrees {
    fn follow(&mut self, commit: &str) -> Cost {
        let tree = self.repo.with_file_name(commit);
        let mut cost = measure(&mut self.advance(&tree));
        let begun = Instant::now();
        let mut rest = self.publish(tree);
        cost.wall += begun.elapsed();
        cost.cpu += measure(&mut rest).cpu;
        cost
    }

    fn weigh(&mut self, commit: &str) -> Memory {
        let tree = self.repo.with_file_name(commit);
        let memory = weigh(&mut self.advance(&tree));
        memory.most(weigh(&mut self.publish(tree)))
    }
}

/// A script that changes files where readers read them, so that they may see a mixture.
struct Reset(PathBuf);

impl Reset {
    fn new(server: &Server, dir: &Path) -> Self {
        let repo = dir.join("reset");
        run(git(dir).args(["clone", "--quiet", "--depth=1", &server.url()]).arg(&repo));
        Self(repo)
    }

    fn advance(&self) -> [Command; 2] {
        let mut reset = git(&self.0);
        reset.args(["reset", "--quiet", "--hard", "FETCH_HEAD"]);
        [fetch(&self.0), reset]
    }
}

impl Side for Reset {
    fn follow(&mut self, _commit: &str) -> Cost {
        measure(&mut self.advance())
    }

    fn weigh(&mut self, _commit: &str) -> Memory {
        weigh(&mut self.advance())
    }
}

fn fetch(repo: &Path) -> Command {
    let mut fetch = git(repo);
    fetch.args(["fetch", "--quiet", "--depth=1", "origin", "main"]);
    fetch
}
