//! Many instances that follow one origin: how often the origin is asked in all.
//!
//! What that looks like in seconds is measured by `cargo bench --bench costs -- scaling`.

use std::fs;
use tempfile::TempDir;

use crate::serving::sender::PATH;
use crate::support::daemon::{Root, following};
use crate::support::get::ask;
use crate::support::http::serve;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// How many there are.
const MANY: usize = 12;
/// What a push is told with.
const SECRET: &str = "a-secret-of-the-crowd";

#[test]
fn a_crowd_asks_its_origin_when_it_starts_and_when_it_is_told_of_a_push() {
    let upstream = Upstream::new();
    let origin = serve(&upstream);
    let dir = TempDir::new().unwrap();
    let secret = dir.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let secret = format!("--hook-secret-file={}", secret.display());
    let start = |_| {
        let root = Root::new();
        let setup = following(&origin.url(), &root).flag("--period=1h").flag(&secret);
        (setup.start(), root)
    };
    let crowd: Vec<_> = (0..MANY).map(start).collect();
    let asked = |times: usize| {
        eventually("the origin was asked so often", SOON * 3, || {
            (origin.requests().len() == times * MANY).then_some(())
        });
    };
    for (daemon, _) in &crowd {
        daemon.eventually_ready();
    }
    // What the server can do, where the ref is, and the objects.
    asked(3);
    let commit = upstream.commit("more", "of it");
    let headers = [
        ("Content-Type", "application/json"),
        ("X-Gitlab-Event", "Push Hook"),
        ("X-Gitlab-Token", SECRET),
    ];
    let push = br#"{"object_kind": "push", "ref": "refs/heads/main"}"#;
    for (daemon, _) in &crowd {
        let reply = ask(daemon.address(), "POST", PATH, &headers, push).unwrap();
        assert_eq!(reply.status, 202, "{reply:?}");
    }
    for (_, root) in &crowd {
        root.eventually_publishes(&commit);
    }
    // Where the ref is, and the objects.
    asked(5);
}
