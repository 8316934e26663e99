//! What an address is told, and of which events.

use serde_json::Value;
use std::fs;

use crate::hooks::{Script, eventually_counts, telling};
use crate::support::daemon::{Root, Setup};
use crate::support::service::{Reply, Service, answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const ALL: &str = r#"--webhook-body={"event": "{event}", "hash": "{hash}", "previous": "{previous}", "ref": "{ref}", "repo": "{repo}", "time": "{time}", "error": "{error}"}"#;

fn ok() -> Service {
    Service::start(|_| answer("200 OK", ""))
}

fn to(upstream: &Upstream, root: &Root, service: &Service) -> Setup {
    telling(upstream, root)
        .flag(format!("--webhook-url={}", service.url("/")))
        .flag("--webhook-backoff=1s")
}

/// Waits until this event was told so often, and gives what was told last of it.
#[track_caller]
fn eventually_told(service: &Service, event: &str, times: usize) -> Value {
    eventually(&format!("{event} is told {times} times"), SOON, || {
        let told: Vec<Value> = service
            .asked()
            .iter()
            .map(|asked| serde_json::from_str(&asked.body).expect("it is JSON"))
            .filter(|told: &Value| told["event"] == event)
            .collect();
        (told.len() >= times).then(|| told[times - 1].clone())
    })
}

#[test]
fn a_body_of_json_is_filled_in() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let first = upstream.head();
    let _daemon = to(&upstream, &root, &service).flag(ALL).start();
    eventually_told(&service, "published", 1);
    let second = upstream.commit("a", "2");
    let told = eventually_told(&service, "published", 2);
    assert_eq!((&told["hash"], &told["previous"]), (&second.into(), &first.into()));
    assert_eq!((&told["ref"], &told["error"]), (&"HEAD".into(), &"".into()));
    assert_eq!(told["repo"], upstream.repo().display().to_string());
    told["time"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(service.asked()[0].header("content-type"), Some("application/json"));
}

#[test]
fn another_body_is_text_unless_somebody_says_what_it_is() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let hash = upstream.head();
    let body = |setup: Setup, root: &Root, kind: &str| {
        let daemon = setup.flag("--webhook-body=hash={hash}").start();
        root.eventually_publishes(&hash);
        eventually_counts(&daemon, "webhook", "success", 1);
        let asked = service.asked().last().unwrap().clone();
        assert_eq!(asked.body, format!("hash={hash}"));
        assert_eq!(asked.header("content-type"), Some(kind));
    };
    body(to(&upstream, &root, &service), &root, "text/plain; charset=utf-8");
    let form = "application/x-www-form-urlencoded";
    let setup =
        to(&upstream, &root, &service).flag(format!("--webhook-header=Content-Type: {form}"));
    body(setup, &root, form);
}

#[test]
fn the_beginning_and_the_end_of_trouble_can_be_told() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let hash = upstream.head();
    let _daemon =
        to(&upstream, &root, &service).flag(ALL).flag("--webhook-events=failed,recovered").start();
    root.eventually_publishes(&hash);
    let away = upstream.dir().join("away");
    fs::rename(upstream.repo(), &away).unwrap();
    let told = eventually_told(&service, "failed", 1);
    assert_eq!(told["hash"], hash, "what is published");
    assert!(told["error"].as_str().unwrap().contains("repo.git"), "{told}");
    fs::rename(&away, upstream.repo()).unwrap();
    eventually_told(&service, "recovered", 1);
    let events: Vec<_> = service
        .asked()
        .iter()
        .map(|asked| serde_json::from_str::<Value>(&asked.body).unwrap()["event"].clone())
        .collect();
    assert!(!events.contains(&"published".into()), "that was not asked for: {events:?}");
}

#[test]
fn a_refusal_can_be_told() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let hook = Script::new("[ ! -e bad ]");
    let good = upstream.head();
    let _daemon = to(&upstream, &root, &service)
        .flag(ALL)
        .flag("--webhook-events=published,refused")
        .flag(format!("--pre-publish-exechook-command={}", hook.command()))
        .flag("--publish-gate")
        .start();
    eventually_told(&service, "published", 1);
    let bad = upstream.commit("bad", "");
    let told = eventually_told(&service, "refused", 1);
    assert_eq!((&told["hash"], &told["previous"]), (&bad.into(), &good.into()));
    assert!(told["error"].as_str().unwrap().contains("exit status 1"), "{told}");
}

#[test]
fn what_cannot_be_told_does_not_hold_up_other_news() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let service = Service::start(|asked| {
        let published = asked.body.contains("published");
        answer(if published { "500 No" } else { "200 OK" }, "")
    });
    let daemon = to(&upstream, &root, &service)
        .flag(ALL)
        .flag("--webhook-events=published,failed,recovered")
        .start();
    eventually_told(&service, "published", 1);
    let away = upstream.dir().join("away");
    fs::rename(upstream.repo(), &away).unwrap();
    eventually_told(&service, "failed", 1);
    eventually_counts(&daemon, "webhook", "success", 1);
    fs::rename(&away, upstream.repo()).unwrap();
    eventually_told(&service, "recovered", 1);
    let tried = service.asked().len();
    eventually_told(&service, "published", tried + 1);
}

#[test]
fn the_last_words_are_not_waited_for_longer_than_a_few_seconds() {
    let (root, service) = (Root::new(), Service::start(|_| Reply::Silence));
    let run = crate::support::daemon::following("/nowhere", &root)
        .flag(format!("--webhook-url={}", service.url("/")))
        .flag("--webhook-timeout=1h")
        .flag("--webhook-events=failed")
        .flag("--max-failures=1")
        .once();
    run.expect_code(1);
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn trouble_also_ends_with_a_refusal() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let hook = Script::new("[ ! -e bad ]");
    let daemon = to(&upstream, &root, &service)
        .flag(ALL)
        .flag("--webhook-events=failed,refused,recovered")
        .flag(format!("--pre-publish-exechook-command={}", hook.command()))
        .flag("--publish-gate")
        .start();
    root.eventually_publishes(&upstream.head());
    upstream.commit("bad", "");
    eventually_told(&service, "refused", 1);
    let away = upstream.dir().join("away");
    fs::rename(upstream.repo(), &away).unwrap();
    eventually_told(&service, "failed", 1);
    fs::rename(&away, upstream.repo()).unwrap();
    eventually_told(&service, "recovered", 1);
    let history = daemon.get("/api/v1/history").unwrap().body;
    assert!(history.contains("\"recovered\""), "{history}");
}

#[test]
fn the_last_failure_is_told_before_the_program_gives_up() {
    let (root, service) = (Root::new(), ok());
    let run = crate::support::daemon::following("/nowhere", &root)
        .flag(format!("--webhook-url={}", service.url("/")))
        .flag(ALL)
        .flag("--webhook-events=failed")
        .flag("--max-failures=1")
        .once();
    run.expect_code(1);
    eventually_told(&service, "failed", 1);
}
