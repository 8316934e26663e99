//! Submodules on other servers: who is told what, and how a commit is had that nobody lists.

use std::fs;

use crate::contract::trying;
use crate::submodules::family::{Sub, assert_equals, assert_published, checkout, link, links};
use crate::support::daemon::{Root, Setup};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::snapshot::Snapshot;
use crate::support::sshd;
use crate::support::told::only_failure;
use crate::support::upstream::Upstream;

/// A repository that is elsewhere, and may be a submodule.
fn elsewhere() -> Upstream {
    let other = Upstream::new();
    other.change().file("dir/there", "elsewhere\n").commit();
    other
}

fn credential(url: &str, user: &str, password: &str) -> String {
    let entry = serde_json::json!({ "url": url, "username": user, "password": password });
    format!("--credential={entry}")
}

/// Fails unless the submodule's files are there.
#[track_caller]
fn shows(root: &Root, commit: &str, other: &Upstream) {
    assert_eq!(root.published().as_deref(), Some(commit));
    let expected = checkout(&other.repo(), &other.head(), false);
    assert_eq!(Snapshot::whole(&root.link().join("sub")).without_pointers(), expected);
}

#[test]
fn each_server_is_told_its_own_password_and_no_other() {
    let (upstream, other) = (Upstream::new(), elsewhere());
    let home = http::over(&upstream).login("ada", "home1").start();
    let away = http::over(&other).login("bob", "away2").start();
    let commit = links(&upstream, &[link("sub", &away.url(), &other.head())]);
    let setup = |root: &Root| {
        trying(&home.url(), root)
            .flag("--username=ada")
            .flag("--password=home1")
            .flag("--git-config=\"http.extraHeader\":\"X-Extra: for-home\"")
    };
    // What is for the repository alone is not for others.
    let root = Root::new();
    let failure = only_failure(&setup(&root).once());
    failure.expect("auth", &away.url());
    failure.expect("auth", "\"sub\"");
    assert_eq!(root.published(), None);
    let given = credential(&format!("http://{}", away.addr()), "bob", "away2");
    setup(&root).flag(given).once().expect_code(0);
    shows(&root, &commit, &other);
    let asked = away.requests();
    assert!(asked.iter().any(|request| request.user == "bob"));
    for request in &asked {
        assert_ne!(request.user, "ada");
        assert_eq!(request.extra, "");
    }
    assert!(home.requests().iter().all(|request| request.user != "bob"));
    assert!(home.requests().iter().any(|request| request.extra == "for-home"));
}

#[test]
fn a_way_from_the_repository_is_followed_as_the_same_user() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (sub, deep) = (Sub::beside(&upstream, "sub"), Sub::beside(&upstream, "deep"));
    sub.has(&[link("deep", "../deep.git", &deep.head())]);
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    let server = http::over(&upstream).login("ada", "home1").start();
    let url = server.url().replace("http://", "http://ada:home1@");
    let finished = trying(&url, &root).once();
    finished.expect_code(0);
    assert_published(&root, &upstream.repo(), &commit);
    assert!(!finished.log.join("\n").contains("home1"));
}

#[test]
fn a_password_in_the_address_of_a_submodule_is_used_and_not_shown() {
    let (upstream, other, root) = (Upstream::new(), elsewhere(), Root::new());
    let away = http::over(&other).login("bob", "away2").start();
    let url = away.url().replace("http://", "http://bob:away2@");
    let commit = links(&upstream, &[link("sub", &url, &other.head())]);
    let repo = upstream.repo();
    let finished = trying(repo.to_str().unwrap(), &root).flag("-v=9").once();
    finished.expect_code(0);
    shows(&root, &commit, &other);
    assert!(!finished.log.join("\n").contains("away2"));
    away.admit("bob", "changed");
    let finished = trying(repo.to_str().unwrap(), &Root::new()).flag("-v=9").once();
    only_failure(&finished).expect("auth", &away.url());
    assert!(!finished.log.join("\n").contains("away2"));
}

#[test]
fn submodules_come_over_git_daemon() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let sub = Sub::beside(&upstream, "sub");
    let server = git_daemon::serve(&upstream);
    let commit = links(&upstream, &[link("sub", "../sub.git", &sub.head())]);
    trying(&server.url(), &root).once().expect_code(0);
    assert_published(&root, &upstream.repo(), &commit);
}

