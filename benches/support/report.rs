//! The tables: printed, and put into the document if asked.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::ground::Ground;
use crate::support::machine;
use crate::support::settings;
use crate::support::stats::{Summary, summary};

/// Where the tables are kept, and where that of many instances is.
const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");
const SCALING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/scaling.md");

/// In what a figure is counted.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Seconds.
    Time,
    /// Megabytes.
    Memory,
    /// Kilobytes.
    Size,
    /// Things.
    Count,
    /// Very many things.
    Millions,
    /// A share of something else.
    Ratio,
}

impl Unit {
    /// The figure with its unit.
    pub(crate) fn show(self, figure: f64) -> String {
        match self {
            Self::Time if figure >= 1.0 => format!("{figure:.2} s"),
            Self::Time if figure >= 0.01 => format!("{:.0} ms", figure * 1e3),
            Self::Time if figure >= 0.001 => format!("{:.1} ms", figure * 1e3),
            Self::Time => format!("{:.2} ms", figure * 1e3),
            Self::Memory => format!("{figure:.1} MiB"),
            Self::Size => format!("{figure:.0} KiB"),
            Self::Count => format!("{figure:.1}"),
            Self::Millions => format!("{:.2} million", figure / 1e6),
            Self::Ratio if figure >= 10.0 => format!("{figure:.0} ×"),
            Self::Ratio => format!("{figure:.2} ×"),
        }
    }
}

/// What was measured of one thing, in every column.
#[derive(Debug)]
struct Row {
    files: u32,
    what: &'static str,
    unit: Unit,
    cells: Vec<Option<Summary>>,
}

/// One table: what was measured of the program, beside what was measured of others.
#[derive(Debug)]
pub(crate) struct Report {
    name: &'static str,
    machine: String,
    load: String,
    columns: Vec<String>,
    rows: Vec<Row>,
    runs: Vec<String>,
    remarks: Vec<String>,
}

impl Report {
    /// Begins a table. The first column is the program; the others are compared with it.
    pub(crate) fn new(name: &'static str, place: &Path, columns: Vec<String>) -> Self {
        let (machine, load) = (machine::describe(place), machine::load());
        let (rows, runs, remarks) = (Vec::new(), Vec::new(), Vec::new());
        Self { name, machine, load, columns, rows, runs, remarks }
    }

    /// Notes how often something was done with a repository.
    pub(crate) fn repeated(&mut self, ground: &Ground, times: usize, what: &str) {
        let bytes = ground.bytes;
        let size = if bytes < 10 << 20 {
            format!("{} KiB", bytes >> 10)
        } else {
            format!("{} MiB", bytes >> 20)
        };
        self.runs.push(format!("{times} {what} with {} files ({size})", ground.files));
    }

    /// Notes what was done with no repository of the usual sizes.
    pub(crate) fn ran(&mut self, what: &str) {
        self.runs.push(what.to_owned());
    }

    /// Notes something else that a reader should know.
    pub(crate) fn remark(&mut self, text: &str) {
        self.remarks.push(text.to_owned());
    }

    /// Adds a row: a figure for each column, if there is one.
    pub(crate) fn row(
        &mut self,
        files: u32,
        what: &'static str,
        unit: Unit,
        cells: impl IntoIterator<Item = Option<Summary>>,
    ) {
        self.rows.push(Row { files, what, unit, cells: cells.into_iter().collect() });
    }

    /// Adds a row with one figure, of the program.
    pub(crate) fn single(&mut self, files: u32, what: &'static str, unit: Unit, figure: f64) {
        self.row(files, what, unit, [Some(summary([figure]))]);
    }

    /// A figure of a table.
    pub(crate) fn figure(&self, files: u32, what: &str, column: &str) -> Option<f64> {
        let column = self.columns.iter().position(|name| name == column)?;
        let row = self.rows.iter().find(|row| row.files == files && row.what == what)?;
        row.cells.get(column).copied().flatten().map(|cell| cell.median)
    }

    /// Prints the table, and writes it between its markers in the document if asked.
    pub(crate) fn finish(&self) {
        write(self.name, &self.text());
    }

    fn text(&self) -> String {
        let mut command = settings::given();
        command.push("BENCH_WRITE=1".to_owned());
        let mut text = format!(
            "```text\n{} cargo bench --bench costs -- {}\n```\n\n{}.\n",
            command.join(" "),
            self.name,
            self.machine,
        );
        writeln!(text, "From {}.", self.runs.join(", ")).unwrap();
        if let Some(widest) = self.widest() {
            let widest = widest * 100.0;
            writeln!(text, "The quartiles of a time lie at most {widest:.0} % of it apart.")
                .unwrap();
        }
        for remark in &self.remarks {
            writeln!(text, "{remark}").unwrap();
        }
        writeln!(text, "The machine's load was {} at the start.", self.load).unwrap();
        let lines = "---:|".repeat(self.columns.len());
        let columns = self.columns.join(" | ");
        write!(text, "\n| files | what | {columns} |\n|---:|---|{lines}\n").unwrap();
        for row in &self.rows {
            row.write(&mut text);
        }
        text
    }

    /// The widest spread of a time.
    fn widest(&self) -> Option<f64> {
        let times = self.rows.iter().filter(|row| matches!(row.unit, Unit::Time));
        let spreads = times.flat_map(|row| row.cells.iter().flatten()).map(|cell| cell.spread);
        spreads.max_by(f64::total_cmp)
    }
}

impl Row {
    fn write(&self, to: &mut String) {
        write!(to, "| {} | {} |", self.files, self.what).unwrap();
        let own = self.cells.first().copied().flatten().map_or(0.0, |own| own.median);
        for (number, cell) in self.cells.iter().enumerate() {
            let Some(cell) = cell else {
                to.push_str(" – |");
                continue;
            };
            write!(to, " {}", self.unit.show(cell.median)).unwrap();
            if number > 0 && own > 0.0 {
                write!(to, " ({})", Unit::Ratio.show(cell.median / own)).unwrap();
            }
            to.push_str(" |");
        }
        to.push('\n');
    }
}

/// Prints a text, and writes it between the markers of a name in the document if asked.
pub(crate) fn write(name: &str, text: &str) {
    println!("\n{text}");
    if settings::writes() {
        let (begin, end) = (marker(name, "begin"), marker(name, "end"));
        let file = if name == "scaling" { SCALING } else { DOCUMENT };
        let document = fs::read_to_string(file).unwrap();
        let (before, rest) = document.split_once(&begin).expect("the document has markers");
        let (_, after) = rest.split_once(&end).expect("the document has both markers");
        fs::write(file, format!("{before}{begin}\n{text}{end}{after}")).unwrap();
    }
}

fn marker(name: &str, which: &str) -> String {
    format!("<!-- {name}: {which} -->")
}
