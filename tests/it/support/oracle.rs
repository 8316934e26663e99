//! Stock Git says what is right.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

use crate::support::git::{attempt, git, run};
use crate::support::snapshot::Snapshot;
use crate::support::wait::{SOON, eventually};

/// What stock Git checks out for a commit of the repository.
#[track_caller]
pub(crate) fn checkout(repo: &Path, commit: &str) -> Snapshot {
    checkout_as(repo, commit, &[])
}

/// The same, with some settings.
#[track_caller]
fn checkout_as(repo: &Path, commit: &str, settings: &[(&str, &str)]) -> Snapshot {
    let dir = TempDir::new().unwrap();
    run(git(dir.path()).args(["clone", "--quiet", "--shared", "--no-checkout"]).arg(repo).arg("t"));
    let tree = dir.path().join("t");
    for (key, value) in settings {
        run(git(&tree).args(["config", key, value]));
    }
    run(git(&tree).args(["checkout", "--quiet", "--force", "--detach", commit]));
    Snapshot::whole(&tree)
}

/// Everything that is wrong with a published tree: its content, and what stock Git thinks of it.
pub(crate) fn objections(root: &Path, link: &Path, repo: &Path, commit: &str) -> Vec<String> {
    objections_to(root, link, &checkout(repo, commit), commit)
}

/// The same, where the content is to be this.
pub(crate) fn objections_to(
    root: &Path,
    link: &Path,
    wanted: &Snapshot,
    commit: &str,
) -> Vec<String> {
    let mut found = Vec::new();
    let (seen, end) = Snapshot::of(link);
    if let Err(error) = end {
        found.push(format!("cannot read {}: {error}", link.display()));
    }
    found.extend(seen.differences(wanted));
    match fs::read_link(link) {
        Ok(target) if target.is_relative() && target.file_name() == Some(commit.as_ref()) => (),
        Ok(target) => found.push(format!("the link names {}", target.display())),
        Err(error) => found.push(format!("cannot read the link: {error}")),
    }
    found.extend(differs("rev-parse HEAD", attempt(git(link).args(["rev-parse", "HEAD"])), commit));
    let status = attempt(git(link).args(["--no-optional-locks", "status", "--porcelain"]));
    found.extend(differs("status", status, ""));
    // This compares stat data only, and so says whether Git has to read any file again.
    let stale =
        attempt(git(link).args(["--no-optional-locks", "diff-files", "--ignore-submodules"]));
    found.extend(differs("diff-files", stale, ""));
    if let Err(error) = attempt(git(root).args(["fsck", "--connectivity-only", "--no-dangling"])) {
        found.push(format!("git fsck: {error}"));
    }
    found
}

fn differs(what: &str, answer: Result<String, String>, wanted: &str) -> Option<String> {
    match answer {
        Ok(text) if text == wanted => None,
        Ok(text) => Some(format!("git {what} says {text:?}")),
        Err(error) => Some(format!("git {what} fails: {error}")),
    }
}

/// Fails unless the link shows the commit as stock Git would have checked it out. Git is told a
/// moment after readers see it, which is waited for.
#[track_caller]
pub(crate) fn assert_published(root: &Path, link: &Path, repo: &Path, commit: &str) {
    assert_published_as(root, link, repo, commit, &[]);
}

/// The same, as stock Git would do it with some settings.
#[track_caller]
pub(crate) fn assert_published_as(
    root: &Path,
    link: &Path,
    repo: &Path,
    commit: &str,
    settings: &[(&str, &str)],
) {
    eventually("Git has an index", SOON, || {
        let path = attempt(git(link).args(["rev-parse", "--git-path", "index"])).ok()?;
        link.join(path).exists().then_some(())
    });
    let objections = objections_to(root, link, &checkout_as(repo, commit, settings), commit);
    let found = objections.join("\n");
    assert!(objections.is_empty(), "{commit} is not published well with {settings:?}:\n{found}");
}
