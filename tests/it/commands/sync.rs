//! `gitsyncd sync`: a running daemon is asked to look now, and its word is passed on.

use std::fs;
use tempfile::TempDir;

use crate::commands::{command, text};
use crate::contract::{assert_published, trying};
use crate::serving::{TOKEN, asked};
use crate::support::daemon::{Daemon, Finished, Root, Setup, bare};
use crate::support::http;
use crate::support::http::Answer;
use crate::support::service::Service;
use crate::support::upstream::Upstream;

/// Asks a daemon, with its token.
fn at(daemon: &Daemon, more: &[&str]) -> Setup {
    let setup = command(&["sync"]).flag(format!("--http-bind={}", daemon.address()));
    more.iter().fold(setup.flag(format!("--api-token={TOKEN}")), |setup, flag| setup.flag(*flag))
}

#[track_caller]
fn expect(finished: &Finished, code: i32, told: &[&str]) {
    finished.expect_code(code);
    let all = [text(finished), finished.log.join("\n")].concat();
    for told in told {
        assert!(all.contains(told), "no {told:?} in\n{all}");
    }
    assert!(!all.contains(TOKEN), "{all}");
}

#[test]
fn a_running_daemon_looks_now_and_the_end_is_told() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = asked(&server.url(), &root).start();
    daemon.eventually_ready();
    let unchanged = format!("nothing is new, {} is published", upstream.head());
    expect(&at(&daemon, &["--wait=30s"]).finish(), 0, &[&unchanged]);
    let second = upstream.commit("a", "1");
    let published = at(&daemon, &["--wait", "1m"]).finish();
    expect(&published, 0, &[&format!("{second} was published")]);
    assert_eq!((published.stdout.len(), published.log.len()), (1, 0), "{published:?}");
    assert_published(&root, &upstream, &second);
    // Without a wait it is over when it was heard.
    let third = upstream.commit("a", "2");
    expect(&at(&daemon, &[]).finish(), 0, &["was asked for an attempt"]);
    root.eventually_publishes(&third);
    server.answer(Answer::Unauthorized);
    let failed = at(&daemon, &["--wait=30s"]).finish();
    let told = ["FAILED at resolve (auth): authentication failed", "\n  to check: "];
    expect(&failed, 1, &told);
    assert_eq!(failed.stdout.len(), 2, "{failed:?}");
    server.heal();
    expect(&at(&daemon, &["--wait=30s"]).finish(), 0, &["nothing is new"]);
}

#[test]
fn what_is_refused_is_told_with_its_reason() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let gate = r#"--pre-publish-exechook-command=["/bin/sh", "-c", "[ ! -e bad ]"]"#;
    let url = upstream.repo().display().to_string();
    let setup = asked(&url, &root).flag("--publish-gate").flag(gate);
    let daemon = setup.start();
    daemon.eventually_ready();
    upstream.commit("bad", "");
    let told = ["REFUSED at gate (gate): ", "does not agree to commit", "to check: "];
    expect(&at(&daemon, &["--wait=30s"]).finish(), 1, &told);
}

#[test]
fn an_end_that_does_not_come_in_time_is_not_waited_for() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let mut proxy = crate::support::faults::in_front_of(server.addr());
    let daemon = asked(&server.url_at(proxy.addr()), &root).start();
    daemon.eventually_ready();
    proxy.hush();
    proxy.break_with(crate::support::faults::Fault::Silent);
    let told = ["was not over after 1s, and goes on"];
    expect(&at(&daemon, &["--wait=1s"]).finish(), 1, &told);
    proxy.heal();
}

