//! Tidiness that no compiler checks: walls between modules, size, and a word at the top.
//!
//! It reads the sources as text, line by line. It knows paths that are written out and forbids the
//! ways of writing that would hide one; it does not know what macros make.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// How long a file may be.
const LINES: usize = 400;

/// Which of our modules each module may name, besides itself. `daemon` builds and so knows all.
const WALLS: [(&str, &str); 22] = [
    ("lib", ""),
    ("main", "config daemon exit"),
    ("model", ""),
    ("config", "model"),
    ("schedule", "model"),
    ("trigger", "model runtime disk observe"),
    ("net", "model runtime disk"),
    ("ssh", "model runtime disk net"),
    ("credentials", "model config runtime disk net"),
    ("git", "model runtime disk net ssh"),
    ("lfs", "model runtime disk net ssh git"),
    ("disk", "model"),
    ("trees", "model runtime disk git lfs"),
    ("publish", "model runtime observe disk git trees"),
    ("hooks", "model config runtime net observe"),
    ("observe", "model config"),
    ("http", "model config runtime observe trigger disk"),
    ("runtime", "model"),
    (
        "attempt",
        "model config runtime disk net ssh credentials git lfs trees publish hooks observe verify",
    ),
    ("command", "model config runtime disk net attempt publish observe trigger http"),
    ("verify", "model"),
    ("exit", "model disk config attempt command daemon observe trigger"),
];

/// Families of outside crates that only these modules may name.
const KEPT: [(&str, &str); 21] = [
    ("gix", "git trees"),
    ("hyper", "http net"),
    ("ring", "credentials http lfs net ssh verify"),
    ("rustls", "net credentials"),
    ("tokio_rustls", "net"),
    ("webpki", "net"),
    ("tokio_socks", "net"),
    ("russh", "ssh"),
    ("ssh_key", "ssh verify"),
    ("p256", "verify"),
    ("p384", "verify"),
    ("p521", "verify"),
    ("pgp", "verify"),
    ("notify", "trigger"),
    ("envy", "config"),
    ("croner", "model"),
    ("saphyr", "config"),
    ("prometheus", "observe"),
    ("pprof", "observe"),
    ("flate2", "observe"),
    ("tracing_subscriber", "observe"),
];

/// Code that only computes: no clock, no file, no wire, no task.
const PURE: [&str; 6] = [
    "src/model/",
    "src/schedule/",
    "src/attempt/plan.rs",
    "src/http/route.rs",
    "src/http/webhook/",
    "src/verify/",
];

/// What such code must not say.
const IMPURE: [&str; 8] = [
    "tokio::",
    "std::env",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "Instant::now",
    "Timestamp::now",
];

/// A file of the package: its path below the package, and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The names from the crate down to the module that is this file.
    fn place(&self) -> Vec<&str> {
        let below = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        below.trim_end_matches("/mod").split('/').collect()
    }

    /// Every line of code, without its comment, and how many modules it may climb with `super`.
    fn code(&self) -> impl Iterator<Item = (&str, usize)> {
        let mut climb = self.place().len() - 1;
        self.text.lines().map(move |line| {
            if line.trim_start().starts_with("mod tests") {
                climb += 1;
            }
            (without_comment(line), climb)
        })
    }

    /// Everything that is wrong with it.
    fn complaints(&self) -> Vec<String> {
        let mut found = Vec::new();
        if !self.text.starts_with("//!") {
            found.push("does not begin by saying what it is for".to_owned());
        }
        if self.text.lines().count() > LINES {
            found.push(format!("is longer than {LINES} lines"));
        }
        if self.path.starts_with("src/") {
            for (line, climb) in self.code() {
                found.extend(self.breach(line, climb).map(|what| format!("{what}: {line}")));
            }
        }
        found.into_iter().map(|what| format!("{} {what}", self.path)).collect()
    }

    /// What a line does that this module must not do.
    fn breach(&self, line: &str, climb: usize) -> Option<String> {
        let module = self.place()[0];
        if line.contains("crate::{") || line.contains(&"super::".repeat(climb + 1)) {
            return Some("hides which module it names".to_owned());
        }
        let wall = WALLS.iter().find(|(name, _)| *name == module);
        for named in paths(line).filter_map(|path| {
            path.strip_prefix("crate::").or_else(|| path.strip_prefix("gitsyncd::"))
        }) {
            let named = first(named);
            let ours = WALLS.iter().any(|(name, _)| *name == named) || named == "daemon";
            let allowed = wall.map(|(_, may)| lists(may, named));
            if module != "daemon" && named != module && ours && allowed != Some(true) {
                return Some(format!("names the module {named}"));
            }
        }
        for head in paths(line).map(first) {
            let keeper = KEPT.iter().find(|(family, _)| is_of(head, family));
            if let Some((family, may)) = keeper.filter(|(_, may)| !lists(may, module)) {
                return Some(format!("names {family}, which is kept to {may}"));
            }
        }
        let tests = self.path.ends_with("/tests.rs");
        let pure = !tests && PURE.iter().any(|path| self.path.starts_with(path));
        let impure = IMPURE.iter().find(|word| pure && line.contains(**word));
        impure.map(|word| format!("only computes and says {word}"))
    }
}

/// Says whether the name is one of the words.
fn lists(words: &str, name: &str) -> bool {
    words.split(' ').any(|word| word == name)
}

/// Says whether a crate is the family's own or one that is named after it.
fn is_of(name: &str, family: &str) -> bool {
    name.strip_prefix(family).is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
}

/// The first name of a path.
fn first(path: &str) -> &str {
    path.split("::").next().unwrap_or_default()
}

