//! Failures in a row are counted, and end the program when there were too many.

use std::time::{Duration, Instant};

use crate::contract::{ended, metric};
use crate::support::daemon::{Root, events, following};
use crate::support::faults::{self, Fault};
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[test]
fn the_program_gives_up_at_the_right_count() {
    for (flags, count) in [
        (vec!["--max-failures=3"], 3),
        (vec!["--max-failures=1"], 1),
        (vec!["--max-failures=0"], 1),
        (vec!["--init-max-failures=2"], 2),
        (vec!["--max-failures=1", "--init-max-failures=4"], 4),
        (vec!["--max-failures=-1", "--init-max-failures=2"], 2),
        (vec![], 5),
    ] {
        let root = Root::new();
        let setup = following("/no/such/repository", &root).flag("--init-period=10ms");
        let setup = flags.iter().fold(setup, |setup, flag| setup.flag(*flag));
        let finished = setup.finish();
        finished.expect_code(1);
        let failed = events(&finished.log, "attempt failed");
        assert_eq!(failed.len(), count, "{flags:?}");
        assert_eq!(failed.last().unwrap()["failures"], count, "{flags:?}");
        assert_eq!(root.status().unwrap()["failures"], count);
        assert_eq!(events(&finished.log, "giving up").len(), 1);
    }
}

#[test]
fn a_negative_limit_is_no_limit() {
    let root = Root::new();
    let setup = following("/no/such/repository", &root).flag("--init-period=10ms");
    let mut daemon = setup.flag("--max-failures=-1").start();
    eventually("there are eight failures", SOON, || {
        (daemon.events("attempt failed").len() >= 8).then_some(())
    });
    assert!(daemon.running());
}

#[test]
fn a_success_begins_the_count_anew_and_the_other_limit() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let setup = following(&server.url(), &root).flag("--period=10ms").flag("--jitter=0");
    let setup = setup.flag("--init-period=10ms").flag("--init-max-failures=-1");
    server.answer(Answer::Broken);
    let mut daemon = setup.flag("--max-failures=6").start();
    let failures =
        |daemon: &crate::support::daemon::Daemon| metric(daemon, "gitsyncd_consecutive_failures");
    eventually("it fails", SOON, || (failures(&daemon) >= 2).then_some(()));
    server.heal();
    root.eventually_publishes(&upstream.head());
    eventually("the count is over", SOON, || (failures(&daemon) == 0).then_some(()));
    server.answer(Answer::Broken);
    assert_eq!(daemon.exit(SOON).code(), Some(1));
    let last = daemon.events("attempt failed").last().unwrap()["failures"].clone();
    assert_eq!(last, 6);
    assert_eq!(root.published(), Some(upstream.head()), "giving up takes nothing away");
}

#[test]
fn rests_grow_after_failures() {
    let root = Root::new();
    let setup = following("/no/such/repository", &root).flag("--init-period=40ms");
    let begin = Instant::now();
    setup.flag("--max-failures=5").finish().expect_code(1);
    // 40, 80, 160 and 320 ms, each up to a tenth shorter.
    assert!(begin.elapsed() >= Duration::from_millis(540), "{:?}", begin.elapsed());
}

#[test]
fn retry_after_is_honoured() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    server.answer(Answer::TooMany);
    let root = Root::new();
    let setup = following(&server.url(), &root).flag("--init-period=10ms");
    let daemon = setup.flag("--max-failures=-1").start();
    daemon.eventually_logs("attempt failed");
    let begin = Instant::now();
    server.heal();
    root.eventually_publishes(&upstream.head());
    let asked = Duration::from_secs(u64::from(crate::support::nginx::RETRY_AFTER));
    assert!(begin.elapsed() + Duration::from_secs(1) > asked, "{:?}", begin.elapsed());
    assert_eq!(daemon.events("attempt failed").len(), 1);
}

#[test]
fn the_time_limit_ends_a_stalled_fetch_and_the_next_attempt_works() {
    let upstream = Upstream::new();
    let noise: Vec<u8> =
        (0_u32..100_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let commit = upstream.commit("noise", noise);
    let (web, daemon) = (http::serve(&upstream), crate::support::git_daemon::serve(&upstream));
    let urls: [(_, &dyn Fn(_) -> String); 2] = [
        (web.addr(), &|addr| web.url_at(addr)),
        (daemon.addr(), &crate::support::git_daemon::url_at),
    ];
    for (addr, url_at) in urls {
        let mut proxy = faults::in_front_of(addr);
        proxy.break_with(Fault::StallAfter(50_000));
        let root = Root::new();
        let setup = following(&url_at(proxy.addr()), &root).flag("--sync-timeout=600ms");
        let daemon = setup.flag("--init-period=10ms").flag("--max-failures=-1").start();
        let begin = Instant::now();
        let failed = daemon.eventually_logs("attempt failed");
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        assert_eq!((&failed["class"], &failed["step"]), (&"timeout".into(), &"fetch".into()));
        assert!(failed["error"].as_str().unwrap().contains("sync-timeout"), "{failed}");
        assert_eq!(root.published(), None);
        proxy.heal();
        root.eventually_publishes(&commit);
        eventually("the attempt has ended", SOON, || (ended(&daemon) >= 2).then_some(()));
        crate::contract::assert_published(&root, &upstream, &commit);
    }
}

#[test]
fn the_time_limit_ends_a_silent_server_in_each_step() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let mut proxy = faults::in_front_of(server.addr());
    for fault in [Fault::Silent, Fault::StallAfter(10), Fault::StallAfter(450)] {
        proxy.break_with(fault);
        let root = Root::new();
        let setup = following(&server.url_at(proxy.addr()), &root).flag("--sync-timeout=300ms");
        let finished = setup.flag("--max-failures=1").once();
        finished.expect_code(1);
        let failed = events(&finished.log, "attempt failed");
        assert_eq!(failed[0]["class"], "timeout", "{fault:?} {failed:?}");
    }
}
