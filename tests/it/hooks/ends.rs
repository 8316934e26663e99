//! One-time runs, and the first process of a container.

use std::fs;

use crate::hooks::{Script, lives, telling, texts};
use crate::support::daemon::{ALONE, Root, Setup, alone, events};
use crate::support::process;
use crate::support::service::{Service, answer};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn one_time(upstream: &Upstream, root: &Root, hooks: &[(&str, &Script)]) -> Setup {
    hooks.iter().fold(telling(upstream, root), |setup, (flag, hook)| {
        setup.flag(format!("--{flag}={}", hook.command()))
    })
}

#[test]
fn a_one_time_run_succeeds_if_every_hook_does() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (before, after) = (Script::new("sleep 0.2"), Script::new("sleep 0.2"));
    let service = Service::start(|_| answer("200 OK", ""));
    let hooks = [("pre-publish-exechook-command", &before), ("exechook-command", &after)];
    let url = format!("--webhook-url={}", service.url("/"));
    one_time(&upstream, &root, &hooks).flag(url.as_str()).once().expect_code(0);
    assert_eq!((before.ran().len(), after.ran().len(), service.asked().len()), (1, 1, 1));
    one_time(&upstream, &root, &hooks).flag(url).once().expect_code(0);
    let runs = (before.ran().len(), after.ran().len(), service.asked().len());
    assert_eq!(runs, (1, 2, 2), "nothing is published, and others are told");
}

#[test]
fn a_one_time_run_fails_if_one_hook_does_and_tries_none_again() {
    let upstream = Upstream::new();
    for flag in ["pre-publish-exechook-command", "exechook-command"] {
        let (root, hook) = (Root::new(), Script::new("exit 1"));
        let run = one_time(&upstream, &root, &[(flag, &hook)]).once();
        run.expect_code(1);
        assert_eq!(hook.ran().len(), 1);
        assert_eq!(events(&run.log, "not every hook succeeded").len(), 1);
        assert_eq!(root.published(), Some(upstream.head()), "{flag}");
    }
    let (root, service) = (Root::new(), Service::start(|_| answer("500 No", "")));
    let url = format!("--webhook-url={}", service.url("/"));
    telling(&upstream, &root).flag(url).once().expect_code(1);
    assert_eq!((service.asked().len(), root.published()), (1, Some(upstream.head())));
}

#[test]
fn a_one_time_run_fails_if_the_commit_is_refused() {
    let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new("exit 1"));
    for _ in 0..2 {
        let run = one_time(&upstream, &root, &[("pre-publish-exechook-command", &hook)])
            .flag("--publish-gate")
            .once();
        run.expect_code(1);
        let told = events(&run.log, "giving up: the commit is refused, so nothing is published");
        assert_eq!(told.len(), 1, "{:?}", run.log);
    }
    assert_eq!((hook.ran().len(), root.published()), (1, None));
}

#[test]
fn what_a_hook_changes_in_a_one_time_run_is_left_alone_by_the_next() {
    let (upstream, root, hook) = (Upstream::new(), Root::new(), Script::new("echo more > a"));
    upstream.commit("a", "a");
    for _ in 0..2 {
        one_time(&upstream, &root, &[("exechook-command", &hook)]).once().expect_code(0);
        assert_eq!(fs::read_to_string(root.link().join("a")).unwrap(), "more\n");
    }
    let run = telling(&upstream, &root).once();
    assert_eq!(events(&run.log, "published").len(), 0);
    assert_eq!(fs::read_to_string(root.link().join("a")).unwrap(), "more\n");
}

#[test]
fn as_the_first_process_it_keeps_the_codes_of_its_hooks_and_collects_what_they_leave() {
    let test = "as_the_first_process_it_keeps_the_codes_of_its_hooks_and_collects_what_they_leave";
    if skip::unless_unshared(test, &ALONE) {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let hook = Script::new("(exit 0) &\nsleep 0.01 &\n[ $(wc -l < $D/ran) -gt 2 ] || exit 7");
    let daemon = alone()
        .variable("PATH", process::path())
        .flag(format!("--repo={}", upstream.repo().display()))
        .flag(format!("--root={}", root.path().display()))
        .flag("--log-format=json")
        .flag("--exechook-backoff=1s")
        .flag(format!("--exechook-command={}", hook.command()))
        .start();
    daemon.eventually_logs("a hook succeeded");
    let failures = texts(&daemon.log(), "a hook failed", "error");
    assert_eq!(failures, ["it ended with exit status 7", "it ended with exit status 7"]);
    let first = process::children(daemon.pid())[0];
    eventually("nothing is left", SOON, || process::children(first).is_empty().then_some(()));
    assert!(lives(&first.to_string()));
}
