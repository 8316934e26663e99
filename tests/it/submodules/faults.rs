//! Faults while submodules are fetched, and after.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::contract::{polling, trying};
use crate::faults::course::{patient, succeeds};
use crate::submodules::family::{Sub, assert_published, link, links, stores};
use crate::support::daemon::Root;
use crate::support::git_daemon;
use crate::support::http;
use crate::support::http::Answer;
use crate::support::told::failures;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

#[test]
fn a_submodule_that_cannot_be_reached_holds_everything_back_until_it_can() {
    let (upstream, other, root) = (Upstream::new(), Upstream::new(), Root::new());
    let away = http::serve(&other);
    let first = links(&upstream, &[link("sub", &away.url(), &other.head())]);
    let url = upstream.repo();
    let daemon = polling(url.to_str().unwrap(), &root).start();
    root.eventually_publishes(&first);
    for (answer, class) in [(Answer::Unavailable, "network"), (Answer::Missing, "not_found")] {
        away.answer(answer);
        let seen = failures(&daemon.log()).len();
        let new = other.commit("file", format!("{answer:?}\n"));
        let before = root.published();
        let wanted = links(&upstream, &[link("sub", &away.url(), &new)]);
        let failure =
            eventually("the attempt fails", SOON, || failures(&daemon.log()).into_iter().nth(seen));
        failure.expect(class, &away.url());
        failure.expect(class, "\"sub\"");
        assert_eq!(root.published(), before);
        away.heal();
        root.eventually_publishes(&wanted);
        assert_published(&root, &url, &wanted);
    }
}

/// Everything that looks as if somebody had been interrupted.
fn leftovers(root: &Root) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut left = vec![root.path().join(".git")];
    while let Some(dir) = left.pop() {
        let private = dir.ends_with("gitsyncd/staging") || dir.ends_with("gitsyncd/trash");
        for entry in fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            let temporary =
                [".lock", ".keep", ".gitsyncd-new"].iter().any(|end| name.ends_with(end));
            if private || temporary || name.starts_with(".tmp") || name.starts_with("tmp_") {
                found.push(entry.path());
            }
            if entry.file_type().unwrap().is_dir() {
                left.push(entry.path());
            }
        }
    }
    found
}

fn worktrees(root: &Root) -> usize {
    let count = |store: &PathBuf| fs::read_dir(store.join("worktrees")).unwrap().count();
    stores(root).iter().map(count).sum()
}

#[test]
fn a_program_that_is_killed_while_it_fetches_submodules_goes_on_where_it_was() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, deep) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "deep"));
    for n in 0..200 {
        sub.write(format!("many/{n}"), format!("{n}\n"));
    }
    sub.has(&[link("deep", "../deep.git", &deep.head())]);
    let server = git_daemon::serve(&upstream);
    let mut random = fastrand::Rng::new();
    for round in 0..12 {
        let moved = sub.commit("file", format!("{round}\n"));
        links(&upstream, &[link("sub", "../sub.git", &moved)]);
        let before = root.published();
        let daemon = patient(&server.url(), &root).flag("--period=10ms").start();
        pause(Duration::from_millis(random.u64(20..500)));
        daemon.kill();
        assert!(before.is_none() || root.link().join("sub/many/7").exists(), "round {round}");
        assert!(before.is_none() || root.link().join("sub/deep/file").exists(), "round {round}");
    }
    succeeds(crate::faults::course::single(&server.url(), &root));
    assert_published(&root, &upstream.repo(), &upstream.head());
    assert_eq!(leftovers(&root), Vec::<PathBuf>::new());
    assert_eq!(worktrees(&root), 2);
}

#[test]
fn leftovers_in_the_repositories_of_submodules_are_removed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let url = upstream.repo();
    let once = || succeeds(crate::faults::course::single(url.to_str().unwrap(), &root));
    once();
    let store = stores(&root).pop().unwrap();
    let admin = fs::read_dir(store.join("worktrees")).unwrap().next().unwrap().unwrap().path();
    let gone = store.join("worktrees").join("a".repeat(40) + "." + &"b".repeat(40));
    for path in [
        store.join("shallow.lock"),
        store.join(".HEAD.gitsyncd-new"),
        store.join("objects/pack/.tmpAbCdEf"),
        store.join("objects/pack/tmp_pack_AbCdEf"),
        admin.join("index.lock"),
        admin.join("index.gitsyncd-new"),
        gone.join("HEAD"),
        root.path().join(".git/gitsyncd/modules/odd"),
        root.path().join(".git/gitsyncd/modules").join("c".repeat(40)).join("HEAD"),
    ] {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "half\n").unwrap();
    }
    once();
    once();
    assert_eq!(leftovers(&root), Vec::<PathBuf>::new());
    assert_eq!(stores(&root), [store]);
    assert_eq!(worktrees(&root), 1);
    assert_published(&root, &url, &commit);
}

fn packs(store: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(store.join("objects/pack")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_damaged_repository_of_a_submodule_is_made_anew() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let url = upstream.repo();
    trying(url.to_str().unwrap(), &root).once().expect_code(0);
    for damage in ["packs", "HEAD", "config", "shallow"] {
        let store = stores(&root).pop().unwrap();
        let places = if damage == "packs" { packs(&store) } else { vec![store.join(damage)] };
        for place in places {
            drop(fs::remove_file(&place));
            fs::write(&place, "garbage\n").unwrap();
        }
        let moved = sub.commit("file", format!("{damage}\n"));
        let commit = links(&upstream, &[link("sub", "../sub.git", &moved)]);
        trying(url.to_str().unwrap(), &root).once().expect_code(0);
        assert_published(&root, &url, &commit);
    }
}
