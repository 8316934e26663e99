//! What a commit says of its submodules, in `.gitmodules`. It is read as text from the commit: nothing
//! is included, nothing is run, and no name in it becomes a path.
//!
//! Where they are fetched from is decided elsewhere.

use crate::git::GitError;
use crate::git::Link;
use crate::git::Store;
use crate::git::changes::is_allowed;
use crate::git::error::words;
use crate::git::small::{Small, small_file};
use crate::model::CommitId;
use gix::bstr::{BString, ByteSlice};
use gix::config::file::Metadata;
use gix::config::file::init::Options;
use std::collections::{BTreeMap, HashMap};

/// The file in which a commit says where its submodules are.
pub(super) const FILE: &str = ".gitmodules";
/// How large that may be.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What a commit says of its submodules: their names and the rest, by their paths. Where several have the
/// same path, the one counts that said so last, as for Git.
#[derive(Debug, Default)]
pub struct Declared(HashMap<BString, (BString, Entry)>);

/// What is said of one.
#[derive(Debug, Default)]
struct Entry {
    path: Option<BString>,
    /// In which section of the file that was said.
    said_in: usize,
    url: Option<BString>,
    update: Option<BString>,
}

/// What is to be done about a submodule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Its files are wanted, from this address or way.
    Fetch(String),
    /// The directory stays empty.
    Leave,
}

impl Declared {
    /// Reads it from a commit that was fetched.
    pub fn of(store: &Store, commit: &CommitId) -> Result<Self, GitError> {
        let read = match small_file(store, commit, FILE, LARGEST)? {
            Small::Absent => return Ok(Self::default()),
            Small::TooLarge => Err(format!("{FILE} is larger than {LARGEST} bytes")),
            Small::Text(text) => Self::read(&text),
        };
        read.map_err(|reason| GitError::Hostile { commit: commit.clone(), reason })
    }

    fn read(text: &[u8]) -> Result<Self, String> {
        let meta = Metadata::default();
        let file = gix::config::File::from_bytes_no_includes(text, meta, Options::default())
            .map_err(|error| format!("{FILE} cannot be read: {}", words(&error)))?;
        let mut all: BTreeMap<BString, Entry> = BTreeMap::new();
        for (number, section) in file.sections().enumerate() {
            let header = section.header();
            let (true, Some(name)) =
                (header.name().eq_ignore_ascii_case(b"submodule"), header.subsection_name())
            else {
                continue;
            };
            let entry = all.entry(name.to_owned()).or_default();
            if section.value("path").is_some() {
                entry.said_in = number;
            }
            for (key, place) in
                [("path", &mut entry.path), ("url", &mut entry.url), ("update", &mut entry.update)]
            {
                if let Some(value) = section.value(key) {
                    *place = Some(value);
                }
            }
        }
        let mut by_path = HashMap::with_capacity(all.len());
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_by_key(|(_, entry)| entry.said_in);
        for (name, entry) in all {
            let Some(path) = &entry.path else {
                continue;
            };
            let path = BString::from(path.trim_end_with(|end| end == '/'));
            by_path.insert(path, (name, entry));
        }
        Ok(Self(by_path))
    }

    /// Says what to do about a submodule, or what is wrong with what is said of it.
    pub fn find(&self, link: &Link) -> Result<Use, String> {
        let Some((name, entry)) = self.0.get(&link.path) else {
            return Err(format!("there is no entry for it in {FILE}"));
        };
        check_name(name)?;
        if link.path.starts_with(b"-") {
            return Err("its path begins like an option of a program".to_owned());
        }
        if has_control(&link.path) {
            return Err("its path holds control characters".to_owned());
        }
        if !link.path.split(|byte| *byte == b'/').all(|name| is_allowed(name.as_bstr(), false)) {
            return Err("its path is one that Git keeps for itself".to_owned());
        }
        match entry.update.as_ref().map(|update| update.as_slice()) {
            Some(b"none") => return Ok(Use::Leave),
            None | Some(b"checkout" | b"rebase" | b"merge") => (),
            Some(_) => return Err(format!("{FILE} wants a program to be run for it")),
        }
        let Some(url) = &entry.url else {
            return Err(format!("{FILE} does not say where it is"));
        };
        check_url(url).map(Use::Fetch)
    }
}

