//! What the HTTP server tells orchestrators and dashboards.

use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::time::{Duration, Instant};

use crate::contract::{after_more_attempts, health, metric, polling};
use crate::support::daemon::{Daemon, Root};
use crate::support::faults::{self, Fault};
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[track_caller]
fn codes(daemon: &Daemon) -> [u16; 4] {
    ["/", "/livez", "/readyz", "/healthz"].map(|path| daemon.get(path).unwrap().status)
}

#[track_caller]
fn eventually_answers(daemon: &Daemon, wanted: [u16; 4]) {
    eventually(&format!("the probes answer {wanted:?}"), SOON, || {
        (codes(daemon) == wanted).then_some(())
    });
}

#[test]
fn probes_follow_the_state() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Silent);
    let root = Root::new();
    let daemon = polling(&server.url_at(proxy.addr()), &root).start();
    // Nothing has failed yet.
    eventually("it hangs", SOON, || (proxy.connections() > 0).then_some(()));
    assert_eq!(codes(&daemon), [503, 200, 503, 200]);
    proxy.break_with(Fault::Refuse);
    proxy.cut();
    eventually_answers(&daemon, [503, 200, 503, 503]);
    assert_eq!(health(&daemon)["last_attempt"]["error"]["class"], "network");
    proxy.heal();
    eventually_answers(&daemon, [200; 4]);
    assert_eq!(root.published(), Some(upstream.head()));
    proxy.break_with(Fault::Refuse);
    proxy.cut();
    eventually_answers(&daemon, [200, 200, 200, 503]);
    assert_eq!(health(&daemon)["healthy"], false);
    proxy.heal();
    eventually_answers(&daemon, [200; 4]);
    assert_eq!(health(&daemon)["healthy"], true);
    assert_eq!(health(&daemon)["failures"], 0);
}

#[test]
fn a_thread_that_hangs_is_no_sign_of_life_and_an_upstream_that_is_down_is_one() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let packed = upstream.repo().join("packed-refs");
    fs::remove_file(&packed).unwrap_or_default();
    mknodat(CWD, &packed, FileType::Fifo, Mode::RWXU, 0).unwrap();
    let url = upstream.repo().display().to_string();
    let daemon = polling(&url, &root).flag("--sync-timeout=1s").start();
    let live = || codes(&daemon)[1];
    assert_eq!(live(), 200, "it hangs, but not for long");
    eventually("it hangs for more than twice its time", SOON, || (live() == 503).then_some(()));
    let said = daemon.get("/livez").unwrap().body;
    assert!(said.starts_with("stuck: "), "{said}");
    // A reader that hangs in open() goes on when somebody writes.
    drop(File::options().write(true).open(&packed).unwrap());
    fs::remove_file(&packed).unwrap();
    eventually_answers(&daemon, [200; 4]);
    fs::rename(upstream.repo(), upstream.dir().join("away")).unwrap();
    eventually("attempts fail", SOON, || (codes(&daemon)[3] == 503).then_some(()));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(3) {
        assert_eq!(live(), 200, "it tries again and again");
    }
}

#[test]
fn an_intact_tree_that_is_found_counts_while_the_upstream_is_down() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let first = polling(&server.url(), &root).start();
    root.eventually_publishes(&upstream.head());
    drop(first);
    server.answer(Answer::Unavailable);
    let daemon = polling(&server.url(), &root).start();
    daemon.eventually_ready();
    eventually_answers(&daemon, [503, 200, 200, 503]);
    let health = health(&daemon);
    assert_eq!(health["phase"], "initial");
    assert_eq!(health["commit"], upstream.head());
    server.heal();
    eventually_answers(&daemon, [200; 4]);
}

#[test]
fn a_damaged_tree_that_is_found_does_not_count() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let first = polling(&server.url(), &root).start();
    root.eventually_publishes(&upstream.head());
    drop(first);
    fs::write(root.link().join("README"), "somebody wrote here\n").unwrap();
    server.answer(Answer::Unavailable);
    let daemon = polling(&server.url(), &root).start();
    eventually_answers(&daemon, [503, 200, 503, 503]);
    server.heal();
    eventually_answers(&daemon, [200; 4]);
    crate::contract::assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn other_paths_do_not_exist() {
    let root = Root::new();
    let daemon = polling("/nowhere", &root).flag("--http-metrics=false").start();
    for path in ["/metrics", "/nothing", "/livez/", "//", "/.git-sync"] {
        assert_eq!(daemon.get(path).unwrap().status, 404, "{path}");
    }
    assert_eq!(daemon.get("/livez?verbose").unwrap().status, 200);
}

/// `git_sync_count_total` as success, noop and error, and `git_fetch_count_total`.
#[track_caller]
fn counts(daemon: &Daemon) -> [u64; 4] {
    let count = |status| metric(daemon, &format!("git_sync_count_total{{status=\"{status}\"}}"));
    let fetches = metric(daemon, "git_fetch_count_total");
    [count("success"), count("noop"), count("error"), fetches]
}

