//! The observer sees what is wrong, and only that; so does the oracle.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

use crate::support::git::{git, run};
use crate::support::observer::{self, Sightings};
use crate::support::oracle;
use crate::support::upstream::Upstream;

/// A root as the program would make it, by hand.
struct Published {
    dir: TempDir,
}

impl Published {
    fn new(upstream: &Upstream) -> Self {
        let dir = TempDir::new().unwrap();
        run(git(dir.path())
            .args(["clone", "--quiet", "--no-checkout"])
            .arg(upstream.repo())
            .arg("root"));
        Self { dir }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn link(&self) -> PathBuf {
        self.root().join("latest")
    }

    fn tree(&self, commit: &str) -> PathBuf {
        self.root().join(".worktrees").join(commit)
    }

    fn check_out(&self, commit: &str) {
        run(git(&self.root()).args(["fetch", "--quiet"]));
        let add = ["worktree", "add", "--quiet", "--detach"];
        run(git(&self.root()).args(add).arg(self.tree(commit)).arg(commit));
    }

    fn flip(&self, commit: &str) {
        let next = self.root().join("next");
        symlink(Path::new(".worktrees").join(commit), &next).unwrap();
        fs::rename(next, self.link()).unwrap();
    }

    fn publish(&self, commit: &str) {
        self.check_out(commit);
        self.flip(commit);
    }
}

fn two_commits() -> (Upstream, String, String) {
    let upstream = Upstream::new();
    let one = upstream.change().files(30, "f").commit();
    let two = upstream.change().files(30, "f").file("f/000/000007.txt", "two\n").commit();
    (upstream, one, two)
}

/// Watches while something is done to a root that shows the first commit.
fn watching(upstream: &Upstream, one: &str, act: impl FnOnce(&Published)) -> Sightings {
    let published = Published::new(upstream);
    published.publish(one);
    let observer = observer::watch(&published.link());
    observer.has_looked();
    act(&published);
    observer.has_looked();
    observer.stop()
}

#[test]
fn atomic_publications_are_flawless_even_if_retired_trees_vanish() {
    let (upstream, one, two) = two_commits();
    let seen = watching(&upstream, &one, |published| {
        published.check_out(&two);
        for _ in 0..30 {
            published.flip(&two);
            published.flip(&one);
        }
        published.flip(&two);
        let trash = published.root().join("trash");
        fs::rename(published.tree(&one), &trash).unwrap();
        fs::remove_dir_all(trash).unwrap();
    });
    seen.assert_flawless(&upstream.repo());
    assert_eq!(seen.history().first(), Some(&one));
    assert_eq!(seen.history().last(), Some(&two));
    assert!(seen.passes() >= 4);
}

#[test]
fn a_link_that_is_made_late_is_no_gap() {
    let (upstream, one, _) = two_commits();
    let published = Published::new(&upstream);
    let observer = observer::watch(&published.link());
    published.publish(&one);
    observer.has_looked();
    observer.stop().assert_flawless(&upstream.repo());
}

#[test]
fn a_mixture_is_seen() {
    let (upstream, one, _) = two_commits();
    let observer_of_mixture = |act: &dyn Fn(&Path)| {
        let seen = watching(&upstream, &one, |published| act(&published.tree(&one)));
        seen.objections(&upstream.repo())
    };
    let wrong =
        observer_of_mixture(&|tree| fs::write(tree.join("f/000/000007.txt"), "two\n").unwrap());
    assert!(wrong.iter().any(|text| text.contains("000007.txt\" is file")), "{wrong:?}");
    let wrong = observer_of_mixture(&|tree| fs::remove_file(tree.join("README")).unwrap());
    assert!(wrong.iter().any(|text| text.contains("\"README\" is missing")), "{wrong:?}");
    let wrong = observer_of_mixture(&|tree| fs::write(tree.join("stray"), "").unwrap());
    assert!(wrong.iter().any(|text| text.contains("\"stray\" should not be there")), "{wrong:?}");
}

#[test]
fn a_gap_is_seen() {
    let (upstream, one, two) = two_commits();
    let published = Published::new(&upstream);
    published.publish(&one);
    let observer = observer::watch(&published.link());
    observer.has_looked();
    fs::remove_file(published.link()).unwrap();
    // Nobody reads through a link that is not there, so only its return can be awaited.
    crate::support::wait::pause(std::time::Duration::from_millis(50));
    published.publish(&two);
    observer.has_looked();
    let wrong = observer.stop().objections(&upstream.repo());
    assert!(wrong.iter().any(|text| text.starts_with("the link:")), "{wrong:?}");
    let wrong = watching(&upstream, &one, |published| {
        fs::rename(published.tree(&one), published.root().join("gone")).unwrap();
        crate::support::wait::pause(std::time::Duration::from_millis(50));
        fs::rename(published.root().join("gone"), published.tree(&one)).unwrap();
    });
    let wrong = wrong.objections(&upstream.repo());
    assert!(wrong.iter().any(|text| text.contains("while the link names it")), "{wrong:?}");
}

#[test]
fn the_oracle_accepts_stock_git_and_objects_to_anything_else() {
    let upstream = Upstream::new();
    let commit = upstream.change().odd_names().attributes().commit();
    let published = Published::new(&upstream);
    published.publish(&commit);
    let (root, link, repo) = (published.root(), published.link(), upstream.repo());
    oracle::assert_published(&root, &link, &repo, &commit);
    fs::write(published.tree(&commit).join("kept.bin"), "changed").unwrap();
    let found = oracle::objections(&root, &link, &repo, &commit);
    assert_eq!(found.len(), 3, "{found:#?}");
    assert!(found[1].starts_with("git status says"), "{found:#?}");
    let found = oracle::objections(&root, &link, &repo, &upstream.commit("later", "1"));
    assert!(found.iter().any(|text| text.starts_with("the link names")), "{found:#?}");
    assert!(found.iter().any(|text| text.starts_with("git rev-parse HEAD says")), "{found:#?}");
}
