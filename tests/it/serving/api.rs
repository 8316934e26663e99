//! The API: reading, and asking for something with a token.

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::fs;
use std::net::SocketAddr;

use crate::contract::ended;
use crate::serving::client;
use crate::serving::whats;
use crate::support::daemon::{Daemon, Root, Setup, following};
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const TOKEN: &str = "plum-blossom";

/// A daemon that follows a directory and looks only when it is asked.
fn waiting(upstream: &Upstream, root: &Root) -> Setup {
    let url = upstream.repo().display().to_string();
    following(&url, root).flag("--period=off").flag("--ref=main")
}

fn with_token(setup: Setup) -> Setup {
    setup.variable("GITSYNC_API_TOKEN", TOKEN)
}

/// Calls with the token, and fails unless this is the code of the answer.
#[track_caller]
fn called(addr: SocketAddr, ask: (&str, &str, &str), code: u16) -> Value {
    let (method, path, body) = ask;
    let reply = client::call(addr, method, path, TOKEN, body);
    assert_eq!(reply.status, code, "{reply:?}");
    assert!(reply.head.contains("cache-control: no-store"), "{reply:?}");
    assert!(reply.head.contains("x-content-type-options: nosniff"), "{reply:?}");
    let kind = if code < 300 { "application/json" } else { "application/problem+json" };
    assert!(reply.head.contains(&format!("content-type: {kind}")), "{reply:?}");
    client::json(&reply)
}

#[test]
fn a_sync_that_is_waited_for_has_published_when_it_is_answered() {
    let (upstream, root) = (Upstream::new(), Root::new());
    // A directory would be watched, and looked at before anybody asks.
    let server = http::serve(&upstream);
    let setup = following(&server.url(), &root).flag("--period=1h").flag("--ref=main");
    let daemon = with_token(setup).start();
    root.eventually_publishes(&upstream.head());
    daemon.eventually_ready();
    let addr = daemon.address();
    for _ in 0..3 {
        let commit = upstream.commit("a", ended(&daemon).to_string());
        let done = called(addr, ("POST", "/api/v1/sync?wait=30s", ""), 200);
        assert_eq!(root.published().as_deref(), Some(&*commit));
        assert_eq!((&done["commit"], &done["pinned"]), (&json!(commit), &json!(false)));
        let attempt = &done["attempt"];
        assert_eq!(
            (&attempt["outcome"], &attempt["trigger"]),
            (&json!("published"), &json!("api"))
        );
    }
    let commit = upstream.commit("a", "at once");
    assert_eq!(called(addr, ("POST", "/api/v1/sync", "{}"), 202), json!({"accepted": true}));
    root.eventually_publishes(&commit);

    server.answer(Answer::Unavailable);
    let problem = called(addr, ("POST", "/api/v1/sync?wait=30s", ""), 502);
    assert_eq!((&problem["type"], &problem["status"]), (&json!("about:blank"), &json!(502)));
    assert_eq!((&problem["class"], &problem["step"]), (&json!("network"), &json!("resolve")));
    assert_eq!(problem["attempt"]["outcome"], "failed");
    for name in ["title", "detail", "hint"] {
        assert!(problem[name].as_str().is_some_and(|text| !text.is_empty()), "{problem}");
    }
    assert_eq!(client::json(&daemon.get("/api/v1/status").unwrap())["failures"], 1);
}

