//! The files whose attributes gix does not follow as Git does, and those that Git LFS keeps: they are
//! found before a checkout, left out of it, and written here.

use crate::disk::At;
use crate::disk::{DiskError, make_directory};
use crate::git::Store;
use crate::git::{governs_any, is_attributes};
use crate::lfs::{LfsError, Objects, Pointer};
use crate::runtime::Stop;
use crate::trees::TreeError;
use crate::trees::convert::{encode, expand_ident};
use crate::trees::index::is_skipped;
use crate::trees::large;
use crate::trees::path_of;
use gix::bstr::ByteSlice;
use gix::filter::plumbing::eol;
use gix::index::entry::{Flags, Mode, Stat};
use gix::worktree::stack::state::attributes::Source;
use std::fs;
use std::fs::{File, Permissions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// The attributes that decide what is written.
pub(super) const ATTRIBUTES: [&str; 6] =
    ["ident", "working-tree-encoding", "text", "crlf", "eol", "filter"];

/// One file to write, by its place in the index, and how.
pub(super) struct Special {
    entry: usize,
    way: Way,
}

/// How a file is written.
enum Way {
    /// As Git writes it.
    Converted(Conversion),
    /// As another file, which this names.
    Large(Pointer),
}

/// What Git does to a file.
struct Conversion {
    ident: bool,
    encoding: Option<String>,
    line_ends: eol::AttributesDigest,
}

/// Attributes count whatever the mode of the file that holds them, but gix reads only plain files.
/// Gives those that are not, by their place in the index.
pub(super) fn take_for_plain(index: &mut gix::index::File) -> Vec<usize> {
    let mut found = Vec::new();
    for (place, (entry, path)) in index.entries_mut_with_paths().enumerate() {
        if entry.mode == Mode::FILE_EXECUTABLE && is_attributes(path) {
            entry.mode = Mode::FILE;
            found.push(place);
        }
    }
    found
}

/// Makes them what they are.
pub(super) fn make_executable(
    index: &mut gix::index::File,
    places: Vec<usize>,
    tree: &Path,
) -> Result<(), DiskError> {
    for place in places {
        let Some(entry) = index.entries().get(place) else {
            continue;
        };
        let path = tree.join(path_of(entry, index));
        let is_there = !entry.flags.contains(Flags::SKIP_WORKTREE);
        if is_there {
            let mode = path.symlink_metadata().at("look at", &path)?.permissions().mode();
            // Whoever may read may run, as Git does it.
            let mode = mode | ((mode & 0o444) >> 2);
            fs::set_permissions(&path, Permissions::from_mode(mode)).at("change", &path)?;
        }
        if let Some(entry) = index.entries_mut().get_mut(place) {
            entry.mode = Mode::FILE_EXECUTABLE;
        }
    }
    Ok(())
}

/// Finds the files and marks them to be left out of a checkout.
pub(super) fn set_aside(
    store: &Store,
    index: &mut gix::index::File,
) -> gix::error::Result<Vec<Special>> {
    if !may_have_any(store, index)? {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    let config = line_ends(store);
    let mut stack = store.repo.attributes_only(index, Source::IdMapping)?;
    let mut outcome = stack.selected_attribute_matches(ATTRIBUTES);
    for (entry, file) in index.entries().iter().enumerate() {
        if is_to_be_written(file) {
            let platform = stack
                .at_entry(file.path(index), Some(file.mode))
                .map_err(gix::Error::from_error)?;
            platform.matching_attributes(&mut outcome);
            let wanted = store.scope().lfs && large::is_given(&outcome);
            let pointer = if wanted { large::pointer(store, file)? } else { None };
            let way = match pointer {
                Some(pointer) => Some(Way::Large(pointer)),
                None => conversion(&outcome, config).map(Way::Converted),
            };
            found.extend(way.map(|way| Special { entry, way }));
        }
    }
    drop(stack);
    let entries = index.entries_mut();
    for special in &found {
        if let Some(entry) = entries.get_mut(special.entry) {
            entry.flags.insert(Flags::SKIP_WORKTREE);
        }
    }
    Ok(found)
}

/// Looks whether any attributes file names what is special, as most trees have none that does.
fn may_have_any(store: &Store, index: &gix::index::State) -> gix::error::Result<bool> {
    for entry in index.entries() {
        let path = entry.path(index);
        if is_attributes(path) && (!is_skipped(entry) || governs_any(index, path)) {
            let text = &store.repo.find_object(entry.id)?.data;
            let lfs = store.scope().lfs && text.contains_str("lfs");
            if lfs || text.contains_str("ident") || text.contains_str("working-tree-encoding") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

pub(super) fn is_to_be_written(file: &gix::index::Entry) -> bool {
    matches!(file.mode, Mode::FILE | Mode::FILE_EXECUTABLE)
        && !file.flags.contains(Flags::SKIP_WORKTREE)
}

/// What settings say about line ends.
fn line_ends(store: &Store) -> eol::Configuration {
    let config = store.repo.config_snapshot();
    let is = |key: &str, text: &str| {
        config.string(key).is_some_and(|value| value.eq_ignore_ascii_case(text.as_bytes()))
    };
    let auto_crlf = if is("core.autocrlf", "input") {
        eol::AutoCrlf::Input
    } else if config.boolean("core.autocrlf") == Some(true) {
        eol::AutoCrlf::Enabled
    } else {
        eol::AutoCrlf::Disabled
    };
    eol::Configuration { auto_crlf, eol: is("core.eol", "crlf").then_some(eol::Mode::CrLf) }
}

fn conversion(
    outcome: &gix::attrs::search::Outcome,
    config: eol::Configuration,
) -> Option<Conversion> {
    use gix::attrs::StateRef;
    let states: Vec<StateRef<'_>> =
        outcome.iter_selected().map(|found| found.assignment.state).collect();
    let [ident, encoding, text, crlf, eol, _filter] = states.try_into().ok()?;
    let value = |state: StateRef<'_>| match state {
        StateRef::Value(value) => Some(value.as_bstr().to_string()),
        StateRef::Set | StateRef::Unset | StateRef::Unspecified => None,
    };
    let ident = ident.is_set();
    let encoding = value(encoding).filter(|name| !is_utf8(name));
    if !ident && encoding.is_none() {
        return None;
    }
    let digest = |state: StateRef<'_>| match state {
        StateRef::Set => Some(eol::AttributesDigest::Text),
        StateRef::Unset => Some(eol::AttributesDigest::Binary),
        StateRef::Unspecified => None,
        StateRef::Value(_) => match value(state).as_deref() {
            Some("auto") => Some(eol::AttributesDigest::TextAuto),
            Some("input") => Some(eol::AttributesDigest::TextInput),
            Some(_) | None => None,
        },
    };
    // `crlf` is the old name of `text`.
    let text = digest(text).or_else(|| digest(crlf));
    let auto = text == Some(eol::AttributesDigest::TextAuto);
    let line_ends = match (text, value(eol).as_deref()) {
        (Some(eol::AttributesDigest::Binary), _) => eol::AttributesDigest::Binary,
        (_, Some("lf")) if auto => eol::AttributesDigest::TextAutoInput,
        (_, Some("crlf")) if auto => eol::AttributesDigest::TextAutoCrlf,
        (_, Some("lf")) => eol::AttributesDigest::TextInput,
        (_, Some("crlf")) => eol::AttributesDigest::TextCrlf,
        (Some(text), _) => text,
        (None, _) => config.auto_crlf.into(),
    };
    Some(Conversion { ident, encoding, line_ends })
}

pub(super) fn is_utf8(name: &str) -> bool {
    name.eq_ignore_ascii_case("utf-8") || name.eq_ignore_ascii_case("utf8")
}

/// Writes the files that were left out, and puts their stat data into the index.
pub(super) fn write(
    store: &Store,
    specials: Vec<Special>,
    index: &mut gix::index::File,
    tree: &Path,
    stop: &Stop,
) -> Result<u64, TreeError> {
    let mut bytes = 0;
    let kept = Objects::of(store.large());
    for special in specials {
        stop.check()?;
        let Some(entry) = index.entries().get(special.entry) else {
            continue;
        };
        let path = tree.join(path_of(entry, index));
        if let Some(above) = path.parent() {
            make_directory(above)?;
        }
        let executable = entry.mode == Mode::FILE_EXECUTABLE;
        match special.way {
            Way::Converted(how) => {
                let content = content(store, entry, &how).at("read the content of", &path)?;
                create(&path, executable, &content)?;
            }
            Way::Large(pointer) => {
                if !kept.put(&pointer, &path, executable, stop)? {
                    let (path, oid) = (entry.path(index).to_string(), pointer.oid.to_string());
                    return Err(LfsError::Lost { path, oid }.into());
                }
            }
        }
        let written = gix::index::fs::Metadata::from_path_no_follow(&path).at("look at", &path)?;
        let stat =
            Stat::from_fs(&written).map_err(std::io::Error::other).at("read the time of", &path)?;
        bytes += written.len();
        if let Some(entry) = index.entries_mut().get_mut(special.entry) {
            entry.flags.remove(Flags::SKIP_WORKTREE);
            entry.stat = stat;
        }
    }
    Ok(bytes)
}

fn create(path: &Path, executable: bool, content: &[u8]) -> Result<(), DiskError> {
    let mode = if executable { 0o777 } else { 0o666 };
    let mut options = File::options();
    let file = options.write(true).create_new(true).mode(mode).open(path);
    file.at("create", path)?.write_all(content).at("write", path)
}

/// Takes a file through what Git does to it, in Git's order: keywords, line ends, encoding.
fn content(
    store: &Store,
    entry: &gix::index::Entry,
    special: &Conversion,
) -> std::io::Result<Vec<u8>> {
    let other = |error: gix::Error| std::io::Error::other(error.to_string());
    let mut content = store.repo.find_object(entry.id).map_err(other)?.detach().data;
    if special.ident {
        content = expand_ident(&content, &entry.id.to_hex().to_string());
    }
    let mut converted = Vec::new();
    let config = line_ends(store);
    if eol::convert_to_worktree(&content, special.line_ends, &mut converted, config)
        .map_err(other)?
    {
        content = converted;
    }
    if let Some(name) = special.encoding.as_ref().filter(|_| !content.is_empty()) {
        let text = std::str::from_utf8(&content).ok();
        if let Some(encoded) = text.and_then(|text| encode(text, name)) {
            content = encoded;
        } else {
            tracing::warn!(encoding = name, "a file cannot be encoded and stays UTF-8");
        }
    }
    Ok(content)
}
