//! It stops within a second, whatever it is doing, and leaves nothing that must be repaired.

use rustix::process::Signal;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::contract::{assert_published, polling, trying};
use crate::support::daemon::{Daemon, Root, following};
use crate::support::faults::{self, Fault};
use crate::support::git::{git, run};
use crate::support::process::Group;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::support::{git_daemon, http};

const SIGNALS: [Signal; 2] = [Signal::TERM, Signal::INT];

/// Fails unless it ends well within a second of the signal.
#[track_caller]
fn stops_at_once(mut daemon: Daemon, signal: Signal) {
    let begin = Instant::now();
    daemon.signal(signal);
    let status = daemon.exit(SOON);
    let took = begin.elapsed();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    let aborted = daemon.events("tasks did not end in time and are aborted");
    assert!(aborted.is_empty(), "{aborted:?}");
}

/// Every file below a directory.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Fails if the next start would have to repair something, or to remove more than a private
/// directory.
#[track_caller]
fn assert_orderly(root: &Root) {
    let repository = root.path().join(".git");
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    let left: Vec<_> = files(&repository)
        .into_iter()
        .filter(|path| !path.starts_with(repository.join("gitsyncd")))
        .filter(|path| {
            let name = name(path);
            let starts = [".tmp", "tmp_"].iter().any(|start| name.starts_with(start));
            let ends = [".lock", ".keep", ".gitsyncd-new"].iter().any(|end| name.ends_with(end));
            starts || ends
        })
        .collect();
    assert!(left.is_empty(), "{left:?} were left");
    if !root.path().exists() {
        // It was stopped before it had begun with that.
        return;
    }
    run(git(&root.path()).args(["fsck", "--connectivity-only", "--no-dangling"]));
    let link = fs::read_link(root.link());
    assert!(link.is_err() || root.link().join(".git").is_file());
}

#[test]
fn when_it_is_idle() {
    let upstream = Upstream::new();
    for signal in SIGNALS {
        let root = Root::new();
        let setup = following(upstream.repo().to_str().unwrap(), &root).flag("--period=1h");
        let daemon = setup.start();
        root.eventually_publishes(&upstream.head());
        stops_at_once(daemon, signal);
        assert_orderly(&root);
        assert_eq!(root.published(), Some(upstream.head()));
        assert_eq!(root.status().unwrap()["phase"], "stopped");
    }
}

/// Whether the program itself decides what a signal does, and not the system.
fn catches(pid: i32, signal: Signal) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    let caught = u64::from_str_radix(caught.trim(), 16).unwrap();
    caught & (1 << (signal.as_raw() - 1)) != 0
}

#[test]
fn before_it_has_begun() {
    let (upstream, root) = (Upstream::new(), Root::new());
    for signal in SIGNALS {
        let daemon = following(upstream.repo().to_str().unwrap(), &root).spawn();
        eventually("it can be stopped", SOON, || catches(daemon.pid(), signal).then_some(()));
        stops_at_once(daemon, signal);
    }
}

#[test]
fn signals_are_caught_before_it_reads_what_it_is_asked() {
    // It is held up by telling what is wrong, as nobody reads that.
    let wrong = (0..2000).map(|n| format!("--there-is-no-flag-of-this-name-{n}"));
    let mut program = Command::new(env!("CARGO_BIN_EXE_gitsyncd"));
    let program = Group::start(program.args(wrong).env_clear().stderr(Stdio::piped()));
    let pid = program.pid().as_raw_nonzero().get();
    for signal in SIGNALS {
        eventually("it can be stopped", SOON, || catches(pid, signal).then_some(()));
    }
}

#[test]
fn when_it_polls_all_the_time() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for signal in SIGNALS {
        let root = Root::new();
        let daemon = polling(&server.url(), &root).flag("--period=10ms").start();
        root.eventually_publishes(&upstream.head());
        stops_at_once(daemon, signal);
        assert_orderly(&root);
    }
}

#[test]
fn between_failures() {
    let root = Root::new();
    let daemon = following("/no/such/repository", &root).flag("--init-period=1h").start();
    daemon.eventually_logs("attempt failed");
    stops_at_once(daemon, Signal::TERM);
}

