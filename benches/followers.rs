//! Those who follow an origin: daemons, and the scripts that people write with Git.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::git::{git, run};
use crate::support::program::Program;
use crate::support::sampler::{Memory, Sampler};
use crate::support::server::Server;
use crate::support::usage::{Cost, measure, weigh};

/// What a change costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    /// Until readers see the new commit.
    pub(crate) seen: Cost,
    /// The processor time of what comes behind that: the old tree goes, and a daemon may get ready
    /// for the next change.
    pub(crate) after: Option<Duration>,
}

/// Somebody who follows the origin.
pub(crate) trait Follower {
    /// Brings the new commit.
    fn follow(&mut self, commit: &str) -> Change;

    /// The same, while its memory is looked at.
    fn weigh(&mut self, commit: &str) -> Memory;
}

/// A daemon, which waits for a signal.
#[derive(Debug)]
pub(crate) struct Waiting(Daemon);

impl Waiting {
    /// Starts it.
    pub(crate) fn new(program: &Program, server: &Server, root: PathBuf) -> Self {
        let flags = ["--period=1h", "--sync-on-signal=SIGHUP", "--stale-worktree-timeout=0s"];
        let daemon = Daemon::start(program, &server.url(), root, &flags);
        daemon.wait_until_idle();
        Self(daemon)
    }
}

impl Follower for Waiting {
    fn follow(&mut self, commit: &str) -> Change {
        let before = self.0.cpu();
        let begun = Instant::now();
        self.0.signal();
        self.0.wait_until_published(commit);
        let (wall, cpu) = (begun.elapsed(), self.0.cpu());
        self.0.wait_until_idle();
        let after = self.0.cpu().saturating_sub(cpu);
        Change { seen: Cost { wall, cpu: cpu.saturating_sub(before) }, after: Some(after) }
    }

    fn weigh(&mut self, commit: &str) -> Memory {
        let sampler = Sampler::start(self.0.process());
        self.follow(commit);
        sampler.end()
    }
}

/// A script that makes a new worktree for each commit and moves a link, so that readers see whole
/// commits only.
#[derive(Debug)]
pub(crate) struct Worktrees {
    repo: PathBuf,
    link: PathBuf,
    next: PathBuf,
    live: Option<PathBuf>,
}

impl Worktrees {
    /// Makes its repository.
    pub(crate) fn new(server: &Server, dir: &Path) -> Self {
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

impl Follower for Worktrees {
    fn follow(&mut self, commit: &str) -> Change {
        let tree = self.repo.with_file_name(commit);
        let mut seen = measure(&mut self.advance(&tree));
        let begun = Instant::now();
        let mut rest = self.publish(tree);
        seen.wall += begun.elapsed();
        Change { seen, after: Some(measure(&mut rest).cpu) }
    }

    fn weigh(&mut self, commit: &str) -> Memory {
        let tree = self.repo.with_file_name(commit);
        let memory = weigh(&mut self.advance(&tree));
        memory.most(weigh(&mut self.publish(tree)))
    }
}

/// A script that changes files where readers read them, so that they may see a mixture.
#[derive(Debug)]
pub(crate) struct Reset(PathBuf);

impl Reset {
    /// Makes its repository.
    pub(crate) fn new(server: &Server, dir: &Path) -> Self {
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

impl Follower for Reset {
    fn follow(&mut self, _commit: &str) -> Change {
        Change { seen: measure(&mut self.advance()), after: None }
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