#[test]
fn each_ssh_server_has_its_own_key() {
    let (upstream, other, root) = (Upstream::new(), elsewhere(), Root::new());
    let beside = Sub::beside(&upstream, "beside");
    let (home, away) = (sshd::start(), sshd::start());
    let keys = [home.login(), away.login()];
    let known = [home.known(), away.known()].map(|path| fs::read_to_string(path).unwrap());
    let known = home.known_hosts(&known.map(|text| text.trim_end().to_owned()));
    let both = [
        link("beside", "../beside.git", &beside.head()),
        link("sub", &away.url(&other.repo()), &other.head()),
    ];
    let commit = links(&upstream, &both);
    let url = home.url(&upstream.repo());
    let with = |setup: Setup| setup.flag(format!("--ssh-known-hosts-file={}", known.display()));
    let one = trying(&url, &root).flag(format!("--ssh-key-file={}", keys[0].path.display()));
    only_failure(&with(one).once()).expect("auth", "\"sub\"");
    assert_eq!(root.published(), None);
    let setup = keys.iter().fold(trying(&url, &root), |setup, key| {
        setup.flag(format!("--ssh-key-file={}", key.path.display()))
    });
    with(setup).once().expect_code(0);
    shows(&root, &commit, &other);
    assert!(root.link().join("beside/file").exists());
}

#[test]
fn a_commit_that_no_branch_is_at_comes_from_servers_that_give_only_what_they_list() {
    let (upstream, other, root) = (Upstream::new(), elsewhere(), Root::new());
    let wanted = other.head();
    other.commit("later", "later\n");
    let away = http::over(&other).old_protocol().start();
    let commit = links(&upstream, &[link("sub", &away.url(), &wanted)]);
    let repo = upstream.repo();
    trying(repo.to_str().unwrap(), &root).once().expect_code(0);
    let expected = checkout(&other.repo(), &wanted, false);
    assert_eq!(Snapshot::whole(&root.link().join("sub")).without_pointers(), expected);
    assert_equals(&root, &checkout(&repo, &commit, true), &commit);
}

#[test]
fn a_commit_that_nobody_has_is_an_error_that_names_it() {
    let (upstream, other, root) = (Upstream::new(), elsewhere(), Root::new());
    let nobodys = "1234567890".repeat(4);
    let repo = upstream.repo();
    for old in [false, true] {
        let away = http::over(&other);
        let away = if old { away.old_protocol() } else { away }.start();
        for url in [away.url(), other.repo().to_str().unwrap().to_owned()] {
            links(&upstream, &[link("sub", &url, &nobodys)]);
            let failure = only_failure(&trying(repo.to_str().unwrap(), &root).once());
            failure.expect("ref", &nobodys);
            failure.expect("ref", &url);
        }
    }
    assert_eq!(root.published(), None);
}

#[test]
fn a_path_on_this_machine_is_for_repositories_on_it() {
    let (upstream, other, root) = (Upstream::new(), elsewhere(), Root::new());
    let server = http::serve(&upstream);
    let path = other.repo().to_str().unwrap().to_owned();
    for url in [path.clone(), format!("file://{path}")] {
        let commit = links(&upstream, &[link("sub", &url, &other.head())]);
        let finished = trying(&server.url(), &root).once();
        only_failure(&finished).expect("protocol", "protocol.file.allow=always");
        assert_eq!(root.published(), None);
        let allowed = Root::new();
        let setup = trying(&server.url(), &allowed);
        setup.flag("--git-config=protocol.file.allow:always").once().expect_code(0);
        shows(&allowed, &commit, &other);
        let here = Root::new();
        trying(upstream.repo().to_str().unwrap(), &here).once().expect_code(0);
        shows(&here, &commit, &other);
    }
}

#[test]
fn settings_say_where_a_submodule_really_is_and_what_is_not_allowed() {
    let (upstream, other, root) = (Upstream::new(), elsewhere(), Root::new());
    let away = http::serve(&other);
    let commit = links(&upstream, &[link("sub", "https://far.example/repo.git", &other.head())]);
    let repo = upstream.repo();
    let near =
        format!("--git-config=\"url.http://{}/.insteadOf\":\"https://far.example/\"", away.addr());
    let setup = |root: &Root| trying(repo.to_str().unwrap(), root).flag(near.clone());
    setup(&root).once().expect_code(0);
    shows(&root, &commit, &other);
    let forbidden = setup(&Root::new()).flag("--git-config-add=protocol.http.allow:never");
    only_failure(&forbidden.once()).expect("protocol", "protocol http");
}
