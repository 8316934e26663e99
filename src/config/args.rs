//! The command line to pairs of flag and text, in the manner of pflag.
//!
//! What a text means is not decided here; the texts of unknown flags are never shown, as they may
//! be secrets that were mistyped.

use crate::config::names;
use crate::config::options::{BETWEEN, Many};
use crate::config::problem::Problem;
use crate::config::values;
use std::collections::BTreeMap;
use std::ffi::OsString;

/// What the command line holds.
#[derive(Default)]
pub(super) struct Args {
    /// The first flag that asks for a text instead of a run.
    pub(super) wish: Option<Wish>,
    /// Flags by their names without dashes; of a repeated one the last, or all with [`BETWEEN`]
    /// them.
    pub(super) flags: BTreeMap<&'static str, String>,
    /// Variables that were given as hidden flags.
    pub(super) variables: BTreeMap<String, String>,
    pub(super) problems: Vec<Problem>,
    /// Words that belong to no flag.
    pub(super) stray: Vec<Problem>,
}

/// A text that is asked for instead of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Help,
    Manual,
    Version,
    PrintConfig,
}

impl Wish {
    /// Says whether it goes by this letter too.
    fn is_called(self, letter: char) -> bool {
        self == Self::Help && letter == '?'
    }
}

/// A flag that asks for a text.
pub(super) struct Action {
    pub(super) key: &'static str,
    pub(super) letter: Option<char>,
    pub(super) wish: Wish,
    pub(super) short: &'static str,
}

/// Every flag that asks for a text.
pub(super) const ACTIONS: &[Action] = &[
    Action { key: "help", letter: Some('h'), wish: Wish::Help, short: "Show a short help" },
    Action {
        key: "man",
        letter: None,
        wish: Wish::Manual,
        short: "Show the manual of all options",
    },
    Action { key: "version", letter: None, wish: Wish::Version, short: "Show the version" },
    Action {
        key: "print-config",
        letter: None,
        wish: Wish::PrintConfig,
        short: "Show what would count, and where each value is from",
    },
];

/// What begins a hidden flag that stands for a variable.
const HIDDEN: &str = "__env__";

/// Reads the arguments behind the program's name and so many words `before` the flags.
pub(super) fn read(args: impl Iterator<Item = OsString>, before: usize) -> Args {
    let mut reader = Reader {
        rest: args.enumerate().map(|(index, raw)| Word::new(before + index + 1, raw)),
        found: Args::default(),
        before: None,
        expects_stray: false,
    };
    while let Some(word) = reader.rest.next() {
        reader.word(word);
    }
    reader.found
}

/// One argument.
struct Word {
    number: usize,
    text: String,
    is_utf8: bool,
}

impl Word {
    fn new(number: usize, raw: OsString) -> Self {
        let is_utf8 = raw.to_str().is_some();
        Self { number, text: raw.to_string_lossy().into_owned(), is_utf8 }
    }
}

/// What a flag's name stands for.
enum Target {
    Option { flag: &'static str, alone: Option<&'static str>, many: Many },
    Action(Wish),
    Variable(String),
}

struct Reader<Rest> {
    rest: Rest,
    found: Args,
    /// The flag before the current word.
    before: Option<String>,
    /// Whether the current word may be the value of a flag that is not known.
    expects_stray: bool,
}

impl<Rest: Iterator<Item = Word>> Reader<Rest> {
    fn word(&mut self, word: Word) {
        let Word { number, text, is_utf8 } = word;
        let (shown, target, inline) = match text.strip_prefix("--") {
            Some("") => return self.ended(),
            Some(flag) if is_letter(flag) => match first(flag) {
                Some((letter, after)) => short(letter, after),
                None => return self.ended(),
            },
            Some(flag) => {
                let (name, inline) = split(flag);
                (format!("--{name}"), long(name), inline)
            }
            None => match text.strip_prefix('-').and_then(first) {
                Some((letter, after)) => short(letter, after),
                None => return self.stray(number),
            },
        };
        if let Some(target) = target {
            self.expects_stray = false;
            self.before = Some(shown.clone());
            self.flag(shown, target, inline.map(|text| Word { number, text, is_utf8 }));
        } else {
            self.expects_stray = inline.is_none();
            self.before = None;
            self.unknown(&text);
        }
    }

