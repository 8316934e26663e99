//! A repository has one object format for ever. What names objects otherwise than what is published is
//! refused, and nothing is lost by that; where nothing is published, it makes no difference.

use std::fs;
use std::io::Write;
use std::net::Shutdown;

use crate::contract::sha256::{format, path};
use crate::contract::{after_more_attempts, assert_published, polling, publishes, trying};
use crate::support::daemon::{Daemon, Root, bare, events};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::listener::{Listener, Port};
use crate::support::objects::assert_sound;
use crate::support::told::{failures, only_failure};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Puts another repository where one is.
fn swap(one: &Upstream, other: &Upstream) {
    let aside = one.dir().join("aside");
    fs::rename(one.repo(), &aside).unwrap();
    fs::rename(other.repo(), one.repo()).unwrap();
    fs::rename(aside, other.repo()).unwrap();
}

#[track_caller]
fn is_refused(daemon: &Daemon) {
    eventually("it says what is wrong", SOON, || {
        let last = failures(&daemon.log()).pop()?;
        (last.class == "config").then_some(())
    });
    let failure = failures(&daemon.log()).pop().unwrap();
    failure.expect("config", "the object format of '");
    failure.expect("config", "sha1");
    failure.expect("config", "sha256");
    assert!(failure.hint.contains("another root"), "{failure:?}");
}

#[test]
fn a_source_that_becomes_another_is_refused_until_it_is_the_old_one_again() {
    for (ours, theirs) in [("sha1", "sha256"), ("sha256", "sha1")] {
        let (upstream, other) = (Upstream::by(ours), Upstream::by(theirs));
        let (web, git) = (http::serve(&upstream), git_daemon::serve(&upstream));
        for url in [web.url(), git.url(), path(&upstream)] {
            println!("{ours} at {url}");
            let root = Root::new();
            let daemon = polling(&url, &root).start();
            let before = upstream.head();
            root.eventually_publishes(&before);
            assert_published(&root, &upstream, &before);
            swap(&upstream, &other);
            is_refused(&daemon);
            after_more_attempts(&daemon, 3);
            assert_eq!(format(&root), ours);
            assert_eq!(root.published(), Some(before.clone()));
            swap(&upstream, &other);
            assert_published(&root, &upstream, &before);
            let after = upstream.commit("a", format!("{url}\n"));
            root.eventually_publishes(&after);
            assert_published(&root, &upstream, &after);
            let rebuilt = daemon.events("rebuilding the repository");
            assert!(rebuilt.is_empty(), "{rebuilt:?}");
        }
    }
}

#[test]
fn a_root_in_which_something_is_published_takes_no_other() {
    for (ours, theirs) in [("sha1", "sha256"), ("sha256", "sha1")] {
        let (upstream, other, root) = (Upstream::by(ours), Upstream::by(theirs), Root::new());
        publishes(trying(&path(&upstream), &root), &root, &upstream, &upstream.head());
        let server = http::serve(&other);
        for url in [path(&other), server.url()] {
            let failure = only_failure(&trying(&url, &root).once());
            failure.expect("config", &format!("is {theirs}, and that of what is published"));
            assert_published(&root, &upstream, &upstream.head());
            assert_eq!(format(&root), ours);
        }
        publishes(trying(&path(&upstream), &root), &root, &upstream, &upstream.head());
    }
}

#[test]
fn a_root_in_which_nothing_is_published_takes_any() {
    let (one, other, root) = (Upstream::by("sha1"), Upstream::by("sha256"), Root::new());
    for (upstream, hash) in [(&one, "sha1"), (&other, "sha256"), (&one, "sha1")] {
        upstream.commit("a", "fetched, and not published\n");
        let refuse = "--pre-publish-exechook-command=/bin/false";
        let setup = trying(&path(upstream), &root).flag(refuse).flag("--publish-gate").once();
        assert_eq!(root.published(), None, "{:?}", setup.log);
        assert_eq!(format(&root), hash);
    }
    publishes(trying(&path(&other), &root), &root, &other, &other.head());
    assert_sound(&root);
}

