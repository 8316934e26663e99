//! As the first process of a container it obeys signals and collects orphans.

use rustix::process::{Pid, Signal, kill_process};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::daemon::{ALONE, Daemon, Root, alone};
use crate::support::git::attempt;
use crate::support::process::{children, program};
use crate::support::skip;
use crate::support::told;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Starts the program as process 1, and gives its id as it is seen from here.
fn start(upstream: &Upstream, root: &Root) -> (Daemon, Pid) {
    let daemon = alone()
        .flag(format!("--repo={}", upstream.repo().display()))
        .flag(format!("--root={}", root.path().display()))
        .flag("--log-format=json")
        .flag("--period=50ms")
        .flag("--sync-on-signal=SIGUSR2")
        .start();
    root.eventually_publishes(&upstream.head());
    let first = children(daemon.pid())[0];
    (daemon, Pid::from_raw(first).unwrap())
}

#[test]
fn it_stops_within_a_second() {
    if skip::unless_unshared("it_stops_within_a_second", &ALONE) {
        return;
    }
    let upstream = Upstream::new();
    for signal in [Signal::TERM, Signal::INT] {
        let root = Root::new();
        let (mut daemon, first) = start(&upstream, &root);
        let begin = Instant::now();
        kill_process(first, signal).unwrap();
        assert_eq!(daemon.exit(SOON).code(), Some(0));
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    }
}

#[test]
fn it_syncs_on_a_signal() {
    if skip::unless_unshared("it_syncs_on_a_signal", &ALONE) {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let (daemon, first) = start(&upstream, &root);
    let by_signal = "gitsyncd_triggers_total{trigger=\"signal\"}";
    for count in 1..4 {
        kill_process(first, Signal::USR2).unwrap();
        eventually("the signal has started a sync", SOON, || {
            (told::metric(&daemon, by_signal) == Some(count)).then_some(())
        });
    }
}

#[test]
fn it_collects_orphans() {
    if skip::unless_unshared("it_collects_orphans", &ALONE) {
        return;
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let (_daemon, first) = start(&upstream, &root);
    let first = first.as_raw_nonzero().get();
    let target = format!("--target={first}");
    let inside = |script: &str| {
        let mut enter = Command::new(program("nsenter"));
        attempt(enter.args([&target, "--pid", "sh", "-c", script])).unwrap()
    };
    // The shell ends at once, so its child becomes one of the first process.
    inside("sleep 1000 >/dev/null 2>&1 & true");
    let orphan =
        eventually("the first process has an orphan", SOON, || children(first).first().copied());
    kill_process(Pid::from_raw(orphan).unwrap(), Signal::KILL).unwrap();
    eventually("the orphan is collected", SOON, || children(first).is_empty().then_some(()));
}
