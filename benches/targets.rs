//! What must be reached, beside what this run measured.
//!
//! Everything here is taken from the other tables, and nothing is measured but the program's size.

use std::fmt::Write as _;
use std::fs;

use crate::disk_growth;
use crate::first_sync::{CLONE, TAR};
use crate::idle_poll::PULL;
use crate::instructions::POLL;
use crate::one_file_changed::{AFTER, CPU, RESET, SERVER, TIME};
use crate::partial::{BYTES, SHALLOW, TREES};
use crate::support::program::Program;
use crate::support::report::{Report, Unit, write};
use crate::support::settings;
use crate::support::stats::megabytes;
use crate::webhook;

/// The sizes that the targets are about: the small one, ten times as many files, and at least so
/// many for the large one.
const SMALL: u32 = 3_000;
const TENFOLD: u32 = 30_000;
const LARGE: u32 = 100_000;
/// How much two figures that should be equal may differ, as their runs do.
const EQUAL: f64 = 1.2;
const MEGABYTE: f64 = 1e6 / (1024.0 * 1024.0);

/// The tables to take figures from, and the table to fill.
struct Targets<'a> {
    tables: &'a [(&'static str, Report)],
    way: String,
    rows: String,
}

/// Prints the table, and writes it if asked.
pub(crate) fn finish(tables: &[(&'static str, Report)], sizes: &[u32]) {
    let way = Program::ways().into_iter().next().unwrap().name;
    let mut targets = Targets { tables, way, rows: String::new() };
    let large = sizes.iter().copied().filter(|files| *files >= LARGE).max();
    targets.polls(SMALL);
    targets.changes(SMALL, 0.020);
    targets.webhook(SMALL, 0.060);
    targets.first_sync(SMALL, Some(0.25), 24.0);
    if let Some(large) = large {
        targets.polls(large);
        targets.changes(large, 0.050);
        targets.first_sync(large, None, 128.0);
    }
    targets.part(TENFOLD);
    targets.tenfold();
    targets.disk(sizes[0]);
    targets.program();
    let head = "| work | must reach | measured | | beside |\n|---|---:|---:|---|---|\n";
    write("targets", &format!("{head}{}", targets.rows));
}

impl Targets<'_> {
    fn polls(&mut self, files: u32) {
        let ours = |files, what| self.figure("idle_poll", files, what, "gitsyncd");
        let git = |what| self.figure("idle_poll", files, what, PULL);
        let time = "processor time of a poll";
        let (cpu, beside) = (ours(files, time), note(&[(PULL, Unit::Time, git(time))]));
        let ratio = cpu.zip(ours(SMALL, time)).map(|(large, small)| large / small);
        let what = "requests of a poll";
        let requests = ours(files, what).map(rounded);
        let asked = note(&[(PULL, Unit::Count, git(what))]);
        let connections = ours(files, "new connections of a poll").map(rounded);
        let resident = ours(files, "resident memory while waiting");
        let anonymous = ours(files, "anonymous memory while waiting");
        let anonymous = note(&[("anonymous", Unit::Memory, anonymous)]);
        let work = |what: &str| format!("idle poll, {files} files: {what}");
        self.row(&work("processor time"), Unit::Time, (cpu, Some(0.0005)), &beside);
        if files != SMALL {
            let work = work(&format!("processor time, over that with {SMALL}"));
            self.row(&work, Unit::Ratio, (ratio, Some(EQUAL)), "");
        }
        self.row(&work("requests"), Unit::Count, (requests, Some(1.0)), &asked);
        self.row(&work("new connections"), Unit::Count, (connections, Some(0.0)), "");
        let limit = Some(10.0 * MEGABYTE);
        self.row(
            &work("resident memory while waiting"),
            Unit::Memory,
            (resident, limit),
            &anonymous,
        );
    }

    fn changes(&mut self, files: u32, limit: f64) {
        let figure = |what, column: &str| self.figure("one_file_changed", files, what, column);
        let beside = note(&[
            ("the server's part", Unit::Time, figure(SERVER, &self.way)),
            ("processor time", Unit::Time, figure(CPU, &self.way)),
            (RESET, Unit::Time, figure(TIME, RESET)),
        ]);
        let (time, after) = (figure(TIME, &self.way), figure(AFTER, &self.way));
        let fresh = [AFTER, CPU].map(|what| figure(what, "gitsyncd --trees=fresh"));
        // Both delete the old tree afterwards; what is more is the preparation.
        let preparation = after.zip(fresh[0]).map(|(after, fresh)| (after - fresh).max(0.0));
        let half = fresh[1].map(|checkout| checkout / 2.0);
        let all = note(&[("with the deletion of the old tree", Unit::Time, after)]);
        let work = format!("one file of {files} changed: until the link names it");
        self.row(&work, Unit::Time, (time, Some(limit)), &beside);
        let work = format!(
            "getting ready for the next change of {files} files: processor time, against half of a \
             fresh checkout",
        );
        self.row(&work, Unit::Time, (preparation, half), &all);
    }

    fn webhook(&mut self, files: u32, limit: f64) {
        let figure = |what| self.figure("webhook", files, what, &self.way);
        let beside = note(&[("until it is answered", Unit::Time, figure(webhook::ANSWER))]);
        let time = figure(webhook::TIME);
        let work = format!("webhook, one file of {files} changed: until the link names it");
        self.row(&work, Unit::Time, (time, Some(limit)), &beside);
    }

    /// Without a limit, the archive is it.
    fn first_sync(&mut self, files: u32, limit: Option<f64>, memory: f64) {
        let figure = |what, column: &str| self.figure("first_sync", files, what, column);
        let beside = note(&[
            ("processor time", Unit::Time, figure("processor time", "gitsyncd")),
            (CLONE, Unit::Time, figure("time", CLONE)),
            (TAR, Unit::Time, figure("time", TAR)),
        ]);
        let peak = "peak anonymous memory";
        let resident = note(&[
            ("resident", Unit::Memory, figure("peak resident memory", "gitsyncd")),
            (CLONE, Unit::Memory, figure(peak, CLONE)),
        ]);
        let (time, anonymous) = (figure("time", "gitsyncd"), figure(peak, "gitsyncd"));
        let against = if limit.is_some() { String::new() } else { format!(", against {TAR}") };
        let limit = limit.or(figure("time", TAR));
        let work = format!("first sync, {files} files{against}");
        self.row(&work, Unit::Time, (time, limit), &beside);
        let work = format!("first sync, {files} files: {peak}");
        self.row(&work, Unit::Memory, (anonymous, Some(memory)), &resident);
    }

    /// A part of a repository must travel with at most half of the bytes that Git gets.
    fn part(&mut self, files: u32) {
        let figure = |what, column: &str| self.figure("partial", files, what, column);
        let (ours, git) = (figure(BYTES, TREES), figure(BYTES, SHALLOW));
        let beside = note(&[(SHALLOW, Unit::Size, git)]);
        let work = format!("208 of {files} files: received, against half of {SHALLOW}");
        self.row(&work, Unit::Size, (ours, git.map(|git| git / 2.0)), &beside);
    }

    /// A poll and a change must hardly depend on how many files there are.
    fn tenfold(&mut self) {
        let figure = |files| self.figure("instructions", files, POLL, "gitsyncd");
        let ratio = figure(TENFOLD).zip(figure(SMALL)).map(|(large, small)| large / small);
        let work = format!("idle poll, {TENFOLD} files: instructions, over those with {SMALL}");
        self.row(&work, Unit::Ratio, (ratio, Some(EQUAL)), "");
        for (what, name) in [(TIME, "time"), (CPU, "processor time")] {
            let figure = |files| self.figure("one_file_changed", files, what, &self.way);
            let ratio = figure(TENFOLD).zip(figure(SMALL)).map(|(large, small)| large / small);
            let work = format!("one file of {TENFOLD} changed: {name}, over that with {SMALL}");
            self.row(&work, Unit::Ratio, (ratio, Some(2.0)), "");
        }
    }

    fn disk(&mut self, files: u32) {
        let figure = |what| self.figure("disk_growth", files, what, "gitsyncd");
        let both = (figure(disk_growth::MOST), figure(disk_growth::BOUND));
        let beside = note(&[("the live tree", Unit::Memory, figure(disk_growth::TREE))]);
        let changes = settings::changes();
        let work = format!(
            "disk over {changes} changes of {files} files, against twice tree and pack and a slack",
        );
        self.row(&work, Unit::Memory, both, &beside);
    }

    fn program(&mut self) {
        let image = fs::read(settings::program()).unwrap();
        let size = megabytes(u64::try_from(image.len()).unwrap());
        let kind = if is_static(&image) { "a static file" } else { "as built here, not static" };
        let limit = Some(15.0 * MEGABYTE);
        self.row(&format!("program, {kind}"), Unit::Memory, (Some(size), limit), "");
    }

    fn figure(&self, table: &str, files: u32, what: &str, column: &str) -> Option<f64> {
        let table = self.tables.iter().find(|(name, _)| *name == table);
        table.and_then(|(_, table)| table.figure(files, what, column))
    }

    /// Adds a figure that must not be higher than its limit.
    fn row(&mut self, work: &str, unit: Unit, both: (Option<f64>, Option<f64>), beside: &str) {
        let show = |figure: Option<f64>| figure.map_or("–".to_owned(), |it| unit.show(it));
        let (figure, limit) = both;
        let met = match figure.zip(limit) {
            Some((figure, limit)) if figure <= limit => "met",
            Some(_) => "**not met**",
            None => "not measured",
        };
        let (limit, figure) = (show(limit), show(figure));
        writeln!(self.rows, "| {work} | {limit} | {figure} | {met} | {beside} |").unwrap();
    }
}

/// Other figures that are worth knowing, if they were measured.
fn note(figures: &[(&str, Unit, Option<f64>)]) -> String {
    let show = |(name, unit, figure): &(&str, Unit, Option<f64>)| {
        Some(format!("{name}: {}", unit.show((*figure)?)))
    };
    figures.iter().filter_map(show).collect::<Vec<_>>().join("; ")
}

/// A number of things of each poll, without the few that a poll at the edge of a stretch adds.
fn rounded(figure: f64) -> f64 {
    (figure * 4.0).round() / 4.0
}

/// Says whether a program for 64 bits names no loader of shared libraries.
fn is_static(image: &[u8]) -> bool {
    const INTERPRETER: usize = 3;
    let number = |at: usize, size: usize| {
        let bytes = image[at..at + size].iter().rev();
        bytes.fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    let (start, size, many) = (number(32, 8), number(54, 2), number(56, 2));
    (0..many).all(|header| number(start + header * size, 4) != INTERPRETER)
}