    fn flag(&mut self, shown: String, target: Target, inline: Option<Word>) {
        let alone = match &target {
            Target::Action(_) => Some("true"),
            Target::Option { alone, .. } => *alone,
            Target::Variable(_) => None,
        };
        let value = match (inline, alone) {
            (Some(word), _) => word,
            (None, Some(text)) => Word::new(0, text.into()),
            (None, None) => match self.rest.next() {
                Some(word) => match flag_of_option(&word.text) {
                    // To show what it says, as a value that is wrong, might show a secret.
                    Some(next) => {
                        let complaint =
                            format!("needs a value, and what follows is the flag --{next}");
                        self.problem(shown, complaint);
                        return self.word(word);
                    }
                    None => word,
                },
                None => return self.problem(shown, "needs a value, as in --flag=value"),
            },
        };
        if !value.is_utf8 {
            return self.problem(shown, "the value is not UTF-8");
        }
        match target {
            Target::Option { flag, many: Many::No, .. } => {
                self.found.flags.insert(flag, value.text);
            }
            Target::Option { flag, .. } => {
                let texts = self.found.flags.entry(flag).or_default();
                if !texts.is_empty() {
                    texts.push(BETWEEN);
                }
                texts.push_str(&value.text);
            }
            Target::Variable(name) => {
                self.found.variables.insert(name, value.text);
            }
            Target::Action(wish) => match values::switch(&value.text) {
                Ok(true) => self.found.wish = self.found.wish.or(Some(wish)),
                Ok(false) => (),
                Err(complaint) => self.problem(shown, complaint),
            },
        }
    }

    fn unknown(&mut self, text: &str) {
        let (name, _) = split(text);
        let bare = name.trim_start_matches('-');
        let flags = names::options().flat_map(|opt| opt.flags().map(|flag| flag.word));
        let known = flags.chain(ACTIONS.iter().map(|action| action.key));
        let meant = names::nearest(bare, known);
        // A single dash may have a secret right behind it, as in -phunter2.
        let shown = match (name.starts_with("--"), meant) {
            (false, None) => name.chars().take(2).collect(),
            (true, _) | (false, Some(_)) => name.to_owned(),
        };
        let complaint = match meant {
            Some(meant) => format!("there is no such flag; the nearest is --{meant}"),
            None => "there is no such flag; --help shows all".to_owned(),
        };
        self.problem(shown, complaint);
    }

    /// Notes a word that is no flag. It is not shown, as it may be the rest of a secret.
    fn stray(&mut self, number: usize) {
        if std::mem::take(&mut self.expects_stray) {
            return;
        }
        let place = match self.before.take() {
            Some(flag) => format!("argument {number} (after {flag})"),
            None => format!("argument {number}"),
        };
        let complaint = "it belongs to no flag; words come before the flags, which are written as \
                         in --repo=URL or --one-time=false";
        self.found.stray.push(Problem::new(place, complaint));
    }

    /// Notes that everything behind `--` is no flag.
    fn ended(&mut self) {
        if self.rest.by_ref().count() > 0 {
            let complaint = "what follows belongs to no flag; there are only flags";
            self.found.stray.push(Problem::new("--", complaint));
        }
    }

    fn problem(&mut self, place: impl Into<String>, complaint: impl Into<String>) {
        self.found.problems.push(Problem::new(place, complaint));
    }
}

/// Says whether a flag has one letter only, behind two dashes: the manner of git-sync 3.
fn is_letter(flag: &str) -> bool {
    split(flag).0.chars().count() == 1
}

/// Finds the flag of an option that a word is, with its value or without.
fn flag_of_option(word: &str) -> Option<&'static str> {
    let flag = word.strip_prefix("--")?;
    names::flag(split(flag).0).map(|(_, flag)| flag)
}

/// Divides a text at its first equals sign.
fn split(text: &str) -> (&str, Option<String>) {
    match text.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (text, None),
    }
}

/// Divides a text behind its first letter.
fn first(text: &str) -> Option<(char, &str)> {
    let mut letters = text.chars();
    letters.next().map(|letter| (letter, letters.as_str()))
}

fn long(name: &str) -> Option<Target> {
    if let Some(variable) = name.strip_prefix(HIDDEN) {
        return names::variable(variable).map(|_| Target::Variable(variable.to_owned()));
    }
    if let Some((opt, flag)) = names::flag(name) {
        return Some(Target::Option { flag, alone: opt.alone(), many: opt.many });
    }
    ACTIONS.iter().find(|action| action.key == name).map(|action| Target::Action(action.wish))
}

