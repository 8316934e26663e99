//! Roots as git-sync makes them, made by stock Git.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::support::daemon::{Root, Setup, following};
use crate::support::git::{attempt, git, run};
use crate::support::upstream::Upstream;

/// The program, called by the name of the other one.
pub(crate) fn by_its_name(url: &str, root: &Root) -> Setup {
    following(url, root).called("git-sync").flag("--submodules=off")
}

fn url(upstream: &Upstream) -> String {
    format!("file://{}", upstream.repo().display())
}

/// Stock Git in the root, in words that are written as one line.
#[track_caller]
fn calls(dir: &Path, words: &str) -> String {
    run(git(dir).args(words.split(' ')))
}

/// Begins a root of version 4: a repository without a tree.
pub(crate) fn begin(upstream: &Upstream, root: &Path) {
    fs::create_dir_all(root).unwrap();
    calls(root, "init --quiet -b git-sync");
    calls(root, &format!("remote add origin {}", url(upstream)));
    calls(root, &format!("fetch --quiet {} main --prune --no-auto-gc --depth 1", url(upstream)));
    calls(root, "reset --quiet --soft FETCH_HEAD --");
}

/// Looks at a root as version 4 does when it starts: if anything is wrong it deletes all of it.
#[track_caller]
pub(crate) fn accepts(root: &Path) {
    let top = calls(root, "rev-parse --show-toplevel");
    assert_eq!(Path::new(&top), root, "it would take the root for a part of another repository");
    calls(root, "fsck --no-progress --connectivity-only");
    assert!(!root.join(".git/shallow.lock").exists());
}

/// Does what version 4 does in one sync: with what it finds if that will do, or else a new root.
#[track_caller]
pub(crate) fn syncs(upstream: &Upstream, root: &Path, link: &Path) {
    if root.exists() {
        accepts(root);
    } else {
        begin(upstream, root);
    }
    if attempt(git(root).args(["remote", "get-url", "origin"])).is_err() {
        calls(root, &format!("remote add origin {}", url(upstream)));
    }
    let before = fs::read_link(link).ok().map(|target| link.parent().unwrap().join(target));
    let fetch = format!("fetch --quiet {} main --prune --no-auto-gc --depth 1", url(upstream));
    calls(root, &fetch);
    let commit = calls(root, "rev-parse FETCH_HEAD^{}");
    calls(root, &format!("reset --quiet --soft {commit} --"));
    let tree = root.join(".worktrees").join(&commit);
    let is_new = before.as_ref() != Some(&tree);
    if is_new {
        if tree.exists() {
            fs::remove_dir_all(&tree).unwrap();
            calls(root, "worktree prune");
        }
        let path = tree.display();
        calls(root, &format!("worktree add --force --detach {path} {commit} --no-checkout"));
    }
    fs::write(tree.join(".git"), format!("gitdir: ../../.git/worktrees/{commit}\n")).unwrap();
    calls(&tree, &format!("reset --quiet --hard {commit} --"));
    if is_new {
        let new = link.with_file_name("tmp-link");
        symlink(Path::new(".worktrees").join(&commit), &new).unwrap();
        fs::rename(new, link).unwrap();
    }
    for old in trees(root).into_iter().filter(|old| *old != tree) {
        fs::remove_dir_all(old).unwrap();
    }
    calls(root, "worktree prune");
    calls(root, "reflog expire --expire-unreachable=all --all");
    calls(root, "gc --quiet --prune=now");
}

/// What is in `.worktrees`.
pub(crate) fn trees(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(".worktrees")).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// Makes a root of version 3, with the trees in the root itself, called so; gives the tree.
#[track_caller]
pub(crate) fn third(upstream: &Upstream, root: &Path, link: &Path, prefix: &str) -> PathBuf {
    let above = root.parent().unwrap();
    fs::create_dir_all(above).unwrap();
    let path = root.display();
    calls(above, &format!("clone --quiet --no-checkout -b main {} {path}", url(upstream)));
    let commit = calls(root, "rev-parse origin/main");
    let name = format!("{prefix}{commit}");
    let tree = root.join(&name);
    let add = format!("worktree add --quiet --detach {} {commit} --no-checkout", tree.display());
    calls(root, &add);
    fs::write(tree.join(".git"), format!("gitdir: ../.git/worktrees/{name}\n")).unwrap();
    calls(&tree, &format!("reset --quiet --hard {commit}"));
    symlink(&name, link).unwrap();
    tree
}
