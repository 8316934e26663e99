//! Profiles of the program at work, as Go's tools ask for them.

use crate::contract::polling;
use crate::serving::client::connect;
use crate::serving::symbols::Symbols;
use crate::support::daemon::{Daemon, Root, bare};
use crate::support::process::program;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use flate2::read::GzDecoder;
use prost::Message;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A profile, as far as it matters here (profile.proto).
#[derive(Clone, PartialEq, Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    kinds: Vec<Kind>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    mappings: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Function>,
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    #[prost(int64, tag = "10")]
    lasted: i64,
    #[prost(int64, tag = "12")]
    period: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Kind {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    locations: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    values: Vec<i64>,
}

#[derive(Clone, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "4")]
    offset: u64,
    #[prost(int64, tag = "5")]
    file: i64,
    #[prost(int64, tag = "6")]
    build_id: i64,
    #[prost(bool, tag = "7")]
    has_functions: bool,
}

#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping: u64,
    #[prost(uint64, tag = "3")]
    address: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Line>,
}

#[derive(Clone, PartialEq, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function: u64,
}

#[derive(Clone, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
}

impl Profile {
    fn text(&self, number: i64) -> &str {
        &self.texts[usize::try_from(number).unwrap()]
    }

    /// The names of functions in all samples. Every reference must lead somewhere.
    fn names(&self) -> Vec<&str> {
        let text = |number: i64| self.text(number);
        let functions = |id: u64| {
            let location = self.locations.iter().find(|one| one.id == id).unwrap();
            location.lines.iter().map(|line| {
                let function = self.functions.iter().find(|one| one.id == line.function);
                text(function.unwrap().name)
            })
        };
        let samples = self.samples.iter().flat_map(|sample| &sample.locations);
        samples.flat_map(|id| functions(*id)).collect()
    }

    /// The names that a file has for what was executed of it. It must be the file that was executed,
    /// or one that differs only in what is beside the code.
    fn names_in(&self, file: &Path) -> Vec<String> {
        let symbols = Symbols::of(file);
        let program = &self.mappings[0];
        assert_eq!(self.text(program.build_id), symbols.build_id);
        let locations = self.locations.iter().filter(|one| one.mapping == program.id);
        let places = locations.map(|one| one.address - program.start + program.offset);
        places.filter_map(|place| symbols.name(place)).collect()
    }
}

/// Asks for a path, and gives status, head and content as they came.
fn fetch(daemon: &Daemon, path: &str) -> (u16, String, Vec<u8>) {
    let mut stream = connect(daemon.address());
    stream.set_read_timeout(Some(SOON)).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), answer[end + 4..].to_vec())
}

