//! `profile.proto` of pprof, as far as it is needed here: samples become locations, functions and texts
//! that refer to each other by number.

use crate::observe::profile::mappings;
use crate::observe::profile::names::Name;
use crate::observe::profile::stacks;
use crate::observe::profile::stacks::Stack;
use prost::Message;
use std::collections::HashMap;
use std::time::Duration;

/// A profile as it is written.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Profile {
    #[prost(message, repeated, tag = "1")]
    kinds: Vec<Kind>,
    #[prost(message, repeated, tag = "2")]
    samples: Vec<Sample>,
    #[prost(message, repeated, tag = "3")]
    mappings: Vec<Mapping>,
    #[prost(message, repeated, tag = "4")]
    locations: Vec<Location>,
    #[prost(message, repeated, tag = "5")]
    functions: Vec<Function>,
    /// Every text once. The first is the empty one.
    #[prost(string, repeated, tag = "6")]
    texts: Vec<String>,
    /// The functions that are left out together with what they call: a regular expression.
    #[prost(int64, tag = "7")]
    left_out: i64,
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

/// Where a part of a file is in memory.
#[derive(Clone, Copy, PartialEq, Message)]
struct Mapping {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    start: u64,
    #[prost(uint64, tag = "3")]
    limit: u64,
    #[prost(uint64, tag = "4")]
    offset: u64,
    #[prost(int64, tag = "5")]
    file: i64,
    #[prost(int64, tag = "6")]
    build_id: i64,
    /// Whether all its locations have the names of their functions, so that nobody need look.
    #[prost(bool, tag = "7")]
    has_functions: bool,
}

/// An address, and the functions that are inlined there, the innermost first.
#[derive(Clone, PartialEq, Message)]
struct Location {
    #[prost(uint64, tag = "1")]
    id: u64,
    #[prost(uint64, tag = "2")]
    mapping: u64,
    #[prost(uint64, tag = "3")]
    address: u64,
    #[prost(message, repeated, tag = "4")]
    lines: Vec<Line>,
}

#[derive(Clone, Copy, PartialEq, Message)]
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

/// When samples were taken.
pub(super) struct Timing {
    /// The beginning, in nanoseconds since 1970.
    pub(super) started: i64,
    pub(super) lasted: Duration,
    /// Samples for a second of work.
    pub(super) frequency: i32,
}

/// A profile, and what is in it by its number.
struct Draft<F> {
    profile: Profile,
    mappings: Vec<mappings::Mapping>,
    /// Finds the functions that are at an address.
    names: F,
    texts: HashMap<String, i64>,
    functions: HashMap<(i64, i64), u64>,
    locations: HashMap<u64, u64>,
}

impl Profile {
    /// Takes all samples.
    pub(super) fn of(
        stacks: &[Stack],
        timing: &Timing,
        mappings: Vec<mappings::Mapping>,
        names: impl Fn(u64) -> Vec<Name>,
    ) -> Self {
        let mut draft = Draft {
            profile: Self::default(),
            mappings,
            names,
            texts: HashMap::new(),
            functions: HashMap::new(),
            locations: HashMap::new(),
        };
        draft.text("");
        draft.profile.left_out = draft.text(stacks::PROFILER);
        draft.profile.started = timing.started;
        draft.profile.lasted = i64::try_from(timing.lasted.as_nanos()).unwrap_or(i64::MAX);
        draft.profile.period = 1_000_000_000 / i64::from(timing.frequency).max(1);
        for (kind, unit) in [("samples", "count"), ("cpu", "nanoseconds")] {
            let kind = Kind { kind: draft.text(kind), unit: draft.text(unit) };
            draft.profile.kinds.push(kind);
            // The last one.
            draft.profile.period_kind = Some(kind);
        }
        for stack in stacks {
            draft.sample(stack);
        }
        draft.describe_mappings();
        draft.profile
    }
}

impl<F: Fn(u64) -> Vec<Name>> Draft<F> {
    fn text(&mut self, text: &str) -> i64 {
        if let Some(number) = self.texts.get(text) {
            return *number;
        }
        let number = i64::try_from(self.profile.texts.len()).unwrap_or_default();
        self.profile.texts.push(text.to_owned());
        self.texts.insert(text.to_owned(), number);
        number
    }

    fn sample(&mut self, stack: &Stack) {
        let locations = stack.addresses.iter().map(|address| self.location(*address)).collect();
        let label = Label { name: self.text("thread"), text: self.text(&stack.thread) };
        let values = vec![stack.times, stack.times.saturating_mul(self.profile.period)];
        self.profile.samples.push(Sample { locations, values, labels: vec![label] });
    }

