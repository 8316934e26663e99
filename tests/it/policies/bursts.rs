//! Many tags at once.

use serde_json::{Value, json};
use std::time::{Duration, Instant};

use crate::contract::assert_published;
use crate::serving::client::eventually_shows;
use crate::serving::{order, ordered, read, whats};
use crate::support::daemon::Root;
use crate::support::git::run;
use crate::support::http;
use crate::support::upstream::Upstream;

/// How many come.
const TAGS: usize = 2000;
/// How long an attempt may take that sees them for the first time.
const QUICK: Duration = Duration::from_secs(5);

/// Pushes a tag for each number to one commit, all of them or none.
fn push(upstream: &Upstream, tags: impl Iterator<Item = usize>) {
    let refs: Vec<_> = tags.map(|n| format!("HEAD:refs/tags/v1.{}.{}", n / 100, n % 100)).collect();
    run(upstream.git().args(["push", "--quiet", "--atomic", "origin"]).args(refs));
}

#[test]
fn thousands_of_tags_that_come_at_once_are_one_attempt_and_one_publication() {
    let upstream = Upstream::new();
    upstream.tag("v1.0.0-rc");
    push(&upstream, 0..1);
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = ordered(&server.url(), &root).flag("--period=off").flag("--ref=semver:^1").start();
    eventually_shows(&daemon, &upstream.head());
    let next = upstream.commit("a", "burst");
    push(&upstream, 1..TAGS);
    let (asked, begun) = (server.requests().len(), Instant::now());
    let (code, said) = order(&daemon, "POST", "sync?wait=30s", &Value::Null);
    let took = begun.elapsed();
    assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("published")), "{said}");
    assert!(took < QUICK, "{took:?}");
    assert_published(&root, &upstream, &next);
    let chosen = daemon.events("chose a ref");
    assert_eq!(chosen.last().unwrap()["chosen"], "refs/tags/v1.19.99");
    assert_eq!(whats(&daemon), ["published", "published"]);
    assert_eq!(read(&daemon, "status")["last_attempt"]["number"], 2);
    let requests = server.requests();
    assert_eq!(requests.len() - asked, 2, "one to list the tags, and one to fetch");

    // What was listed before means the same when it is listed again.
    let begun = Instant::now();
    for _ in 0..10 {
        let (code, said) = order(&daemon, "POST", "sync?wait=30s", &Value::Null);
        assert_eq!((code, &said["attempt"]["outcome"]), (200, &json!("unchanged")), "{said}");
    }
    let idle = begun.elapsed() / 10;
    println!(
        "{TAGS} tags: {took:?} for the first attempt, {idle:?} for one that finds nothing new"
    );
    assert!(idle < QUICK, "{idle:?}");
}