fn has_control(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_control)
}

/// Git makes directories by these names. We make none, and still refuse what can only be an attack.
fn check_name(name: &BString) -> Result<(), String> {
    let mut parts = name.split(|byte| matches!(byte, b'/' | b'\\'));
    let odd = name.is_empty() || name.starts_with(b"/") || has_control(name);
    if odd || parts.any(|part| part == b"..") {
        return Err(format!("its name in {FILE} is not safe: {name:?}"));
    }
    Ok(())
}

fn check_url(url: &BString) -> Result<String, String> {
    let text = url.to_str().map_err(|_bytes| "its address is not UTF-8".to_owned())?;
    if text.is_empty() {
        return Err(format!("{FILE} does not say where it is"));
    }
    if has_control(text.as_bytes()) || text.to_ascii_lowercase().contains("%0a") {
        return Err("its address holds control characters".to_owned());
    }
    if text.starts_with('-') {
        return Err("its address begins like an option of a program".to_owned());
    }
    let helper = text.split_once("::").map(|(name, _)| name);
    if helper.is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric())) {
        return Err("its address names a program that is to fetch it".to_owned());
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> CommitId {
        "a".repeat(40).parse().unwrap()
    }

    fn find(text: &str, path: &str) -> Result<Use, String> {
        let link = Link { path: path.into(), commit: commit() };
        Declared::read(text.as_bytes())?.find(&link)
    }

    fn with(lines: &str) -> Result<Use, String> {
        find(&format!("[submodule \"a\"]\n\tpath = sub\n{lines}\n"), "sub")
    }

    #[test]
    fn what_is_said_of_a_submodule_is_found_by_its_path() {
        let fetch = |url: &str| Ok(Use::Fetch(url.to_owned()));
        assert_eq!(with("\turl = ../b.git"), fetch("../b.git"));
        assert_eq!(with("\turl = https://host/b.git"), fetch("https://host/b.git"));
        assert_eq!(with("\turl = git@host:b.git\n\tupdate = rebase"), fetch("git@host:b.git"));
        assert_eq!(with("\turl = one\n\turl = two"), fetch("two"));
        assert_eq!(with("\turl = ../b\n\tupdate = none"), Ok(Use::Leave));
        assert_eq!(find("[Submodule \"x\"]\npath=d/\nurl=./c", "d"), fetch("./c"));
        let twice = |one: &str, other: &str| {
            let entry =
                |name: &str, url: &str| format!("[submodule \"{name}\"]\npath=d\nurl={url}\n");
            find(&(entry(one, "./old") + &entry(other, "./new")), "d")
        };
        assert_eq!((twice("a", "b"), twice("b", "a")), (fetch("./new"), fetch("./new")));
    }

    #[test]
    fn what_could_do_harm_is_refused() {
        for lines in [
            "",
            "\turl =",
            "\turl = --upload-pack=touch me",
            "\turl = -u",
            "\turl = ext::sh -c touch",
            "\turl = fd::17",
            "\turl = \"a\\nb\"",
            "\turl = https://host/a%0Ab",
            "\turl = ../b\n\tupdate = !touch me",
            "\turl = ../b\n\tupdate = odd",
        ] {
            assert!(with(lines).is_err(), "{lines}");
        }
        for name in ["..", "../x", "a/../b", "a\\\\..\\\\b", "/abs", "x\r"] {
            let text = format!("[submodule \"{name}\"]\npath = sub\nurl = ../b\n");
            assert!(find(&text, "sub").is_err(), "{name:?}");
        }
        assert!(find("[submodule \"\"]\npath = sub\nurl = ../b\n", "sub").is_err());
        assert!(find("[submodule \"a\"]\npath = \"sub\\r\"\nurl = ../b\n", "sub\r").is_err());
        assert!(find("[submodule \"a\"]\npath = -x\nurl = ../b\n", "-x").is_err());
        assert!(find("[submodule \"a\"]\npath = other\nurl = ../b\n", "sub").is_err());
        assert!(find("[submodule \"a\"\n", "sub").is_err());
    }

    #[test]
    fn nothing_is_included() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, "[submodule \"a\"]\npath = sub\nurl = ../b\n").unwrap();
        let text = format!("[include]\npath = {}\n", other.display());
        assert!(find(&text, "sub").is_err());
    }
}