    fn location(&mut self, address: u64) -> u64 {
        if let Some(id) = self.locations.get(&address) {
            return *id;
        }
        let id = next(self.profile.locations.len());
        let mapping = self.mappings.iter().position(|mapping| mapping.has(address));
        let mapping = mapping.map_or(0, next);
        let lines = (self.names)(address).iter().map(|name| self.line(name)).collect();
        self.profile.locations.push(Location { id, mapping, address, lines });
        self.locations.insert(address, id);
        id
    }

    fn line(&mut self, name: &Name) -> Line {
        Line { function: self.function(name), line: name.line }
    }

    fn function(&mut self, name: &Name) -> u64 {
        let system_name = self.text(&name.raw);
        let file = self.text(&name.file);
        if let Some(id) = self.functions.get(&(system_name, file)) {
            return *id;
        }
        let id = next(self.profile.functions.len());
        let name = self.text(&name.shown);
        self.profile.functions.push(Function { id, name, system_name, file });
        self.functions.insert((system_name, file), id);
        id
    }

    /// Comes last: then it is known which names were found.
    fn describe_mappings(&mut self) {
        for (before, mapping) in std::mem::take(&mut self.mappings).into_iter().enumerate() {
            let id = next(before);
            let mut there =
                self.profile.locations.iter().filter(|one| one.mapping == id).peekable();
            let any = there.peek().is_some();
            let has_functions = any && there.all(|location| !location.lines.is_empty());
            let described = Mapping {
                id,
                start: mapping.start,
                limit: mapping.limit,
                offset: mapping.offset,
                file: self.text(&mapping.path),
                build_id: self.text(&mapping.build_id),
                has_functions,
            };
            self.profile.mappings.push(described);
        }
    }
}

/// The number of what comes behind so many; 0 means none.
fn next(before: usize) -> u64 {
    u64::try_from(before).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three addresses in two files, of which one has no names.
    fn sampled(names: impl Fn(u64) -> Vec<Name>) -> Profile {
        let mapping = |start, path: &str, build_id: &str| mappings::Mapping {
            start,
            limit: start + 100,
            offset: 50,
            path: path.to_owned(),
            build_id: build_id.to_owned(),
        };
        let stack = |addresses: &[u64], times| Stack {
            thread: "main".to_owned(),
            addresses: addresses.to_vec(),
            times,
        };
        let timing = Timing { started: 7, lasted: Duration::from_secs(3), frequency: 100 };
        let stacks = [stack(&[110, 220], 2), stack(&[130, 220, 999], 1)];
        let mappings = vec![mapping(100, "/gitsyncd", "abcd"), mapping(200, "/libc.so", "")];
        Profile::of(&stacks, &timing, mappings, names)
    }

    fn named(name: &str) -> Name {
        Name { shown: format!("our::{name}"), raw: name.to_owned(), ..Name::default() }
    }

    #[test]
    fn an_address_is_given_once_and_with_the_file_that_it_is_in() {
        let profile = sampled(|_address| Vec::new());
        let locations = &profile.locations;
        let found: Vec<_> = locations.iter().map(|one| (one.address, one.mapping)).collect();
        assert_eq!(found, [(110, 1), (220, 2), (130, 1), (999, 0)]);
        let samples: Vec<_> = profile.samples.iter().map(|one| one.locations.clone()).collect();
        assert_eq!(samples, [vec![1, 2], vec![3, 2, 4]]);
        assert_eq!(profile.samples[0].values, [2, 20_000_000]);
        let mapping = profile.mappings[0];
        let text = |number: i64| profile.texts[usize::try_from(number).unwrap()].as_str();
        assert_eq!((text(mapping.file), text(mapping.build_id)), ("/gitsyncd", "abcd"));
        assert_eq!((mapping.id, mapping.start, mapping.limit, mapping.offset), (1, 100, 200, 50));
        assert!(profile.functions.is_empty() && !mapping.has_functions);
    }

    #[test]
    fn names_are_given_where_they_are_known() {
        let profile = sampled(|address| match address {
            110 => vec![named("inlined"), named("outer")],
            130 => vec![named("outer")],
            _ => Vec::new(),
        });
        let lines = |at: usize| -> Vec<u64> {
            profile.locations[at].lines.iter().map(|line| line.function).collect()
        };
        assert_eq!((lines(0), lines(1), lines(2)), (vec![1, 2], vec![], vec![2]));
        let has: Vec<_> = profile.mappings.iter().map(|mapping| mapping.has_functions).collect();
        assert_eq!(has, [true, false]);
    }

    #[test]
    fn who_looks_up_names_is_asked_to_where_one_is_missing() {
        let profile =
            sampled(|address| if address == 110 { vec![named("outer")] } else { Vec::new() });
        assert!(!profile.mappings[0].has_functions);
    }
}