/// Reads `-v=6`, `-v6` and `-v`, whose value is the next word.
fn short(letter: char, after: &str) -> (String, Option<Target>, Option<String>) {
    let inline = (!after.is_empty()).then(|| after.strip_prefix('=').unwrap_or(after).to_owned());
    // Else -verbose=6 would be taken for -v with the value erbose=6.
    let is_word = after.starts_with(|c: char| c.is_ascii_alphabetic());
    let option = names::options()
        .find(|opt| opt.letter == Some(letter) && !is_word)
        .map(|opt| Target::Option { flag: opt.key, alone: opt.alone(), many: opt.many });
    let is_whole = after.is_empty() || after.starts_with('=');
    let action = ACTIONS
        .iter()
        .find(|action| is_whole && (action.letter == Some(letter) || action.wish.is_called(letter)))
        .map(|action| Target::Action(action.wish));
    let target = option.or(action);
    (format!("-{letter}"), target, inline)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    fn of(words: &[&str]) -> Args {
        read(words.iter().map(OsString::from), 0)
    }

    fn problems(words: &[&str]) -> Vec<String> {
        let Args { problems, stray, .. } = of(words);
        problems.iter().chain(&stray).map(ToString::to_string).collect()
    }

    #[test]
    fn every_form_of_a_flag_is_understood() {
        let value = |words: &[&str], key| of(words).flags.get(key).cloned();
        for words in [&["--period=5s"][..], &["--period", "5s"], &["--period=1s", "--period=5s"]] {
            assert_eq!(value(words, "period").as_deref(), Some("5s"), "{words:?}");
        }
        for words in [&["-v=6"][..], &["-v", "6"], &["-v6"], &["--verbose=6"], &["-v1", "-v6"]] {
            assert_eq!(value(words, "verbose").as_deref(), Some("6"), "{words:?}");
        }
        assert_eq!(value(&["--one-time"], "one-time").as_deref(), Some("true"));
        assert_eq!(value(&["--one-time=false"], "one-time").as_deref(), Some("false"));
        assert_eq!(value(&["--max-failures", "-1"], "max-failures").as_deref(), Some("-1"));
        assert_eq!(value(&["--link=a=b"], "link").as_deref(), Some("a=b"));
        assert_eq!(value(&["--http-bind="], "http-bind").as_deref(), Some(""));
        for words in [&["--v=6"][..], &["--v", "6"]] {
            assert_eq!(value(words, "verbose").as_deref(), Some("6"), "{words:?}");
        }
        let cookies = |words: &[&str]| value(words, "cookie-file");
        assert_eq!(cookies(&["--cookie-file", "--one-time"]).as_deref(), Some("true"));
        assert_eq!(cookies(&["--cookie-file=jar"]).as_deref(), Some("jar"));
    }

    #[test]
    fn texts_are_asked_for() {
        assert_eq!(of(&["--help"]).wish, Some(Wish::Help));
        assert_eq!(of(&["--nonsense", "-h"]).wish, Some(Wish::Help));
        assert_eq!(of(&["-?"]).wish, Some(Wish::Help));
        assert_eq!(of(&["--version", "--man"]).wish, Some(Wish::Version));
        assert_eq!(of(&["--man=false", "--print-config"]).wish, Some(Wish::PrintConfig));
        // As everywhere, a flag that lacks its value takes the next word, unless that is an option.
        assert_eq!(of(&["--ref", "--help"]).wish, None);
    }

    #[test]
    fn a_variable_may_come_as_a_hidden_flag() {
        let args = of(&["--__env__GITSYNC_PASSWORD=x", "--__env__GITOPS_TOKEN", "y"]);
        assert_eq!(args.variables.get("GITSYNC_PASSWORD").map(String::as_str), Some("x"));
        assert_eq!(args.variables.get("GITOPS_TOKEN").map(String::as_str), Some("y"));
        assert_eq!(problems(&["--__env__PATH=x"]).len(), 1);
    }

    #[test]
    fn unknown_flags_are_told_with_the_nearest_one_and_without_their_value() {
        assert_eq!(
            problems(&["--pasword=hunter2", "--pasword", "hunter2", "-phunter2"]),
            [
                "--pasword: there is no such flag; the nearest is --password",
                "--pasword: there is no such flag; the nearest is --password",
                "-p: there is no such flag; --help shows all",
            ]
        );
        assert_eq!(
            problems(&["-period=5s", "-verbose", "--sync_timeout=1s"]),
            [
                "-period: there is no such flag; the nearest is --period",
                "-verbose: there is no such flag; the nearest is --verbose",
                "--sync_timeout: there is no such flag; the nearest is --sync-timeout",
            ]
        );
    }

    #[test]
    fn words_that_belong_to_no_flag_are_told_by_their_place() {
        let told = problems(&["--one-time", "false", "stray", "--", "more"]);
        assert_eq!(told.len(), 3);
        assert!(told[0].starts_with("argument 2 (after --one-time): it belongs to no flag"));
        assert!(told[1].starts_with("argument 3: it belongs to no flag"));
        assert!(told[2].starts_with("--: what follows belongs to no flag"));
        assert!(problems(&["--"]).is_empty());
    }

    #[test]
    fn a_value_that_is_missing_or_not_utf_8_is_told() {
        assert_eq!(problems(&["--repo"]), ["--repo: needs a value, as in --flag=value"]);
        let words = ["-v", "--repo=https://u:hunter2@host/a", "--ref", "--one-time"];
        assert_eq!(
            problems(&words),
            [
                "-v: needs a value, and what follows is the flag --repo",
                "--ref: needs a value, and what follows is the flag --one-time"
            ]
        );
        let keys: Vec<_> = of(&words).flags.into_keys().collect();
        assert_eq!(keys, ["one-time", "repo"]);
        assert!(problems(&["--password=--repo", "--link", "--x"]).is_empty());
        let bytes = |bytes: &[u8]| OsString::from_vec(bytes.to_vec());
        let words = [bytes(b"--root=\xff"), bytes(b"--link"), bytes(b"\xff"), bytes(b"--x\xff")];
        let told: Vec<_> =
            read(words.into_iter(), 0).problems.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 3);
        assert_eq!(told[0], "--root: the value is not UTF-8");
        assert_eq!(told[1], "--link: the value is not UTF-8");
    }
}
