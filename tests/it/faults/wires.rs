//! Wires that break in every known way, before the first publication and before the next.

use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};

use crate::faults::course::eventually_fails;
use crate::faults::scene::{Scene, Way, noise};
use crate::support::daemon::Daemon;
use crate::support::faults::Fault;
use crate::support::observer;
use crate::support::told::failures;
use crate::support::wait::{SOON, eventually};

/// What a failure may be called that comes from a wire like this.
fn classes(fault: Fault) -> &'static [&'static str] {
    match fault {
        Fault::Silent | Fault::StallAfter(_) => &["timeout"],
        // It may strike words of HTTP, of TLS or of Git.
        Fault::FlipByteAfter(_) => &["network", "tls", "protocol"],
        Fault::Refuse
        | Fault::ResetAfter(_)
        | Fault::CloseAfter(_)
        | Fault::Drip
        | Fault::Latency(_) => &["network"],
    }
}

/// Waits for what a wire like this must lead to, unless it may lead to nothing bad.
#[track_caller]
fn suffer(daemon: &Daemon, seen: usize, fault: Fault) {
    if !fault.only_slow() && !matches!(fault, Fault::FlipByteAfter(_)) {
        let failure = eventually_fails(daemon, seen, classes(fault));
        assert!(failure.error.contains("unable to access '"), "{failure:?}");
    }
}

/// Breaks the wire before the first publication and before the second one.
fn survive(fault: Fault) {
    for way in Way::ALL {
        println!("{fault:?} {way:?}");
        let mut scene = Scene::new(way);
        // A wrong byte may announce more than there is, so it also ends at the deadline.
        let timeout = if fault.only_slow() { "--sync-timeout=15s" } else { "--sync-timeout=1s" };
        scene.break_with(fault);
        let daemon = scene.patient().flag(timeout).start();
        suffer(&daemon, 0, fault);
        if !fault.only_slow() {
            if !matches!(fault, Fault::FlipByteAfter(_)) {
                assert_eq!(scene.root.published(), None);
                assert!(!daemon.ready());
            }
            scene.heal();
        }
        scene.root.eventually_publishes(&scene.upstream.head());
        scene.assert_published();

        let observer = observer::watch(&scene.root.link());
        observer.has_looked();
        let old = scene.upstream.head();
        scene.break_with(fault);
        let seen = failures(&daemon.log()).len();
        let new = scene.upstream.change().file("f/000/000003.txt", "new\n").commit();
        suffer(&daemon, seen, fault);
        if !fault.only_slow() {
            if !matches!(fault, Fault::FlipByteAfter(_)) {
                assert_eq!(scene.root.published(), Some(old));
                assert!(daemon.ready());
            }
            scene.heal();
        }
        scene.root.eventually_publishes(&new);
        observer.has_looked();
        observer.stop().assert_flawless(&scene.upstream.repo());
        scene.assert_published();
    }
}

#[test]
fn a_port_where_nobody_listens_is_survived() {
    survive(Fault::Refuse);
}

#[test]
fn a_server_that_says_nothing_is_survived() {
    survive(Fault::Silent);
}

#[test]
fn a_server_that_stalls_in_its_first_answer_is_survived() {
    survive(Fault::StallAfter(100));
}

#[test]
fn a_reset_in_the_first_answer_is_survived() {
    survive(Fault::ResetAfter(100));
}

#[test]
fn an_end_in_the_first_answer_is_survived() {
    survive(Fault::CloseAfter(100));
}

#[test]
fn an_end_before_the_first_byte_is_survived() {
    survive(Fault::CloseAfter(0));
}

#[test]
fn a_wrong_byte_in_the_first_answer_is_survived() {
    survive(Fault::FlipByteAfter(100));
}

#[test]
fn a_wire_that_drips_only_takes_longer() {
    survive(Fault::Drip);
}

#[test]
fn a_long_wire_only_takes_longer() {
    survive(Fault::Latency(Duration::from_millis(20)));
}