#[test]
fn a_token_is_replaced_without_a_restart() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let file = root.path().with_file_name("tokens");
    fs::write(&file, "one\n\ntwo\r\n").unwrap();
    let setup = waiting(&upstream, &root).flag(format!("--api-token-file={}", file.display()));
    let daemon = setup.flag("--api-read=token").start();
    let addr = daemon.address();
    let code = |token: &str| client::call(addr, "POST", "/api/v1/sync", token, "").status;
    let codes = || ["one", "two", "three", ""].map(code);
    let eventually_are = |wanted: [u16; 4]| {
        eventually(&format!("the codes are {wanted:?}"), SOON, || {
            (codes() == wanted).then_some(())
        });
    };
    assert_eq!(codes(), [202, 202, 401, 401]);
    fs::write(&file, "three").unwrap();
    eventually_are([401, 401, 202, 401]);
    fs::remove_file(&file).unwrap();
    eventually_are([503; 4]);
    let path = file.display().to_string();
    let told = |daemon: &Daemon| {
        let lines = daemon.log();
        let about = |line: &&String| line.contains("api-token-file") && line.contains(&path);
        lines.iter().filter(about).count()
    };
    assert_eq!(told(&daemon), 1, "it is said once");
    fs::write(&file, "").unwrap();
    eventually_are([503; 4]);
    fs::write(&file, "two").unwrap();
    eventually_are([401, 202, 401, 401]);
    for path in ["/api/v1/status", "/api/v1/history", "/api/v1/events"] {
        assert_eq!(daemon.get(path).unwrap().status, 401, "{path}");
    }
    assert_eq!(client::call(addr, "GET", "/api/v1/status", "two", "").status, 200);
    assert!(!daemon.log().join("\n").contains("three"), "no token is in the log");
}

#[test]
fn without_a_token_nobody_changes_anything() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = waiting(&upstream, &root).start();
    for (method, path) in
        [("POST", "sync"), ("POST", "rollback"), ("POST", "pin"), ("DELETE", "pin")]
    {
        let path = format!("/api/v1/{path}");
        assert_eq!(called(daemon.address(), (method, &path, ""), 403)["title"], "Forbidden");
    }
    assert_eq!(daemon.get("/api/v1/status").unwrap().status, 200);
}

#[test]
fn what_is_no_file_lets_nobody_in_and_stops_nothing_else() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let pipe = root.path().with_file_name("tokens");
    // Who opens it to read waits for a writer, if they are not careful.
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    let setup = waiting(&upstream, &root).flag(format!("--api-token-file={}", pipe.display()));
    let daemon = setup.start();
    root.eventually_publishes(&upstream.head());
    let problem = called(daemon.address(), ("POST", "/api/v1/sync", ""), 503);
    assert_eq!(problem["title"], "Service Unavailable");
    assert_eq!(daemon.get("/livez").unwrap().status, 200);
}

#[test]
fn an_earlier_commit_is_shown_on_request_until_it_is_let_go() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut daemon = with_token(waiting(&upstream, &root)).start();
    let first = upstream.head();
    client::eventually_shows(&daemon, &first);
    let second = upstream.commit("a", "1");
    client::eventually_shows(&daemon, &second);
    let addr = daemon.address();
    let done = called(addr, ("POST", "/api/v1/rollback", "{\"to\":\"previous\"}"), 200);
    assert_eq!((&done["commit"], &done["pinned"]), (&json!(first), &json!(true)));
    assert_eq!(root.published().as_deref(), Some(&*first));
    let history = whats(&daemon);
    daemon.signal(Signal::TERM);
    assert!(daemon.exit(SOON).success());

    let daemon = with_token(waiting(&upstream, &root)).start();
    daemon.eventually_ready();
    let addr = daemon.address();
    assert_eq!(called(addr, ("POST", "/api/v1/sync?wait=30s", ""), 200)["pinned"], true);
    assert_eq!(root.published().as_deref(), Some(&*first));
    assert!(whats(&daemon).ends_with(&history), "the history is kept");
    let done = called(addr, ("DELETE", "/api/v1/pin", ""), 200);
    assert_eq!((&done["commit"], &done["pinned"]), (&json!(second), &json!(false)));
    assert_eq!(root.published().as_deref(), Some(&*second));
    let done = called(addr, ("POST", "/api/v1/pin", ""), 200);
    assert_eq!((&done["commit"], &done["pinned"]), (&json!(second), &json!(true)));
}