#[test]
fn syncs_are_counted_as_publications_no_news_and_errors() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let start = || polling(&server.url(), &root).start();
    let daemon = start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 3);
    let [success, noop, error, fetches] = counts(&daemon);
    assert_eq!([success, error, fetches], [1, 0, 1]);
    assert!(noop >= 2);

    let commit = upstream.commit("a", "1");
    root.eventually_publishes(&commit);
    after_more_attempts(&daemon, 2);
    let [success, _, error, fetches] = counts(&daemon);
    assert_eq!([success, error, fetches], [2, 0, 2]);

    server.answer(Answer::Broken);
    eventually("errors are counted", SOON, || (counts(&daemon)[2] >= 2).then_some(()));
    let [success, noop, _, fetches] = counts(&daemon);
    assert_eq!([success, fetches], [2, 2]);
    assert!(metric(&daemon, "gitsyncd_failures_total{class=\"network\"}") >= 2);
    assert!(metric(&daemon, "gitsyncd_consecutive_failures") >= 2);
    server.heal();
    eventually("there is no news again", SOON, || (counts(&daemon)[1] > noop).then_some(()));
    assert_eq!(counts(&daemon)[0], 2);
    assert_eq!(metric(&daemon, "gitsyncd_consecutive_failures"), 0);
    drop(daemon);

    // The first success after the start counts although nothing changed.
    let again = start();
    after_more_attempts(&again, 3);
    let [success, _, error, fetches] = counts(&again);
    assert_eq!([success, error, fetches], [1, 0, 1]);
}

#[test]
fn every_metric_is_there_with_its_type() {
    let upstream = Upstream::new();
    let root = Root::new();
    let daemon = polling(upstream.repo().to_str().unwrap(), &root).start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 1);
    let reply = daemon.get("/metrics").unwrap();
    assert!(reply.head.contains("text/plain; version=0.0.4"), "{}", reply.head);
    let mut types: BTreeSet<_> =
        reply.body.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    // Only some file systems have a limit that could be shown.
    types.retain(|line| !line.starts_with("gitsyncd_filesystem_files"));
    let all = types.len();
    types.retain(|line| !line.starts_with("process_"));
    assert_eq!(all - types.len(), 7, "those that are usual for a process");
    let wanted = BTreeSet::from([
        "git_fetch_count_total counter",
        "git_sync_askpass_calls counter",
        "git_sync_count_total counter",
        "git_sync_duration_seconds histogram",
        "git_sync_refresh_github_app_token_count counter",
        "gitsyncd_api_requests_total counter",
        "gitsyncd_build_info gauge",
        "gitsyncd_commit_info gauge",
        "gitsyncd_consecutive_failures gauge",
        "gitsyncd_disk_used_bytes gauge",
        "gitsyncd_drift_total counter",
        "gitsyncd_failures_total counter",
        "gitsyncd_filesystem_avail_bytes gauge",
        "gitsyncd_filesystem_size_bytes gauge",
        "gitsyncd_last_attempt_outcome gauge",
        "gitsyncd_last_success_timestamp_seconds gauge",
        "gitsyncd_next_attempt_timestamp_seconds gauge",
        "gitsyncd_pinned gauge",
        "gitsyncd_received_bytes_total counter",
        "gitsyncd_requests_total counter",
        "gitsyncd_start_time_seconds gauge",
        "gitsyncd_step_duration_seconds histogram",
        "gitsyncd_tree_bytes gauge",
        "gitsyncd_tree_files gauge",
        "gitsyncd_triggers_total counter",
        "gitsyncd_waiting gauge",
        "gitsyncd_webhooks_total counter",
    ]);
    assert_eq!(types, wanted);
    let labels = format!("{{commit=\"{}\",ref=\"HEAD\"}}", upstream.head());
    assert_eq!(metric(&daemon, &format!("gitsyncd_commit_info{labels}")), 1);
    assert_eq!(metric(&daemon, "gitsyncd_tree_files"), 1);
    assert_eq!(metric(&daemon, "gitsyncd_tree_bytes"), 6);
    assert_eq!(metric(&daemon, "git_sync_duration_seconds_count{status=\"success\"}"), 1);
    for step in ["credentials", "resolve", "fetch", "checkout", "publish", "cleanup"] {
        let name = format!("gitsyncd_step_duration_seconds_count{{step=\"{step}\"}}");
        assert!(metric(&daemon, &name) >= 1, "{step}");
    }
}

#[test]
fn a_port_that_is_taken_is_told() {
    let port = crate::support::listener::Port::take();
    let _listener = port.listen(drop);
    let root = Root::new();
    let setup = crate::support::daemon::following("/nowhere", &root);
    let finished = setup.flag(format!("--http-bind={}", port.addr())).finish();
    finished.expect_code(1);
    let log = finished.log.join("\n");
    assert!(log.contains("http-bind") && log.contains(&port.addr().to_string()), "{log}");
    assert!(!root.path().exists());
}
