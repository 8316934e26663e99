//! What others keep in a root, in the repository of a root, or beside it: it stays theirs.

use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::faults::course::succeeds;
use crate::faults::roots::{Scene, init, refused};
use crate::support::git::{git, run};
use crate::support::snapshot::Snapshot;

fn head(dir: &Path) -> String {
    run(git(dir).args(["rev-parse", "HEAD"]))
}

/// Begins to work in a worktree of the repository in `dir`, at a path that may be relative to it.
fn works_at(dir: &Path, path: &str) -> PathBuf {
    run(git(dir).args(["worktree", "add", "--quiet", "--detach", path, "HEAD"]));
    let tree = dir.join(path);
    fs::write(tree.join("staged"), "theirs").unwrap();
    run(git(&tree).args(["add", "staged"]));
    fs::write(tree.join("loose"), "theirs").unwrap();
    tree
}

/// Fails unless somebody can go on with the work in a worktree.
#[track_caller]
fn still_works(tree: &Path) {
    assert_eq!(run(git(tree).args(["status", "--porcelain"])), "A  staged\n?? loose");
    assert_eq!(run(git(tree).args(["show", ":staged"])), "theirs");
}

#[test]
fn a_checkout_whose_worktrees_are_named_by_commits_is_refused() {
    for place in [".worktrees/", "", "rev-", "elsewhere"] {
        println!("{place:?}");
        let (scene, elsewhere) = (Scene::new(), TempDir::new().unwrap());
        let root = scene.root.path();
        init(&root, &[]);
        run(git(&root).args(["update-ref", "refs/remotes/origin/main", "HEAD"]));
        fs::write(root.join("precious"), "changed").unwrap();
        run(git(&root).args(["stash", "--quiet"]));
        let path = match place {
            "elsewhere" => elsewhere.path().join(head(&root)).display().to_string(),
            place => format!("{place}{}", head(&root)),
        };
        let tree = works_at(&root, &path);
        refused(&scene);
        // Even if it has a branch that is named like git-sync's.
        run(git(&root).args(["checkout", "--quiet", "-b", "git-sync"]));
        refused(&scene);
        still_works(&tree);
        assert_ne!(run(git(&root).args(["stash", "list"])), "");
    }
}

#[test]
fn objects_without_a_ref_are_somebodys() {
    let scene = Scene::new();
    let root = scene.root.path();
    run(git(&root).args(["init", "--quiet", "."]));
    run(git(&root).args(["fetch", "--quiet", &scene.url(), "main"]));
    fs::remove_file(root.join(".git/FETCH_HEAD")).unwrap();
    refused(&scene);
}

#[test]
fn refs_that_cannot_be_read_are_somebodys() {
    let scene = Scene::new();
    let root = scene.root.path();
    init(&root, &[]);
    run(git(&root).args(["pack-refs", "--all"]));
    run(git(&root).args(["symbolic-ref", "HEAD", "refs/heads/unborn"]));
    // What is left is the list of what there was.
    fs::remove_file(root.join(".git/index")).unwrap();
    fs::remove_dir_all(root.join(".git/objects")).unwrap();
    fs::create_dir(root.join(".git/objects")).unwrap();
    fs::write(root.join(".git/packed-refs"), "garbage\n").unwrap();
    refused(&scene);
}

#[test]
fn what_a_killed_fetch_left_is_nobodys() {
    let scene = Scene::new();
    let root = scene.root.path();
    run(git(&root).args(["init", "--quiet", "."]));
    fs::create_dir_all(root.join(".git/objects/pack")).unwrap();
    fs::write(root.join(".git/objects/pack/tmp_pack_abcdef"), "half").unwrap();
    succeeds(scene.once());
    scene.assert_published();
}

#[test]
fn worktrees_elsewhere_that_are_named_by_commits_stay() {
    let (scene, elsewhere) = (Scene::new(), TempDir::new().unwrap());
    succeeds(scene.once());
    let place = elsewhere.path().join("place");
    fs::create_dir(&place).unwrap();
    let path = place.join("1".repeat(40));
    let tree = works_at(&scene.root.link(), path.to_str().unwrap());
    let away = elsewhere.path().join("away");
    for n in 0..3 {
        scene.upstream.commit("a", n.to_string());
        // Its file system may not be there at the moment.
        fs::rename(&place, &away).unwrap();
        succeeds(scene.once());
        fs::rename(&away, &place).unwrap();
        succeeds(scene.once());
        scene.assert_published();
        still_works(&tree);
    }
}

#[test]
fn a_worktree_elsewhere_keeps_its_place_when_its_commit_is_published() {
    let (scene, elsewhere) = (Scene::new(), TempDir::new().unwrap());
    let old = scene.upstream.head();
    succeeds(scene.once());
    scene.upstream.commit("a", "1");
    succeeds(scene.once());
    let path = elsewhere.path().join(&old);
    let tree = works_at(&scene.root.link(), path.to_str().unwrap());
    for commit in [&old, &scene.upstream.head(), &old] {
        scene.upstream.reset(commit);
        for _ in 0..2 {
            succeeds(scene.once());
            scene.assert_published();
            still_works(&tree);
        }
    }
}

#[test]
fn worktrees_of_another_repository_in_the_root_stay() {
    let (scene, other) = (Scene::new(), TempDir::new().unwrap());
    init(other.path(), &[]);
    let paths = [head(other.path()), format!("rev-{}", head(other.path()))];
    let trees = paths.map(|path| scene.root.path().join(path));
    for tree in &trees {
        works_at(other.path(), tree.to_str().unwrap());
    }
    let before = Snapshot::whole(other.path());
    for n in 0..3 {
        succeeds(scene.once());
        scene.assert_published();
        scene.upstream.commit("a", n.to_string());
    }
    for tree in &trees {
        still_works(tree);
    }
    assert_eq!(Snapshot::whole(other.path()), before);
}
