//! YAML to a tree of texts, each with its place.
//!
//! A scalar stays as it is written: `1.10` and `on` are texts like any other. What makes a file mean
//! more than it shows is refused: aliases, tags and several documents. Complaints never show values.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// How deep lists and mappings may be in each other. The deepest that means something is five.
const DEPTH: usize = 16;

/// What the file holds at one place.
#[derive(Debug)]
pub(super) enum Value {
    /// Nothing, or `null`, without quotes.
    Nothing,
    Text(String),
    List(Vec<Value>),
    Map(Vec<Pair>),
}

/// A key and its value.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: Value,
}

/// Where something stands; both count from one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    fn of(span: Span) -> Self {
        Self { line: span.start.line(), column: span.start.col() + 1 }
    }
}

/// What is wrong, and where.
pub(super) type Wrong = (Place, String);

/// What could be read.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The pairs of the file.
    pub(super) pairs: Vec<Pair>,
    /// Keys that were there already; the first one is among the pairs.
    pub(super) repeated: Vec<Wrong>,
    /// Why nothing could be read from there on.
    pub(super) end: Option<Wrong>,
}

/// Reads a text as far as it goes.
pub(super) fn read(text: &str) -> Document {
    let mut reader = Reader::default();
    let mut end = None;
    for event in Parser::new_from_str(text) {
        let read = match event {
            Ok((event, span)) => reader.event(event, Place::of(span)),
            Err(error) => {
                let marker = error.marker();
                let place = Place { line: marker.line(), column: marker.col() + 1 };
                Err((place, format!("is not YAML: {}", error.info())))
            }
        };
        if let Err(wrong) = read {
            end = Some(wrong);
            break;
        }
    }
    let (pairs, not_pairs) = reader.pairs();
    Document { pairs, repeated: reader.repeated, end: end.or(not_pairs) }
}

/// A list or a mapping that has not ended.
enum Open {
    List(Vec<Value>),
    Map { pairs: Vec<Pair>, keys: BTreeSet<String>, key: Option<Key> },
}

/// A key that waits for its value.
struct Key {
    text: String,
    place: Place,
    is_repeated: bool,
}

#[derive(Default)]
struct Reader {
    open: Vec<Open>,
    /// The document, once it has ended, and where it began.
    whole: Option<(Value, Place)>,
    repeated: Vec<Wrong>,
    documents: usize,
}

impl Reader {
    fn event(&mut self, event: Event<'_>, place: Place) -> Result<(), Wrong> {
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                let complaint = "a second document begins here; there can be one only";
                if self.documents > 1 { Err((place, complaint.to_owned())) } else { Ok(()) }
            }
            Event::Alias(_) => Err((place, "aliases are not read; write the value".to_owned())),
            Event::Scalar(text, style, _, tag) => {
                let is_text = match tag {
                    None => style != ScalarStyle::Plain || !is_nothing(&text),
                    Some(tag) if tag.is_yaml_core_schema() && tag.suffix == "str" => true,
                    Some(_) => return Err(tagged(place)),
                };
                let text = Cow::into_owned(text);
                self.value(if is_text { Value::Text(text) } else { Value::Nothing }, place)
            }
            Event::SequenceStart(_, Some(_)) | Event::MappingStart(_, Some(_)) => {
                Err(tagged(place))
            }
            Event::SequenceStart(..) => self.begin(Open::List(Vec::new()), place),
            Event::MappingStart(..) => {
                let (pairs, keys) = (Vec::new(), BTreeSet::new());
                self.begin(Open::Map { pairs, keys, key: None }, place)
            }
            Event::SequenceEnd | Event::MappingEnd => match self.open.pop() {
                Some(Open::List(items)) => self.value(Value::List(items), place),
                Some(Open::Map { pairs, .. }) => self.value(Value::Map(pairs), place),
                None => Ok(()),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentEnd => Ok(()),
        }
    }

    fn begin(&mut self, open: Open, place: Place) -> Result<(), Wrong> {
        if self.open.len() >= DEPTH {
            return Err((place, "lists and mappings are too deep in each other here".to_owned()));
        }
        if let Some(Open::Map { key: None, .. }) = self.open.last() {
            return Err(no_key(place));
        }
        self.open.push(open);
        Ok(())
    }

    fn value(&mut self, value: Value, place: Place) -> Result<(), Wrong> {
        match self.open.last_mut() {
            None => self.whole = Some((value, place)),
            Some(Open::List(items)) => items.push(value),
            Some(Open::Map { pairs, keys, key }) => match (key.take(), value) {
                (Some(Key { is_repeated: true, .. }), _) => (),
                (Some(Key { text, place, .. }), value) => {
                    pairs.push(Pair { key: text, place, value });
                }
                (None, Value::Text(text)) => {
                    let is_repeated = !keys.insert(text.clone());
                    if is_repeated {
                        let complaint = "this key is here for the second time".to_owned();
                        self.repeated.push((place, complaint));
                    }
                    *key = Some(Key { text, place, is_repeated });
                }
                (None, Value::Nothing | Value::List(_) | Value::Map(_)) => {
                    return Err(no_key(place));
                }
            },
        }
        Ok(())
    }

    /// Takes the pairs of the file, also of one that broke off.
    fn pairs(&mut self) -> (Vec<Pair>, Option<Wrong>) {
        if let Some(Open::Map { pairs, .. }) = self.open.first_mut() {
            return (std::mem::take(pairs), None);
        }
        match self.whole.take() {
            None | Some((Value::Nothing, _)) => (Vec::new(), None),
            Some((Value::Map(pairs), _)) => (pairs, None),
            Some((Value::Text(_) | Value::List(_), place)) => {
                let complaint = "is not a mapping of options, as in `period: 30s`";
                (Vec::new(), Some((place, complaint.to_owned())))
            }
        }
    }
}

