//! Staying at a commit on request: what is published then, what survives, and what comes after.

use serde_json::{Value, json};
use std::fs;

use crate::contract::{after_more_attempts, assert_published};
use crate::serving::client::eventually_shows;
use crate::serving::{asked, order, ordered, read, whats};
use crate::support::daemon::{Daemon, Root};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::http::Answer;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Commits so often, and waits each time until that is published and told.
pub(super) fn publish(upstream: &Upstream, daemon: &Daemon, times: usize) -> Vec<String> {
    let one = |n: usize| {
        let commit = upstream.commit("a", format!("change {n}"));
        eventually_shows(daemon, &commit);
        commit
    };
    (0..times).map(one).collect()
}

#[track_caller]
pub(super) fn rolls_back(daemon: &Daemon, to: &str, outcome: &str) {
    let (code, said) = order(daemon, "POST", "rollback", &json!({ "to": to }));
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!(outcome)), "{said}");
    assert_eq!(said["pinned"], true);
}

#[test]
fn a_rollback_needs_no_source_stays_and_survives_a_restart() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = ordered(&server.url(), &root).start();
    let commits = publish(&upstream, &daemon, 5);
    server.answer(Answer::Unavailable);
    rolls_back(&daemon, "previous", "published");
    assert_published(&root, &upstream, &commits[3]);
    // The last five are kept.
    rolls_back(&daemon, &commits[0], "published");
    assert_published(&root, &upstream, &commits[0]);
    let status = read(&daemon, "status");
    assert_eq!((&status["pinned"], &status["failures"]), (&json!(true), &json!(0)));
    assert_eq!(status["previous"], commits[3]);
    server.heal();
    let newest = upstream.commit("a", "while it is pinned");
    after_more_attempts(&daemon, 3);
    assert_published(&root, &upstream, &commits[0]);
    drop(daemon);

    let daemon = ordered(&server.url(), &root).start();
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &commits[0]);
    let status = read(&daemon, "status");
    assert_eq!((&status["pinned"], &status["previous"]), (&json!(true), &json!(commits[3])));
    let (code, said) = order(&daemon, "DELETE", "pin", &Value::Null);
    assert_eq!((code, &said["commit"], &said["pinned"]), (200, &json!(newest), &json!(false)));
    assert_published(&root, &upstream, &newest);
    assert_eq!(whats(&daemon)[..2], ["unpinned", "published"]);
    rolls_back(&daemon, "previous", "published");
    assert_published(&root, &upstream, &commits[0]);
}

#[test]
fn a_one_time_run_stays_at_the_pinned_commit() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let daemon = asked(&server.url(), &root).start();
    eventually_shows(&daemon, &upstream.head());
    let first = upstream.head();
    let (code, said) = order(&daemon, "POST", "pin", &Value::Null);
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("unchanged")), "{said}");
    drop(daemon);
    upstream.commit("a", "2");
    asked(&server.url(), &root).once().expect_code(0);
    assert_published(&root, &upstream, &first);
}

#[test]
fn a_commit_whose_objects_have_gone_is_fetched_by_its_id() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    let first = upstream.head();
    let server = http::serve(&upstream);
    let setup = ordered(&server.url(), &root).flag("--stale-worktree-timeout=0");
    let daemon = setup.flag("--git-gc=always").start();
    eventually_shows(&daemon, &first);
    publish(&upstream, &daemon, 7);
    rolls_back(&daemon, &first, "published");
    assert_published(&root, &upstream, &first);
}

