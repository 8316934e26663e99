//! When a program is run, how often, and how a run ends.

use rustix::process::{Pid, Signal, kill_process};
use std::fs;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use crate::contract::health;
use crate::hooks::{Script, count, eventually_counts, lives, telling, texts};
use crate::support::daemon::{Root, Setup};
use crate::support::get::ask;
use crate::support::service::{Service, answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Waits for a file before it goes on.
const HELD: &str = "while [ ! -e $D/go ]; do sleep 0.02; done";

fn with(upstream: &Upstream, root: &Root, hook: &Script) -> Setup {
    telling(upstream, root)
        .flag(format!("--exechook-command={}", hook.command()))
        .flag("--exechook-backoff=1s")
}

#[test]
fn a_failure_is_tried_again_until_it_succeeds() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("[ -e $D/go ] || exit 3");
    let commit = upstream.head();
    let daemon = with(&upstream, &root, &hook).start();
    eventually_counts(&daemon, "exechook", "error", 2);
    assert_eq!(texts(&daemon.log(), "a hook failed", "error")[0], "it ended with exit status 3");
    hook.touch("go");
    eventually_counts(&daemon, "exechook", "success", 1);
    assert!(hook.ran().len() >= 3 && hook.ran().iter().all(|ran| *ran == commit));
    assert_eq!(count(&daemon, "exechook", "success"), 1);
}

#[test]
fn the_latest_commit_wins_and_one_runs_at_a_time() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(HELD);
    let first = upstream.head();
    let daemon = with(&upstream, &root, &hook).start();
    hook.eventually_ran(&[&first]);
    let second = upstream.commit("a", "2");
    root.eventually_publishes(&second);
    let third = upstream.commit("a", "3");
    // Only then the hook has been told.
    eventually("the third is known to be published", SOON, || {
        (health(&daemon)["commit"] == third).then_some(())
    });
    assert_eq!(hook.ran(), [first.as_str()], "it still runs");
    hook.touch("go");
    eventually_counts(&daemon, "exechook", "success", 2);
    assert_eq!(hook.ran(), [first, third]);
}

#[test]
fn a_newer_commit_ends_the_rest_after_a_failure() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("[ -e good ]");
    let first = upstream.head();
    let daemon = with(&upstream, &root, &hook).flag("--exechook-backoff=1h").start();
    eventually_counts(&daemon, "exechook", "error", 1);
    let second = upstream.commit("good", "");
    eventually_counts(&daemon, "exechook", "success", 1);
    assert_eq!(hook.ran(), [first, second]);
}

#[test]
fn it_is_run_after_each_start_even_if_nothing_changed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("echo \"$GITSYNC_PREVIOUS_HASH\" >> $D/previous");
    let first = upstream.head();
    let daemon = with(&upstream, &root, &hook).start();
    hook.eventually_ran(&[&first]);
    let second = upstream.commit("a", "2");
    eventually_counts(&daemon, "exechook", "success", 2);
    daemon.kill();
    let daemon = with(&upstream, &root, &hook).start();
    eventually_counts(&daemon, "exechook", "success", 1);
    assert_eq!(hook.ran(), [&first, &second, &second].map(String::as_str));
    assert_eq!(hook.read("previous"), format!("\n{first}\n{first}\n"));
}

#[test]
fn a_crash_before_it_has_run_is_made_up_for() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(HELD);
    let commit = upstream.head();
    let daemon = with(&upstream, &root, &hook).start();
    hook.eventually_ran(&[&commit]);
    daemon.kill();
    hook.touch("go");
    let daemon = with(&upstream, &root, &hook).start();
    eventually_counts(&daemon, "exechook", "success", 1);
    assert_eq!(hook.ran(), [&commit, &commit].map(String::as_str));
}

/// Starts something that does not end, and that does not obey, and notes which processes that are.
const ENDLESS: &str =
    "trap '' TERM\nsleep 1000 & echo $! > $D/below\necho $$ > $D/above\nwait; wait; wait";