#[test]
fn in_a_stalled_fetch() {
    let upstream = Upstream::new();
    let noise: Vec<u8> =
        (0_u32..100_000).flat_map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()).collect();
    let old = upstream.head();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let urls: [(_, &dyn Fn(_) -> String); 2] =
        [(web.addr(), &|addr| web.url_at(addr)), (daemon.addr(), &git_daemon::url_at)];
    let roots = urls.each_ref().map(|(addr, url_at)| {
        let root = Root::new();
        trying(&url_at(*addr), &root).once().expect_code(0);
        root
    });
    let new = upstream.commit("noise", noise);
    for ((addr, url_at), root) in urls.into_iter().zip(&roots) {
        for signal in SIGNALS {
            let mut proxy = faults::in_front_of(addr);
            proxy.break_with(Fault::StallAfter(100_000));
            let daemon = polling(&url_at(proxy.addr()), root).start();
            eventually("a pack is coming", SOON, || {
                let packs = files(&root.path().join(".git/objects/pack"));
                let hidden = |path: &PathBuf| {
                    let name = path.file_name().unwrap().to_string_lossy().into_owned();
                    name.starts_with('.')
                };
                packs.iter().any(hidden).then_some(())
            });
            stops_at_once(daemon, signal);
            assert_orderly(root);
            assert_published(root, &upstream, &old);
        }
        trying(&url_at(addr), root).once().expect_code(0);
        assert_published(root, &upstream, &new);
    }
}

#[test]
fn with_a_server_that_says_nothing() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    for signal in SIGNALS {
        let mut proxy = faults::in_front_of(server.addr());
        proxy.break_with(Fault::Silent);
        let root = Root::new();
        let daemon = polling(&server.url_at(proxy.addr()), &root).start();
        eventually("it hangs", SOON, || (proxy.connections() > 0).then_some(()));
        stops_at_once(daemon, signal);
        assert_orderly(&root);
    }
}

#[test]
fn in_the_middle_of_a_checkout() {
    let upstream = Upstream::new();
    let old = upstream.head();
    let url = upstream.repo().display().to_string();
    let root = Root::new();
    trying(&url, &root).once().expect_code(0);
    let new = upstream.change().files(4000, "f").commit();
    let staging = root.path().join(".git/gitsyncd/staging");
    for signal in SIGNALS {
        let daemon = polling(&url, &root).start();
        // What an attempt before has left is named by another process.
        let ours = format!("{}-", daemon.pid());
        eventually("files are being written", SOON, || {
            let trees = fs::read_dir(&staging).ok()?.flatten();
            let ours = |tree: &fs::DirEntry| tree.file_name().to_string_lossy().starts_with(&ours);
            trees.filter(ours).any(|tree| tree.path().join("f").is_dir()).then_some(())
        });
        stops_at_once(daemon, signal);
        assert_orderly(&root);
        assert_eq!(root.published(), Some(old.clone()), "the tree is large enough to be met");
        assert_published(&root, &upstream, &old);
    }
    let finished = trying(&url, &root).once();
    finished.expect_code(0);
    assert!(!finished.log.join("\n").contains("damaged"), "{:?}", finished.log);
    assert_published(&root, &upstream, &new);
    assert!(files(&staging).is_empty());
}

#[test]
fn while_it_waits_for_another_instance() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let first = polling(&url, &root).start();
    root.eventually_publishes(&upstream.head());
    for signal in SIGNALS {
        let second = polling(&url, &root).start();
        second.eventually_logs("waiting for another instance");
        stops_at_once(second, signal);
    }
    assert!(first.ready());
}

#[test]
fn right_after_the_start() {
    let upstream = Upstream::new();
    let root = Root::new();
    for round in 0_u64..6 {
        let daemon = polling(upstream.repo().to_str().unwrap(), &root).start();
        daemon.eventually_logs("listening");
        // Some time of the first attempt, which takes a few milliseconds.
        crate::support::wait::pause(Duration::from_millis(2 * round));
        stops_at_once(daemon, SIGNALS[usize::from(round % 2 == 0)]);
        assert_orderly(&root);
    }
}
