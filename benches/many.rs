//! Many small repositories in one process: how long until all are there, and what it costs to keep
//! them.
//!
//! Once each has an address of its own, as five hundred projects have, and once all follow the same
//! one, as refs of one project do. The server is the same for all; what it spends is in no figure.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::time::ClockId;
use nix::unistd::Pid;

use crate::support::disk;
use crate::support::git::{git, run as run_git, search_path};
use crate::support::ground::Ground;
use crate::support::processes;
use crate::support::report::{Report, Unit};
use crate::support::settings;
use crate::support::stats::{megabytes, summary};
use crate::support::usage::pause;

/// How many files each has.
pub(crate) const FILES: u32 = 10;
/// How often each is looked at, in seconds.
const PERIOD: u32 = 10;
/// How long is watched what that costs.
const WATCH: Duration = Duration::from_secs(30);
/// How long is counted how many polls there are.
const SECOND: Duration = Duration::from_secs(1);
/// How long it has to settle down before that: the trees for the next change are prepared.
const SETTLING: Duration = Duration::from_secs(20);
/// How long the first sync of all may take.
const LONG: Duration = Duration::from_mins(10);

/// What they follow.
pub(crate) fn columns() -> Vec<String> {
    ["one repository each", "all the same one"].map(str::to_owned).into()
}

/// What was seen of one process.
struct Seen {
    first: f64,
    resident: f64,
    anonymous: f64,
    threads: f64,
    descriptors: f64,
    sockets: f64,
    opened: f64,
    polls: f64,
    least: f64,
    most: f64,
    cpu: f64,
    disk: f64,
}

/// Measures both.
pub(crate) fn run(ground: &mut Ground, report: &mut Report) {
    let many = settings::repositories();
    report.ran(&format!("one process for each column, with {many} repositories of {FILES} files"));
    let place = ground.place();
    let origin = small(place.path());
    let base = ground.server.url().replace("repo.git", "many");
    let served = ground.dir().join("many");
    fs::create_dir_all(&served).unwrap();
    for number in 0..many {
        let link = served.join(format!("{number}.git"));
        std::os::unix::fs::symlink(&origin, link).unwrap();
    }
    let sides = [true, false].map(|apart| {
        let roots = place.path().join(if apart { "apart" } else { "same" });
        watch(ground, (&roots, many), |number| {
            format!("{base}/{}.git", if apart { number } else { 0 })
        })
    });
    fs::remove_dir_all(&served).unwrap();
    let mut row = |what, unit, figure: fn(&Seen) -> f64| {
        report.row(FILES, what, unit, sides.iter().map(|seen| Some(summary([figure(seen)]))));
    };
    row("first sync of all", Unit::Time, |seen| seen.first);
    row("resident memory", Unit::Memory, |seen| seen.resident);
    row("anonymous memory", Unit::Memory, |seen| seen.anonymous);
    row("threads", Unit::Count, |seen| seen.threads);
    row("descriptors", Unit::Count, |seen| seen.descriptors);
    row("connections opened until then", Unit::Count, |seen| seen.opened);
    row("open sockets", Unit::Count, |seen| seen.sockets);
    row("processor time in a second", Unit::Time, |seen| seen.cpu);
    row("processor time of a poll", Unit::Time, |seen| seen.cpu / seen.polls);
    row("polls in a second", Unit::Count, |seen| seen.polls);
    row("polls in a second, least", Unit::Count, |seen| seen.least);
    row("polls in a second, most", Unit::Count, |seen| seen.most);
    row("disk", Unit::Memory, |seen| seen.disk);
}

/// Makes a small repository, `small.git`, beside the work tree that its commit is from.
pub(crate) fn small(dir: &Path) -> PathBuf {
    let (work, origin) = (dir.join("work"), dir.join("small.git"));
    fs::create_dir(&work).unwrap();
    run_git(git(&work).args(["init", "--quiet"]));
    for number in 0..FILES {
        fs::write(work.join(format!("{number}.yaml")), format!("name: {number}\n")).unwrap();
    }
    run_git(git(&work).args(["add", "."]));
    run_git(git(&work).args(["commit", "--quiet", "--message=small"]));
    run_git(git(dir).args(["clone", "--quiet", "--bare"]).arg(&work).arg(&origin));
    origin
}

/// A process that ends with this value.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Process {
    fn begin((roots, many): (&Path, usize), url: impl Fn(usize) -> String) -> Self {
        fs::create_dir_all(roots).unwrap();
        let mut text = format!("period: {PERIOD}s\nref: main\nrepositories:\n");
        for number in 0..many {
            let root = roots.join(number.to_string());
            let (url, root) = (url(number), root.display());
            writeln!(
                text,
                "- {{name: r{number}, repo: \"{url}\", root: \"{root}\", link: latest}}"
            )
            .unwrap();
        }
        let file = roots.join("gitsyncd.yaml");
        fs::write(&file, text).unwrap();
        let mut command = Command::new(settings::program());
        command.env_clear().env("PATH", search_path()).arg(format!("--config={}", file.display()));
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(quiet.spawn().unwrap())
    }

    fn cpu(&self) -> Duration {
        let process = Pid::from_raw(i32::try_from(self.0.id()).unwrap());
        let own = ClockId::pid_cpu_clock_id(process).and_then(ClockId::now).unwrap();
        Duration::from(own)
    }

    /// How many entries a directory of it in `/proc` has, of those that are like this.
    fn count(&self, directory: &str, like: impl Fn(&Path) -> bool) -> f64 {
        let all = fs::read_dir(format!("/proc/{}/{directory}", self.0.id())).unwrap();
        let found = all.filter(|one| one.as_ref().is_ok_and(|one| like(&one.path()))).count();
        f64::from(u32::try_from(found).unwrap())
    }
}

fn watch(ground: &Ground, (roots, many): (&Path, usize), url: impl Fn(usize) -> String) -> Seen {
    let (start, begun) = (ground.server.mark(), Instant::now());
    let mut process = Process::begin((roots, many), url);
    let mut left: Vec<PathBuf> =
        (0..many).map(|number| roots.join(number.to_string()).join("latest")).collect();
    while !left.is_empty() {
        left.retain(|link| fs::read_link(link).is_err());
        assert!(process.0.try_wait().unwrap().is_none(), "the program has ended");
        assert!(begun.elapsed() < LONG, "{} are not there", left.len());
        pause(Duration::from_millis(20));
    }
    let first = begun.elapsed().as_secs_f64();
    pause(SETTLING);
    let opened = ground.server.asked_since(start).connections;
    let (before, cpu) = (Instant::now(), process.cpu());
    let mark = ground.server.mark();
    let mut asked = vec![0.0];
    while before.elapsed() < WATCH {
        pause(SECOND);
        asked.push(ground.server.asked_since(mark).requests);
    }
    let each: Vec<_> = asked.windows(2).map(|two| two[1] - two[0]).collect();
    let seconds = before.elapsed().as_secs_f64();
    let cpu = process.cpu().saturating_sub(cpu).as_secs_f64() / seconds;
    let is_socket = |file: &Path| {
        fs::read_link(file).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"))
    };
    Seen {
        first,
        resident: processes::resident(process.0.id()),
        anonymous: processes::anonymous(process.0.id()),
        threads: process.count("task", |_| true),
        descriptors: process.count("fd", |_| true),
        sockets: process.count("fd", is_socket),
        opened,
        polls: each.iter().sum::<f64>() / seconds,
        least: each.iter().copied().fold(f64::INFINITY, f64::min),
        most: each.iter().copied().fold(0.0, f64::max),
        cpu,
        disk: megabytes(disk::used(roots)),
    }
}
