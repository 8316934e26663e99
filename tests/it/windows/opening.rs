//! A window that opens while a commit waits.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::contract::assert_published;
use crate::serving::client::eventually_shows;
use crate::serving::{order, ordered, read};
use crate::support::daemon::Root;
use crate::support::http;
use crate::support::upstream::Upstream;
use crate::windows::waiting;

/// How long it stays closed: the program has to start and to see a commit in that time.
const CLOSED: i64 = 14;

#[test]
fn a_commit_that_waits_is_published_when_the_window_opens() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let now = Timestamp::now();
    let shown = TimeZone::UTC.to_datetime(now);
    let length = i64::from(shown.second()) + CLOSED;
    let window = format!("deny {} {} * * * {length}s", shown.minute(), shown.hour());
    let opens = now + SignedDuration::from_secs(CLOSED);
    let opens = Timestamp::from_second(opens.as_second()).unwrap();
    let daemon = ordered(&server.url(), &root)
        .flag("--period=1h")
        .flag(format!("--sync-window={window}"))
        .start();
    eventually_shows(&daemon, &upstream.head());
    let next = upstream.commit("a", "next");
    let (code, said) = order(&daemon, "POST", "sync?wait=20s", &Value::Null);
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("unchanged")), "{said}");
    assert_eq!(waiting(&daemon), json!({ "commit": next, "until": opens.to_string() }));
    eventually_shows(&daemon, &next);
    assert!(Timestamp::now() >= opens);
    assert_published(&root, &upstream, &next);
    let status = read(&daemon, "status");
    assert_eq!(status["last_attempt"]["trigger"], "window");
    assert_eq!(status["waiting"], Value::Null);
    let told = daemon.events("a commit waits for a window");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["until"], opens.to_string());
}
