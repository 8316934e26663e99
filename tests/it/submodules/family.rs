//! A repository with others beside it that may be its submodules, and what stock Git makes of them.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::support::daemon::Root;
use crate::support::git::{attempt, git, run};
use crate::support::snapshot::Snapshot;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// A bare repository `<name>.git` in a directory, beside a work tree that pushes into it.
#[derive(Clone, Debug)]
pub(crate) struct Sub {
    dir: PathBuf,
    name: String,
}

impl Sub {
    /// Makes one with a commit, beside the repository.
    pub(crate) fn beside(upstream: &Upstream, name: &str) -> Self {
        let format = run(upstream.git().args(["rev-parse", "--show-object-format"]));
        Self::at(upstream.dir(), name, &format)
    }

    /// One that was made.
    pub(crate) fn known(upstream: &Upstream, name: &str) -> Self {
        Self { dir: upstream.dir().to_owned(), name: name.to_owned() }
    }

    /// Makes one with a commit.
    fn at(dir: &Path, name: &str, format: &str) -> Self {
        let sub = Self { dir: dir.to_owned(), name: name.to_owned() };
        let bare = format!("{name}.git");
        let init = ["init", "--quiet", &format!("--object-format={format}")];
        run(git(dir).args(init).args(["--bare", &bare]));
        run(git(dir).args(init).arg(format!("{name}-work")));
        run(git(&sub.work()).args(["remote", "add", "origin", &format!("../{bare}")]));
        sub.commit("file", format!("first of {name}\n"));
        sub
    }

    pub(crate) fn work(&self) -> PathBuf {
        self.dir.join(format!("{}-work", self.name))
    }

    pub(crate) fn git(&self) -> std::process::Command {
        git(&self.work())
    }

    pub(crate) fn head(&self) -> String {
        run(self.git().args(["rev-parse", "HEAD"]))
    }

