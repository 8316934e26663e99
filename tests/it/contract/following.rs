//! A daemon follows its ref, when the period is over and when it is told to.

use rustix::process::Signal;
use std::fs;

use crate::contract::{after_more_attempts, assert_published, ended, health, metric, polling};
use crate::support::daemon::{Daemon, Root, following};
use crate::support::faults::{self, Fault};
use crate::support::git_daemon;
use crate::support::http;
use crate::support::observer;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn every_state_that_readers_see_is_one_whole_commit() {
    let upstream = Upstream::new();
    upstream.change().files(200, "f").odd_names().commit();
    let server = http::serve(&upstream);
    let root = Root::new();
    let observer = observer::watch(&root.link());
    let _daemon = polling(&server.url(), &root).flag("--stale-worktree-timeout=0").start();
    root.eventually_publishes(&upstream.head());
    observer.has_looked();
    for n in 0..8 {
        let name = format!("f/000/{:06}.txt", n * 7);
        let commit = upstream.change().file(name, "changed").file("n", n.to_string()).commit();
        root.eventually_publishes(&commit);
    }
    observer.has_looked();
    let seen = observer.stop();
    seen.assert_flawless(&upstream.repo());
    assert_eq!(seen.history().last(), Some(&upstream.head()));
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn over_git_daemon_too() {
    let upstream = Upstream::new();
    let server = git_daemon::serve(&upstream);
    let root = Root::new();
    let _daemon = polling(&server.url(), &root).start();
    for n in 0..3 {
        let commit = upstream.commit("a", n.to_string());
        root.eventually_publishes(&commit);
        assert_published(&root, &upstream, &commit);
    }
}

#[test]
fn a_commit_that_comes_back_is_published_again() {
    let upstream = Upstream::new();
    let (one, two) = (upstream.commit("a", "1"), upstream.commit("a", "2"));
    let root = Root::new();
    for timeout in ["--stale-worktree-timeout=1h", "--stale-worktree-timeout=0"] {
        let _daemon = polling(upstream.repo().to_str().unwrap(), &root).flag(timeout).start();
        for commit in [&one, &two, &one, &two] {
            let main = "refs/heads/main";
            let set = ["update-ref", main, commit];
            crate::support::git::run(crate::support::git::git(&upstream.repo()).args(set));
            root.eventually_publishes(commit);
            assert_published(&root, &upstream, commit);
        }
    }
}

#[test]
fn without_a_period_only_the_signal_counts() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let first = upstream.head();
    let setup = following(&server.url(), &root).flag("--period=off");
    let mut daemon = setup.flag("--sync-on-signal=SIGHUP").start();
    root.eventually_publishes(&first);
    eventually("the first attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));
    let second = upstream.commit("a", "1");
    assert_eq!(root.status().unwrap()["next_attempt_at"], serde_json::Value::Null);
    assert_eq!(root.published(), Some(first));
    daemon.signal(Signal::HUP);
    root.eventually_publishes(&second);
    eventually("the second attempt has ended", SOON, || (ended(&daemon) == 2).then_some(()));
    assert_eq!(health(&daemon)["last_attempt"]["trigger"], "signal");
    assert_eq!(metric(&daemon, "gitsyncd_triggers_total{trigger=\"signal\"}"), 1);
    assert_eq!(metric(&daemon, "gitsyncd_triggers_total{trigger=\"period\"}"), 0);
}

#[test]
fn the_signal_cuts_the_rest_after_a_failure_short() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Refuse);
    let root = Root::new();
    let setup = following(&server.url_at(proxy.addr()), &root).flag("--init-period=1h");
    let mut daemon = setup.flag("--sync-on-signal=USR1").start();
    daemon.eventually_logs("attempt failed");
    proxy.heal();
    daemon.signal(Signal::USR1);
    root.eventually_publishes(&upstream.head());
}

