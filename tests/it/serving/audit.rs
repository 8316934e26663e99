//! The audit log: what somebody did is told once, and what goes by itself is not told at all.

use rustix::process::Signal;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use crate::contract::{after_more_attempts, metric, polling};
use crate::support::daemon::{Daemon, Root, following};
use crate::support::http;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// The lines of the audit log so far.
fn audit(daemon: &Daemon) -> Vec<Value> {
    let lines = daemon.log();
    let parsed = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    parsed.filter(|line| line["target"] == "audit").collect()
}

/// `event`, `by` and `result` of each line.
fn told(daemon: &Daemon) -> Vec<String> {
    let field = |line: &Value, name| line[name].as_str().unwrap_or("-").to_owned();
    let fields = |line: &Value| ["event", "by", "result"].map(|name| field(line, name)).join(" ");
    audit(daemon).iter().map(fields).collect()
}

#[test]
fn logins_and_publications_are_told_once_and_polls_not_at_all() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", "hush").start();
    let root = Root::new();
    let setup = polling(&server.url(), &root).flag("--username=ada");
    let daemon = setup.variable("GITSYNC_PASSWORD", "hush").start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 10);
    let begin = ["trigger start -", "login ada accepted", "publication start -"];
    assert_eq!(told(&daemon), begin);
    let publication = &audit(&daemon)[2];
    assert_eq!(publication["what"], upstream.head());
    assert_eq!(publication["from"], server.url());
    assert_eq!((&publication["ref"], &publication["number"]), (&"HEAD".into(), &1.into()));
    assert!(publication.get("previous").is_none());

    server.admit("ada", "changed");
    eventually("it is refused", SOON, || (daemon.events("attempt failed").len() > 3).then_some(()));
    server.admit("ada", "hush");
    let first = upstream.head();
    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
    after_more_attempts(&daemon, 3);
    let more = ["login ada refused", "login ada accepted", "publication period -"];
    assert_eq!(told(&daemon)[3..], more);
    let lines = audit(&daemon);
    let why = lines[3]["why"].as_str().unwrap();
    assert!(why.contains("authentication failed"), "{why}");
    assert_eq!((&lines[5]["what"], &lines[5]["previous"]), (&commit.into(), &first.into()));
    assert!(!daemon.log().join("\n").contains("hush"));
}

#[test]
fn what_asks_for_an_attempt_is_told() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().to_str().unwrap().to_owned();
    let setup = following(&url, &root).flag("--period=off").flag("--sync-on-signal=USR1");
    let mut daemon = setup.start();
    root.eventually_publishes(&upstream.head());
    after_start(&daemon);
    daemon.signal(Signal::USR1);
    eventually("the signal is told", SOON, || {
        told(&daemon).contains(&"trigger signal -".to_owned()).then_some(())
    });
    // Nobody logs in to a directory.
    assert!(!told(&daemon).iter().any(|line| line.starts_with("login")));
}

/// Waits until the first publication was told.
fn after_start(daemon: &Daemon) {
    eventually("the publication is told", SOON, || {
        told(daemon).contains(&"publication start -".to_owned()).then_some(())
    });
}

#[test]
fn nobody_logs_in_where_no_name_is_asked_for_and_who_is_refused_then_is_told() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let open = http::serve(&upstream);
    let daemon = polling(&open.url(), &root).start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 3);
    assert_eq!(told(&daemon), ["trigger start -", "publication start -"]);
    drop(daemon);
    let closed = http::over(&upstream).login("ada", "hush").start();
    let daemon = polling(&closed.url(), &Root::new()).start();
    eventually("it is refused", SOON, || (daemon.events("attempt failed").len() > 2).then_some(()));
    assert_eq!(told(&daemon), ["trigger start -", "login anonymous refused"]);
}

