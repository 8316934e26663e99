//! How several repositories live beside each other.

use rustix::process::Signal;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::fleet::{Entry, List, One, events_of, eventually_logs};
use crate::support::daemon::{Root, field};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn what_is_wrong_with_one_holds_no_other_up() {
    let [one, two] = [One::new(), One::new()];
    let [wrong, file] = [Root::new(), Root::new()];
    fs::write(file.path(), "no directory").unwrap();
    let list = List::new();
    let nothing = Entry::new("wrong", Path::new("/nowhere/at/all"), &wrong.path());
    let no_root = Entry::new("rootless", &two.upstream.repo(), &file.path());
    let entries = [one.entry("one"), nothing, no_root, two.entry("two")];
    let entries = entries.map(|entry| entry.with("max-failures: 1").with("init-period: 10ms"));
    let mut daemon = list.list(&entries).setup().spawn();
    one.eventually_published();
    two.eventually_published();
    for name in ["wrong", "rootless"] {
        eventually_logs(&daemon, name, "attempt failed", 3);
        assert!(events_of(&daemon, name, "giving up").is_empty());
    }
    one.follows("more");
    assert!(daemon.running());
}

#[test]
fn each_line_says_which_repository_it_is_about() {
    let [one, two] = [One::new(), One::new()];
    let list = List::new();
    let speaks =
        |one: &One, name| one.entry(name).with("exechook-command: [/bin/sh, -c, echo hello]");
    let setup = list.list(&[speaks(&one, "one"), speaks(&two, "two")]).setup();
    let daemon = setup.flag("-v=5").spawn();
    one.eventually_published();
    two.eventually_published();
    one.follows("more");
    let names: BTreeSet<_> = daemon
        .log()
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| field(line, "message").is_none_or(|text| text != "listening"))
        .map(|line| field(&line, "repo_name").map(ToString::to_string).ok_or(line))
        .filter_map(|named| named.map_err(|line| println!("unnamed: {line}")).ok())
        .collect();
    assert_eq!(names.into_iter().collect::<Vec<_>>(), ["\"one\"", "\"two\""]);
    for message in ["starting", "attempt ended", "an attempt was triggered", "output of a hook"] {
        for name in ["one", "two"] {
            eventually_logs(&daemon, name, message, 1);
        }
    }
    let unnamed = |message: &str| {
        daemon.events(message).iter().any(|event| field(event, "repo_name").is_none())
    };
    for message in
        ["starting", "attempt ended", "published", "another commit is shown", "output of a hook"]
    {
        assert!(!unnamed(message), "{message}");
    }
}

#[test]
fn the_signal_is_for_all() {
    let [one, two] = [One::new(), One::new()];
    let list = List::new();
    list.list(&[one.entry("one"), two.entry("two")]);
    let mut daemon = list.setup().flag("--sync-on-signal=SIGHUP").spawn();
    one.eventually_published();
    two.eventually_published();
    daemon.signal(Signal::HUP);
    for name in ["one", "two"] {
        eventually(name, SOON, || {
            let events = events_of(&daemon, name, "an attempt was triggered");
            events
                .iter()
                .any(|event| field(event, "by").is_some_and(|by| by == "signal"))
                .then_some(())
        });
    }
}

#[test]
fn after_a_crash_all_are_kept_as_before() {
    let ones: [One; 3] = std::array::from_fn(|_| One::new());
    let list = List::new();
    let entries = [("a", &ones[0]), ("b", &ones[1]), ("c", &ones[2])];
    list.list(&entries.map(|(name, one)| one.entry(name)));
    let daemon = list.setup().spawn();
    ones.iter().for_each(One::eventually_published);
    let commit = ones[1].upstream.commit("file", "in the middle");
    daemon.kill();
    let daemon = list.setup().spawn();
    ones[1].root.eventually_publishes(&commit);
    for (name, one) in entries {
        one.eventually_published();
        eventually_logs(&daemon, name, "found an intact tree published", 1);
    }
}

#[test]
fn fifty_stop_within_a_second() {
    let upstream = Upstream::new();
    let roots: Vec<_> = (0..50).map(|_| Root::new()).collect();
    let entry =
        |(n, root): (usize, &Root)| Entry::new(format!("r{n}"), &upstream.repo(), &root.path());
    let list = List::new();
    list.list(&roots.iter().enumerate().map(entry).collect::<Vec<_>>());
    for at_work in [true, false] {
        let mut daemon = list.setup().spawn();
        if at_work {
            roots[0].eventually_publishes(&upstream.head());
        } else {
            for root in &roots {
                root.eventually_publishes(&upstream.head());
            }
        }
        let begin = Instant::now();
        daemon.signal(Signal::TERM);
        let status = daemon.exit(SOON);
        let took = begin.elapsed();
        assert_eq!(status.code(), Some(0));
        assert!(took < Duration::from_secs(1), "it took {took:?}");
    }
    for root in &roots {
        assert_eq!(root.status().unwrap()["phase"], "stopped");
    }
}