#[test]
fn who_is_not_heard_learns_what_to_check() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let url = upstream.repo().display().to_string();
    let daemon = asked(&url, &root).start();
    daemon.eventually_ready();
    let bind = format!("--http-bind={}", daemon.address());
    let bare = || command(&["sync"]).flag(&bind);
    expect(&bare().finish(), 1, &["401", "check --api-token-file or --api-token"]);
    expect(&bare().flag("--api-token=wrong").finish(), 1, &["401", "--api-token-file"]);
    let missing = dir.path().join("token");
    let gone = bare().flag(format!("--api-token-file={}", missing.display())).finish();
    expect(&gone, 1, &[&missing.display().to_string()]);
    let own = Root::new();
    let open = crate::support::daemon::following(&url, &own).start();
    open.eventually_ready();
    let told = ["403", "start that gitsyncd with --api-token-file=FILE"];
    expect(&at(&open, &[]).finish(), 1, &told);
    // Nobody there, and no root to do it in.
    let nobody = format!("--http-bind={}", Service::not_yet().addr());
    let told = ["no gitsyncd can be asked: ", "check that it runs", "--http-bind"];
    expect(&command(&["sync"]).flag(nobody).finish(), 1, &told);
    let told = ["--http-bind: is needed", "--api-token-file=FILE"];
    expect(&command(&["sync"]).finish(), 2, &told);
    // One that has no API, or whose address was not given.
    let at_root = format!("--root={}", root.path().display());
    let told = ["another instance is using the root", "--http-bind=ADDRESS"];
    expect(&command(&["sync"]).flag(at_root).finish(), 1, &told);
    expect(&command(&["sync", "now"]).finish(), 2, &["nothing but flags can follow sync"]);
    expect(&command(&["sync", "--wait=soon"]).finish(), 2, &["--wait: is not a duration"]);
}

#[test]
fn a_root_that_nobody_uses_is_synced_once_as_it_was_before() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    trying(&url, &root).flag("--link=current").once().expect_code(0);
    let commit = upstream.commit("a", "1");
    let at_root = || command(&["sync"]).flag(format!("--root={}", root.path().display()));
    let told = format!("{commit} is published; no gitsyncd was using the root");
    expect(&at_root().finish(), 0, &[&told]);
    let link = fs::read_link(root.path().join("current")).unwrap();
    assert!(link.ends_with(&commit), "{link:?}");
    assert_eq!(root.status().unwrap()["pinned"], false);
    fs::rename(upstream.repo(), upstream.dir().join("elsewhere")).unwrap();
    expect(&at_root().finish(), 1, &["error: repository not found"]);
}

#[test]
fn of_several_each_is_asked_or_the_one_that_is_named() {
    let (one, two, dir) = (Upstream::new(), Upstream::new(), TempDir::new().unwrap());
    let file = dir.path().join("f.yaml");
    let (at_one, at_two) = (http::serve(&one), http::serve(&two));
    let entry = |name: &str, url: String| format!("- {{name: {name}, repo: '{url}'}}\n");
    let head = format!("period: off\napi-token: {TOKEN}\nmax-failures: -1\nlog-format: json\n");
    let list = entry("one", at_one.url()) + &entry("two", at_two.url());
    fs::write(&file, format!("{head}repositories:\n{list}")).unwrap();
    let common = |setup: Setup| {
        setup
            .flag(format!("--config={}", file.display()))
            .flag(format!("--root={}", dir.path().join("roots").display()))
    };
    let daemon = common(bare()).flag("--http-bind=127.0.0.1:0").start();
    daemon.eventually_ready();
    let bind = format!("--http-bind={}", daemon.address());
    let sync = |flags: &[&str]| {
        let setup = common(command(&["sync"])).flag(&bind);
        flags.iter().fold(setup, |setup, flag| setup.flag(*flag)).finish()
    };
    let (first, second) = (one.commit("a", "1"), two.commit("b", "1"));
    let all = sync(&["--wait=30s"]);
    expect(&all, 0, &[&format!("one: {first} was published")]);
    expect(&all, 0, &[&format!("two: {second} was published")]);
    let third = two.commit("a", "2");
    let named = sync(&["--wait=30s", "--name=two"]);
    expect(&named, 0, &[&format!("{third} was published")]);
    assert!(!text(&named).contains("one"), "{named:?}");
    expect(&sync(&["--name=three"]), 2, &["there is no such repository"]);
    at_one.answer(Answer::Missing);
    let told = ["one: FAILED at resolve (not_found)", &format!("two: nothing is new, {third}")];
    expect(&sync(&["--wait=30s"]), 1, &told);
    drop(daemon);
    expect(&sync(&["--wait=30s"]), 1, &["no gitsyncd can be asked", "say which by --name"]);
}