fn decoded(bytes: &[u8]) -> Profile {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    Profile::decode(plain.as_slice()).unwrap()
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_gitsyncd");

/// A daemon that works all the time.
fn busy() -> (Upstream, Root, Daemon) {
    busy_from(PROGRAM.as_ref())
}

/// The same, started from another file.
fn busy_from(program: &Path) -> (Upstream, Root, Daemon) {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.change().files(200, "many").commit();
    let url = upstream.repo().display().to_string();
    let setup = polling(&url, &root).program(program.to_owned());
    let setup = setup.flag("--period=10ms").flag("--trees=fresh");
    let daemon = setup.flag("--http-pprof").start();
    daemon.eventually_ready();
    (upstream, root, daemon)
}

/// Takes a profile of three seconds while there is something new all the time.
fn profiled(upstream: &Upstream, daemon: &Daemon) -> (u16, String, Vec<u8>) {
    thread::scope(|scope| {
        let asked = scope.spawn(|| fetch(daemon, "/debug/pprof/profile?seconds=3"));
        let mut number = 0;
        while !asked.is_finished() {
            number += 1;
            upstream.commit(format!("file-{number}"), "x");
            let asked = Instant::now();
            assert_eq!(daemon.get("/livez").unwrap().status, 200);
            assert!(asked.elapsed() < Duration::from_secs(3));
        }
        asked.join().unwrap()
    })
}

/// The attempt to sync, in the name of a function as linkers know it.
const ATTEMPT: &str = "8gitsyncd7attempt";

#[test]
fn a_profile_names_our_functions_while_probes_are_answered() {
    let (upstream, _root, daemon) = busy();
    let (status, head, bytes) = profiled(&upstream, &daemon);
    assert_eq!(status, 200, "{head}");
    assert!(head.contains("content-type: application/octet-stream"), "{head}");
    let profile = decoded(&bytes);
    assert!(profile.samples.iter().all(|sample| sample.values.len() == profile.kinds.len()));
    assert_eq!(profile.period, 10_000_000);
    assert!(profile.lasted >= 3_000_000_000);
    let names = profile.names();
    assert!(names.iter().any(|name| name.contains("gitsyncd::attempt")), "{names:?}");
    assert!(!names.iter().any(|name| name.contains("perf_signal_handler")), "{names:?}");
    assert_eq!(profile.text(profile.mappings[0].file), PROGRAM);
    // Others find the same names by the addresses.
    let found = profile.names_in(PROGRAM.as_ref());
    assert!(found.iter().any(|name| name.contains(ATTEMPT)), "{found:?}");
    // And once more, by the same program.
    let (status, _, bytes) = fetch(&daemon, "/debug/pprof/profile?seconds=1");
    assert_eq!(status, 200);
    decoded(&bytes);
}

#[test]
fn a_program_without_names_gives_addresses_that_lead_to_them() {
    let dir = TempDir::new().unwrap();
    let stripped = dir.path().join("gitsyncd");
    let strip = Command::new(program("strip")).arg("-o").arg(&stripped).arg(PROGRAM).status();
    assert!(strip.unwrap().success());
    let (upstream, _root, daemon) = busy_from(&stripped);
    let profile = decoded(&profiled(&upstream, &daemon).2);
    let ours = &profile.mappings[0];
    assert_eq!(Path::new(profile.text(ours.file)), stripped);
    assert!(!ours.has_functions);
    let names = profile.names();
    assert!(!names.iter().any(|name| name.contains("gitsyncd::")), "{names:?}");
    let found = profile.names_in(PROGRAM.as_ref());
    assert!(found.iter().any(|name| name.contains(ATTEMPT)), "{found:?}");
    // What the profiler does itself is known without its name.
    assert!(!found.iter().any(|name| name.contains("perf_signal_handler")), "{found:?}");
}

/// The memory that the program has for itself, in MiB.
fn memory(daemon: &Daemon) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

#[test]
fn profiles_do_not_take_more_memory_each_time() {
    let (_upstream, _root, daemon) = busy();
    let take = || assert_eq!(fetch(&daemon, "/debug/pprof/profile?seconds=1").0, 200);
    take();
    let first = memory(&daemon);
    for _turn in 0..5 {
        take();
    }
    let last = memory(&daemon);
    assert!(last < first + 50, "{first} MiB after one profile, {last} MiB after six");
}

/// Has a long profile taken, by a client that waits for it.
fn long_profile(daemon: &Daemon) -> TcpStream {
    eventually("a profile is under way", SOON, || {
        let mut client = connect(daemon.address());
        write!(client, "GET /debug/pprof/profile?seconds=60 HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
        // Gives the server time to read that.
        assert_eq!(daemon.get("/livez").unwrap().status, 200);
        // If this one was quicker all the same, the other has been refused.
        let (status, _, body) = fetch(daemon, "/debug/pprof/profile?seconds=1");
        let said = String::from_utf8_lossy(&body);
        (status == 409 && said.contains("somebody else")).then_some(client)
    })
}

#[test]
fn only_one_profile_is_taken_at_a_time_and_ends_when_nobody_waits_for_it() {
    let (_upstream, _root, daemon) = busy();
    drop(long_profile(&daemon));
    eventually("another is taken", SOON, || {
        (fetch(&daemon, "/debug/pprof/profile?seconds=1").0 == 200).then_some(())
    });
}

#[test]
fn a_stop_does_not_wait_for_a_profile() {
    let (_upstream, _root, mut daemon) = busy();
    let _client = long_profile(&daemon);
    daemon.signal(rustix::process::Signal::TERM);
    let began = Instant::now();
    assert!(daemon.exit(SOON).success());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn the_other_paths_of_go_are_answered_in_words() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let url = upstream.repo().display().to_string();
    let setup = polling(&url, &root).flag("--http-pprof");
    let daemon = setup.flag("--git-config=http.extraHeader:X: hush").start();
    for path in ["/debug/pprof", "/debug/pprof/"] {
        let (status, head, body) = fetch(&daemon, path);
        assert_eq!(status, 200);
        assert!(head.contains("content-type: text/html"), "{head}");
        assert!(String::from_utf8(body).unwrap().contains("/debug/pprof/profile"));
    }
    let (status, _, body) = fetch(&daemon, "/debug/pprof/cmdline");
    let text = String::from_utf8(body).unwrap();
    let shown: Vec<_> = text.split('\0').collect();
    assert_eq!(status, 200);
    assert!(shown[0].ends_with("gitsyncd") && shown.contains(&"--http-pprof"), "{shown:?}");
    assert!(shown.contains(&"--git-config=[hidden]") && !text.contains("hush"), "{shown:?}");
    for path in ["heap", "goroutine", "allocs", "block", "mutex", "threadcreate"] {
        let (status, _, body) = fetch(&daemon, &format!("/debug/pprof/{path}"));
        assert_eq!(
            (status, String::from_utf8_lossy(&body).contains("not written in Go")),
            (404, true)
        );
    }
    for path in ["symbol", "trace"] {
        assert_eq!(fetch(&daemon, &format!("/debug/pprof/{path}")).0, 501);
    }
    for query in ["seconds=0", "seconds=121", "seconds=x"] {
        assert_eq!(fetch(&daemon, &format!("/debug/pprof/profile?{query}")).0, 400);
    }
    let (upstream, root) = (Upstream::new(), Root::new());
    let without = polling(&upstream.repo().display().to_string(), &root).start();
    assert_eq!(fetch(&without, "/debug/pprof/").0, 404);
}

#[test]
fn profiles_need_a_port_and_a_signal() {
    let refused = |flags: &[&str], words: &str| {
        let setup = bare().flag("--repo=/nonexistent").flag("--http-pprof");
        let finished = flags.iter().fold(setup, |setup, flag| setup.flag(*flag)).finish();
        finished.expect_code(2);
        assert!(finished.log.concat().contains(words), "{:?}", finished.log);
    };
    refused(&[], "--http-bind");
    refused(&["--http-bind=127.0.0.1:0", "--sync-on-signal=PROF"], "needs that signal");
}
