//! Tags that move and vanish, ranges that match nothing, and prereleases.

use crate::contract::{after_more_attempts, assert_published, polling, trying};
use crate::serving::client::eventually_shows;
use crate::serving::{ordered, read};
use crate::support::daemon::{Root, events, field};
use crate::support::git::run;
use crate::support::http;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Makes a commit, and lets a tag name it that may be there already.
fn tag(upstream: &Upstream, name: &str) -> String {
    let commit = upstream.commit("version", format!("{name} of {}", upstream.head()));
    let place = format!("+HEAD:refs/tags/{name}");
    run(upstream.git().args(["push", "--quiet", "origin", &place]));
    commit
}

#[test]
fn a_tag_that_moves_takes_readers_along() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for name in ["semver:^1", "tag:v*", "v1.1.0"] {
        tag(&upstream, "v1.0.0");
        let first = tag(&upstream, "v1.1.0");
        let root = Root::new();
        let daemon = ordered(&server.url(), &root).flag(format!("--ref={name}")).start();
        eventually_shows(&daemon, &first);
        let moved = tag(&upstream, "v1.1.0");
        eventually_shows(&daemon, &moved);
        assert_published(&root, &upstream, &moved);
        tag(&upstream, "v1.0.0");
        after_more_attempts(&daemon, 3);
        assert_published(&root, &upstream, &moved);
        assert!(daemon.events("went back to an older tag").is_empty());
    }
}

#[test]
fn when_the_newest_tag_vanishes_the_next_one_counts_and_that_is_told() {
    let upstream = Upstream::new();
    let first = tag(&upstream, "v1.0.0");
    let second = tag(&upstream, "v1.1.0");
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = ordered(&server.url(), &root).flag("--ref=semver:^1").start();
    eventually_shows(&daemon, &second);
    upstream.delete_ref("refs/tags/v1.1.0");
    eventually_shows(&daemon, &first);
    let back = daemon.eventually_logs("went back to an older tag");
    assert_eq!(field(&back, "chosen").unwrap(), "refs/tags/v1.0.0");
    assert_eq!(field(&back, "before").unwrap(), "refs/tags/v1.1.0");
    let third = tag(&upstream, "v1.2.0");
    eventually_shows(&daemon, &third);
    assert_eq!(daemon.events("went back to an older tag").len(), 1);
    assert_eq!(read(&daemon, "status")["failures"], 0);
}

#[test]
fn a_range_that_matches_nothing_says_which_tags_there_are_until_one_comes() {
    let upstream = Upstream::new();
    for name in ["v1.9.0", "v1.10.0", "v1.2.0", "nightly"] {
        tag(&upstream, name);
    }
    let server = http::serve(&upstream);
    let path = upstream.repo().display().to_string();
    for url in [&server.url(), &path] {
        let finished = trying(url, &Root::new()).flag("--ref=semver:^2").once();
        finished.expect_code(1);
        let failed = events(&finished.log, "attempt failed");
        let error = failed[0]["error"].as_str().unwrap();
        assert_eq!(failed[0]["class"], "ref");
        assert!(error.contains("couldn't find remote ref semver:^2"), "{error}");
        assert!(error.contains("the newest of 4 are v1.10.0, v1.9.0, v1.2.0"), "{error}");
    }
    let root = Root::new();
    let daemon = polling(&server.url(), &root).flag("--ref=semver:^2").start();
    daemon.eventually_logs("attempt failed");
    assert_eq!(root.published(), None);
    let two = tag(&upstream, "v2.0.0");
    root.eventually_publishes(&two);
    // What was published stays when nothing is in the range any more.
    upstream.delete_ref("refs/tags/v2.0.0");
    eventually("it fails", SOON, || (read(&daemon, "status")["failures"] != 0).then_some(()));
    assert_published(&root, &upstream, &two);
}

#[test]
fn prereleases_are_followed_by_their_channel() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let (stable, beta, every) = (Root::new(), Root::new(), Root::new());
    let first = tag(&upstream, "v1.0.0");
    let start = |root: &Root, range: &str| {
        ordered(&server.url(), root).flag(format!("--ref=semver:{range}")).start()
    };
    let all = [start(&stable, ">=1.0.0"), start(&beta, ">=1.0.0-beta"), start(&every, ">=1.0.0-0")];
    let show = |commits: [&String; 3]| {
        for (daemon, commit) in all.iter().zip(commits) {
            eventually_shows(daemon, commit);
            after_more_attempts(daemon, 2);
            eventually_shows(daemon, commit);
        }
    };
    show([&first; 3]);
    let alpha = tag(&upstream, "v1.1.0-alpha.1");
    show([&first, &first, &alpha]);
    let beta = tag(&upstream, "v1.1.0-beta.1");
    show([&first, &beta, &beta]);
    let candidate = tag(&upstream, "v1.1.0-rc.1");
    show([&first, &candidate, &candidate]);
    let release = tag(&upstream, "v1.1.0");
    show([&release; 3]);
    tag(&upstream, "v1.1.0-rc.2");
    show([&release; 3]);
}

