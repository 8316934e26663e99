//! `profile.proto`, as far as it is needed here: samples become locations, functions and texts that
//! refer to each other by number, and these become bytes (protobuf's encoding).

use jiff::Timestamp;
use pprof::Report;
use std::collections::HashMap;

/// A profile as it is written.
#[derive(Debug)]
pub(super) struct Profile {
    texts: Texts,
    functions: Vec<Vec<u8>>,
    known_functions: HashMap<(u64, u64), u64>,
    locations: Vec<Vec<u8>>,
    known_locations: HashMap<Vec<(u64, u64)>, u64>,
    samples: Vec<Vec<u8>>,
    started: u64,
    lasted: u64,
    period: u64,
}

/// Every text once, by its number. The first is the empty one.
#[derive(Debug)]
struct Texts {
    all: Vec<String>,
    known: HashMap<String, u64>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u64 {
        if let Some(number) = self.known.get(text) {
            return *number;
        }
        let number = count(self.all.len());
        self.all.push(text.to_owned());
        self.known.insert(text.to_owned(), number);
        number
    }
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

impl Profile {
    /// Takes all samples of a report.
    pub(super) fn of(report: &Report) -> Self {
        let timing = &report.timing;
        let started = Timestamp::try_from(timing.start_time).unwrap_or_default();
        let frequency = u64::try_from(timing.frequency).unwrap_or_default().max(1);
        let mut profile = Self {
            texts: Texts { all: vec![String::new()], known: HashMap::from([(String::new(), 0)]) },
            functions: Vec::new(),
            known_functions: HashMap::new(),
            locations: Vec::new(),
            known_locations: HashMap::new(),
            samples: Vec::new(),
            started: u64::try_from(started.as_nanosecond()).unwrap_or_default(),
            lasted: u64::try_from(timing.duration.as_nanos()).unwrap_or(u64::MAX),
            period: 1_000_000_000 / frequency,
        };
        for (stack, times) in &report.data {
            let times = u64::try_from(*times).unwrap_or_default();
            let frames: Vec<_> = stack.frames.iter().map(|frame| profile.location(frame)).collect();
            profile.sample(&frames, times, &stack.thread_name_or_id());
        }
        profile
    }

    /// Where the program was, and the functions that are inlined there, the innermost first.
    fn location(&mut self, symbols: &[pprof::Symbol]) -> u64 {
        let lines: Vec<_> = symbols
            .iter()
            .map(|symbol| (self.function(symbol), u64::from(symbol.lineno.unwrap_or_default())))
            .collect();
        if let Some(number) = self.known_locations.get(&lines) {
            return *number;
        }
        let number = count(self.locations.len()) + 1;
        let mut location = Vec::new();
        put_number(&mut location, 1, number);
        for (function, line) in &lines {
            let mut message = Vec::new();
            put_number(&mut message, 1, *function);
            put_number(&mut message, 2, *line);
            put_bytes(&mut location, 4, &message);
        }
        self.locations.push(location);
        self.known_locations.insert(lines, number);
        number
    }

    fn function(&mut self, symbol: &pprof::Symbol) -> u64 {
        let name = self.texts.number(&symbol.name());
        let file = symbol.filename.as_ref().map(|file| file.to_string_lossy());
        let file = self.texts.number(&file.unwrap_or_default());
        if let Some(number) = self.known_functions.get(&(name, file)) {
            return *number;
        }
        let number = count(self.functions.len()) + 1;
        let mut function = Vec::new();
        put_number(&mut function, 1, number);
        put_number(&mut function, 2, name);
        put_number(&mut function, 3, self.texts.number(&symbol.sys_name()));
        put_number(&mut function, 4, file);
        self.functions.push(function);
        self.known_functions.insert((name, file), number);
        number
    }

    fn sample(&mut self, frames: &[u64], times: u64, thread: &str) {
        let mut label = Vec::new();
        put_number(&mut label, 1, self.texts.number("thread"));
        put_number(&mut label, 2, self.texts.number(thread));
        let mut sample = Vec::new();
        put_numbers(&mut sample, 1, frames);
        put_numbers(&mut sample, 2, &[times, times.saturating_mul(self.period)]);
        put_bytes(&mut sample, 3, &label);
        self.samples.push(sample);
    }

    /// Writes all of it.
    pub(super) fn write(mut self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut kinds = Vec::new();
        for (kind, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
            let mut message = Vec::new();
            put_number(&mut message, 1, self.texts.number(kind));
            put_number(&mut message, 2, self.texts.number(unit));
            put_bytes(&mut out, 1, &message);
            kinds = message;
        }
        for (field, messages) in [(2, &self.samples), (4, &self.locations), (5, &self.functions)] {
            for message in messages {
                put_bytes(&mut out, field, message);
            }
        }
        for text in &self.texts.all {
            put_bytes(&mut out, 6, text.as_bytes());
        }
        put_number(&mut out, 9, self.started);
        put_number(&mut out, 10, self.lasted);
        // The last kind is what there is a sample of once a period.
        put_bytes(&mut out, 11, &kinds);
        put_number(&mut out, 12, self.period);
        out
    }
}

/// Seven bits a byte, the lowest first; all but the last are marked.
fn put(out: &mut Vec<u8>, mut number: u64) {
    loop {
        let low = u8::try_from(number & 0x7f).unwrap_or_default();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// A field that holds a number.
fn put_number(out: &mut Vec<u8>, field: u64, number: u64) {
    put(out, field << 3);
    put(out, number);
}

/// A field that holds a text or a message.
fn put_bytes(out: &mut Vec<u8>, field: u64, bytes: &[u8]) {
    put(out, (field << 3) | 2);
    put(out, count(bytes.len()));
    out.extend_from_slice(bytes);
}

/// A field that holds several numbers.
fn put_numbers(out: &mut Vec<u8>, field: u64, numbers: &[u64]) {
    let mut packed = Vec::new();
    for number in numbers {
        put(&mut packed, *number);
    }
    put_bytes(out, field, &packed);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_groups_of_seven_bits() {
        let written = |number: u64| {
            let mut out = Vec::new();
            put(&mut out, number);
            out
        };
        assert_eq!(written(0), [0]);
        assert_eq!(written(127), [127]);
        assert_eq!(written(300), [0xac, 2]);
        assert_eq!(written(u64::MAX).len(), 10);
        let mut out = Vec::new();
        put_bytes(&mut out, 2, b"testing");
        assert_eq!(out, b"\x12\x07testing");
    }
}
