//! Many instances that follow one origin: what the origin is asked, second by second.
//!
//! Real processes and a real server, all on this machine, so times say little and counts say all:
//! how often the origin is asked in a second when all begin together, when nothing happens, when
//! something changes, and when the origin is down and comes back.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::many::{FILES, small};
use crate::support::git::{git, run as run_git, search_path};
use crate::support::ground::Ground;
use crate::support::report::{Report, Unit};
use crate::support::server::{Mark, Refusal, Server};
use crate::support::settings;
use crate::support::stats::summary;
use crate::support::usage::pause;
use crate::webhook::{SECRET, delivery};

/// How often each looks, in seconds.
const PERIOD: u64 = 10;
/// How long the origin is down: then the rests between attempts are already four periods long.
const DOWN: Duration = Duration::from_secs(4 * PERIOD);
/// How long it says `Retry-After`, and when all have come back after that.
const LATER: Duration = Duration::from_secs(4);
const AFTER_LATER: Duration = Duration::from_secs(20);
/// How many periods after all were at the same point is looked how far they are apart.
const PERIODS: u64 = 8;
/// How long something may take at most.
const LONG: Duration = Duration::from_mins(4);
/// How many are told at a time.
const SENDERS: usize = 8;

/// How they look.
pub(crate) fn columns() -> Vec<String> {
    ["no jitter", "jitter of 10 %", "period of 1 h, webhooks"].map(str::to_owned).into()
}

/// What was seen of all instances together.
#[derive(Default)]
struct Seen {
    first: Arrivals,
    idle: Arrivals,
    together: Option<f64>,
    apart: Option<f64>,
    change: Arrivals,
    change_took: f64,
    down: Option<Arrivals>,
    back: Option<Arrivals>,
    back_took: Option<f64>,
    later: Option<Arrivals>,
}

/// How many requests there were, and how they were spread.
#[derive(Clone, Copy, Default)]
struct Arrivals {
    all: f64,
    mean: f64,
    most: f64,
}

/// Measures all three.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    let many = settings::instances();
    report.ran(&format!(
        "{many} processes for each column, a period of {PERIOD} s, watched for {} s",
        settings::seconds()
    ));
    if cfg!(debug_assertions) {
        report
            .remark("Built without optimization (`--profile dev`), which counts do not depend on.");
    }
    let seen = [Some("0s"), Some("10%"), None].map(|jitter| watch(ground, many, jitter));
    let count = f64::from(u32::try_from(many).unwrap());
    let mut row = |what, figure: &dyn Fn(&Seen) -> Option<f64>| {
        let cells = seen.iter().map(|seen| figure(seen).map(|figure| summary([figure])));
        report.row(FILES, what, Unit::Count, cells);
    };
    row("first sync: requests of each", &|seen| Some(seen.first.all / count));
    row("first sync: most in a second", &|seen| Some(seen.first.most));
    row("idle: in a second", &|seen| Some(seen.idle.mean));
    row("idle: most in a second", &|seen| Some(seen.idle.most));
    row("a period after all were asked at once: most in a second", &|seen| seen.together);
    row("eight periods after that: most in a second", &|seen| seen.apart);
    row("a change: requests of each", &|seen| Some(seen.change.all / count));
    row("a change: most in a second", &|seen| Some(seen.change.most));
    row("a change: seconds until all have it", &|seen| Some(seen.change_took));
    row("origin down: in a second", &|seen| seen.down.map(|seen| seen.mean));
    row("origin back: most in a second", &|seen| seen.back.map(|seen| seen.most));
    row("origin back: seconds until all have a change", &|seen| seen.back_took);
    row("all were told Retry-After at once: most in a second then", &|seen| {
        seen.later.map(|seen| seen.most)
    });
}

/// Starts all, and looks what they ask.
fn watch(ground: &Ground, many: usize, jitter: Option<&str>) -> Seen {
    let place = ground.place();
    small(place.path());
    let server = &ground.server;
    let name = place.path().file_name().unwrap().to_string_lossy().into_owned();
    let url = server.url().replace("repo.git", &format!("{name}/small.git"));
    let origin = place.path();
    let mut mark = server.mark();
    let begun = Instant::now();
    let crowd = Crowd::begin(origin, many, &url, jitter);
    crowd.wait_for(&head(origin));
    let mut seen = Seen { first: since(server, mark, begun), ..Seen::default() };
    pause(Duration::from_secs(2 * PERIOD));
    mark = server.mark();
    let begun = Instant::now();
    pause(Duration::from_secs(settings::seconds()));
    seen.idle = since(server, mark, begun);
    if jitter.is_some() {
        crowd.ask_all();
        pause(Duration::from_secs(PERIOD / 2));
        let period = || {
            let (mark, begun) = (server.mark(), Instant::now());
            pause(Duration::from_secs(PERIOD));
            Some(since(server, mark, begun).most)
        };
        seen.together = period();
        pause(Duration::from_secs(PERIOD * (PERIODS - 1)));
        seen.apart = period();
    }
    mark = server.mark();
    let begun = Instant::now();
    let commit = change(origin, "once");
    if jitter.is_none() {
        crowd.tell(&commit);
    }
    crowd.wait_for(&commit);
    seen.change_took = begun.elapsed().as_secs_f64();
    seen.change = since(server, mark, begun);
    if jitter.is_some() {
        fail(server, &crowd, origin, &mut seen);
    }
    seen
}

