//! The table of all options: the one place that declares them.
//!
//! Flags, variables, `--help`, `--man`, `--print-config` and `docs/configuration.md` come from it.
//! What a value must look like is decided in `check`.

mod access;
mod hooks;
mod login;
mod past;
mod place;
mod serving;
mod source;
mod telling;
mod time;

/// One option.
#[derive(Debug)]
pub(super) struct Opt {
    /// The name of the flag without dashes. The variables are made from it.
    pub(super) key: &'static str,
    /// The flag of one letter.
    pub(super) letter: Option<char>,
    /// What to call the value; none for a switch, which is on when it is named alone.
    pub(super) metavar: Option<&'static str>,
    /// The only values there are, for shells to offer; empty if there are others.
    pub(super) choices: &'static [&'static str],
    /// What counts when nothing was given.
    pub(super) fallback: Fallback,
    /// The same when called as `git-sync`, where that differs.
    pub(super) peer: Option<Fallback>,
    /// What the flag says that is named alone; then a value must be behind an equals sign.
    pub(super) lone: Option<&'static str>,
    /// Whether it can be given more than once.
    pub(super) many: Many,
    /// Who may see the value.
    pub(super) exposure: Exposure,
    /// What it holds for where there are several repositories.
    pub(super) scope: Scope,
    /// What else than a text it can be in a file.
    pub(super) form: Form,
    /// One line of help.
    pub(super) short: &'static str,
    /// The manual: paragraphs with an empty line between them, code in backticks.
    pub(super) long: &'static str,
    /// Names in earlier versions of git-sync, first one first: each is a flag and a `GIT_SYNC_`
    /// variable.
    pub(super) old: &'static [Name],
    /// Whole names of other variables, first one first.
    pub(super) aliases: &'static [Name],
}

/// Who may see the value of an option. Hooks inherit only what is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exposure {
    /// Everybody.
    Open,
    /// An address: everybody, but for its user information and its query.
    Address,
    /// A program: everybody, but for its arguments.
    Command,
    /// It may hold a secret somewhere: `--print-config` shows what is none for sure, the command line
    /// nothing.
    Delicate,
    /// Nobody.
    Secret,
}

/// What an option holds for where a file lists repositories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// A repository, or all of them that do not say otherwise.
    Repository,
    /// One repository: no two can have the same.
    One,
    /// The program as a whole.
    Process,
    /// The reading of the file, so it cannot be in there.
    File,
}

/// What the value of an option can be in a file, besides a text and a list of texts where several
/// values are possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Nothing else.
    Text,
    /// A list: a program and its arguments.
    Command,
    /// A list, which has commas between its parts in a text.
    Commas,
    /// Mappings, which are JSON objects in a text.
    Object,
    /// Mappings of the names of header lines to their values.
    Lines,
    /// Mappings of settings of Git to their values.
    Settings,
}

/// Another name of an option.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name {
    /// As it is written.
    pub(super) word: &'static str,
    pub(super) reading: Reading,
    /// The variable that goes with a flag of the past, if it is not made from its name.
    pub(super) variable: Option<&'static str>,
}

/// How the text under another name is to be read.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// As under the proper name.
    Same,
    /// The same, but this text counts as not given.
    Unless(&'static str),
    /// A number of seconds, in any form of Go; 0 counts as not given.
    Seconds,
    /// It is a switch: off sets the option to this text, on does nothing.
    Off(&'static str),
    /// It is a switch: on sets the option to the first text, off to the second.
    Either(&'static str, &'static str),
}

/// Whether an option can have several values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Many {
    /// The last flag counts.
    No,
    /// Every flag counts. A variable holds one value.
    Flags,
    /// Every flag counts. In a variable, values are divided by a colon.
    Colons,
    /// Every flag counts. In a variable, values are divided by white space.
    Spaces,
    /// Every flag counts. In a variable, values are divided by semicolons or line breaks.
    Semicolons,
}

/// Where the API of GitHub is, for all who do not run their own.
pub(super) const GITHUB: &str = "https://api.github.com/";

/// What is between several values of an option once they are one text. Nobody types it.
pub(super) const BETWEEN: char = '\u{1f}';

/// What counts when an option was not given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fallback {
    /// It must be given.
    Required,
    /// It stays without a value.
    Nothing,
    /// This text.
    Text(&'static str),
    /// What these words say.
    Words(&'static str),
}

/// Options that belong together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) title: &'static str,
    pub(super) options: &'static [Opt],
}

const fn same(word: &'static str) -> Name {
    Name { word, reading: Reading::Same, variable: None }
}

const fn unless(word: &'static str, text: &'static str) -> Name {
    Name { word, reading: Reading::Unless(text), variable: None }
}

const fn reads(word: &'static str, reading: Reading) -> Name {
    Name { word, reading, variable: None }
}

const PLAIN: Opt = Opt {
    key: "",
    letter: None,
    metavar: None,
    choices: &[],
    fallback: Fallback::Nothing,
    peer: None,
    lone: None,
    many: Many::No,
    exposure: Exposure::Open,
    scope: Scope::Repository,
    form: Form::Text,
    short: "",
    long: "",
    old: &[],
    aliases: &[],
};

/// Every option, in the order of the documentation.
pub(super) const GROUPS: &[Group] = &[
    Group { title: "What to follow", options: source::SOURCE },
    Group { title: "Where it goes", options: place::PLACE },
    Group { title: "When to sync", options: time::TIME },
    Group { title: "Who we are to the server", options: login::LOGIN },
    Group { title: "The way to the server", options: access::ACCESS },
    Group { title: "What others may ask", options: serving::SERVING },
    Group { title: "Whom to tell", options: hooks::HOOKS },
    Group { title: "Telling how it goes", options: telling::TELLING },
    Group { title: "Names of the past", options: past::PAST },
];
