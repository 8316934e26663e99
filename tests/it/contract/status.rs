//! The status file says how it is.

use serde_json::{Map, Value};

use crate::contract::{after_more_attempts, health, polling, trying};
use crate::support::daemon::Root;
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn object<'a>(value: &'a Value, name: &str) -> &'a Map<String, Value> {
    value[name].as_object().unwrap_or_else(|| panic!("{name} is no object in {value:#}"))
}

fn keys(object: &Map<String, Value>) -> Vec<&str> {
    let mut keys: Vec<_> = object.keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

/// Fails unless it is a time in UTC as RFC 3339 writes it.
#[track_caller]
fn assert_time(value: &Value) {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no time"));
    assert!(text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(), "{text}");
}

#[test]
fn it_has_every_field() {
    let upstream = Upstream::new();
    let root = Root::new();
    let url = upstream.repo().display().to_string();
    let daemon = polling(&url, &root).flag("--period=1h").flag("--ref=main").start();
    let status = eventually("there is a status", SOON, || root.status());
    let mut wanted = [
        "version",
        "repo",
        "ref",
        "ref_name",
        "phase",
        "commit",
        "tree",
        "published_at",
        "previous",
        "pinned",
        "waiting",
        "source",
        "failures",
        "last_attempt",
        "last_success_at",
        "next_attempt_at",
    ];
    wanted.sort_unstable();
    assert_eq!(keys(status.as_object().unwrap()), wanted);
    assert_eq!(status["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!((&status["repo"], &status["ref"]), (&Value::from(url), &Value::from("main")));
    assert_eq!(status["phase"], "steady");
    let commit = object(&status, "commit");
    assert_eq!(keys(commit), ["author", "id", "subject", "time"]);
    assert_eq!(commit["id"], upstream.head());
    assert_eq!((&commit["subject"], &commit["author"]), (&"change 1".into(), &"Ada Author".into()));
    assert_eq!(commit["time"], "2023-11-14T22:14:20Z");
    let tree = root.path().join(".worktrees").join(upstream.head());
    assert_eq!(status["tree"], tree.to_str().unwrap());
    assert_eq!((&status["previous"], &status["pinned"]), (&Value::Null, &Value::from(false)));
    assert_eq!(status["failures"], 0);
    let attempt = object(&status, "last_attempt");
    assert_eq!(
        keys(attempt),
        ["duration_ms", "error", "number", "outcome", "started_at", "step", "trigger"]
    );
    assert_eq!((&attempt["number"], &attempt["trigger"]), (&1.into(), &"start".into()));
    assert_eq!((&attempt["outcome"], &attempt["error"]), (&"published".into(), &Value::Null));
    assert!(attempt["duration_ms"].is_u64());
    for time in ["published_at", "last_success_at", "next_attempt_at"] {
        assert_time(&status[time]);
    }
    assert_time(&attempt["started_at"]);
    assert!(daemon.ready());
}

#[test]
fn it_follows_what_happens() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let mut daemon = polling(&server.url(), &root).start();
    let (first, read) = (upstream.head(), || root.status());
    root.eventually_publishes(&first);
    let second = upstream.commit("a", "1");
    root.eventually_publishes(&second);
    let status = eventually("the status names the second commit", SOON, || {
        read().filter(|status| status["commit"]["id"] == second)
    });
    assert_eq!(status["previous"], first);
    assert_eq!(status["phase"], "steady");
    let published = status["published_at"].clone();
    after_more_attempts(&daemon, 2);
    let status = eventually("there is an unchanged attempt", SOON, || {
        read().filter(|status| status["last_attempt"]["outcome"] == "unchanged")
    });
    assert_eq!((&status["published_at"], &status["previous"]), (&published, &first.into()));

    server.answer(Answer::Missing);
    let status = eventually("there is a failed attempt", SOON, || {
        read().filter(|status| status["failures"].as_u64() >= Some(2))
    });
    let attempt = object(&status, "last_attempt");
    assert_eq!((&attempt["outcome"], &attempt["step"]), (&"failed".into(), &"resolve".into()));
    assert_eq!(attempt["error"]["class"], "not_found");
    let message = attempt["error"]["message"].as_str().unwrap();
    assert!(message.contains("repository not found"), "{message}");
    assert!(attempt["error"]["hint"].as_str().unwrap().contains("check the address"));
    assert_eq!(status["commit"]["id"], second);
    server.heal();
    eventually("failures are over", SOON, || read().filter(|status| status["failures"] == 0));
    daemon.signal(rustix::process::Signal::TERM);
    assert_eq!(daemon.exit(SOON).code(), Some(0));
    let status = read().unwrap();
    assert_eq!((&status["phase"], &status["next_attempt_at"]), (&"stopped".into(), &Value::Null));
    assert_eq!(status["commit"]["id"], second);
}

#[test]
fn it_is_whole_at_every_moment() {
    let upstream = Upstream::new();
    let root = Root::new();
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).flag("--period=10ms").start();
    daemon.eventually_ready();
    // Each read fails the test if what is there is no JSON.
    for number in 0..10 {
        let commit = upstream.commit("a", number.to_string());
        for outcome in ["published", "unchanged"] {
            eventually("the status is written again", SOON, || {
                let status = root.status()?;
                let told = status["last_attempt"]["outcome"] == outcome || outcome == "published";
                (status["commit"]["id"] == commit && told).then_some(())
            });
        }
    }
}

#[test]
fn polls_leave_it_alone_but_its_times_do_not_grow_old() {
    let upstream = Upstream::new();
    let root = Root::new();
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).start();
    let read = || eventually("there is a status", SOON, || root.status());
    eventually("five attempts leave it alone", SOON, || {
        let before = read();
        after_more_attempts(&daemon, 5);
        (read() == before).then_some(())
    });
    let old = read()["last_attempt"]["number"].as_u64().unwrap();
    assert!(health(&daemon)["last_attempt"]["number"].as_u64().unwrap() > old);
    eventually("it is written all the same", SOON, || {
        (read()["last_attempt"]["number"].as_u64().unwrap() > old).then_some(())
    });
}

#[test]
fn a_one_time_run_that_failed_leaves_its_error() {
    let root = Root::new();
    trying("/no/such/repository", &root).once().expect_code(1);
    let status = root.status().unwrap();
    assert_eq!(status["last_attempt"]["error"]["class"], "not_found");
    assert_eq!((&status["phase"], &status["commit"]), (&"stopped".into(), &Value::Null));
}
