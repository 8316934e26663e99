//! One address for everything, or another one for webhooks.

use std::net::SocketAddr;

use crate::support::daemon::{Daemon, Root, Setup, bare, events, field, following};
use crate::support::get::get;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const PATHS: [&str; 5] = ["/livez", "/metrics", "/api/v1/status", "/api/v1/openapi.json", "/"];

fn setup(upstream: &Upstream, root: &Root) -> Setup {
    let url = upstream.repo().display().to_string();
    following(&url, root).flag("--period=1h").variable("GITSYNC_HOOK_SECRET", "damson")
}

/// Where an option made it listen.
#[track_caller]
fn address(daemon: &Daemon, option: &str) -> SocketAddr {
    eventually(&format!("it listens for {option}"), SOON, || {
        let all = events(&daemon.log(), "listening");
        let event =
            all.into_iter().find(|event| field(event, "option").is_some_and(|o| o == option))?;
        field(&event, "address")?.as_str()?.parse().ok()
    })
}

#[track_caller]
fn eventually_has_synced(addr: SocketAddr) {
    eventually("a sync has succeeded", SOON, || {
        (get(addr, "/").unwrap().status == 200).then_some(())
    });
}

#[test]
fn webhooks_that_have_an_address_of_their_own_are_there_and_nowhere_else() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = setup(&upstream, &root).flag("--hook-bind=127.0.0.1:0").start();
    root.eventually_publishes(&upstream.head());
    let (main, hooks) = (address(&daemon, "http-bind"), address(&daemon, "hook-bind"));
    eventually_has_synced(main);
    for path in PATHS {
        assert_eq!(get(main, path).unwrap().status, 200, "{path}");
        assert_eq!(get(hooks, path).unwrap().status, 404, "{path}");
    }
    assert_eq!(get(main, "/hooks/push").unwrap().status, 404);
    assert_eq!(get(hooks, "/hooks/push").unwrap().status, 405);
    let words = get(hooks, "/nothing").unwrap().body;
    assert!(words.contains("/hooks/push") && !words.contains("/livez"), "{words}");
}

#[test]
fn webhooks_can_be_all_there_is() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = setup(&upstream, &root).flag("--hook-bind=127.0.0.1:0").spawn();
    let hooks = address(&daemon, "hook-bind");
    assert_eq!(get(hooks, "/hooks/push").unwrap().status, 405);
    assert_eq!(get(hooks, "/livez").unwrap().status, 404);
    assert_eq!(daemon.events("listening").len(), 1);
}

#[test]
fn one_address_has_everything() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = setup(&upstream, &root).start();
    root.eventually_publishes(&upstream.head());
    daemon.eventually_ready();
    eventually_has_synced(daemon.address());
    for path in PATHS {
        assert_eq!(daemon.get(path).unwrap().status, 200, "{path}");
    }
    assert_eq!(daemon.get("/hooks/push").unwrap().status, 405);
}

#[test]
fn an_address_that_cannot_be_had_is_told_by_its_option() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let root = Root::new();
    let addr = taken.local_addr().unwrap();
    let setup = bare().flag("--repo=/nowhere").flag(format!("--root={}", root.path().display()));
    let end = setup.flag(format!("--hook-bind={addr}")).finish();
    end.expect_code(1);
    let log = end.log.join("\n");
    assert!(log.contains("hook-bind") && log.contains(&addr.to_string()), "{log}");
}
