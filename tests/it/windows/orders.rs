//! What does not wait for a window: what somebody chose, and what keeps to the commit that is published.

use serde_json::{Value, json};
use std::fs;

use crate::contract::{after_more_attempts, assert_published, trying};
use crate::serving::client::eventually_shows;
use crate::serving::{order, read};
use crate::support::daemon::Root;
use crate::support::http;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::windows::{CLOSED, closed, eventually_waits, waiting};

#[test]
fn who_chooses_a_commit_does_not_wait_and_who_follows_again_does() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    upstream.configure("uploadpack.allowAnySHA1InWant", "true");
    let first = upstream.head();
    let daemon = closed(&server.url(), &root).start();
    eventually_shows(&daemon, &first);
    let second = upstream.commit("a", "2");
    eventually_waits(&daemon, &second);
    let (code, said) = order(&daemon, "POST", "pin", &json!({ "to": second }));
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("published")), "{said}");
    assert_published(&root, &upstream, &second);
    assert_eq!(waiting(&daemon), Value::Null);
    let (code, said) = order(&daemon, "POST", "rollback", &json!({ "to": "previous" }));
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("published")), "{said}");
    assert_published(&root, &upstream, &first);
    let (code, said) = order(&daemon, "DELETE", "pin", &Value::Null);
    assert_eq!((code, &said["commit"], &said["pinned"]), (200, &json!(first), &json!(false)));
    assert_eq!(waiting(&daemon)["commit"], second);
    assert_eq!(said["waiting"], waiting(&daemon));
    // It is told as often as it is asked for.
    for times in [2, 3] {
        let told = || daemon.events("a commit waits for a window").len();
        eventually("the log tells what waits", SOON, || (told() == times).then_some(()));
        order(&daemon, "DELETE", "pin", &Value::Null);
    }
    after_more_attempts(&daemon, 3);
    assert_published(&root, &upstream, &first);
}

#[test]
fn what_is_published_is_looked_after_while_another_commit_waits() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let first = upstream.commit("a", "first");
    let daemon = closed(&server.url(), &root).start();
    eventually_shows(&daemon, &first);
    let second = upstream.commit("a", "second");
    eventually_waits(&daemon, &second);
    fs::write(root.link().join("a"), "damaged by somebody").unwrap();
    eventually("it is repaired", SOON, || {
        (fs::read_to_string(root.link().join("a")).ok()? == "first").then_some(())
    });
    fs::remove_file(root.link()).unwrap();
    root.eventually_publishes(&first);
    fs::remove_dir_all(root.link().canonicalize().unwrap()).unwrap();
    eventually("its tree is there again", SOON, || root.link().join("a").exists().then_some(()));
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &first);
    assert_eq!(waiting(&daemon)["commit"], second);
    drop(daemon);

    fs::write(root.link().join("a"), "damaged while nobody looked").unwrap();
    let daemon = closed(&server.url(), &root).start();
    eventually_waits(&daemon, &second);
    assert_published(&root, &upstream, &first);
    assert_eq!(read(&daemon, "status")["failures"], 0);
}

#[test]
fn one_sync_fails_if_it_would_have_to_wait() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let first = upstream.head();
    let once = || trying(&server.url(), &root).flag(CLOSED).once();
    once().expect_code(0);
    assert_published(&root, &upstream, &first);
    once().expect_code(0);
    let next = upstream.commit("a", "2");
    let finished = once();
    finished.expect_code(1);
    let failed = crate::support::daemon::events(&finished.log, "attempt failed");
    assert_eq!((&failed[0]["class"], &failed[0]["step"]), (&json!("gate"), &json!("publish")));
    let error = failed[0]["error"].as_str().unwrap();
    assert!(error.contains(&next) && error.contains("no window is open before"), "{error}");
    assert!(failed[0]["hint"].as_str().unwrap().contains("sync-window"), "{failed:?}");
    assert_published(&root, &upstream, &first);
    trying(&server.url(), &root).flag("--sync-window=allow 0 0 * * * 24h").once().expect_code(0);
    assert_published(&root, &upstream, &next);
}
