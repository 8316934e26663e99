//! Commits that wait while no window is open.

use serde_json::{Value, json};

use crate::contract::{after_more_attempts, assert_published, metric};
use crate::serving::client::eventually_shows;
use crate::serving::{ordered, read, whats};
use crate::support::daemon::{Root, bare};
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::http::Answer;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::windows::{closed, eventually_waits, waiting};

#[test]
fn the_first_commit_does_not_wait_and_the_next_ones_do() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let first = upstream.head();
    let daemon = closed(&server.url(), &root).flag("--max-failures=1").start();
    eventually_shows(&daemon, &first);
    assert_eq!((waiting(&daemon), metric(&daemon, "gitsyncd_waiting")), (Value::Null, 0));
    let second = upstream.commit("a", "2");
    eventually_waits(&daemon, &second);
    after_more_attempts(&daemon, 3);
    assert_published(&root, &upstream, &first);
    let status = read(&daemon, "status");
    assert_eq!(status["last_attempt"]["outcome"], "unchanged");
    assert_eq!((&status["failures"], &status["phase"]), (&json!(0), &json!("steady")));
    assert!(status["waiting"]["until"].as_str().unwrap().ends_with("-01-01T00:00:00Z"));
    assert_eq!(metric(&daemon, "gitsyncd_waiting"), 1);
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
    eventually("the status file says so", SOON, || {
        (root.status()?["waiting"]["commit"] == second).then_some(())
    });
    let table = bare().flag("status").flag(format!("--root={}", root.path().display())).finish();
    let row = table.stdout.iter().find(|row| row.starts_with("waiting")).unwrap();
    assert!(row.contains(&second) && row.contains("a window opens in "), "{row}");
    let third = upstream.commit("a", "3");
    eventually_waits(&daemon, &third);
    assert_eq!(daemon.events("a commit waits for a window").len(), 2, "once for each");
    assert_eq!(whats(&daemon), ["published"]);
    upstream.reset(&first);
    eventually("nothing waits", SOON, || waiting(&daemon).is_null().then_some(()));
}

#[test]
fn what_waits_is_fetched_once_and_kept_and_waits_again_after_a_restart() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let first = upstream.head();
    let start = || closed(&server.url(), &root).flag("--git-gc=always").start();
    let daemon = start();
    eventually_shows(&daemon, &first);
    let mut second = String::new();
    for n in 0..3 {
        second = upstream.commit("a", format!("change {n}"));
        eventually_waits(&daemon, &second);
    }
    let fetches = metric(&daemon, "gitsyncd_step_duration_seconds_count{step=\"fetch\"}");
    let received = |server: &http::Http| server.requests().len();
    let (asked, polls) =
        (received(&server), metric(&daemon, "git_sync_count_total{status=\"noop\"}"));
    after_more_attempts(&daemon, 5);
    let polls = metric(&daemon, "git_sync_count_total{status=\"noop\"}") - polls;
    let asked = u64::try_from(received(&server) - asked).unwrap();
    assert!(asked <= polls + 1, "{asked} requests in {polls} polls");
    let again = metric(&daemon, "gitsyncd_step_duration_seconds_count{step=\"fetch\"}");
    assert_eq!(again, fetches);
    drop(daemon);

    let daemon = start();
    eventually_waits(&daemon, &second);
    after_more_attempts(&daemon, 2);
    assert_published(&root, &upstream, &first);
    run(git(&root.path()).args(["cat-file", "-e", &format!("{second}:a")]));
    drop(daemon);

    let open = ordered(&server.url(), &root).flag("--sync-window=allow 0 0 * * * 24h").start();
    eventually_shows(&open, &second);
    assert_published(&root, &upstream, &second);
}

#[test]
fn a_commit_goes_on_waiting_while_the_source_is_away() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let first = upstream.head();
    let daemon = closed(&server.url(), &root).start();
    eventually_shows(&daemon, &first);
    let second = upstream.commit("a", "2");
    eventually_waits(&daemon, &second);
    server.answer(Answer::Unavailable);
    daemon.eventually_logs("attempt failed");
    assert_eq!(waiting(&daemon)["commit"], second);
    server.heal();
    after_more_attempts(&daemon, 2);
    assert_eq!(waiting(&daemon)["commit"], second);
    assert_published(&root, &upstream, &first);
}

#[test]
fn windows_that_never_open_are_told_at_the_start() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let never = "--sync-window=allow 0 0 30 2 * 1h";
    let daemon = ordered(&url, &root).flag(never).start();
    root.eventually_publishes(&upstream.head());
    let log = daemon.log().join("\n");
    assert!(log.contains("does not begin within 10 years"), "{log}");
    let second = upstream.commit("a", "2");
    eventually_waits(&daemon, &second);
    assert_eq!(waiting(&daemon)["until"], Value::Null);
}
