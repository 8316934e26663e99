//! What a configuration file says: options for all, and a list of repositories.
//!
//! What a text must look like is decided in `check`, for files as for flags. Here are only the names:
//! which there are, and where each may stand.

mod text;
mod yaml;

use crate::config::file::yaml::{Document, Pair, Place, Value};
use crate::config::given::Values;
use crate::config::names;
use crate::config::options::{Opt, Scope};
use crate::config::problem::{Origin, Problem};
use std::fs::File as OpenFile;
use std::io;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// How large a file may be. 500 repositories with ten options each have a fortieth of it.
const LIMIT: u64 = 4 * 1024 * 1024;

/// The key of the list of repositories.
const REPOSITORIES: &str = "repositories";

/// The key of what a repository is called.
const NAME: &str = "name";

/// A file that was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    /// Where it is.
    pub(super) path: PathBuf,
    /// As it was written.
    pub(super) shown: String,
    /// What named it, for problems.
    pub(super) place: String,
}

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// The values for all.
    pub(super) top: Values,
    /// The repositories, if it lists them, be it none.
    pub(super) entries: Option<Vec<Entry>>,
    /// Where the list is.
    pub(super) list: String,
}

/// What a file says of one repository.
#[derive(Debug)]
pub(super) struct Entry {
    /// Where it begins.
    pub(super) place: Origin,
    /// What it is called, and where that stands.
    pub(super) name: Option<(String, Origin)>,
    pub(super) values: Values,
}

/// What came of reading a file.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// What it says, as far as that could be read.
    pub(super) file: Option<File>,
    pub(super) problems: Vec<Problem>,
    /// Whether something of it could not be read at all, so that more problems may be due to that.
    pub(super) is_broken: bool,
}

/// Reads a file.
pub(super) fn read(named: &Named) -> Read {
    match content(&named.path) {
        Ok(text) => parse(&text, &named.shown),
        Err(complaint) => {
            let complaint = format!("{:?} {complaint}", named.shown);
            let problems = vec![Problem::new(&named.place, complaint)];
            Read { file: None, problems, is_broken: true }
        }
    }
}

fn content(path: &Path) -> Result<String, String> {
    let failed = |error: io::Error| format!("cannot be read: {error}");
    let file = OpenFile::open(path).map_err(failed)?;
    if file.metadata().map_err(failed)?.is_dir() {
        return Err("is a directory; name the file in it".to_owned());
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LIMIT {
        return Err(format!("is larger than {} MiB", LIMIT / 1024 / 1024));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let lines = error.as_bytes().iter().take(good).filter(|byte| **byte == b'\n').count();
        format!("is not UTF-8 in line {}", lines + 1)
    })
}

/// Reads a text that is in a file of this name.
fn parse(text: &str, shown: &str) -> Read {
    let Document { pairs, repeated, end } = yaml::read(text);
    let is_broken = end.is_some();
    let mut reader = Reader { shown, problems: Vec::new() };
    for (place, complaint) in repeated.into_iter().chain(end) {
        reader.complain(place, complaint);
    }
    let file = reader.file(pairs);
    Read { file: Some(file), problems: reader.problems, is_broken }
}

/// Where an option stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    /// In a file without a list of repositories.
    Alone,
    /// Above the list.
    Top,
    /// In the list.
    Entry,
}

