//! The table: printed, and put into the document if asked.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::machine;
use crate::support::settings;
use crate::support::stats::Summary;

/// Where the tables are kept.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

/// In what a figure is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Seconds.
    Time,
    /// Megabytes.
    Memory,
    /// Things.
    Count,
}

impl Unit {
    fn show(self, figure: f64) -> String {
        match self {
            Self::Time if figure >= 1.0 => format!("{figure:.2} s"),
            Self::Time if figure >= 0.01 => format!("{:.0} ms", figure * 1e3),
            Self::Time if figure >= 0.001 => format!("{:.1} ms", figure * 1e3),
            Self::Time => format!("{:.2} ms", figure * 1e3),
            Self::Memory => format!("{figure:.1} MiB"),
            Self::Count => format!("{figure:.1}"),
        }
    }
}

/// One table of a bench: what was measured of the program, beside what was measured of others.
#[derive(Debug)]
pub(crate) struct Report {
    bench: &'static str,
    machine: String,
    load: String,
    columns: &'static [&'static str],
    rows: String,
    runs: Vec<String>,
    widest: f64,
}

impl Report {
    /// Begins a table. The first column is the program; the others are compared with it.
    pub(crate) fn new(bench: &'static str, place: &Path, columns: &'static [&'static str]) -> Self {
        let (machine, load) = (machine::describe(place), machine::load());
        let (rows, runs) = (String::new(), Vec::new());
        Self { bench, machine, load, columns, rows, runs, widest: 0.0 }
    }

    /// Notes how often a repository of a size was measured.
    pub(crate) fn repeated(&mut self, files: u32, bytes: u64, runs: usize) {
        let size = if bytes < 10 << 20 {
            format!("{} KiB", bytes >> 10)
        } else {
            format!("{} MiB", bytes >> 20)
        };
        self.runs.push(format!("{runs} runs with {files} files ({size})"));
    }

    /// Adds a row: a figure for each column, if there is one.
    pub(crate) fn row(&mut self, files: u32, what: &str, unit: Unit, cells: &[Option<Summary>]) {
        write!(self.rows, "| {files} | {what} |").unwrap();
        let own = cells.first().copied().flatten().map_or(0.0, |own| own.median);
        for (number, cell) in cells.iter().enumerate() {
            let Some(cell) = cell else {
                self.rows.push_str(" – |");
                continue;
            };
            write!(self.rows, " {}", unit.show(cell.median)).unwrap();
            if number > 0 && own > 0.0 {
                write!(self.rows, " ({})", ratio(cell.median / own)).unwrap();
            }
            self.rows.push_str(" |");
            if matches!(unit, Unit::Time) {
                self.widest = self.widest.max(cell.spread);
            }
        }
        self.rows.push('\n');
    }

    /// Prints the table, and writes it between its markers in the document if asked.
    pub(crate) fn finish(self) {
        let text = self.text();
        println!("\n{text}");
        if settings::writes() {
            let (begin, end) = (marker(self.bench, "begin"), marker(self.bench, "end"));
            let document = fs::read_to_string(DOCUMENT).unwrap();
            let (before, rest) = document.split_once(&begin).expect("the document has markers");
            let (_, after) = rest.split_once(&end).expect("the document has both markers");
            fs::write(DOCUMENT, format!("{before}{begin}\n{text}{end}{after}")).unwrap();
        }
    }

    fn text(&self) -> String {
        let mut command = settings::given();
        command.push("BENCH_WRITE=1".to_owned());
        let command = command.join(" ");
        format!(
            "```text\n{command} cargo bench --bench {bench}\n```\n\n{machine}.\n\
             Medians of {runs}.\nThe quartiles of a time lie at most {spread:.0} % of it apart; the \
             machine's load was {load} at the start.\n\n\
             | files | what | {columns} |\n|---:|---|{lines}\n{rows}",
            bench = self.bench,
            machine = self.machine,
            runs = self.runs.join(", "),
            spread = self.widest * 100.0,
            load = self.load,
            columns = self.columns.join(" | "),
            lines = "---:|".repeat(self.columns.len()),
            rows = self.rows,
        )
    }
}

fn ratio(ratio: f64) -> String {
    if ratio >= 10.0 { format!("{ratio:.0} ×") } else { format!("{ratio:.2} ×") }
}

fn marker(bench: &str, which: &str) -> String {
    format!("<!-- {bench}: {which} -->")
}
