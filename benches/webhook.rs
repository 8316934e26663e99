//! A webhook that tells of one changed file: from its first byte until the link names the commit.
//!
//! The sender is as far away as loopback is, and the daemon was idle before.

use ring::hmac::{self, HMAC_SHA256, Key};
use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::ground::Ground;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::server::Server;
use crate::support::stats::{Summary, summary};
use crate::support::usage::pause;

/// The rows that are looked at again.
pub(crate) const TIME: &str = "time until it is seen";
pub(crate) const ANSWER: &str = "time until it is answered";
const SERVER: &str = "of that, the source's answers";
/// How long it is quiet between two deliveries: the daemon makes an attempt for them every half a
/// second at most.
pub(crate) const QUIET: Duration = Duration::from_millis(700);
pub(crate) const SECRET: &str = "measured";

/// The ways of making trees, as columns.
pub(crate) fn columns() -> Vec<String> {
    Program::ways().into_iter().map(|program| program.name).collect()
}

/// A daemon and what was seen of it.
struct Side {
    daemon: Daemon,
    seen: Vec<Duration>,
    answered: Vec<Duration>,
    source: Vec<Duration>,
}

/// Measures all ways in turn.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    report.repeated(ground, ground.runs, "runs");
    let place = ground.place();
    let secret = place.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let side = |(number, program): (usize, Program)| {
        let root = place.path().join("root").join(number.to_string());
        Side::start(&program, &ground.server, root.as_path(), &secret)
    };
    let mut sides: Vec<_> = Program::ways().into_iter().enumerate().map(side).collect();
    // The first round warms up.
    for round in 0..=ground.runs {
        let commit = ground.origin.change_one_file();
        for side in &mut sides {
            side.tell(&ground.server, &commit, round > 0);
        }
    }
    let mut row = |what, of: fn(&Side) -> &[Duration]| {
        let cells = sides.iter().map(|side| Some(figure(of(side))));
        report.row(ground.files, what, Unit::Time, cells);
    };
    row(TIME, |side| &side.seen);
    row(SERVER, |side| &side.source);
    row(ANSWER, |side| &side.answered);
}

fn figure(times: &[Duration]) -> Summary {
    summary(times.iter().map(Duration::as_secs_f64))
}

impl Side {
    fn start(program: &Program, server: &Server, root: &Path, secret: &Path) -> Self {
        let secret = format!("--hook-secret-file={}", secret.display());
        let flags = ["--period=1h", "--stale-worktree-timeout=0s", &secret];
        let daemon = Daemon::start(program, &server.url(), root.to_owned(), &flags);
        Self { daemon, seen: Vec::new(), answered: Vec::new(), source: Vec::new() }
    }

    /// Tells of a push and waits until it is seen.
    fn tell(&mut self, server: &Server, commit: &str, counts: bool) {
        self.daemon.wait_until_idle();
        pause(QUIET);
        let delivery = delivery(commit);
        let mark = server.mark();
        let begun = Instant::now();
        let mut stream = TcpStream::connect(self.daemon.address()).unwrap();
        stream.write_all(&delivery).unwrap();
        let mut answer = [0; 13];
        stream.read_exact(&mut answer).unwrap();
        let answered = begun.elapsed();
        self.daemon.wait_until_published(commit);
        let seen = begun.elapsed();
        assert_eq!(answer.escape_ascii().to_string(), "HTTP/1.1 202 ");
        if counts {
            self.seen.push(seen);
            self.answered.push(answered);
            self.source.push(server.asked_since(mark).time);
        }
    }
}

/// A delivery as GitHub sends it, but for what nobody reads.
pub(crate) fn delivery(commit: &str) -> Vec<u8> {
    let body = serde_json::json!({
        "ref": "refs/heads/main",
        "after": commit,
        "repository": {
            "full_name": "harbour-lane/orchard",
            "clone_url": "https://git.example/harbour-lane/orchard.git",
            "default_branch": "main",
        },
    });
    let body = body.to_string();
    let tag = hmac::sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), body.as_bytes());
    let mut text = "POST /hooks/push HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n".to_owned();
    text.push_str("Content-Type: application/json\r\nX-GitHub-Event: push\r\n");
    text.push_str("X-Hub-Signature-256: sha256=");
    for byte in tag.as_ref() {
        write!(text, "{byte:02x}").unwrap();
    }
    write!(text, "\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    text.into_bytes()
}
