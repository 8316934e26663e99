//! Signed commits: what is published, what is refused, and what happens to what is live.

use serde_json::json;
use std::fs;

use crate::contract::{after_more_attempts, assert_published, metric};
use crate::support::daemon::Root;
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::verify::{Keys, eventually_refuses, order, path, put, signed, verifying};

#[test]
fn only_signed_commits_are_published_and_a_refusal_is_remembered() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let (ada, eve) = (keys.friend("ada"), keys.person("eve"));
    let start =
        || verifying(&path(&upstream), &root, &keys, "head").flag("--max-failures=1").start();
    let first = upstream.head();
    let daemon = start();
    eventually_refuses(&root, &first, "it is not signed");
    assert_eq!(root.published(), None);
    assert_eq!(daemon.get("/").unwrap().status, 503);
    let good = signed(&upstream, &ada, "good");
    root.eventually_publishes(&good);
    let bad = signed(&upstream, &eve, "bad");
    eventually_refuses(&root, &bad, "is in no file of verify-key-dir");
    after_more_attempts(&daemon, 5);
    assert_published(&root, &upstream, &good);
    let steps = "gitsyncd_step_duration_seconds_count{step=\"verify\"}";
    assert_eq!(metric(&daemon, steps), 3, "each commit was looked at once");
    assert_eq!(metric(&daemon, "gitsyncd_last_attempt_outcome{outcome=\"refused\"}"), 1);
    let history = daemon.get("/api/v1/history").unwrap().body;
    assert!(history.contains("\"what\":\"refused\"") && history.contains(&bad), "{history}");
    assert_eq!(root.status().unwrap()["failures"], 0);
    assert!(daemon.ready());
    daemon.kill();
    let daemon = start();
    eventually_refuses(&root, &bad, "is in no file of verify-key-dir");
    after_more_attempts(&daemon, 3);
    assert_eq!(metric(&daemon, steps), 0, "it is remembered over a restart");
    assert_eq!(daemon.get("/").unwrap().status, 200, "what is published is in order");
    let better = signed(&upstream, &ada, "better");
    root.eventually_publishes(&better);
    assert_published(&root, &upstream, &better);
}

#[test]
fn names_of_objects_by_the_longer_hash_change_nothing() {
    let (upstream, root, keys) = (Upstream::by("sha256"), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    let first = upstream.head();
    let server = http::serve(&upstream);
    let _daemon = verifying(&server.url(), &root, &keys, "head").start();
    eventually_refuses(&root, &first, "it is not signed");
    let good = signed(&upstream, &ada, "good");
    root.eventually_publishes(&good);
    assert_published(&root, &upstream, &good);
}

#[test]
fn commits_that_are_signed_by_pgp_count() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let place = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/verify");
    for key in ["subkey", "revoked", "expired"] {
        let name = format!("{key}.asc");
        fs::copy(place.join(&name), keys.trusted().join(&name)).unwrap();
    }
    // All are commits without files, and some have others before them.
    let show = |vector: &str| {
        let commit = put(&upstream, "commit", vector);
        fs::write(upstream.repo().join("shallow"), format!("{commit}\n")).unwrap();
        run(git(&upstream.repo()).args(["mktree", "--missing"]).stdin(std::process::Stdio::null()));
        run(git(&upstream.repo()).args(["update-ref", "refs/heads/main", &commit]));
        commit
    };
    let daemon = verifying(&path(&upstream), &root, &keys, "head").start();
    let good = show("subkey.commit");
    root.eventually_publishes(&good);
    for (vector, words) in [
        ("revoked.commit", "which is revoked"),
        ("expired.commit", "which expired at 2020-12-31"),
        ("unknown.commit", "is in no file of verify-key-dir"),
    ] {
        let bad = show(vector);
        eventually_refuses(&root, &bad, words);
    }
    assert_eq!(root.published(), Some(good));
    drop(daemon);
}

#[test]
fn what_somebody_asks_for_must_be_signed_too() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    let unsigned = upstream.head();
    let one = signed(&upstream, &ada, "1");
    let daemon = verifying(&path(&upstream), &root, &keys, "head").start();
    root.eventually_publishes(&one);
    let two = signed(&upstream, &ada, "2");
    root.eventually_publishes(&two);
    let (code, said) = order(&daemon, "pin", &unsigned);
    assert_eq!(code, 502, "{said}");
    assert!(said.to_string().contains("it is not signed"), "{said}");
    assert_published(&root, &upstream, &two);
    after_more_attempts(&daemon, 2);
    let status = root.status().unwrap();
    assert_eq!((&status["pinned"], &status["failures"]), (&json!(false), &json!(0)), "{status}");
    let (code, said) = order(&daemon, "rollback", "previous");
    assert_eq!(code, 200, "{said}");
    assert_published(&root, &upstream, &one);
}

#[test]
fn what_is_live_and_does_not_verify_stays_and_that_is_told() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    let unsigned = upstream.commit("a", "unsigned");
    let daemon = crate::contract::polling(&path(&upstream), &root).start();
    root.eventually_publishes(&unsigned);
    daemon.kill();
    let daemon = verifying(&path(&upstream), &root, &keys, "head").start();
    eventually_refuses(&root, &unsigned, "it is not signed");
    after_more_attempts(&daemon, 3);
    assert_published(&root, &upstream, &unsigned);
    for is_lost in [false, true] {
        if is_lost {
            fs::remove_dir_all(root.link().canonicalize().unwrap()).unwrap();
        } else {
            fs::write(root.link().join("a"), "damaged by somebody").unwrap();
        }
        eventually("it is repaired", SOON, || {
            (fs::read_to_string(root.link().join("a")).ok()? == "unsigned").then_some(())
        });
        eventually_refuses(&root, &unsigned, "it is not signed");
        after_more_attempts(&daemon, 3);
        assert_published(&root, &upstream, &unsigned);
    }
    let good = signed(&upstream, &ada, "good");
    root.eventually_publishes(&good);
    eventually("that is a success", SOON, || {
        (root.status()?["last_attempt"]["outcome"] != "refused").then_some(())
    });
}

#[test]
fn a_fallback_must_name_what_is_signed() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    let unsigned = upstream.head();
    let gone = upstream.dir().join("gone").display().to_string();
    let _daemon = verifying(&gone, &root, &keys, "head")
        .flag(format!("--fallback-repo={}", path(&upstream)))
        .start();
    eventually_refuses(&root, &unsigned, "it is not signed");
    let good = signed(&upstream, &ada, "good");
    root.eventually_publishes(&good);
}

#[test]
fn one_sync_that_finds_nothing_signed_comes_to_nothing() {
    let (upstream, root, keys) = (Upstream::new(), Root::new(), Keys::new());
    let ada = keys.friend("ada");
    verifying(&path(&upstream), &root, &keys, "head").once().expect_code(1);
    assert_eq!(root.published(), None);
    let good = signed(&upstream, &ada, "good");
    verifying(&path(&upstream), &root, &keys, "head").once().expect_code(0);
    assert_published(&root, &upstream, &good);
}
