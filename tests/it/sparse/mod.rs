//! Trees that hold a part of their commit: patterns in a file, and directories. Stock Git says which
//! part that is, and has to be content with the tree.

mod changes;
mod files;
mod lives;
mod published;

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::contract::trying;
use crate::support::daemon::{Root, Setup};
use crate::support::git::{attempt, git, run};
use crate::support::oracle;
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Rules as somebody gives them.
#[derive(Clone, Debug)]
pub(crate) enum Rules {
    Patterns(String),
    /// A file that Git reads as directories if it can, as it does for git-sync.
    AsGitReads(String),
    Directories(Vec<String>),
}

impl Rules {
    pub(crate) fn patterns(text: &str) -> Self {
        Self::Patterns(text.to_owned())
    }

    pub(crate) fn as_git_reads(text: &str) -> Self {
        Self::AsGitReads(text.to_owned())
    }

    pub(crate) fn directories(paths: &[&str]) -> Self {
        Self::Directories(paths.iter().map(ToString::to_string).collect())
    }
}

/// A place for a file of patterns.
#[derive(Debug)]
pub(crate) struct File(TempDir);

impl File {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.0.path().join("rules")
    }

    /// Replaces it, so that nobody reads a half of it.
    pub(crate) fn write(&self, text: impl AsRef<[u8]>) {
        let new = self.0.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.path()).unwrap();
    }

    /// Starts by these rules.
    pub(crate) fn with(&self, setup: Setup, rules: &Rules) -> Setup {
        match rules {
            Rules::Patterns(text) | Rules::AsGitReads(text) => {
                self.write(text);
                setup.flag(format!("--sparse-checkout-file={}", self.path().display()))
            }
            Rules::Directories(paths) => {
                let flag = |path: &String| format!("--sparse-path={path}");
                paths.iter().map(flag).fold(setup, Setup::flag)
            }
        }
    }
}

/// What stock Git makes of a commit by rules: the content, and what it says of each file.
pub(crate) struct Wanted {
    pub(crate) content: Snapshot,
    pub(crate) listed: String,
    pub(crate) list: String,
}

pub(crate) fn wanted(repo: &Path, commit: &str, rules: &Rules) -> Wanted {
    let dir = TempDir::new().unwrap();
    run(git(dir.path()).args(["clone", "--quiet", "--shared", "--no-checkout"]).arg(repo).arg("t"));
    let tree = dir.path().join("t");
    run(git(&tree).args(["update-ref", "--no-deref", "HEAD", commit]));
    match rules {
        Rules::Patterns(text) | Rules::AsGitReads(text) => {
            let cone = matches!(rules, Rules::AsGitReads(_)).to_string();
            run(git(&tree).args(["config", "core.sparseCheckout", "true"]));
            run(git(&tree).args(["config", "core.sparseCheckoutCone", &cone]));
            fs::create_dir_all(tree.join(".git/info")).unwrap();
            fs::write(tree.join(".git/info/sparse-checkout"), text).unwrap();
            run(git(&tree).args(["read-tree", "-mu", "HEAD"]));
        }
        Rules::Directories(paths) => {
            let set = ["sparse-checkout", "set", "--cone", "--skip-checks", "--end-of-options"];
            run(git(&tree).args(set).args(paths));
            run(git(&tree).args(["read-tree", "-mu", "HEAD"]));
        }
    }
    Wanted {
        content: Snapshot::whole(&tree),
        listed: run(git(&tree).args(["ls-files", "-t", "-z"])),
        list: run(git(&tree).args(["sparse-checkout", "list"])),
    }
}

/// Everything that is wrong with a tree that was published by rules.
pub(crate) fn objections(root: &Root, repo: &Path, commit: &str, rules: &Rules) -> Vec<String> {
    let (wanted, link) = (wanted(repo, commit, rules), root.link());
    let mut found = oracle::objections_to(&root.path(), &link, &wanted.content, commit);
    for (args, expected) in [
        (&["ls-files", "-t", "-z"][..], &wanted.listed),
        (&["sparse-checkout", "list"], &wanted.list),
    ] {
        let said = attempt(git(&link).args(args));
        if said.as_ref() != Ok(expected) {
            found.push(format!("git {args:?} says {said:?}, not {expected:?}"));
        }
    }
    found
}

/// Fails unless the link shows what the rules say, and stock Git agrees, now and after it was told to
/// do it again.
#[track_caller]
pub(crate) fn assert_published(root: &Root, upstream: &Upstream, commit: &str, rules: &Rules) {
    let link = root.link();
    eventually("Git has an index", SOON, || {
        let path = attempt(git(&link).args(["rev-parse", "--git-path", "index"])).ok()?;
        link.join(path).exists().then_some(())
    });
    let found = objections(root, &upstream.repo(), commit, rules).join("\n");
    assert!(found.is_empty(), "{commit} is not published well by {rules:?}:\n{found}");
}

/// Publishes once by rules.
#[track_caller]
pub(crate) fn publishes(root: &Root, upstream: &Upstream, commit: &str, rules: &Rules) {
    let (file, url) = (File::new(), upstream.repo().display().to_string());
    file.with(trying(&url, root), rules).once().expect_code(0);
    assert_published(root, upstream, commit, rules);
}