#[test]
fn a_run_that_takes_too_long_is_killed_with_all_it_started() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new(ENDLESS);
    let daemon = with(&upstream, &root, &hook)
        .flag("--exechook-timeout=1s")
        .flag("--exechook-backoff=1h")
        .start();
    eventually_counts(&daemon, "exechook", "error", 1);
    let error = texts(&daemon.log(), "a hook failed", "error");
    assert_eq!(error, ["it took longer than 1s and was killed"]);
    for name in ["above", "below"] {
        assert!(!hook.read(name).is_empty() && !lives(&hook.read(name)), "{name}");
    }
}

#[test]
fn a_stop_ends_a_run_within_a_second_and_leaves_nothing() {
    let (upstream, root) = (Upstream::new(), Root::new());
    for flag in ["--exechook-command", "--pre-publish-exechook-command"] {
        let hook = Script::new(ENDLESS);
        let mut daemon =
            telling(&upstream, &root).flag(format!("{flag}={}", hook.command())).start();
        eventually("it runs", SOON, || (!hook.read("above").is_empty()).then_some(()));
        let begun = Instant::now();
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.exit(SOON).code(), Some(0));
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
        for name in ["above", "below"] {
            assert!(!lives(&hook.read(name)), "{flag}: {name}");
        }
        fs::remove_dir_all(root.path()).unwrap();
    }
}

#[test]
fn one_that_somebody_kills_has_failed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("echo $$ > $D/pid; exec sleep 1000");
    let daemon = with(&upstream, &root, &hook).flag("--exechook-backoff=1h").start();
    let pid = eventually("it runs", SOON, || hook.read("pid").trim().parse().ok());
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
    eventually_counts(&daemon, "exechook", "error", 1);
    assert_eq!(texts(&daemon.log(), "a hook failed", "error"), ["it was killed by signal 9"]);
}

#[test]
fn a_ref_that_goes_back_after_a_failure_has_it_run_again() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("[ ! -e bad ]");
    let first = upstream.head();
    let daemon = with(&upstream, &root, &hook).flag("--exechook-backoff=1h").start();
    eventually_counts(&daemon, "exechook", "success", 1);
    let second = upstream.commit("bad", "");
    eventually_counts(&daemon, "exechook", "error", 1);
    upstream.reset(&first);
    eventually_counts(&daemon, "exechook", "success", 2);
    assert_eq!(hook.ran(), [&first, &second, &first].map(String::as_str));
}

#[test]
fn it_is_started_before_old_trees_go_and_the_touch_file_comes_last() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("");
    let touched = hook.file("touched");
    let (first, asked) = (upstream.head(), Arc::new(Mutex::new(Vec::new())));
    let (seen, address) = (Arc::clone(&asked), Arc::new(OnceLock::<SocketAddr>::new()));
    let where_to = Arc::clone(&address);
    let service = Service::start(move |_| {
        let reply = ask(*where_to.wait(), "GET", "/", &[], b"").unwrap();
        seen.lock().unwrap().push(reply.status);
        answer("200 OK", "")
    });
    let daemon = with(&upstream, &root, &hook)
        .flag("--verbose=9")
        .flag("--stale-worktree-timeout=0s")
        .flag(format!("--touch-file={}", touched.display()))
        .flag(format!("--webhook-url={}", service.url("/")))
        .flag("--webhook-timeout=10s")
        .start();
    address.set(daemon.address()).unwrap();
    eventually_counts(&daemon, "exechook", "success", 1);
    let time = || touched.metadata().and_then(|found| found.modified()).ok();
    let before = eventually("it is touched", SOON, time);
    let second = upstream.commit("a", "2");
    eventually("it is touched again", SOON, || time().filter(|time| *time != before));
    assert_eq!(root.status().unwrap()["commit"]["id"], second, "the status is written by then");
    assert!(!root.path().join(".worktrees").join(&first).exists());
    eventually_counts(&daemon, "exechook", "success", 2);
    eventually_counts(&daemon, "webhook", "success", 2);
    daemon.eventually_logs("removing a tree that nobody should be reading");
    let log = daemon.log();
    let at = |text: &str| log.iter().rposition(|line| line.contains(text)).unwrap();
    let (started, gone) = (at("running a hook"), at("removing a tree that nobody should be"));
    assert!(log[started].contains(&second) && log[gone].contains(&first));
    assert!(started < gone, "{log:?}");
    assert_eq!(*asked.lock().unwrap(), [200, 200], "`/` is good by then");
}
