//! Every way in to a repository, and every way to say who we are there, each tried with the real
//! thing.

mod askpass;
mod choosing;
mod cookies;
mod credentials;
mod document;
mod fallbacks;
mod github_app;
mod hangups;
mod limits;
mod matrix;
mod proxies;
mod quiet;
mod redirects;
mod silence;
mod ssh;
mod ssh_hosts;
mod ssh_keys;
mod ssh_proxies;
mod tls;

use serde_json::Value;

use crate::support::daemon::{Daemon, Finished, Root, Setup, events, field, following};

/// A one-time run that does not try again.
fn trying(url: &str, root: &Root) -> Setup {
    following(url, root).flag("--max-failures=1").flag("-v9")
}

/// A daemon that looks again and again, at once after a failure too, and never gives up.
fn polling(url: &str, root: &Root) -> Setup {
    following(url, root)
        .flag("--period=40ms")
        .flag("--jitter=0")
        .flag("--init-period=20ms")
        .flag("--max-failures=-1")
}

/// An attempt that failed, as the log tells it: class, step, error and hint.
#[derive(Clone, Debug)]
struct Failure {
    class: String,
    step: String,
    error: String,
    hint: String,
}

/// The failures in a log, in order.
fn failures(log: &[String]) -> Vec<Failure> {
    let read = |event: &Value| {
        let text = |name| field(event, name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let (class, step) = (text("class"), text("step"));
        Failure { class, step, error: text("error"), hint: text("hint") }
    };
    events(log, "attempt failed").iter().map(read).collect()
}

/// The only failure of a run that failed.
#[track_caller]
fn only_failure(finished: &Finished) -> Failure {
    finished.expect_code(1);
    let failures = failures(&finished.log);
    assert_eq!(failures.len(), 1, "{}", finished.log.join("\n"));
    failures[0].clone()
}

/// The value of a metric, by its name with labels; nothing if it is not shown.
#[track_caller]
fn metric(daemon: &Daemon, name: &str) -> Option<u64> {
    let text = daemon.get("/metrics").unwrap().body;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    value.map(|value| value.parse().unwrap_or_else(|_| panic!("{name} is {value}")))
}
