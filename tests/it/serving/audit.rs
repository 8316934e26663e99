//! The audit log: what somebody did is told once, and what goes by itself is not told at all.

use rustix::process::Signal;
use serde_json::Value;

use crate::contract::{after_more_attempts, polling};
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
