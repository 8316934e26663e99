//! Orders when things go wrong: a source that is down or hangs, a crash, another instance, drift.

use serde_json::{Value, json};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::contract::{after_more_attempts, assert_published};
use crate::serving::client::eventually_shows;
use crate::serving::pins::{publish, rolls_back};
use crate::serving::{asked, order, ordered, read, whats};
use crate::support::daemon::{Root, following};
use crate::support::faults::{self, Fault};
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn unpinning_catches_up_where_only_a_fallback_serves() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let (main, fallback) = (http::serve(&upstream), http::serve(&upstream));
    let setup = ordered(&main.url(), &root);
    let daemon = setup.flag(format!("--fallback-repo={}", fallback.url())).start();
    let first = upstream.head();
    eventually_shows(&daemon, &first);
    let commits = publish(&upstream, &daemon, 3);
    rolls_back(&daemon, &commits[0], "published");
    main.answer(Answer::Unavailable);
    let (code, said) = order(&daemon, "DELETE", "pin", &Value::Null);
    assert_eq!((code, &said["commit"]), (200, &json!(commits[2])), "{said}");
    assert_published(&root, &upstream, &commits[2]);
}

#[test]
fn what_cannot_be_rolled_back_to_does_not_end_the_program_while_the_source_is_down() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = asked(&server.url(), &root).start();
    eventually_shows(&daemon, &upstream.head());
    server.answer(Answer::Unavailable);
    for _ in 0..12 {
        let (code, said) = order(&daemon, "POST", "rollback", &json!({ "to": "1".repeat(40) }));
        assert_eq!(code, 502, "{said}");
    }
    let status = read(&daemon, "status");
    assert_eq!((&status["failures"], &status["last_attempt"]["number"]), (&json!(0), &json!(1)));
    assert_eq!(daemon.get("/healthz").unwrap().status, 200);
    assert_eq!(whats(&daemon)[0], "failed", "it is in the history");
}

#[test]
fn a_rollback_does_not_wait_for_a_source_that_hangs() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    let daemon = ordered(&server.url_at(proxy.addr()), &root).flag("--sync-timeout=2m").start();
    eventually_shows(&daemon, &upstream.head());
    let commits = publish(&upstream, &daemon, 2);
    proxy.break_with(Fault::Silent);
    proxy.cut();
    let before = proxy.connections();
    eventually("it hangs", SOON, || (proxy.connections() > before).then_some(()));
    let begun = Instant::now();
    rolls_back(&daemon, "previous", "published");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert_published(&root, &upstream, &commits[0]);
    assert_eq!(read(&daemon, "status")["failures"], 0, "it was cut off, and did not fail");
}

#[test]
fn what_was_published_before_is_known_after_a_repair_and_after_a_crash() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let daemon = ordered(&server.url(), &root).start();
    eventually_shows(&daemon, &upstream.head());
    let commits = publish(&upstream, &daemon, 2);
    fs::write(root.link().join("a"), "somebody wrote here\n").unwrap();
    eventually("it is repaired", SOON, || (whats(&daemon).len() == 4).then_some(()));
    let previous = |daemon: &_| read(daemon, "status")["previous"].clone();
    assert_eq!(previous(&daemon), commits[0]);
    after_more_attempts(&daemon, 1);
    daemon.kill();

    let daemon = ordered(&server.url(), &root).start();
    after_more_attempts(&daemon, 1);
    assert_eq!(previous(&daemon), commits[0]);
    // As if it had been killed between the link and its record.
    let history = root.path().join(".git/gitsyncd/history.json");
    let recorded = fs::read(&history).unwrap();
    let newest = publish(&upstream, &daemon, 1).remove(0);
    after_more_attempts(&daemon, 1);
    daemon.kill();
    fs::write(&history, recorded).unwrap();
    let daemon = ordered(&server.url(), &root).start();
    after_more_attempts(&daemon, 1);
    assert_eq!(previous(&daemon), commits[1]);
    let entry = &read(&daemon, "history")["entries"][0];
    assert_eq!((&entry["what"], &entry["commit"]["id"]), (&json!("published"), &json!(newest)));
    rolls_back(&daemon, "previous", "published");
    assert_published(&root, &upstream, &commits[1]);
}

#[test]
fn an_instance_that_waits_for_the_root_tells_and_keeps_what_the_first_one_pinned() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let first = ordered(&server.url(), &root).start();
    eventually_shows(&first, &upstream.head());
    let commits = publish(&upstream, &first, 2);
    rolls_back(&first, &commits[0], "published");
    let second = ordered(&server.url(), &root).flag("--sync-timeout=30s").start();
    eventually("it has seen the tree", SOON, || {
        (read(&second, "status")["commit"]["id"] == commits[0]).then_some(())
    });
    assert_eq!(read(&second, "status")["pinned"], true);
    // The first publishes something else meanwhile, and goes.
    rolls_back(&first, &commits[1], "published");
    after_more_attempts(&first, 1);
    let waiting = thread::scope(|scope| {
        let pin = scope.spawn(|| order(&second, "POST", "pin?wait=20s", &Value::Null));
        eventually("the order is taken", SOON, || {
            second.log().iter().any(|line| line.contains("\"event\":\"pin\"")).then_some(())
        });
        drop(first);
        pin.join().unwrap()
    });
    assert_eq!((waiting.0, &waiting.1["attempt"]["outcome"]), (200, &json!("unchanged")));
    assert_published(&root, &upstream, &commits[1]);
    assert!(!whats(&second).contains(&"unpinned".to_owned()), "{:?}", whats(&second));
}

#[test]
fn a_commit_with_an_endless_subject_does_no_harm() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let subject = "ä".repeat(200_000);
    let message = upstream.dir().join("message");
    fs::write(&message, format!("{subject}\n")).unwrap();
    fs::write(upstream.work().join("a"), "1").unwrap();
    let git = |args: &[&str]| {
        let status = upstream.git().args(args).status().unwrap();
        assert!(status.success(), "{args:?}");
    };
    git(&["add", "a"]);
    git(&["commit", "-q", "-F", message.to_str().unwrap()]);
    git(&["push", "-q", "origin", "HEAD"]);
    let daemon = following(&server.url(), &root).start();
    eventually_shows(&daemon, &upstream.head());
    let told = read(&daemon, "status")["commit"]["subject"].as_str().unwrap().to_owned();
    assert!(told.chars().count() == 257 && told.ends_with("ä…"), "{}", told.len());
}
