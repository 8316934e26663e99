//! What the program costs, beside other programs that do the same work against the same server.
//!
//! Each measurement fills one table of `docs/benchmarks.md`, and all of them together fill the table
//! of what must be reached. Without arguments everything is measured; otherwise what is named.

#![expect(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its tables, and stops where it cannot go on"
)]

mod disk_growth;
mod first_sync;
mod followers;
mod idle_poll;
mod instructions;
mod load;
mod many;
mod one_file_changed;
mod partial;
mod scaling;
mod support;
mod targets;
mod webhook;

use std::path::Path;
use std::time::Instant;

use crate::support::ground::Ground;
use crate::support::report::Report;
use crate::support::settings;

/// One thing to measure.
struct Measurement {
    /// How it is called by name.
    name: &'static str,
    /// With how many sizes of repositories it is made, the smallest first.
    sizes: usize,
    /// The columns of its table.
    columns: fn() -> Vec<String>,
    /// Measures with one repository.
    run: fn(&mut Ground, &mut Report),
}

const MEASUREMENTS: [Measurement; 10] = [
    Measurement {
        name: "first_sync",
        sizes: usize::MAX,
        columns: first_sync::columns,
        run: first_sync::run,
    },
    Measurement {
        name: "idle_poll",
        sizes: usize::MAX,
        columns: idle_poll::columns,
        run: idle_poll::run,
    },
    Measurement {
        name: "one_file_changed",
        sizes: usize::MAX,
        columns: one_file_changed::columns,
        run: one_file_changed::run,
    },
    Measurement { name: "webhook", sizes: 1, columns: webhook::columns, run: webhook::run },
    Measurement {
        name: "instructions",
        sizes: 2,
        columns: instructions::columns,
        run: instructions::run,
    },
    Measurement {
        name: "disk_growth",
        sizes: 1,
        columns: disk_growth::columns,
        run: disk_growth::run,
    },
    Measurement {
        name: "partial",
        sizes: usize::MAX,
        columns: partial::columns,
        run: partial::run,
    },
    Measurement { name: "load", sizes: 1, columns: load::columns, run: load::run },
    Measurement { name: "many", sizes: 1, columns: many::columns, run: many::run },
    Measurement { name: "scaling", sizes: 1, columns: scaling::columns, run: scaling::run },
];

fn main() {
    if !settings::is_asked_for() {
        return;
    }
    let names = settings::names();
    let known = |name: &String| MEASUREMENTS.iter().any(|one| one.name == name);
    assert!(names.iter().all(known), "there is no such measurement: {names:?}");
    let asked = MEASUREMENTS
        .iter()
        .filter(|one| names.is_empty() || names.iter().any(|name| name == one.name));
    let sizes = settings::sizes();
    let place = settings::place(sizes.iter().copied().max().unwrap_or_default());
    let new =
        |one: &'static Measurement| (one, Report::new(one.name, place.path(), (one.columns)()));
    let mut reports: Vec<_> = asked.map(new).collect();
    for (rank, files) in sizes.iter().enumerate() {
        if reports.iter().any(|(one, _)| rank < one.sizes) {
            measure(place.path(), rank, *files, &mut reports);
        }
    }
    for (_, report) in &reports {
        report.finish();
    }
    let reports: Vec<_> = reports.into_iter().map(|(one, report)| (one.name, report)).collect();
    if reports.len() == MEASUREMENTS.len() {
        targets::finish(&reports, &sizes);
    }
    if let Some((_, report)) = reports.iter().find(|(name, _)| *name == "disk_growth") {
        disk_growth::check(report, sizes[0]);
    }
}

/// Measures everything with the repository of one size, which is made once.
fn measure(place: &Path, rank: usize, files: u32, reports: &mut [(&Measurement, Report)]) {
    let dir = tempfile::tempdir_in(place).unwrap();
    let begun = Instant::now();
    let mut ground = Ground::new(dir.path(), files);
    tell(files, "generated", begun);
    for (one, report) in reports.iter_mut().filter(|(one, _)| rank < one.sizes) {
        let begun = Instant::now();
        (one.run)(&mut ground, report);
        tell(files, one.name, begun);
    }
}

/// Shows that it goes on.
fn tell(files: u32, what: &str, begun: Instant) {
    eprintln!("{files} files: {what} in {:.0} s", begun.elapsed().as_secs_f64());
}