/// Sends a request with a body of JSON and gives the code of the answer.
fn post(daemon: &Daemon, path: &str, headers: &[&str]) -> u16 {
    let address = daemon.address();
    let mut stream = TcpStream::connect_timeout(&address, SOON).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let (more, body) = (headers.join("\r\n"), r#"{"ref":"refs/heads/main"}"#);
    let body = if path == "/hooks/push" { body } else { "{}" };
    let head = format!("Host: {address}\r\nContent-Type: application/json\r\n{more}");
    let length = body.len();
    let text = format!("POST {path} HTTP/1.0\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn who_orders_and_who_is_refused_is_told_and_counted() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let setup = following(upstream.repo().to_str().unwrap(), &root).flag("--period=off");
    let setup = setup.variable("GITSYNC_API_TOKEN", "hush-token");
    let daemon = setup.variable("GITSYNC_HOOK_SECRET", "hush-secret").start();
    after_start(&daemon);
    let sync = "/api/v1/sync?wait=20s";
    assert_eq!(post(&daemon, sync, &["X-Nothing: 1"]), 401);
    assert_eq!(post(&daemon, sync, &["Authorization: Bearer hush-token"]), 200);
    // It does not say to which commit.
    let rollback = "/api/v1/rollback";
    assert_eq!(post(&daemon, rollback, &["Authorization: Bearer hush-token"]), 400);
    let push = ["X-Gitlab-Event: Push Hook", "X-Gitlab-Event-UUID: 1f2e"];
    assert_eq!(
        post(&daemon, "/hooks/push", &[&push[..], &["X-Gitlab-Token: wrong"]].concat()),
        401
    );
    let right = [&push[..], &["X-Gitlab-Token: hush-secret"]].concat();
    assert_eq!(post(&daemon, "/hooks/push", &right), 202);
    eventually("the webhook triggers", SOON, || {
        told(&daemon).contains(&"trigger webhook -".to_owned()).then_some(())
    });
    let told = told(&daemon);
    let wanted = [
        "refusal - -",
        "sync token 1 accepted",
        "trigger api -",
        "refusal token 1 -",
        "webhook gitlab refused",
        "webhook gitlab accepted",
        "trigger webhook -",
    ];
    assert_eq!(told[2..], wanted);
    let lines = audit(&daemon);
    for line in &lines[6..8] {
        assert_eq!(line["what"], "1f2e");
        assert!(line["from"].as_str().unwrap().starts_with("127.0.0.1:"), "{line}");
    }
    assert_eq!(
        (&lines[2]["what"], &lines[2]["why"]),
        (&"sync".into(), &"no token was sent".into())
    );
    assert_eq!(
        (&lines[3]["what"], &lines[5]["what"]),
        (&"an attempt now".into(), &"rollback".into())
    );
    let count = |name: &str| metric(&daemon, name);
    assert_eq!(count("gitsyncd_api_requests_total{call=\"sync\",result=\"denied\"}"), 1);
    assert_eq!(count("gitsyncd_api_requests_total{call=\"sync\",result=\"done\"}"), 1);
    assert_eq!(count("gitsyncd_webhooks_total{provider=\"gitlab\",result=\"refused\"}"), 1);
    assert_eq!(count("gitsyncd_webhooks_total{provider=\"gitlab\",result=\"accepted\"}"), 1);
    assert!(!daemon.log().join("\n").contains("hush"));
}

#[test]
fn a_flood_of_refusals_is_counted_and_does_not_fill_the_log() {
    let root = Root::new();
    let daemon = following("/nowhere", &root).flag("--period=off").start();
    let begun = Instant::now();
    for _ in 0..300 {
        assert_eq!(post(&daemon, "/hooks/push", &["X-Nothing: 1"]), 403);
    }
    let refused = "gitsyncd_webhooks_total{provider=\"unknown\",result=\"refused\"}";
    assert_eq!(metric(&daemon, refused), 300);
    let lines = audit(&daemon);
    let refusals = lines.iter().filter(|line| line["event"] == "webhook").count();
    let seconds = usize::try_from(begun.elapsed().as_secs()).unwrap();
    assert!((10..=10 * (seconds + 2)).contains(&refusals), "{refusals} in {seconds} s");
}
