//! What strangers can do to the HTTP server: nothing that keeps others from being answered.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::serving::client::{call, connect, exchange, rest};
use crate::support::daemon::{Daemon, Root, following};
use crate::support::get::get;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const TOKEN: &str = "quince";
const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What a webhook begins with that may be right, as far as its head tells.
fn claiming(rest: &str) -> String {
    let digits = "0".repeat(64);
    format!(
        "POST /hooks/push HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n\
         X-GitHub-Event: push\r\nX-Hub-Signature-256: sha256={digits}\r\n{rest}"
    )
}

/// A daemon that has published, takes webhooks, and has a token.
struct Scene {
    upstream: Upstream,
    root: Root,
    daemon: Daemon,
    addr: SocketAddr,
}

impl Scene {
    fn new() -> Self {
        let (upstream, root) = (Upstream::new(), Root::new());
        let url = upstream.repo().display().to_string();
        let setup = following(&url, &root).flag("--period=off").flag("--ref=main");
        let setup = setup.variable("GITSYNC_API_TOKEN", TOKEN);
        let daemon = setup.variable("GITSYNC_HOOK_SECRET", "medlar").start();
        root.eventually_publishes(&upstream.head());
        daemon.eventually_ready();
        let addr = daemon.address();
        Self { upstream, root, daemon, addr }
    }

    /// Fails unless probes are answered at once and a sync works.
    #[track_caller]
    fn is_well(&self) {
        for path in ["/livez", "/readyz", "/healthz", "/metrics", "/api/v1/status"] {
            let begin = Instant::now();
            assert_eq!(get(self.addr, path).unwrap().status, 200, "{path}");
            assert!(begin.elapsed() < Duration::from_secs(2), "{path}: {:?}", begin.elapsed());
        }
        let commit = self.upstream.commit("a", format!("{:?}", Instant::now()));
        assert_eq!(call(self.addr, "POST", "/api/v1/sync?wait=30s", TOKEN, "").status, 200);
        assert_eq!(self.root.published(), Some(commit));
    }

    /// The memory that the program has in use, in bytes.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.daemon.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * KIB
    }
}

/// Says whether the other end has let go of a connection.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream.set_nonblocking(true).unwrap();
    let heard = stream.read(&mut [0; 1024]);
    stream.set_nonblocking(false).unwrap();
    match heard {
        Ok(count) => count == 0,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    }
}

#[test]
fn clients_that_are_slow_on_purpose_crowd_out_each_other_and_nobody_else() {
    let scene = Scene::new();
    let beginnings = [
        String::new(),
        "GET /livez HTTP/1.1\r\nHost:".to_owned(),
        claiming("Content-Length: 1000\r\n\r\n{"),
        claiming("Transfer-Encoding: chunked\r\n\r\n5\r\nab"),
    ];
    let mut slow: Vec<TcpStream> = Vec::new();
    for number in 0..600 {
        let mut stream = connect(scene.addr);
        stream.write_all(beginnings[number % beginnings.len()].as_bytes()).unwrap();
        slow.push(stream);
    }
    scene.is_well();
    // Some of them go on, a letter at a time.
    for stream in &mut slow {
        // Those that have lost their place hear of it here.
        stream.write_all(b"a").unwrap_or_default();
    }
    scene.is_well();
    let closed = slow.iter_mut().map(is_closed).filter(|closed| *closed).count();
    assert!(closed >= 600 - 256, "{closed} were cut off");
    assert!(!is_closed(&mut slow[599]), "the last ones have their time");
}

#[test]
fn ten_thousand_connections_in_turn_leave_nothing_behind() {
    let scene = Scene::new();
    let ask = |count: usize| {
        for number in 0..count {
            let path = ["/livez", "/readyz", "/api/v1/status", "/nothing"][number % 4];
            let status = get(scene.addr, path).unwrap().status;
            assert_eq!(status, if path == "/nothing" { 404 } else { 200 }, "{path}");
        }
    };
    ask(500);
    let before = scene.memory();
    ask(9_500);
    let after = scene.memory();
    assert!(after < before + 8 * MIB, "from {before} to {after}");
    let open = fs::read_dir(format!("/proc/{}/fd", scene.daemon.pid())).unwrap().count();
    assert!(open < 100, "{open} files are open");
    scene.is_well();
}

#[test]
fn large_bodies_are_bounded_all_together() {
    let scene = Scene::new();
    let before = scene.memory();
    let head = claiming(&format!("Content-Length: {}\r\n\r\n", 20 * MIB));
    let mut senders: Vec<TcpStream> = Vec::new();
    let piece = vec![b' '; 256 * 1024];
    for _ in 0..30 {
        let mut stream = connect(scene.addr);
        stream.write_all(head.as_bytes()).unwrap();
        // Ten of the twenty; then it stops.
        for _ in 0..40 {
            if stream.write_all(&piece).is_err() {
                break;
            }
        }
        senders.push(stream);
    }
    scene.is_well();
    let after = scene.memory();
    assert!(after < before + 80 * MIB, "from {before} to {after}");
    let turned_away = senders.iter_mut().filter(|stream| {
        stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let mut start = [0; 12];
        let mut stream: &TcpStream = stream;
        stream.read_exact(&mut start).is_ok() && start == *b"HTTP/1.1 503"
    });
    assert!(turned_away.count() >= 20, "most found no room");
    // A small one finds room all the same, and is judged.
    let small = claiming("Connection: close\r\nContent-Length: 2\r\n\r\n{}");
    assert_eq!(exchange(scene.addr, small.as_bytes()).status, 401);
    drop(senders);
    scene.is_well();
}