struct Reader<'a> {
    shown: &'a str,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn file(&mut self, pairs: Vec<Pair>) -> File {
        let lists = pairs.iter().any(|pair| pair.key == REPOSITORIES);
        let level = if lists { Level::Top } else { Level::Alone };
        let mut file = File::default();
        for pair in pairs {
            if pair.key == REPOSITORIES {
                file.list = self.origin(pair.place).name();
                file.entries = Some(self.entries(pair));
            } else if pair.key == NAME {
                let complaint = "only what `repositories` lists has a name";
                self.complain(pair.place, complaint.to_owned());
            } else {
                self.option(&pair, level, &mut file.top);
            }
        }
        file
    }

    fn entries(&mut self, list: Pair) -> Vec<Entry> {
        let complaint = "is to be a list with the options of a repository in each part, as in \
                         `- repo: https://example.org/project.git`";
        let Value::List(items) = list.value else {
            self.complain(list.place, format!("{REPOSITORIES} {complaint}"));
            return Vec::new();
        };
        let mut entries = Vec::new();
        for (place, item) in items.into_iter().enumerate() {
            match item {
                Value::Map(pairs) if !pairs.is_empty() => entries.push(self.entry(pairs)),
                Value::Map(_) | Value::Nothing | Value::Text(_) | Value::List(_) => {
                    let part = place + 1;
                    self.complain(
                        list.place,
                        format!("part {part} says nothing; this {complaint}"),
                    );
                }
            }
        }
        entries
    }

    fn entry(&mut self, pairs: Vec<Pair>) -> Entry {
        let first = pairs.first().map(|pair| pair.place).unwrap_or_default();
        let mut entry = Entry { place: self.origin(first), name: None, values: Values::new() };
        for pair in pairs {
            if pair.key != NAME {
                self.option(&pair, Level::Entry, &mut entry.values);
                continue;
            }
            match pair.value {
                Value::Text(name) => entry.name = Some((name, self.origin(pair.place))),
                Value::Nothing => (),
                Value::List(_) | Value::Map(_) => {
                    self.complain(pair.place, "a name is to be a text".to_owned());
                }
            }
        }
        entry
    }

    fn option(&mut self, pair: &Pair, level: Level, values: &mut Values) {
        let Some(opt) = names::option(&pair.key) else {
            return self.complain(pair.place, unknown(&pair.key, level));
        };
        // `--print-config` names it without a value.
        if opt.scope == Scope::File && matches!(pair.value, Value::Nothing) {
            return;
        }
        if let Some(complaint) = misplaced(opt, level) {
            return self.complain(pair.place, complaint);
        }
        let origin = self.origin(pair.place);
        match text::of(opt, &pair.value) {
            Ok(Some(text)) => drop(values.insert(opt.key, (text, origin))),
            Ok(None) => (),
            Err(complaint) => self.problems.push(Problem::new(origin.place(opt), complaint)),
        }
    }

    fn origin(&self, place: Place) -> Origin {
        Origin::File(self.shown.to_owned(), place.line)
    }

    fn complain(&mut self, place: Place, complaint: String) {
        let Place { line, column } = place;
        let place = format!("{}, line {line}, column {column}", self.shown);
        self.problems.push(Problem::new(place, complaint));
    }
}

/// Says why an option cannot stand there.
fn misplaced(opt: &Opt, level: Level) -> Option<String> {
    let key = opt.key;
    Some(match (opt.scope, level) {
        (Scope::File, _) => format!("{key} cannot be in the file itself"),
        (Scope::Process, Level::Entry) => {
            format!("{key} holds for the program as a whole; write it above `{REPOSITORIES}`")
        }
        (Scope::One, Level::Top) => format!("{key} {ONE}"),
        (Scope::Process | Scope::One | Scope::Repository, _) => return None,
    })
}

/// Why some options cannot hold for all.
pub(super) const ONE: &str =
    "can be of one repository only; write it into the part of `repositories` that it is meant for";

/// Says that there is no such key. One that is like none is not shown: it may be anything.
fn unknown(key: &str, level: Level) -> String {
    let bare = key.trim_start_matches('-');
    if let Some((opt, _)) = names::flag(bare) {
        return match opt.key {
            known if known == bare => format!("names have no dashes before them here: {known}"),
            known => format!("{bare} is an old name, which files do not have; use {known}"),
        };
    }
    let of_level = match level {
        Level::Entry => NAME,
        Level::Alone | Level::Top => REPOSITORIES,
    };
    let known = names::options().map(|opt| opt.key).chain([of_level]);
    match names::nearest(bare, known) {
        Some(meant) => format!("there is no option {key:?}; the nearest is {meant}"),
        None => "there is no option of this name; --help lists all".to_owned(),
    }
}