#[test]
fn the_status_names_the_ref_that_was_chosen_and_a_restart_knows_it() {
    let upstream = Upstream::new();
    tag(&upstream, "v1.0.0");
    let first = tag(&upstream, "v1.1.0");
    let server = http::serve(&upstream);
    let root = Root::new();
    let start = || ordered(&server.url(), &root).flag("--ref=semver:^1").start();
    let daemon = start();
    eventually_shows(&daemon, &first);
    assert_eq!(read(&daemon, "status")["ref_name"], "refs/tags/v1.1.0");
    // Another tag at the same commit is news though nothing else changes.
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD:refs/tags/v1.1.1"]));
    let named = |name: &str| {
        eventually("the file names the ref", SOON, || {
            root.status().filter(|status| status["ref_name"] == name)
        })
    };
    assert_eq!(named("refs/tags/v1.1.1")["commit"]["id"], first);
    let second = tag(&upstream, "v1.2.0");
    eventually_shows(&daemon, &second);
    named("refs/tags/v1.2.0");
    drop(daemon);
    // What is found at the start is shown before the source has said anything.
    server.answer(http::Answer::Unavailable);
    let daemon = start();
    eventually_shows(&daemon, &second);
    assert_eq!(read(&daemon, "status")["ref_name"], "refs/tags/v1.2.0");
    drop(daemon);
    // An older file does not have it, and one about another ref says nothing of this one.
    let path = root.path().join(".git-sync");
    let whole = root.status().unwrap();
    let mut older = whole.clone();
    older.as_object_mut().unwrap().remove("ref_name");
    let mut other = whole;
    other["ref"] = "semver:^2".into();
    for text in [older, other] {
        std::fs::write(&path, text.to_string()).unwrap();
        let daemon = start();
        eventually_shows(&daemon, &second);
        assert!(read(&daemon, "status").get("ref_name").is_none());
        drop(daemon);
    }
    server.heal();
    let daemon = start();
    named("refs/tags/v1.2.0");
    drop(daemon);
}

#[test]
fn the_status_names_refs_as_the_source_has_them() {
    let upstream = Upstream::new();
    let commit = upstream.head();
    upstream.annotated_tag("v1.0.0");
    run(upstream.git().args(["push", "--quiet", "origin", "HEAD:refs/heads/stable"]));
    upstream.set_head("stable");
    let server = http::serve(&upstream);
    let short = commit.get(..10).unwrap();
    for url in [server.url(), upstream.repo().display().to_string()] {
        for (reference, name) in [
            ("HEAD", Some("refs/heads/stable")),
            ("main", Some("refs/heads/main")),
            ("v1.0.0", Some("refs/tags/v1.0.0")),
            ("refs/tags/v1.0.0", Some("refs/tags/v1.0.0")),
            ("tag:v*", Some("refs/tags/v1.0.0")),
            (commit.as_str(), None),
        ] {
            let root = Root::new();
            trying(&url, &root).flag(format!("--ref={reference}")).once().expect_code(0);
            let status = root.status().unwrap();
            let told = status.get("ref_name").and_then(serde_json::Value::as_str);
            assert_eq!(told, name, "{reference} of {url}");
        }
        let root = Root::new();
        trying(&url, &root).flag(format!("--ref={short}")).once().expect_code(0);
        let status = root.status().unwrap();
        assert!(status["ref_name"].as_str().unwrap().starts_with("refs/"), "{status}");
    }
}

#[test]
fn the_status_names_no_ref_for_a_commit_that_was_chosen_by_hand() {
    let upstream = Upstream::new();
    tag(&upstream, "v1.0.0");
    let root = Root::new();
    let url = upstream.repo().display().to_string();
    let run_once = || {
        trying(&url, &root).flag("--ref=semver:*").once().expect_code(0);
    };
    run_once();
    tag(&upstream, "v1.1.0");
    run_once();
    assert_eq!(root.status().unwrap()["ref_name"], "refs/tags/v1.1.0");
    let order = |word: &str| {
        let at = format!("--root={}", root.path().display());
        crate::support::daemon::bare().flag(word).flag(at).finish().expect_code(0);
        root.status().unwrap()
    };
    assert_eq!(order("pin")["ref_name"], "refs/tags/v1.1.0", "it is still the same");
    assert!(order("rollback").get("ref_name").is_none());
    assert_eq!(order("unpin")["ref_name"], "refs/tags/v1.1.0");
}