fn is_nothing(text: &str) -> bool {
    ["", "~", "null", "Null", "NULL"].contains(&text)
}

fn tagged(place: Place) -> Wrong {
    (place, "tags are not read; every value is a text".to_owned())
}

fn no_key(place: Place) -> Wrong {
    (place, "a key is to be a name, as in `period: 30s`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(text: &str) -> String {
        let Document { repeated, end, .. } = read(text);
        let (place, complaint) = repeated.into_iter().chain(end).next().unwrap();
        format!("{}:{} {complaint}", place.line, place.column)
    }

    #[test]
    fn scalars_stay_as_they_are_written() {
        let text =
            "a: 1.10\nb: on\nc: 0x10\nd: 'null'\ne: !!str 1\nf: 2001-01-01\ng: |\n  x\n  y\n";
        let Document { pairs, repeated, end } = read(text);
        assert!(repeated.is_empty() && end.is_none());
        let texts: Vec<_> = pairs
            .iter()
            .map(|pair| match &pair.value {
                Value::Text(text) => text.as_str(),
                Value::Nothing | Value::List(_) | Value::Map(_) => panic!("{pair:?}"),
            })
            .collect();
        assert_eq!(texts, ["1.10", "on", "0x10", "null", "1", "2001-01-01", "x\ny\n"]);
        let places: Vec<_> = pairs.iter().map(|pair| pair.place.line).collect();
        assert_eq!(places, [1, 2, 3, 4, 5, 6, 7]);
    }

    #[test]
    fn nothing_is_no_text() {
        let Document { pairs, .. } = read("a:\nb: ~\nc: null\nd: NULL\n");
        assert_eq!(pairs.len(), 4);
        assert!(pairs.iter().all(|pair| matches!(pair.value, Value::Nothing)), "{pairs:?}");
        assert!(read("").end.is_none() && read("# a word\n").pairs.is_empty());
    }

    #[test]
    fn json_is_yaml() {
        let Document { pairs, end, .. } = read(r#"{"a": ["b", 1], "c": {"d": null}}"#);
        assert!(end.is_none());
        assert_eq!(pairs.len(), 2);
    }

    #[test]
    fn what_means_more_than_it_shows_is_refused() {
        assert_eq!(told("a: &x 1\nb: *x\n"), "2:4 aliases are not read; write the value");
        assert_eq!(told("a: !!int 1\n"), "1:4 tags are not read; every value is a text");
        assert!(told("a: !x [1]\n").contains("tags are not read"));
        assert!(told("a: 1\n---\nb: 2\n").starts_with("2:1 a second document"));
        assert_eq!(told("a: 1\nb: 2\na: 3\n"), "3:1 this key is here for the second time");
        assert_eq!(told("? [a]\n: b\n"), "1:3 a key is to be a name, as in `period: 30s`");
        assert!(told(": b\n").contains("a key is to be a name"));
        assert!(told("- a\n").contains("is not a mapping of options"));
        assert!(told("hunter2").contains("is not a mapping of options"));
        assert!(told("a: [1\n").contains("is not YAML: "));
        assert!(told("a: b: c\n").contains("is not YAML: "));
        for deep in ["[", "{b: ", "- "].map(|part| format!("a:\n  {}", part.repeat(100_000))) {
            let told = told(&deep);
            assert!(told.contains("too deep") || told.contains("recursion limit"), "{told}");
        }
    }

    #[test]
    fn what_came_before_a_mistake_is_there() {
        let Document { pairs, end, .. } = read("a: 1\nb:\n  - c: [\n");
        assert!(end.is_some());
        assert_eq!(pairs.iter().map(|pair| pair.key.as_str()).collect::<Vec<_>>(), ["a"]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_text_makes_it_panic(
            any in any::<String>(),
            like in "([a-c]|[-:?,#&*!|>%@`'\"{}\\[\\] \n\t~]|---|: |\n  ){0,60}",
        ) {
            drop(read(&any));
            drop(read(&like));
        }
    }
}
