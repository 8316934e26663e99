//! How an address is told, and what counts as success.

use std::time::Duration;

use crate::hooks::{Script, count, eventually_counts, telling, texts};
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::service::{Asked, Reply, Service, answer, answer_with, bare};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually, pause};

fn to(upstream: &Upstream, root: &Root, url: &str) -> Setup {
    telling(upstream, root).flag(format!("--webhook-url={url}")).flag("--webhook-backoff=1s")
}

/// Waits until it was asked so often.
#[track_caller]
fn eventually_asked(service: &Service, times: usize) -> Vec<Asked> {
    eventually(&format!("it is asked {times} times"), SOON, || {
        let asked = service.asked();
        (asked.len() >= times).then_some(asked)
    })
}

fn ok() -> Service {
    Service::start(|_| answer("200 OK", "fine"))
}

#[test]
fn it_is_told_each_commit_once_in_a_header() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let first = upstream.head();
    let daemon = to(&upstream, &root, &service.url("/hook?a=b")).start();
    eventually_asked(&service, 1);
    let second = upstream.commit("a", "2");
    let asked = eventually_asked(&service, 2);
    eventually_counts(&daemon, "webhook", "success", 2);
    assert_eq!(asked[0].line, "POST /hook?a=b HTTP/1.1");
    assert_eq!(asked[0].header("gitsync-hash"), Some(first.as_str()));
    assert_eq!(asked[0].header("content-length"), Some("0"));
    assert_eq!((asked[0].header("content-type"), asked[0].body.as_str()), (None, ""));
    assert_eq!(asked[1].header("gitsync-hash"), Some(second.as_str()));
    daemon.kill();
    let _daemon = to(&upstream, &root, &service.url("/")).start();
    let asked = eventually_asked(&service, 3);
    assert_eq!(asked[2].header("gitsync-hash"), Some(second.as_str()), "after a start, too");
}

#[test]
fn another_status_is_a_failure_and_is_tried_again() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut times = 0;
    let service = Service::start(move |_| {
        times += 1;
        answer(if times < 3 { "503 Busy" } else { "204 None" }, "later")
    });
    let daemon = to(&upstream, &root, &service.url("/"))
        .flag("--webhook-success-status=204")
        .flag("--webhook-method=PUT")
        .start();
    eventually_counts(&daemon, "webhook", "success", 1);
    assert_eq!(count(&daemon, "webhook", "error"), 2);
    assert_eq!(service.asked()[2].line, "PUT / HTTP/1.1");
    let error = texts(&daemon.log(), "a webhook failed", "error");
    assert_eq!(error[0], "it answered 503 Service Unavailable in place of 204");
}

#[test]
fn any_answer_may_be_a_success() {
    let upstream = Upstream::new();
    for any in ["0", "-1"] {
        let (root, service) = (Root::new(), Service::start(|_| answer("500 No", "")));
        let daemon = to(&upstream, &root, &service.url("/"))
            .flag(format!("--webhook-success-status={any}"))
            .start();
        eventually_counts(&daemon, "webhook", "success", 1);
    }
}

#[test]
fn a_server_of_a_few_lines_is_understood() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let service = Service::start(|_| bare("200 OK", "hello\n"));
    let daemon = to(&upstream, &root, &service.url("/")).start();
    eventually_counts(&daemon, "webhook", "success", 1);
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for_longer_than_allowed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut times = 0;
    let service = Service::start(move |_| {
        times += 1;
        if times == 1 { Reply::Silence } else { answer("200 OK", "") }
    });
    let daemon = to(&upstream, &root, &service.url("/")).flag("--webhook-timeout=1s").start();
    eventually_counts(&daemon, "webhook", "success", 1);
    let error = texts(&daemon.log(), "a webhook failed", "error");
    assert_eq!(error, ["there was no answer within 1s"]);
}

#[test]
fn each_address_is_told_apart_from_the_others() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let nobody = Service::not_yet();
    let urls = format!("{} {}", nobody.url("/"), service.url("/"));
    let daemon = telling(&upstream, &root).variable("GITSYNC_WEBHOOK_URL", urls).start();
    eventually_counts(&daemon, "webhook", "success", 1);
    eventually_counts(&daemon, "webhook", "error", 1);
    assert_eq!(service.asked().len(), 1);
}

#[test]
fn the_latest_commit_is_told_when_it_comes_back() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut service = Service::not_yet();
    let daemon = to(&upstream, &root, &service.url("/")).start();
    eventually_counts(&daemon, "webhook", "error", 1);
    upstream.commit("a", "2");
    let last = upstream.commit("a", "3");
    root.eventually_publishes(&last);
    service.listen(|_| answer("200 OK", ""));
    eventually_counts(&daemon, "webhook", "success", 1);
    let asked = service.asked();
    assert_eq!(asked.last().unwrap().header("gitsync-hash"), Some(last.as_str()));
}