#[test]
fn what_cannot_be_had_is_told_and_changes_nothing() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = ordered(&server.url(), &root).flag("--max-failures=1").start();
    let (code, said) = order(&daemon, "POST", "rollback", &json!({ "to": "previous" }));
    assert_eq!(code, 409, "{said}");
    eventually_shows(&daemon, &upstream.head());
    let nowhere = "1".repeat(40);
    for _ in 0..3 {
        let (code, said) = order(&daemon, "POST", "pin", &json!({ "to": nowhere }));
        assert_eq!((code, &said["class"]), (502, &json!("ref")), "{said}");
    }
    after_more_attempts(&daemon, 2);
    let status = read(&daemon, "status");
    assert_eq!((&status["pinned"], &status["failures"]), (&json!(false), &json!(0)));
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
    publish(&upstream, &daemon, 1);
    rolls_back(&daemon, "previous", "published");
    let (code, _) = order(&daemon, "POST", "pin", &json!({ "to": nowhere }));
    assert_eq!(code, 502);
    assert_eq!(read(&daemon, "status")["pinned"], true, "the pin before still holds");
}

#[test]
fn a_choice_that_was_written_just_before_a_crash_is_carried_out() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = ordered(&server.url(), &root).start();
    let first = upstream.head();
    eventually_shows(&daemon, &first);
    publish(&upstream, &daemon, 1);
    let (code, _) = order(&daemon, "POST", "pin", &json!({ "to": first }));
    assert_eq!(code, 200);
    let pin = root.path().join(".git/gitsyncd/pin.json");
    let written = fs::read(&pin).unwrap();
    order(&daemon, "DELETE", "pin", &Value::Null);
    assert!(!pin.exists());
    let newest = upstream.head();
    eventually_shows(&daemon, &newest);
    daemon.kill();
    fs::write(&pin, written).unwrap();
    let daemon = ordered(&server.url(), &root).start();
    eventually_shows(&daemon, &first);
    eventually("it says so", SOON, || (read(&daemon, "status")["pinned"] == true).then_some(()));
    drop(daemon);

    fs::write(&pin, "{").unwrap();
    let daemon = ordered(&server.url(), &root).start();
    eventually("it says what is wrong", SOON, || {
        let last = &read(&daemon, "status")["last_attempt"]["error"];
        let hint = last["hint"].as_str()?.to_owned();
        (last["class"] == "config" && hint.contains("unpin")).then_some(())
    });
    assert_published(&root, &upstream, &first);
    let (code, said) = order(&daemon, "DELETE", "pin", &Value::Null);
    assert_eq!((code, &said["commit"]), (200, &json!(newest)), "{said}");
}

#[test]
fn history_is_kept_across_restarts_and_bounded() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = ordered(&server.url(), &root).start();
    let first = upstream.head();
    eventually_shows(&daemon, &first);
    let commits = publish(&upstream, &daemon, 2);
    server.answer(Answer::Unavailable);
    eventually("it fails", SOON, || (whats(&daemon)[0] == "failed").then_some(()));
    after_more_attempts(&daemon, 3);
    server.heal();
    eventually("it recovers", SOON, || (whats(&daemon)[0] == "recovered").then_some(()));
    let all = ["recovered", "failed", "published", "published", "published"];
    assert_eq!(whats(&daemon), all, "a row of failures is one entry");
    // It is written after each attempt, and before the next.
    after_more_attempts(&daemon, 1);
    drop(daemon);
    let daemon = ordered(&server.url(), &root).start();
    after_more_attempts(&daemon, 1);
    assert_eq!(whats(&daemon), all);
    let history = read(&daemon, "history");
    let entry = &history["entries"][2];
    assert_eq!(
        (&entry["commit"]["id"], &entry["previous"]),
        (&json!(commits[1]), &json!(commits[0]))
    );
    assert_eq!((&entry["id"], &entry["trigger"]), (&json!(3), &json!("period")));
    for _ in 0..60 {
        order(&daemon, "POST", "pin", &Value::Null);
        order(&daemon, "DELETE", "pin", &Value::Null);
    }
    let history = read(&daemon, "history");
    let entries = history["entries"].as_array().unwrap();
    assert_eq!((entries.len(), &entries[0]["id"]), (100, &json!(125)));
    assert_eq!(entries[0]["by"], "token 1");
    drop(daemon);
    let file = fs::metadata(root.path().join(".git/gitsyncd/history.json")).unwrap();
    assert!(file.len() < 100_000, "{} bytes", file.len());
}