/// Takes the origin away and gives it back, in two ways.
fn fail(server: &Server, crowd: &Crowd, origin: &Path, seen: &mut Seen) {
    let (mark, begun) = (server.mark(), Instant::now());
    server.refuse(Refusal::Plain);
    pause(DOWN);
    seen.down = Some(since(server, mark, begun));
    let commit = change(origin, "meanwhile");
    let (mark, begun) = (server.mark(), Instant::now());
    server.serve();
    crowd.wait_for(&commit);
    seen.back_took = Some(begun.elapsed().as_secs_f64());
    seen.back = Some(since(server, mark, begun));
    // Until all keep to the period again.
    pause(Duration::from_secs(2 * PERIOD));
    server.refuse(Refusal::Later);
    crowd.ask_all();
    pause(LATER);
    server.serve();
    let (mark, begun) = (server.mark(), Instant::now());
    pause(AFTER_LATER);
    seen.later = Some(since(server, mark, begun));
}

/// Commits something, and gives the commit.
fn change(origin: &Path, text: &str) -> String {
    let work = origin.join("work");
    fs::write(work.join("0.yaml"), text).unwrap();
    run_git(git(&work).args(["commit", "--quiet", "--all", "--message=change"]));
    run_git(git(&work).args(["push", "--quiet", "../small.git", "HEAD"]));
    head(origin)
}

fn head(origin: &Path) -> String {
    run_git(git(&origin.join("small.git")).args(["rev-parse", "HEAD"])).trim().to_owned()
}

/// What was asked from a moment to now.
fn since(server: &Server, mark: Mark, begun: Instant) -> Arrivals {
    let arrivals = server.arrivals_since(mark);
    let length = begun.elapsed().as_secs_f64();
    let all = f64::from(u32::try_from(arrivals.len()).unwrap());
    let mut arrivals = arrivals;
    arrivals.sort_by(f64::total_cmp);
    // The fullest second begins with an arrival.
    let within =
        |from: &f64| arrivals.iter().filter(|at| (*from..*from + 1.0).contains(*at)).count();
    let most = arrivals.iter().map(within).max().unwrap_or_default();
    Arrivals { all, mean: all / length, most: f64::from(u32::try_from(most).unwrap()) }
}

/// All instances; they end with this value.
struct Crowd(Vec<Instance>);

struct Instance {
    child: Child,
    root: PathBuf,
    address: SocketAddr,
}

impl Instance {
    /// Sends it a webhook.
    fn tell(&self, text: &[u8]) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(text).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 202 "), "{answer}");
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        for one in &mut self.0 {
            drop(one.child.kill());
        }
        for one in &mut self.0 {
            drop(one.child.wait());
        }
    }
}

impl Crowd {
    /// Starts all at once.
    fn begin(dir: &Path, many: usize, url: &str, jitter: Option<&str>) -> Self {
        let secret = dir.join("secret");
        fs::write(&secret, SECRET).unwrap();
        // Free until a moment ago, and all different.
        let taken: Vec<_> =
            (0..many).map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap()).collect();
        let addresses: Vec<_> = taken.iter().map(|one| one.local_addr().unwrap()).collect();
        drop(taken);
        let start = |(number, address): (usize, SocketAddr)| {
            let root = dir.join("roots").join(number.to_string());
            let mut command = Command::new(settings::program());
            command.env_clear().env("PATH", search_path());
            command.args(["--ref=main", "--link=latest", "--max-failures=-1"]);
            command.args(["--sync-on-signal=SIGHUP", "--stale-worktree-timeout=0s"]);
            command.arg(format!("--repo={url}")).arg(format!("--root={}", root.display()));
            command.arg(format!("--http-bind={address}"));
            match jitter {
                Some(jitter) => {
                    command.args([format!("--period={PERIOD}s"), format!("--jitter={jitter}")])
                }
                None => command
                    .arg("--period=1h")
                    .arg(format!("--hook-secret-file={}", secret.display())),
            };
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            Instance { child: command.spawn().unwrap(), root, address }
        };
        Self(addresses.into_iter().enumerate().map(start).collect())
    }

    /// Waits until each shows the commit.
    fn wait_for(&self, commit: &str) {
        let end = Instant::now() + LONG;
        let mut left: Vec<_> = self.0.iter().map(|one| one.root.join("latest")).collect();
        while !left.is_empty() {
            left.retain(|link| !fs::read_link(link).is_ok_and(|target| target.ends_with(commit)));
            assert!(Instant::now() < end, "{} do not have the commit", left.len());
            pause(Duration::from_millis(20));
        }
    }

    /// Has all look now, so that from here on all are at the same point of their period.
    fn ask_all(&self) {
        for one in &self.0 {
            kill_process(Pid::from_child(&one.child), Signal::HUP).unwrap();
        }
    }

    /// Sends a webhook to each, some at a time.
    fn tell(&self, commit: &str) {
        let text = delivery(commit);
        thread::scope(|scope| {
            for part in self.0.chunks(self.0.len().div_ceil(SENDERS)) {
                let text = &text;
                scope.spawn(move || part.iter().for_each(|one| one.tell(text)));
            }
        });
    }
}