/// Returns when every signal that was sent before was taken in.
fn signals_are_taken_in(daemon: &Daemon) {
    let status = format!("/proc/{}/status", daemon.pid());
    eventually("no signal is pending", SOON, || {
        let status = fs::read_to_string(&status).unwrap();
        let pending = |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let none = |name| pending(name).trim().bytes().all(|digit| digit == b'0');
        (none("ShdPnd:") && none("SigPnd:")).then_some(())
    });
    // One thread hears signals and answers HTTP, in turns.
    for _ in 0..2 {
        assert_eq!(daemon.get("/livez").unwrap().status, 200);
    }
}

#[test]
fn many_signals_during_an_attempt_make_one_more() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    let root = Root::new();
    let setup = following(&server.url_at(proxy.addr()), &root).flag("--period=off");
    let setup = setup.flag("--max-failures=-1").flag("--sync-on-signal=HUP");
    let mut daemon = setup.start();
    eventually("the first attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));

    // The second attempt hangs, on a new connection.
    proxy.break_with(Fault::Silent);
    proxy.cut();
    let connections = proxy.connections();
    daemon.signal(Signal::HUP);
    eventually("the second attempt hangs", SOON, || {
        (proxy.connections() > connections).then_some(())
    });
    for _ in 0..20 {
        daemon.signal(Signal::HUP);
        signals_are_taken_in(&daemon);
    }
    assert_eq!(ended(&daemon), 1, "no attempt begins while another runs");
    let before = server.requests().len();
    proxy.heal();
    proxy.cut();
    eventually("the third attempt has ended", SOON, || (ended(&daemon) == 3).then_some(()));
    let per_attempt = server.requests().len() - before;

    // The next one is the fourth: nothing was left over.
    daemon.signal(Signal::HUP);
    eventually("the fourth attempt has ended", SOON, || (ended(&daemon) == 4).then_some(()));
    after_nothing_more(&daemon);
    assert_eq!(metric(&daemon, "gitsyncd_triggers_total{trigger=\"signal\"}"), 3);
    assert_eq!(server.requests().len() - before, 2 * per_attempt);
}

/// Fails if the loop has something left to do.
#[track_caller]
fn after_nothing_more(daemon: &Daemon) {
    let number = ended(daemon);
    signals_are_taken_in(daemon);
    assert_eq!(ended(daemon), number);
}

#[test]
fn the_link_may_be_anywhere_and_is_always_relative() {
    let upstream = Upstream::new();
    let head = upstream.head();
    let elsewhere = tempfile::TempDir::new().unwrap();
    let outside = elsewhere.path().join("new/current");
    let root = Root::new();
    let inside = root.path().join("a/b/current");
    for (flag, place) in [("a/b/current", &inside), (outside.to_str().unwrap(), &outside)] {
        let url = upstream.repo();
        let setup = polling(url.to_str().unwrap(), &root).flag(format!("--link={flag}"));
        let daemon = setup.start();
        daemon.eventually_ready();
        let commit = upstream.commit("a", flag);
        eventually("the link names the commit", SOON, || {
            fs::read_link(place).is_ok_and(|link| link.ends_with(&commit)).then_some(())
        });
        let target = fs::read_link(place).unwrap();
        assert!(target.is_relative(), "{}", target.display());
        assert_eq!(fs::read(place.join("a")).unwrap(), flag.as_bytes());
        let objections =
            crate::support::oracle::objections(&root.path(), place, &upstream.repo(), &commit);
        assert!(objections.is_empty(), "{objections:#?}");
    }
    let plain = Root::new();
    let daemon = polling(upstream.repo().to_str().unwrap(), &plain).start();
    daemon.eventually_ready();
    let commit = upstream.head();
    assert_ne!(commit, head);
    let target = fs::read_link(plain.link()).unwrap();
    assert_eq!(target.to_str(), Some(format!(".worktrees/{commit}").as_str()));
    after_more_attempts(&daemon, 2);
    assert_eq!(fs::read_link(plain.link()).unwrap(), target);
}