    /// Writes a file.
    pub(crate) fn write(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> &Self {
        write(&self.work().join(path), content.as_ref());
        self
    }

    /// Commits a file and pushes; gives the commit's id.
    pub(crate) fn commit(&self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> String {
        self.write(path, content).push()
    }

    /// Commits what is in the work tree.
    pub(crate) fn push(&self) -> String {
        run(self.git().args(["add", "--all"]));
        run(self.git().args(["commit", "--quiet", "--allow-empty", "-m", "another"]));
        run(self.git().args(["push", "--quiet", "--force", "origin", "HEAD:main"]));
        self.head()
    }

    /// Has exactly these submodules of its own.
    pub(crate) fn has(&self, links: &[Link]) -> String {
        forget(&self.work());
        run(self.git().args(["add", "--all"]));
        declare(&self.work(), links);
        self.push()
    }
}

/// A submodule as a commit has it.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    pub(crate) path: String,
    pub(crate) url: String,
    pub(crate) commit: String,
}

/// Describes a submodule at its newest commit.
pub(crate) fn link(path: &str, url: &str, commit: &str) -> Link {
    Link { path: path.to_owned(), url: url.to_owned(), commit: commit.to_owned() }
}

/// Writes a file. What is in its way goes.
fn write(path: &Path, content: &[u8]) {
    for above in path.ancestors().skip(1) {
        if above.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
            fs::remove_file(above).unwrap();
        }
    }
    if path.symlink_metadata().is_ok_and(|found| found.is_dir()) {
        fs::remove_dir_all(path).unwrap();
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Writes links and `.gitmodules` to the index of a work tree.
fn declare(work: &Path, links: &[Link]) {
    let mut text = String::new();
    for link in links {
        let Link { path, url, .. } = link;
        writeln!(text, "[submodule \"{path}\"]\n\tpath = {path}\n\turl = {url}").unwrap();
        bare_link(work, &link.path, &link.commit);
    }
    fs::write(work.join(".gitmodules"), text).unwrap();
}

/// Writes a link to the index of a work tree.
pub(crate) fn bare_link(work: &Path, path: &str, commit: &str) {
    fs::create_dir_all(work.join(path)).unwrap();
    let entry = format!("160000,{commit},{path}");
    run(git(work).args(["update-index", "--add", "--replace", "--cacheinfo", &entry]));
}

/// Takes all links from the index of a work tree, and their directories.
fn forget(work: &Path) {
    let known = run(git(work).args(["ls-files", "-z", "--stage"]));
    for line in known.split('\0').filter(|line| line.starts_with("160000")) {
        let path = line.split('\t').nth(1).unwrap();
        run(git(work).args(["rm", "--cached", "--quiet", path]));
        let left = work.join(path);
        if left.exists() {
            fs::remove_dir_all(left).unwrap();
        }
    }
}

/// Commits exactly these submodules, with all else as it is.
pub(crate) fn links(upstream: &Upstream, links: &[Link]) -> String {
    forget(&upstream.work());
    run(upstream.git().args(["add", "--all"]));
    declare(&upstream.work(), links);
    upstream.change().commit()
}

/// What stock Git makes of a commit with all its submodules, or only the first ones.
pub(crate) fn checkout(repo: &Path, commit: &str, recursive: bool) -> Snapshot {
    let dir = TempDir::new().unwrap();
    run(git(dir.path()).args(["clone", "--quiet", "--no-checkout"]).arg(repo).arg("t"));
    let tree = dir.path().join("t");
    run(git(&tree).args(["checkout", "--quiet", "--force", "--detach", commit]));
    let recursive: &[&str] = if recursive { &["--recursive"] } else { &[] };
    run(git(&tree).args(["submodule", "--quiet", "update", "--init"]).args(recursive));
    Snapshot::whole(&tree).without_pointers()
}

/// Fails unless the link shows the commit with its submodules as stock Git makes it, and stock Git is
/// content with it.
#[track_caller]
pub(crate) fn assert_published(root: &Root, repo: &Path, commit: &str) {
    assert_equals(root, &checkout(repo, commit, true), commit);
}

/// The same, given what is expected.
#[track_caller]
pub(crate) fn assert_equals(root: &Root, expected: &Snapshot, commit: &str) {
    let link = root.link();
    eventually("Git has an index", SOON, || {
        let path = attempt(git(&link).args(["rev-parse", "--git-path", "index"])).ok()?;
        link.join(path).exists().then_some(())
    });
    assert_eq!(root.published().as_deref(), Some(commit));
    let seen = Snapshot::whole(&link).without_pointers();
    let differences = seen.differences(expected);
    assert!(differences.is_empty(), "{commit}:\n{}", differences.join("\n"));
    is_content(root);
}

/// Fails unless stock Git finds everything in order.
#[track_caller]
pub(crate) fn is_content(root: &Root) {
    let link = root.link();
    let plain = |words: &[&str]| run(git(&link).arg("--no-optional-locks").args(words));
    assert_eq!(plain(&["status", "--porcelain"]), "");
    assert_eq!(plain(&["diff-files"]), "");
    let listed = plain(&["submodule", "status", "--recursive"]);
    let prefix = |line: &&str| !line.starts_with(' ');
    assert_eq!(listed.lines().filter(prefix).collect::<Vec<_>>(), [""; 0], "{listed}");
    for line in listed.lines() {
        let mut words = line.split_whitespace();
        let (commit, path) = (words.next().unwrap(), words.next().unwrap());
        let sub = link.join(path);
        assert_eq!(run(git(&sub).args(["rev-parse", "HEAD"])), commit);
        assert_eq!(run(git(&sub).args(["--no-optional-locks", "status", "--porcelain"])), "");
        let stale = ["--no-optional-locks", "diff-files"];
        assert_eq!(run(git(&sub).args(stale)), "", "{path}");
        run(git(&sub).args(["fsck", "--connectivity-only", "--no-dangling"]));
    }
    run(git(&root.path()).args(["fsck", "--connectivity-only", "--no-dangling"]));
}

/// The repositories in which objects of submodules are kept.
pub(crate) fn stores(root: &Root) -> Vec<PathBuf> {
    let found = fs::read_dir(root.path().join(".git/gitsyncd/modules"));
    found.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
}