/// The part of a line before its comment; what follows the colon of a URL is none.
fn without_comment(line: &str) -> &str {
    let mut slashes = line.match_indices("//").map(|(at, _)| at);
    let comment = slashes.find(|at| !line.split_at(*at).0.ends_with(':'));
    comment.map_or(line, |at| line.split_at(at).0)
}

/// Every path in a line of code that has more than one part, such as `crate::git::Store`, and
/// what `use` names by itself.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let single = line.trim().strip_prefix("use ").and_then(|rest| rest.strip_suffix(';'));
    // Every other part is the text of a string.
    let code = line.split('"').step_by(2);
    let words =
        code.flat_map(|part| part.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')));
    words
        .map(|word| word.trim_start_matches(':'))
        .filter(|word| word.contains("::"))
        .chain(single.map(|rest| rest.split(' ').next().unwrap_or_default()))
}

/// Reads every Rust file below a directory of the package.
fn sources(dir: &str) -> Vec<Source> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for entry in fs::read_dir(package.join(dir)).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let path = format!("{dir}/{name}");
        if package.join(&path).is_dir() {
            found.extend(sources(&path));
        } else if Path::new(&name).extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(package.join(&path)).unwrap();
            found.push(Source { path, text });
        }
    }
    found
}

/// The files that no other file declares as a module, so that no compiler reads them.
fn forgotten(sources: &[Source], tops: &[&str]) -> Vec<String> {
    let mut known: BTreeSet<String> = tops.iter().map(|top| (*top).to_owned()).collect();
    for source in sources {
        let (dir, _) = source.path.rsplit_once('/').unwrap();
        for (line, _) in source.code() {
            let Some(name) = line.strip_suffix(';').and_then(|line| line.split("mod ").nth(1))
            else {
                continue;
            };
            known.extend([format!("{dir}/{name}.rs"), format!("{dir}/{name}/mod.rs")]);
        }
    }
    let paths = sources.iter().map(|source| source.path.clone());
    paths.filter(|path| !known.contains(path)).collect()
}

#[test]
fn every_file_is_tidy_and_stays_within_its_walls() {
    let all = sources("src").into_iter().chain(sources("tests")).chain(benches());
    let complaints: Vec<_> = all.flat_map(|source| source.complaints()).collect();
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

fn benches() -> Vec<Source> {
    let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches").is_dir();
    if there { sources("benches") } else { Vec::new() }
}

#[test]
fn no_file_is_forgotten() {
    let none: [String; 0] = [];
    assert_eq!(forgotten(&sources("src"), &["src/lib.rs", "src/main.rs"]), none);
    assert_eq!(forgotten(&sources("tests/it"), &["tests/it/main.rs"]), none);
    let apart = ["tests/it/", "tests/fuzz/"];
    let known = |path: &str| apart.iter().any(|dir| path.starts_with(dir));
    assert!(sources("tests").iter().all(|source| known(&source.path)));
}

#[test]
fn a_breach_of_every_wall_is_seen() {
    let breaches = |path: &str, code: &str| {
        let source = Source { path: path.to_owned(), text: format!("//! Says.\n{code}\n") };
        source.complaints().len()
    };
    for (path, code) in [
        ("src/model/a.rs", "use crate::git::Store;"),
        ("src/model/a.rs", "    let store = crate::git::open();"),
        ("src/git/mod.rs", "use crate::publish;"),
        ("src/git/mod.rs", "use crate::{model::Class, publish};"),
        ("src/git/mod.rs", "use super::publish;"),
        ("src/git/a/b.rs", "use super::super::super::publish;"),
        ("src/main.rs", "    gitsyncd::attempt::run()"),
        ("src/stray.rs", "use crate::model::Class;"),
        ("src/publish/a.rs", "use gix::ObjectId;"),
        ("src/publish/a.rs", "fn f(id: gix_hash::ObjectId) {}"),
        ("src/publish/a.rs", "use gix;"),
        ("src/daemon.rs", "use hyper_util::rt::TokioIo;"),
        ("src/schedule/mod.rs", "use tokio::time::Instant;"),
        ("src/http/route.rs", "    let now = Instant::now();"),
        ("src/http/route.rs", &"\n".repeat(LINES)),
    ] {
        assert_eq!(breaches(path, code), 1, "{path}: {code}");
    }
    for (path, code) in [
        ("src/model/a.rs", "//! Unlike [`crate::git`], it knows nothing of gix::Id."),
        ("src/model/a.rs", "use crate::model::Class; // not crate::git::Class"),
        ("src/git/mod.rs", "use crate::model::{Class, CommitId};"),
        ("src/git/mod.rs", "mod tests {\n    use super::*;\n}"),
        ("src/git/a/b.rs", "use super::super::store;"),
        ("src/git/a.rs", "use gix_pack::bundle;"),
        ("src/net/a.rs", "use tokio_rustls::TlsConnector;"),
        ("src/daemon.rs", "use crate::attempt;"),
        ("tests/it/a.rs", "use gix::Id;"),
    ] {
        assert_eq!(breaches(path, code), 0, "{path}: {code}");
    }
}

#[test]
fn a_forgotten_file_is_seen() {
    let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
    let all = [
        source("t/main.rs", "mod a;\npub(crate) mod b;\n// mod c;\n"),
        source("t/a.rs", ""),
        source("t/b/mod.rs", "mod d;"),
        source("t/b/d.rs", ""),
        source("t/c.rs", ""),
        source("t/b/e.rs", ""),
    ];
    assert_eq!(forgotten(&all, &["t/main.rs"]), ["t/c.rs", "t/b/e.rs"]);
}