#[test]
fn what_is_too_large_is_refused_before_it_is_read() {
    let scene = Scene::new();
    let announced = |path: &str, length: u64| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
        );
        exchange(scene.addr, request.as_bytes()).status
    };
    assert_eq!(announced("/api/v1/pin", 64 * KIB + 1), 413);
    assert_eq!(announced("/api/v1/pin", u64::MAX / 2), 413);
    let large = claiming(&format!("Content-Length: {}\r\n\r\n", 25 * MIB + 1));
    assert_eq!(exchange(scene.addr, large.as_bytes()).status, 413);
    let strange = large.replace("X-Hub-Signature-256", "X-Nothing");
    assert_eq!(exchange(scene.addr, strange.as_bytes()).status, 401);
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    let chunked = format!(
        "POST /api/v1/pin HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\
         Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n{chunk}{chunk}0\r\n\r\n"
    );
    assert_eq!(exchange(scene.addr, chunked.as_bytes()).status, 413);
    let long = format!("GET / HTTP/1.1\r\nX-Long: {}\r\n\r\n", "a".repeat(20_000));
    assert_eq!(exchange(scene.addr, long.as_bytes()).status, 431);
    let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(100));
    assert_eq!(exchange(scene.addr, many.as_bytes()).status, 431);
    let uri = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(70_000));
    let code = exchange(scene.addr, uri.as_bytes()).status;
    assert!([414, 431].contains(&code), "{code}");
    scene.is_well();
}

#[test]
fn nonsense_is_refused_and_forgotten() {
    let scene = Scene::new();
    let post = |path: &str, rest: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {TOKEN}\r\n\
                 Content-Type: application/json\r\nConnection: close\r\n{rest}"
        )
    };
    let chunked = |body: &str| {
        let rest = format!("Transfer-Encoding: chunked\r\n\r\n{body}");
        post("/api/v1/pin", &rest)
    };
    for (number, request) in [
        chunked("zz\r\nab\r\n0\r\n\r\n"),
        chunked("-1\r\nab\r\n0\r\n\r\n"),
        chunked("2\r\nabc\r\n0\r\n\r\n"),
        chunked("fffffffffffffffff\r\nab"),
        chunked(&format!("2;{}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(100_000))),
        post("/api/v1/pin", "Content-Length: -1\r\n\r\n"),
        post("/api/v1/pin", "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}a"),
        post("/api/v1/pin", "Content-Length: 2\r\n\r\n[]"),
        post("/api/v1/pin", &format!("Content-Length: 60000\r\n\r\n{}", "[".repeat(60_000))),
        post("/api/v1/sync?wait=%00", "Content-Length: 0\r\n\r\n"),
        "\0\0\0\0\r\n\r\n".to_owned(),
        "GET\r\n\r\n".to_owned(),
        "GET /\u{e9} HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nA b: c\r\n\r\n".to_owned(),
        "\u{16}\u{3}\u{1}\u{0}\u{1}\r\n\r\n".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let mut stream = connect(scene.addr);
        // It may be refused before all of it was sent.
        stream.write_all(request.as_bytes()).unwrap_or_default();
        if let Ok(reply) = rest(&mut stream) {
            assert!((400..500).contains(&reply.status), "{number}: {reply:?}");
        }
    }
    for method in ["PUT", "PATCH", "TRACE", "OPTIONS", "FOO", "get"] {
        let request = format!("{method} /livez HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let reply = exchange(scene.addr, request.as_bytes());
        assert_eq!(reply.status, 405, "{method}");
        assert!(reply.head.contains("allow: get, head"), "{reply:?}");
        assert!(!reply.head.contains("server:"), "{reply:?}");
    }
    scene.is_well();
}

#[test]
fn a_flood_of_refusals_does_not_flood_the_log() {
    let scene = Scene::new();
    for _ in 0..500 {
        assert_eq!(call(scene.addr, "POST", "/api/v1/sync", "wrong", "").status, 401);
    }
    let audited = || {
        let lines = scene.daemon.log();
        lines.iter().filter(|line| line.contains("wrong token")).count()
    };
    eventually("some of it is told", SOON, || (audited() > 0).then_some(()));
    assert!(audited() < 250, "{} lines", audited());
    assert!(!scene.daemon.log().join("\n").contains(TOKEN));
    scene.is_well();
}
