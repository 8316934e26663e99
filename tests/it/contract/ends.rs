//! A one-time run ends with a code that says whether the commit was published.

use rustix::process::Signal;
use std::fs;

use crate::contract::{assert_published, trying};
use crate::support::daemon::{Finished, Root, events, following};
use crate::support::faults::{self, Fault};
use crate::support::git_daemon;
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Fails unless the run ended with 1 because of an error of this class.
#[track_caller]
fn expect_failure(finished: &Finished, class: &str) -> String {
    finished.expect_code(1);
    let failed = events(&finished.log, "attempt failed");
    assert_eq!(failed[0]["class"], class, "{failed:?}");
    failed[0]["error"].as_str().unwrap().to_owned()
}

#[test]
fn zero_if_it_is_published_already() {
    let (upstream, root) = (Upstream::new(), Root::new());
    for _ in 0..2 {
        trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
    }
    assert_eq!(root.status().unwrap()["last_attempt"]["outcome"], "unchanged");
}

#[test]
fn zero_after_failures_that_passed() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Refuse);
    let setup = following(&server.url_at(proxy.addr()), &root).flag("--one-time");
    let setup = setup.flag("--init-period=10ms").flag("--max-failures=-1");
    let mut run = setup.spawn();
    eventually("it fails", SOON, || (run.events("attempt failed").len() > 1).then_some(()));
    proxy.heal();
    assert_eq!(run.exit(SOON).code(), Some(0));
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn one_with_the_class_of_the_error() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    for (answer, class, phrase) in [
        (Answer::Unauthorized, "auth", "authentication failed"),
        (Answer::Forbidden, "auth", "authentication failed"),
        (Answer::Missing, "not_found", "repository not found"),
        (Answer::TooMany, "network", "unable to access"),
        (Answer::Broken, "network", "unable to access"),
        (Answer::Unavailable, "network", "unable to access"),
    ] {
        server.answer(answer);
        let words = expect_failure(&trying(&server.url(), &root).once(), class);
        assert!(words.contains(phrase) && words.contains(&server.url()), "{words}");
    }
    server.heal();
    let url = server.url();
    let missing = url.replace("repo.git", "no.git");
    expect_failure(&trying(&missing, &root).once(), "not_found");
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Refuse);
    let words = expect_failure(&trying(&server.url_at(proxy.addr()), &root).once(), "network");
    assert!(words.contains("unable to access"), "{words}");
    expect_failure(&trying("/no/such/repository", &root).once(), "not_found");
    expect_failure(&trying("file:///proc/self", &root).once(), "not_found");
    assert_eq!(root.published(), None);
}

#[test]
fn one_if_git_daemon_has_no_such_repository() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = git_daemon::serve(&upstream);
    let missing = server.url().replace("repo.git", "no.git");
    expect_failure(&trying(&missing, &root).once(), "not_found");
}

#[test]
fn one_if_the_link_cannot_be_made() {
    let (upstream, root) = (Upstream::new(), Root::new());
    fs::create_dir_all(root.link().join("kept")).unwrap();
    let words = expect_failure(&trying(upstream.repo().to_str().unwrap(), &root).once(), "config");
    assert!(words.contains("is not a symlink"), "{words}");
    assert!(root.link().join("kept").is_dir());
}

#[test]
fn one_in_the_checkout_of_somebody_who_works_there() {
    let (upstream, other) = (Upstream::new(), Upstream::new());
    let root = Root::new();
    fs::rename(other.work(), root.path()).unwrap();
    let before = crate::support::snapshot::Snapshot::whole(&root.path());
    let words = expect_failure(&trying(upstream.repo().to_str().unwrap(), &root).once(), "config");
    assert!(words.contains("did not make"), "{words}");
    let after = crate::support::snapshot::Snapshot::whole(&root.path());
    let strangers = after.strangers(&before);
    assert!(strangers.iter().all(|text| text.contains(".git-sync")), "{strangers:?}");
}

#[test]
fn one_if_it_was_stopped_before_it_could_publish() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    proxy.break_with(Fault::Silent);
    for signal in [Signal::TERM, Signal::INT] {
        let before = proxy.connections();
        let mut run = following(&server.url_at(proxy.addr()), &root).flag("--one-time").spawn();
        eventually("it hangs", SOON, || (proxy.connections() > before).then_some(()));
        run.signal(signal);
        assert_eq!(run.exit(SOON).code(), Some(1), "nothing was published");
        assert_eq!(root.published(), None);
    }
}

#[test]
fn it_leaves_no_daemon_behind_and_no_lock() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let finished = trying(upstream.repo().to_str().unwrap(), &root).flag("--http-bind=127.0.0.1:0");
    finished.once().expect_code(0);
    let next = upstream.commit("a", "1");
    trying(upstream.repo().to_str().unwrap(), &root).once().expect_code(0);
    assert_published(&root, &upstream, &next);
    assert_eq!(root.status().unwrap()["phase"], "stopped");
}

#[test]
fn an_answer_that_is_cut_short_is_no_empty_repository() {
    let upstream = Upstream::new();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let old = http::over(&upstream).old_protocol().start();
    let urls: [(_, &dyn Fn(_) -> String); 3] = [
        (web.addr(), &|addr| web.url_at(addr)),
        (old.addr(), &|addr| old.url_at(addr)),
        (daemon.addr(), &git_daemon::url_at),
    ];
    for (addr, url_at) in urls {
        let mut proxy = faults::in_front_of(addr);
        for count in [1, 15, 17, 40, 90, 150, 200, 230, 300, 330, 350, 400, 500] {
            proxy.break_with(Fault::CloseAfter(count));
            let root = Root::new();
            let finished = trying(&url_at(proxy.addr()), &root).once();
            if root.published().is_some() {
                // Everything that was needed had come.
                finished.expect_code(0);
                assert_published(&root, &upstream, &upstream.head());
                continue;
            }
            finished.expect_code(1);
            let failed = events(&finished.log, "attempt failed");
            let class = failed[0]["class"].as_str().unwrap();
            assert!(["network", "protocol"].contains(&class), "{count} {failed:?}");
            assert!(!failed[0]["error"].as_str().unwrap().contains("empty"), "{failed:?}");
        }
    }
}