/// Breaks the wire in the middle of packs, one after the other, and gives what that was called.
fn break_packs(way: Way, faults: &[Fault]) -> Vec<String> {
    let mut scene = Scene::new(way);
    let daemon = scene.patient().flag("--sync-timeout=15s").start();
    scene.root.eventually_publishes(&scene.upstream.head());
    let observer = observer::watch(&scene.root.link());
    observer.has_looked();
    let mut found = Vec::new();
    for (seed, fault) in (0..).zip(faults) {
        println!("{fault:?} {way:?}");
        let old = scene.upstream.head();
        scene.break_with(*fault);
        let seen = failures(&daemon.log()).len();
        let new = scene.upstream.commit("noise", noise(seed, 150_000));
        // An attempt whose connection was cut before the commit fails at another step.
        let failure = eventually("a fetch fails", SOON, || {
            let mut new = failures(&daemon.log()).into_iter().skip(seen);
            new.find(|failure| failure.step == "fetch")
        });
        found.push(failure.class);
        assert_eq!(scene.root.published(), Some(old));
        scene.heal();
        scene.root.eventually_publishes(&new);
        scene.assert_published();
    }
    observer.has_looked();
    observer.stop().assert_flawless(&scene.upstream.repo());
    let packs = fs::read_dir(scene.root.path().join(".git/objects/pack")).unwrap();
    assert_eq!(packs.count(), 2 * (faults.len() + 1), "a broken pack left something behind");
    found
}

#[test]
fn a_pack_with_a_wrong_byte_is_never_taken() {
    let flips = [2_500, 20_011, 70_000, 149_000].map(Fault::FlipByteAfter);
    for way in Way::PLAIN {
        let classes = break_packs(way, &flips);
        assert!(classes.iter().all(|class| class == "protocol"), "{classes:?}");
    }
    let classes = break_packs(Way::Https, &flips[1..2]);
    assert!(classes.iter().all(|class| class == "network"), "{classes:?}");
}

#[test]
fn a_pack_that_ends_in_the_middle_is_never_taken() {
    let ends = [Fault::CloseAfter(20_000), Fault::ResetAfter(70_000), Fault::CloseAfter(149_000)];
    for way in Way::ALL {
        let classes = break_packs(way, &ends);
        assert!(classes.iter().all(|class| class == "network"), "{classes:?}");
    }
}

#[test]
fn a_stalled_pack_ends_the_attempt_at_its_deadline() {
    for way in Way::ALL {
        let mut scene = Scene::new(way);
        let daemon = scene.patient().flag("--sync-timeout=1s").start();
        scene.root.eventually_publishes(&scene.upstream.head());
        // A machine that is busy may not even have made the first tree within a second.
        let before = daemon.events("attempt failed").len();
        scene.break_with(Fault::StallAfter(70_000));
        let new = scene.upstream.commit("noise", noise(1, 150_000));
        let failure = eventually_fails(&daemon, before, &["timeout"]);
        failure.expect("timeout", "sync-timeout");
        assert_eq!(failure.step, "fetch");
        let attempt = eventually("the status tells of it", SOON, || {
            let attempt = scene.root.status()?["last_attempt"].clone();
            (attempt["error"]["class"] == "timeout").then_some(attempt)
        });
        let took = attempt["duration_ms"].as_u64().unwrap();
        assert!((1000..3000).contains(&took), "{attempt}");
        scene.heal();
        scene.root.eventually_publishes(&new);
        scene.assert_published();
    }
}

#[test]
fn a_stalled_pack_does_not_keep_the_program_from_stopping() {
    for way in Way::ALL {
        let mut scene = Scene::new(way);
        scene.upstream.commit("noise", noise(1, 150_000));
        scene.break_with(Fault::StallAfter(70_000));
        let mut daemon = scene.patient().flag("--sync-timeout=60s").start();
        let packs = scene.root.path().join(".git/objects/pack");
        eventually("the pack begins to come", SOON, || {
            let mut begun = fs::read_dir(&packs).ok()?;
            begun.next().is_some().then_some(())
        });
        let told = Instant::now();
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.exit(SOON).code(), Some(0));
        assert!(told.elapsed() < Duration::from_secs(3), "{:?}", told.elapsed());
        assert_eq!(scene.root.published(), None);
        drop(daemon);
        scene.heal();
        scene.patient().once().expect_code(0);
        scene.assert_published();
    }
}

#[test]
fn an_answer_cut_within_its_headers_is_a_broken_connection() {
    for bytes in [5, 17, 60] {
        let mut scene = Scene::new(Way::Http);
        scene.break_with(Fault::CloseAfter(bytes));
        let daemon = scene.patient().start();
        let failure = eventually_fails(&daemon, 0, &["network"]);
        failure.expect("network", "unable to access 'http://");
        scene.heal();
        scene.root.eventually_publishes(&scene.upstream.head());
    }
}
