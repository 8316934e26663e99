//! A load on the HTTP server: what it does to a sync, and what it costs.
//!
//! A thousand requests a second, a quarter of which are probes, a quarter scrapes of the metrics, a
//! quarter reads of the status, and a quarter webhooks without the right signature. They come on
//! kept connections at an even pace, whether the ones before were answered or not.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::daemon::Daemon;
use crate::support::ground::Ground;
use crate::support::processes;
use crate::support::program::Program;
use crate::support::report::{Report, Unit};
use crate::support::stats::{Summary, summary};
use crate::support::usage::pause;
use crate::webhook::{QUIET, SECRET, delivery};

/// How many requests there are in a second.
const PACE: u32 = 1000;
/// On how many connections.
const CONNECTIONS: u32 = 8;
/// How long the load lasts before anything is measured.
const WARM: Duration = Duration::from_secs(2);
/// The column without a load.
const CALM: &str = "nothing else";
/// The column with one.
pub(crate) const LOAD: &str = "1 000 requests a second";
/// The row that is looked at again.
pub(crate) const TIME: &str = "webhook until the link has moved";

/// Without and with the load.
pub(crate) fn columns() -> Vec<String> {
    [CALM, LOAD].map(str::to_owned).into()
}

/// What was seen in one of the two.
#[derive(Default)]
struct Side {
    seen: Vec<Duration>,
    resident: Vec<f64>,
}

/// Measures first without the load, then with it, then when it is over.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    report.repeated(ground, ground.runs, "runs");
    let place = ground.place();
    let secret = place.path().join("secret");
    fs::write(&secret, SECRET).unwrap();
    let secret = format!("--hook-secret-file={}", secret.display());
    let flags = ["--period=1h", "--stale-worktree-timeout=0s", &secret];
    let root = place.path().join("root");
    let daemon = Daemon::start(&Program::ours(), &ground.server.url(), root, &flags);
    let calm = Side::measure(&daemon, ground);
    let load = Load::begin(daemon.address());
    pause(WARM);
    let (before, cpu) = (Instant::now(), daemon.cpu());
    pause(WARM);
    let share = daemon.cpu().saturating_sub(cpu).as_secs_f64() / before.elapsed().as_secs_f64();
    let busy = Side::measure(&daemon, ground);
    let mut answers = load.end();
    answers.sort_unstable();
    daemon.wait_until_idle();
    let files = ground.files;
    let times = |side: &Side| Some(summary(side.seen.iter().map(Duration::as_secs_f64)));
    report.row(files, TIME, Unit::Time, [times(&calm), times(&busy)]);
    let resident = |side: &Side| Some(summary(side.resident.iter().copied()));
    report.row(files, "resident memory", Unit::Memory, [resident(&calm), resident(&busy)]);
    let after = processes::resident(daemon.process());
    report.row(files, "resident memory afterwards", Unit::Memory, [None, Some(one(after))]);
    let each = share / f64::from(PACE);
    report.row(files, "processor time of a request", Unit::Time, [None, Some(one(each))]);
    for (what, share) in [("an answer, median", 0.5), ("an answer, 99 % within", 0.99)] {
        report.row(files, what, Unit::Time, [None, Some(one(quantile(&answers, share)))]);
    }
}

fn one(figure: f64) -> Summary {
    summary([figure])
}

#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "a place in a list that is much shorter than what either can count"
)]
fn quantile(sorted: &[Duration], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share) as usize;
    sorted[place.min(sorted.len() - 1)].as_secs_f64()
}

impl Side {
    fn measure(daemon: &Daemon, ground: &mut Ground) -> Self {
        let mut side = Self::default();
        // The first round warms up.
        for round in 0..=ground.runs {
            let commit = ground.origin.change_one_file();
            pause(2 * QUIET);
            let delivery = delivery(&commit);
            let begun = Instant::now();
            let mut stream = TcpStream::connect(daemon.address()).unwrap();
            stream.write_all(&delivery).unwrap();
            daemon.wait_until_published(&commit);
            if round > 0 {
                side.seen.push(begun.elapsed());
                side.resident.push(processes::resident(daemon.process()));
            }
        }
        side
    }
}

/// Everybody who asks.
struct Load {
    over: Arc<AtomicBool>,
    askers: Vec<JoinHandle<Vec<Duration>>>,
}

impl Load {
    fn begin(address: SocketAddr) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let asker = |number| {
            let over = Arc::clone(&over);
            thread::spawn(move || ask(address, number, &over))
        };
        let askers = (0..CONNECTIONS).map(asker).collect();
        Self { over, askers }
    }

    /// How long each answer took, counted from when its request was due.
    fn end(self) -> Vec<Duration> {
        self.over.store(true, Ordering::Relaxed);
        self.askers.into_iter().flat_map(|asker| asker.join().unwrap()).collect()
    }
}

/// Asks again and again on one connection, which is made anew when the server has ended it.
fn ask(address: SocketAddr, number: u32, over: &AtomicBool) -> Vec<Duration> {
    let requests = requests();
    let rest = Duration::from_secs(1) * CONNECTIONS / PACE;
    let mut due = Instant::now() + rest * number / CONNECTIONS;
    let mut connection = connect(address);
    let mut times = Vec::new();
    for request in requests.iter().cycle() {
        if over.load(Ordering::Relaxed) {
            break;
        }
        pause(due.saturating_duration_since(Instant::now()));
        if !answered(&mut connection, request) {
            connection = connect(address);
            assert!(answered(&mut connection, request), "a new connection is answered");
        }
        times.push(due.elapsed());
        due += rest;
    }
    times
}

fn requests() -> Vec<Vec<u8>> {
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n").into_bytes();
    let hook = "POST /hooks/push HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n\
                X-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=00\r\nContent-Length: 2\r\n\
                \r\n{}";
    vec![get("/livez"), get("/metrics"), get("/api/v1/status"), hook.as_bytes().to_vec()]
}

fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_nodelay(true).unwrap();
    BufReader::new(stream)
}

/// Asks once; no if the server has ended the connection.
fn answered(connection: &mut BufReader<TcpStream>, request: &[u8]) -> bool {
    if connection.get_mut().write_all(request).is_err() {
        return false;
    }
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if !connection.read_line(&mut line).is_ok_and(|read| read > 0) {
            return false;
        }
        let line = line.trim_end().to_ascii_lowercase();
        if let Some(said) = line.strip_prefix("content-length: ") {
            length = said.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).is_ok()
}