fn redirected(status: &'static str, upstream: &Upstream) -> (Asked, Service) {
    let (root, target) = (Root::new(), ok());
    let there = format!("Location: {}", target.url("/there"));
    let service = Service::start(move |asked| match asked.line.as_str() {
        line if line.contains("/here") => answer_with(status, &[&there], ""),
        _ => answer("404 No", ""),
    });
    let daemon = to(upstream, &root, &service.url("/here"))
        .flag("--webhook-body={\"hash\": \"{hash}\"}")
        .flag("--webhook-header=X-Token: hunter2")
        .start();
    eventually_counts(&daemon, "webhook", "success", 1);
    (target.asked()[0].clone(), service)
}

#[test]
fn redirects_are_followed_without_secrets() {
    let upstream = Upstream::new();
    for (status, method) in [("307 There", "POST"), ("308 There", "POST"), ("302 There", "GET")] {
        let (asked, service) = redirected(status, &upstream);
        assert_eq!(asked.line, format!("{method} /there HTTP/1.1"));
        assert_eq!(asked.header("gitsync-hash"), Some(upstream.head().as_str()));
        assert_eq!(asked.body.is_empty(), method == "GET");
        assert_eq!(asked.header("x-token"), None, "another host");
        assert_eq!(service.asked()[0].header("x-token"), Some("hunter2"));
    }
}

#[test]
fn secrets_are_sent_and_never_logged() {
    let (upstream, root, service) = (Upstream::new(), Root::new(), ok());
    let address = service.addr();
    let gone = Service::not_yet();
    let check = |daemon: &Daemon| {
        let log = daemon.log().join("\n");
        assert!(!log.contains("hunter"), "{log}");
        assert!(!log.contains("aHVudGVy"), "{log}");
    };
    let daemon = to(&upstream, &root, &format!("http://me:hunter2@{address}/hunter3?t=hunter4"))
        .flag(format!("--webhook-url={}", gone.url("/hunter6?t=hunter7")))
        .flag("--webhook-header=X-Token: hunter5")
        .flag("--verbose=9")
        .start();
    eventually_counts(&daemon, "webhook", "success", 1);
    eventually_counts(&daemon, "webhook", "error", 1);
    let asked = &service.asked()[0];
    assert_eq!(asked.line, "POST /hunter3?t=hunter4 HTTP/1.1");
    assert_eq!(asked.header("authorization"), Some("Basic bWU6aHVudGVyMg=="));
    assert_eq!(asked.header("x-token"), Some("hunter5"));
    check(&daemon);
    let to = texts(&daemon.log(), "a webhook succeeded", "to");
    assert_eq!(to, [format!("http://{address}/\u{2026}")]);
}

#[test]
fn a_server_that_repeats_the_request_reveals_nothing() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let service = Service::start(|asked| {
        let said = format!("Cannot {} {:?} {}", asked.line, asked.header("x-token"), asked.body);
        answer(&format!("404 {}", asked.line), &said)
    });
    let hung_up = Service::start(|_| Reply::Bytes(Vec::new()));
    let daemon = to(&upstream, &root, &service.url("/h?t=hunter2"))
        .flag(format!("--webhook-url={}", service.url("/services/hunter3")))
        .flag(format!("--webhook-url={}", hung_up.url("/hunter4?t=hunter5")))
        .flag("--webhook-header=X-Token: hunter6")
        .flag("--webhook-body=hunter7")
        .flag("--verbose=9")
        .start();
    eventually_counts(&daemon, "webhook", "error", 3);
    let log = daemon.log();
    assert!(!log.join("\n").contains("hunter"), "{log:?}");
    let errors = texts(&log, "a webhook failed", "error");
    assert!(errors.contains(&"it answered 404 Not Found in place of 200".to_owned()), "{errors:?}");
    let host = format!("unable to access 'http://{}/\u{2026}'", hung_up.addr());
    assert!(errors.iter().any(|error| error.contains(&host)), "{errors:?}");
}

#[test]
fn a_slow_address_does_not_hold_up_syncs_or_programs() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("");
    let service = Service::start(|_| {
        pause(Duration::from_millis(300));
        Reply::Silence
    });
    let daemon = to(&upstream, &root, &service.url("/"))
        .flag("--webhook-timeout=1h")
        .flag(format!("--exechook-command={}", hook.command()))
        .start();
    eventually_asked(&service, 1);
    let next = upstream.commit("a", "2");
    root.eventually_publishes(&next);
    eventually_counts(&daemon, "exechook", "success", 2);
}