#[test]
fn a_fallback_of_another_kind_serves_nothing_where_something_is_published() {
    let (upstream, other, root) = (Upstream::by("sha1"), Upstream::by("sha256"), Root::new());
    publishes(trying(&path(&upstream), &root), &root, &upstream, &upstream.head());
    let nowhere = upstream.dir().join("nowhere").display().to_string();
    let fallback = format!("--fallback-repo={}", path(&other));
    let failure = only_failure(&trying(&nowhere, &root).flag(fallback).once());
    failure.expect("not_found", "nowhere");
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn an_id_of_the_wrong_length_is_no_commit_of_the_source() {
    for (hash, id) in [("sha1", "1".repeat(64)), ("sha256", "1".repeat(40))] {
        let (upstream, root) = (Upstream::by(hash), Root::new());
        let server = http::serve(&upstream);
        for url in [path(&upstream), server.url()] {
            for _ in 0..2 {
                let finished = trying(&url, &root).flag(format!("--ref={id}")).once();
                only_failure(&finished).expect("ref", "its commits have ids of ");
                assert!(events(&finished.log, "rebuilding the repository").is_empty());
            }
        }
        publishes(trying(&path(&upstream), &root), &root, &upstream, &upstream.head());
        let finished = trying(&path(&upstream), &root).flag(format!("--ref={id}")).once();
        only_failure(&finished).expect("ref", "its commits have ids of ");
        assert_published(&root, &upstream, &upstream.head());
    }
}

#[test]
fn a_check_tells_that_a_root_cannot_be_used_for_another_format() {
    let (upstream, other, root) = (Upstream::by("sha256"), Upstream::new(), Root::new());
    publishes(trying(&path(&upstream), &root), &root, &upstream, &upstream.head());
    let check = |source: &Upstream| {
        let root = format!("--root={}", root.path().display());
        let repo = format!("--repo={}", path(source));
        bare().flag("check").flag(repo).flag(root).flag("--link=latest").finish()
    };
    check(&upstream).expect_code(0);
    let told = check(&other).expect_code(1).stdout.join("\n");
    assert!(told.contains("is sha1, and that of what is published"), "{told}");
    assert!(told.contains("choose another root"), "{told}");
}

/// A line as the protocol frames it.
fn line(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// A server for `git://` that says this to whoever comes, and hears nothing.
fn says(text: String) -> (Port, Listener) {
    let port = Port::take();
    let listener = port.listen(move |mut stream| {
        // The client may have hung up. What it says is not waited for.
        drop(stream.write_all(text.as_bytes()));
        drop(stream.shutdown(Shutdown::Write));
        drop(std::io::copy(&mut stream, &mut std::io::sink()));
    });
    (port, listener)
}

#[test]
fn a_server_that_contradicts_itself_is_not_believed() {
    let old = |format: &str, length| {
        let id = "1".repeat(length);
        let first = line(&format!("{id} HEAD\0shallow object-format={format} agent=x\n"));
        format!("{first}{}0000", line(&format!("{id} refs/heads/main\n")))
    };
    let new = |format: &str, length| {
        let words = ["version 2\n", &format!("object-format={format}\n"), "ls-refs\n", "fetch\n"];
        let words: String = words.map(line).concat();
        format!("{words}0000{}0000", line(&format!("{} HEAD\n", "1".repeat(length))))
    };
    for (text, words) in [
        (old("sha1", 64), "its object format is sha1, and it sent the id 1111"),
        (old("sha256", 40), "its object format is sha256, and it sent the id 1111"),
        (new("sha1", 64), "its object format is sha1, and it sent the id 1111"),
        (new("sha256", 40), "its object format is sha256, and it sent the id 1111"),
        (old("sha3", 64), "it names its objects by \"sha3\""),
        (new("sha3", 64), "it names its objects by \"sha3\""),
        (new("", 40), "it names its objects by \"\""),
    ] {
        let (port, _listener) = says(text);
        for reference in ["HEAD", &"1".repeat(40)] {
            if reference != "HEAD" && !words.contains("by") {
                continue;
            }
            let root = Root::new();
            let url = format!("git://{}/repo.git", port.addr());
            let setup = trying(&url, &root).flag(format!("--ref={reference}"));
            only_failure(&setup.once()).expect("protocol", words);
        }
    }
}

#[test]
fn a_repository_here_of_a_format_that_is_not_known_is_told() {
    let (upstream, root) = (Upstream::by("sha256"), Root::new());
    let config = upstream.repo().join("config");
    let text = fs::read_to_string(&config).unwrap().replace("sha256", "sha3");
    fs::write(config, text).unwrap();
    let failure = only_failure(&trying(&path(&upstream), &root).once());
    failure.expect("disk", "could not read the repository at '");
    failure.expect("disk", "sha3");
}