/// The texts in a file, one after the other.
#[cfg(test)]
pub(super) fn texts(content: &str) -> Vec<String> {
    let values = yaml::read(content).pairs.into_iter().flat_map(|pair| match pair.value {
        Value::List(items) => items,
        other @ (Value::Nothing | Value::Text(_) | Value::Map(_)) => vec![other],
    });
    let texts = values.map(|value| match value {
        Value::Text(text) => text,
        Value::Nothing | Value::List(_) | Value::Map(_) => "no text".to_owned(),
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        parse(text, "f.yaml").problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn keys_are_told_with_their_place_and_the_nearest_name() {
        assert_eq!(
            problems(
                "preiod: 30s\nhttp_bind: ':80'\nwait: 3\n--ref: main\nhunter2-as-a-key: 1\n\
                 config: f.yaml\nname: a\nrepositoris: []\nperiod: 1s\nperiod: 2s\n"
            ),
            [
                "f.yaml, line 10, column 1: this key is here for the second time",
                "f.yaml, line 1, column 1: there is no option \"preiod\"; the nearest is period",
                "f.yaml, line 2, column 1: there is no option \"http_bind\"; the nearest is \
                 http-bind",
                "f.yaml, line 3, column 1: wait is an old name, which files do not have; use period",
                "f.yaml, line 4, column 1: names have no dashes before them here: ref",
                "f.yaml, line 5, column 1: there is no option of this name; --help lists all",
                "f.yaml, line 6, column 1: config cannot be in the file itself",
                "f.yaml, line 7, column 1: only what `repositories` lists has a name",
                "f.yaml, line 8, column 1: there is no option \"repositoris\"; the nearest is \
                 repositories",
            ]
        );
    }

    #[test]
    fn each_option_stands_where_it_can() {
        let told = problems(
            "link: latest\nrepositories:\n- repo: /a\n  http-bind: ':80'\n  nmae: x\n- repo: /b\n  \
             period: [1, 2]\n",
        );
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(
            told[0].starts_with("f.yaml, line 1, column 1: link can be of one repository only")
        );
        assert!(told[1].starts_with("f.yaml, line 4, column 3: http-bind holds for the program"));
        assert!(told[2].ends_with("the nearest is name"), "{told:?}");
        assert!(told[3].starts_with("--period (from f.yaml, line 7): is a list"), "{told:?}");
        assert!(problems("link: latest\nhttp-bind: ':80'\nrepo: /a\n").is_empty());
    }

    #[test]
    fn the_list_has_the_options_of_a_repository_in_each_part() {
        for text in ["repositories:\n", "repositories: a\n", "repositories: {a: b}\n"] {
            assert!(problems(text)[0].contains("repositories is to be a list"), "{text}");
        }
        for text in ["repositories: [a]\n", "repositories:\n-\n", "repositories: [{}]\n"] {
            assert!(problems(text)[0].contains("part 1 says nothing"), "{text}");
        }
        assert!(parse("repositories: []", "f").file.unwrap().entries.unwrap().is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let told = |name: &str, content: Option<&[u8]>| {
            let path = dir.path().join(name);
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let named = Named { path, shown: name.to_owned(), place: "--config".to_owned() };
            let Read { file, problems, is_broken } = read(&named);
            assert!(is_broken && problems.len() == 1, "{name}: {problems:?}");
            assert_eq!(file.is_some(), name == "broken");
            problems.concat_display()
        };
        assert!(told("missing", None).starts_with("--config: \"missing\" cannot be read: No such"));
        assert!(told("", None).ends_with("is a directory; name the file in it"));
        let large = vec![b'#'; 4 * 1024 * 1024 + 1];
        assert!(told("large", Some(&large)).ends_with("is larger than 4 MiB"));
        assert!(told("latin", Some(b"a: b\nc: \xe9\n")).ends_with("is not UTF-8 in line 2"));
        let broken = told("broken", Some(b"period: 1s\nref: [main\n"));
        assert!(broken.starts_with("broken, line 3, column 1: is not YAML: "), "{broken}");
    }

    /// Writes problems one after the other.
    trait Concat {
        fn concat_display(&self) -> String;
    }

    impl Concat for Vec<Problem> {
        fn concat_display(&self) -> String {
            self.iter().map(ToString::to_string).collect()
        }
    }
}
