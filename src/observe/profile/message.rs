//! `profile.proto` of pprof, as far as it is needed here: samples become locations, functions and texts
//! that refer to each other by number.

use jiff::Timestamp;
use pprof::Report;
use prost::Message;
use std::collections::HashMap;

/// A profile as it is written.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Profile {
    #[prost(message, repeated, tag = "1")]
    kinds: Vec<Kind>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Function>,
    /// Every text once. The first is the empty one.
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    #[prost(int64, tag = "9")]
    started: i64,
    #[prost(int64, tag = "10")]
    lasted: i64,
    /// What there is a sample of once a period.
    #[prost(message, optional, tag = "11")]
    period_kind: Option<Kind>,
    #[prost(int64, tag = "12")]
    period: i64,
}

/// What is counted, and its unit.
#[derive(Clone, Copy, PartialEq, Message)]
struct Kind {
    #[prost(int64, tag = "1")]
    kind: i64,
    #[prost(int64, tag = "2")]
    unit: i64,
}

/// Where the program was, the innermost first, and how often.
#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(uint64, repeated, tag = "1")]
    locations: Vec<u64>,
    #[prost(int64, repeated, tag = "2")]
    values: Vec<i64>,
    #[prost(message, repeated, tag = "3")]
    labels: Vec<Label>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Label {
    #[prost(int64, tag = "1")]
    name: i64,
    #[prost(int64, tag = "2")]
    text: i64,
}

/// A place, and the functions that are inlined there, the innermost first.
#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Message)]
struct Line {
    #[prost(uint64, tag = "1")]
    function: u64,
    #[prost(int64, tag = "2")]
    line: i64,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Function {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(int64, tag = "2")]
    name: i64,
    #[prost(int64, tag = "3")]
    system_name: i64,
    #[prost(int64, tag = "4")]
    file: i64,
}

/// A profile, and what is in it by its number.
#[derive(Debug, Default)]
struct Draft {
    profile: Profile,
    texts: HashMap<String, i64>,
    functions: HashMap<(i64, i64), u64>,
    locations: HashMap<Vec<Line>, u64>,
}

impl Profile {
    /// Takes all samples of a report.
    pub(super) fn of(report: &Report) -> Self {
        let timing = &report.timing;
        let mut draft = Draft::default();
        draft.text("");
        let started = Timestamp::try_from(timing.start_time).unwrap_or_default();
        draft.profile.started = i64::try_from(started.as_nanosecond()).unwrap_or_default();
        draft.profile.lasted = i64::try_from(timing.duration.as_nanos()).unwrap_or(i64::MAX);
        draft.profile.period = 1_000_000_000 / i64::from(timing.frequency).max(1);
        for (kind, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
            let kind = Kind { kind: draft.text(kind), unit: draft.text(unit) };
            draft.profile.kinds.push(kind);
            // The last one.
            draft.profile.period_kind = Some(kind);
        }
        for (stack, times) in &report.data {
            let times = i64::try_from(*times).unwrap_or_default();
            let locations = stack.frames.iter().map(|frame| draft.location(frame)).collect();
            let thread = stack.thread_name_or_id();
            let label = Label { name: draft.text("thread"), text: draft.text(&thread) };
            let values = vec![times, times.saturating_mul(draft.profile.period)];
            draft.profile.samples.push(Sample { locations, values, labels: vec![label] });
        }
        draft.profile
    }
}

impl Draft {
    fn text(&mut self, text: &str) -> i64 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = i64::try_from(self.profile.texts.len()).unwrap_or_default();
        self.profile.texts.push(text.to_owned());
        self.texts.insert(text.to_owned(), number);
        number
    }

    fn location(&mut self, symbols: &[pprof::Symbol]) -> u64 {
        let line = |symbol: &pprof::Symbol| Line {
            function: self.function(symbol),
            line: i64::from(symbol.lineno.unwrap_or_default()),
        };
        let lines: Vec<_> = symbols.iter().map(line).collect();
        if let Some(id) = self.locations.get(&lines) {
            return *id;
        }
        let id = next(self.profile.locations.len());
        self.profile.locations.push(Location { id, lines: lines.clone() });
        self.locations.insert(lines, id);
        id
    }

    fn function(&mut self, symbol: &pprof::Symbol) -> u64 {
        let name = self.text(&symbol.name());
        let file = symbol.filename.as_ref().map(|file| file.to_string_lossy());
        let file = self.text(&file.unwrap_or_default());
        if let Some(id) = self.functions.get(&(name, file)) {
            return *id;
        }
        let id = next(self.profile.functions.len());
        let system_name = self.text(&symbol.sys_name());
        self.profile.functions.push(Function { id, name, system_name, file });
        self.functions.insert((name, file), id);
        id
    }
}

/// The number of what comes behind so many; 0 means none.
fn next(before: usize) -> u64 {
    u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
}
