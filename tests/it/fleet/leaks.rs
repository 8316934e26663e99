//! What comes and goes a thousand times leaves nothing behind in the process.

use std::fs;

use crate::fleet::{Entry, List};
use crate::support::daemon::{Daemon, Root};
use crate::support::skip;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// How many come and go at once.
const AT_ONCE: usize = 20;

/// What a process has.
#[derive(Debug)]
struct Held {
    threads: usize,
    descriptors: usize,
    kilobytes: usize,
}

impl Held {
    fn by(daemon: &Daemon) -> Self {
        let proc = format!("/proc/{}", daemon.pid());
        let status = fs::read_to_string(format!("{proc}/status")).unwrap();
        let number = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
        };
        Self {
            threads: number("Threads"),
            descriptors: fs::read_dir(format!("{proc}/fd")).unwrap().count(),
            kilobytes: number("VmRSS"),
        }
    }
}

/// Adds and removes so many repositories, beside one that stays.
#[track_caller]
fn come_and_go(times: usize) {
    let upstream = Upstream::new();
    let (head, stays) = (upstream.head(), Root::new());
    let entry = |name: String, root: &Root| Entry::new(name, &upstream.repo(), &root.path());
    let stays_entry = entry("stays".to_owned(), &stays);
    let list = List::new();
    let daemon = list.list(std::slice::from_ref(&stays_entry)).setup().spawn();
    stays.eventually_publishes(&head);
    let mut first = None;
    for round in 0..times.div_ceil(AT_ONCE) {
        let roots: Vec<_> = (0..AT_ONCE).map(|_| Root::new()).collect();
        let numbered = roots.iter().enumerate();
        let entries = numbered.map(|(n, root)| entry(format!("r{round}-{n}"), root));
        let all: Vec<_> = std::iter::once(stays_entry.clone()).chain(entries).collect();
        list.list(&all);
        for root in &roots {
            root.eventually_publishes(&head);
        }
        list.list(std::slice::from_ref(&stays_entry));
        for root in &roots {
            eventually("it is kept no more", SOON, || {
                (root.status()?["phase"] == "stopped").then_some(())
            });
        }
        // What is made once for all is there by then.
        if round == 1 {
            first = Some(Held::by(&daemon));
        }
    }
    let first = first.unwrap();
    let after = eventually("threads that have nothing to do end", SOON, || {
        let now = Held::by(&daemon);
        let few = now.threads <= first.threads && now.descriptors <= first.descriptors + 4;
        if !few {
            crate::support::wait::pause(std::time::Duration::from_millis(200));
        }
        few.then_some(now)
    });
    println!("{first:?} became {after:?}");
    let grown = after.kilobytes.saturating_sub(first.kilobytes);
    assert!(grown < 10_000, "memory grew by {grown} kB: {first:?} became {after:?}");
    assert!(daemon.events("attempt failed").is_empty());
}

#[test]
fn repositories_that_come_and_go_leave_nothing_behind() {
    come_and_go(100);
}

#[test]
fn long_a_thousand_repositories_that_come_and_go_leave_nothing_behind() {
    if skip::unless_long("long_a_thousand_repositories_that_come_and_go_leave_nothing_behind") {
        return;
    }
    come_and_go(1000);
}
