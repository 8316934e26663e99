//! Refs that leave a choice: the newest tag of a range or of a form.

use crate::contract::{assert_published, polling, trying};
use crate::support::daemon::{Root, events};
use crate::support::git::run;
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http};

/// A commit with a tag for each name, in this order.
fn tagged(upstream: &Upstream, tags: &[&str]) -> Vec<String> {
    let each = |tag: &&str| {
        let commit = upstream.commit("version", tag);
        upstream.annotated_tag(tag);
        commit
    };
    tags.iter().map(each).collect()
}

#[test]
fn the_newest_tag_is_chosen_over_every_way() {
    let upstream = Upstream::new();
    let tags = ["v1.2.0", "v1.10.0", "v1.9.0", "v2.0.0-rc.1", "web-3", "web-20", "web-9", "latest"];
    let commits = tagged(&upstream, &tags);
    upstream.commit("version", "beyond");
    let http = http::serve(&upstream);
    let old = http::over(&upstream).old_protocol().start();
    let daemon = git_daemon::serve(&upstream);
    let path = upstream.repo().display().to_string();
    for url in [http.url(), old.url(), daemon.url(), path] {
        for (name, tag) in [
            ("semver:^1.2", "v1.10.0"),
            ("semver:~1.9 || 1.2.*", "v1.9.0"),
            ("semver:>=1.0.0-0", "v2.0.0-rc.1"),
            ("tag:web-*", "web-20"),
            ("tag:v1.[0-9].*", "v1.9.0"),
        ] {
            let root = Root::new();
            let finished = trying(&url, &root).flag(format!("--ref={name}")).once();
            finished.expect_code(0);
            let chosen = events(&finished.log, "chose a ref");
            assert_eq!(chosen[0]["chosen"], format!("refs/tags/{tag}"), "{url} {name}");
            let place = tags.iter().position(|known| *known == tag).unwrap();
            assert_published(&root, &upstream, &commits[place]);
        }
    }
}

#[test]
fn a_tag_whose_commit_is_gone_is_passed_over_as_git_does() {
    let upstream = Upstream::new();
    let commits = tagged(&upstream, &["v1.0.0", "v1.1.0", "v1.2.0", "v1.3.0"]);
    for tag in ["v1.2.0", "v1.3.0"] {
        let absent = format!("{}\n", "1".repeat(40));
        std::fs::write(upstream.repo().join("refs/tags").join(tag), absent).unwrap();
    }
    let root = Root::new();
    let url = upstream.repo().display().to_string();
    trying(&url, &root).flag("--ref=semver:^1").once().expect_code(0);
    assert_published(&root, &upstream, &commits[1]);
}

#[test]
fn new_tags_are_followed_and_branches_are_not() {
    let upstream = Upstream::new();
    let first = tagged(&upstream, &["v1.0.0"]).remove(0);
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = polling(&server.url(), &root).flag("--ref=semver:^1").start();
    root.eventually_publishes(&first);
    upstream.commit("version", "only main");
    let next = tagged(&upstream, &["v1.0.1", "v2.0.0", "v1.1.0-beta"]).remove(0);
    root.eventually_publishes(&next);
    // A tag that goes takes its commit with it.
    upstream.delete_ref("refs/tags/v1.0.1");
    root.eventually_publishes(&first);
    let failures = daemon.events("attempt failed");
    assert!(failures.is_empty(), "{failures:?}");
}

#[test]
fn a_range_that_matches_nothing_leaves_the_last_tree() {
    let upstream = Upstream::new();
    let first = tagged(&upstream, &["v1.0.0"]).remove(0);
    let root = Root::new();
    let server = http::serve(&upstream);
    let daemon = polling(&server.url(), &root).flag("--ref=semver:^1").start();
    root.eventually_publishes(&first);
    upstream.delete_ref("refs/tags/v1.0.0");
    let failed = daemon.eventually_logs("attempt failed");
    assert_eq!(failed["class"], "ref", "{failed}");
    let words = failed["error"].as_str().unwrap();
    assert!(words.contains("couldn't find remote ref semver:^1") && words.contains("no tag"));
    assert_eq!(root.published(), Some(first.clone()));
    run(upstream.git().args(["push", "--quiet", "origin", "refs/tags/v1.0.0"]));
    daemon.eventually_ready();
    assert_eq!(root.published(), Some(first));
}

#[test]
fn only_the_tags_that_may_be_meant_are_listed() {
    let upstream = Upstream::new();
    let names: Vec<_> = (0..300).map(|n| format!("build-{n}")).collect();
    run(upstream
        .git()
        .arg("push")
        .arg("--quiet")
        .arg("origin")
        .args(names.iter().map(|name| format!("HEAD:refs/tags/{name}"))));
    let commit = tagged(&upstream, &["release-1"]).remove(0);
    let server = http::serve(&upstream);
    let root = Root::new();
    trying(&server.url(), &root).flag("--ref=tag:release-*").once().expect_code(0);
    assert_eq!(root.published(), Some(commit));
    let listing = server.requests().iter().map(|request| request.sent).max().unwrap();
    assert!(listing < 4096, "an answer had {listing} bytes");
}

#[test]
fn what_is_no_range_is_bad_usage() {
    for name in ["semver:", "semver:newest", "tag:", "tag:a b", "tag:../x*"] {
        let root = Root::new();
        trying("/nowhere", &root).flag(format!("--ref={name}")).once().expect_code(2);
    }
}
