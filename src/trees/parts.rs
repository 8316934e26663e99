//! Submodules in a tree. For us, all files of a tree are in one record, those of submodules with the
//! whole path; stock Git wants an index for each repository, which is derived from that.
//!
//! Each submodule is a linked worktree of the repository that has its objects.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{if_there, make_directory, remove};
use crate::git::{Change, Changes, Content, Fetched, Module, Part, joined};
use crate::model::{CommitId, Submodules};
use crate::trees::Admin;
use crate::trees::index;
use crate::trees::pair::{DIRECTORY, enter};
use crate::trees::pointer::{real, relative, write_pointer_in};
use gix::bstr::{BStr, BString, ByteSlice};
use gix::index::entry::Flags;
use gix::index::{File, State};
use rustix::fs::{CWD, Mode, openat};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// Says which repository a path of a tree belongs to.
pub(super) struct Owners<'a>(HashMap<&'a [u8], usize>);

impl<'a> Owners<'a> {
    pub(super) fn new(modules: &'a [Module]) -> Self {
        let places = modules.iter().enumerate();
        Self(places.map(|(place, module)| (module.path.as_slice(), place)).collect())
    }

    /// The submodule, by its place in the list, and the path in it; none if it is the commit itself.
    pub(super) fn of<'p>(&self, path: &'p BStr) -> (Option<usize>, &'p BStr) {
        let mut end = path.len();
        while let Some(slash) = path.get(..end).and_then(|above| above.rfind_byte(b'/')) {
            if let Some(place) = path.get(..slash).and_then(|above| self.0.get(above)) {
                return (Some(*place), path.get(slash + 1..).unwrap_or_default().as_bstr());
            }
            end = slash;
        }
        (None, path)
    }
}

/// The indexes that Git is to find, out of the record of all files: that of the commit itself, and
/// one for each submodule.
pub(super) fn split(record: &State, modules: &[Module]) -> (File, Vec<File>) {
    let owners = Owners::new(modules);
    let kind = record.object_hash();
    let mut own = State::new(kind);
    let mut of_modules: Vec<State> = modules.iter().map(|_| State::new(kind)).collect();
    for entry in record.entries() {
        let (place, path) = owners.of(entry.path(record));
        let into = place.and_then(|place| of_modules.get_mut(place)).unwrap_or(&mut own);
        // What is accepted is for us alone to know.
        let flags = entry.flags & !Flags::ASSUME_VALID & !Flags::PATH_LEN;
        into.dangerously_push_entry(entry.stat, entry.id, flags, entry.mode, path);
    }
    let file = |state: State| File::from_state(state, PathBuf::new());
    // In the same order as they were.
    (file(own), of_modules.into_iter().map(file).collect())
}

/// Puts the files of a submodule into the list of all.
pub(super) fn merge(into: &mut State, module: &Module, files: &State) {
    for entry in files.entries() {
        let path = joined(&module.path, &entry.path(files).to_owned());
        let flags = entry.flags & !Flags::PATH_LEN;
        into.dangerously_push_entry(entry.stat, entry.id, flags, entry.mode, path.as_ref());
    }
}

/// All that differs from the tree of another commit, submodules and all. None if that is not known,
/// or other submodules are at hand.
pub(super) fn flatten(fetched: &Fetched, commit: &CommitId, modules: &[Module]) -> Option<Changes> {
    if fetched.parts.len() != modules.len() {
        return None;
    }
    let since = |content: &Content, base: &CommitId| match content {
        Content::Since(old, changes) if old == base => Some(changes.clone()),
        Content::Since(..) | Content::Whole(_) => None,
    };
    let mut all = since(&fetched.content, commit)?;
    for (Part { module, content }, base) in fetched.parts.iter().zip(modules) {
        if (&module.path, &module.store) != (&base.path, &base.store) {
            return None;
        }
        let below = since(content, &base.commit)?.0;
        all.0.extend(
            below
                .into_iter()
                .map(|change| Change { path: joined(&module.path, &change.path), ..change }),
        );
    }
    Some(all)
}

/// What a tree's administrative directory says of its submodules: how many were wanted, and which there
/// are.
pub(super) fn note(wanted: Submodules, modules: &[Module]) -> Vec<u8> {
    let mut text = [wanted.label().as_bytes(), b"\0"].concat();
    for module in modules {
        let store = module.store.file_name().unwrap_or_default().as_bytes();
        text.extend_from_slice(store);
        text.extend_from_slice(format!(" {} ", module.commit).as_bytes());
        text.extend_from_slice(&module.path);
        text.push(0);
    }
    text
}

/// Reads it, given where the repositories of submodules are. There is none where the commit has no
/// submodules.
pub(super) fn noted(note: &Path, stores: &Path) -> Result<Noted, DiskError> {
    let text = if_there(fs::read(note)).at("read", note)?.unwrap_or_default();
    let mut lines = text.split(|byte| *byte == 0).filter(|line| !line.is_empty());
    let Some(label) = lines.next() else {
        return Ok(Noted::default());
    };
    let wanted = Submodules::ALL.into_iter().find(|one| one.label().as_bytes() == label);
    let modules: Option<Vec<_>> = lines.map(|line| one(line, stores)).collect();
    match (wanted, modules) {
        (Some(_), Some(modules)) => Ok(Noted { wanted, modules }),
        (_, _) => Err(io::Error::other("it does not name submodules")).at("read", note),
    }
}

/// What is known of the submodules of a tree.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// How many of them were wanted; none if the commit has none.
    pub wanted: Option<Submodules>,
    /// Those whose files are in the tree: those above before those below.
    pub modules: Vec<Module>,
}

fn one(line: &[u8], stores: &Path) -> Option<Module> {
    let mut words = line.splitn(3, |byte| *byte == b' ');
    let store = std::str::from_utf8(words.next()?).ok()?;
    let commit = std::str::from_utf8(words.next()?).ok()?.parse().ok()?;
    let plain = !store.is_empty() && store.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then_some(Module {
        path: BString::from(words.next()?),
        commit,
        store: stores.join(store),
    })
}

/// Where Git administers the submodule of a tree that is itself administered under a name.
pub(super) fn admin_of(module: &Module, name: &str) -> Admin {
    Admin::at(module.store.join("worktrees").join(format!("{name}.{}", module.label())))
}

/// Lets Git know the submodules of a tree, which will be at `tree`, administered under a name.
pub(super) fn administer(modules: &[Module], tree: &Path, name: &str) -> Result<(), DiskError> {
    for module in modules {
        let admin = admin_of(module, name);
        if admin.path().is_file() {
            remove(admin.path())?;
        }
        make_directory(admin.path())?;
        admin.tell(module.commit(), &tree.join(module.path()))?;
    }
    Ok(())
}

/// Writes the pointers in a tree that is at `now`. `tree` is where it will be in the end. Others may have
/// been in it: no link is followed.
pub(super) fn point(
    modules: &[Module],
    now: &Path,
    tree: &Path,
    name: &str,
) -> Result<(), DiskError> {
    if modules.is_empty() {
        return Ok(());
    }
    let top = openat(CWD, now, DIRECTORY, Mode::empty()).at("open", now)?;
    for module in modules {
        let (to, place) = (admin_of(module, name), now.join(module.path()));
        let text = format!(
            "gitdir: {}\n",
            relative(&real(tree).join(module.path()), &real(to.path())).display()
        );
        let above = enter(top.as_fd(), module.path(), false).at("open", &place)?;
        write_pointer_in(above.as_fd(), &text).at("write the pointer in", &place)?;
    }
    Ok(())
}

/// Writes the indexes of submodules where Git looks for them.
pub(super) fn write_indexes(
    modules: &[Module],
    indexes: &[File],
    name: &str,
) -> Result<(), DiskError> {
    for (module, files) in modules.iter().zip(indexes) {
        admin_of(module, name).put_index(files)?;
    }
    Ok(())
}

/// Says whether Git takes what is in a tree for the submodule. The root may be mounted at another
/// place than it was.
pub(super) fn is_told(module: &Module, tree: &Path, name: &str) -> bool {
    let (admin, place) = (admin_of(module, name), tree.join(module.path()));
    let pointer = fs::read_to_string(place.join(".git")).unwrap_or_default();
    let leads = pointer.strip_prefix("gitdir: ").map(|text| place.join(text.trim_end()));
    let leads = leads.and_then(|leads| leads.canonicalize().ok());
    leads.is_some()
        && leads == admin.path().canonicalize().ok()
        && admin.head().as_ref() == Some(module.commit())
}

/// Says whether an index lists what it must.
pub(super) fn lists(path: &Path, files: &File) -> bool {
    index::read(path, files.object_hash()).is_ok_and(|found| index::list_the_same(&found, files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_pointer_is_written_by_way_of_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (tree, outside) = (dir.path().join("tree"), dir.path().join("outside"));
        fs::create_dir_all(outside.join("deep/.git")).unwrap();
        fs::create_dir(&tree).unwrap();
        std::os::unix::fs::symlink(&outside, tree.join("sub")).unwrap();
        let commit: CommitId = "a".repeat(40).parse().unwrap();
        let module = |path: &str| Module::noted(path.as_bytes(), commit.clone(), "/s".into());
        for path in ["sub", "sub/deep"] {
            let pointed = point(&[module(path)], &tree, &tree, "name");
            assert!(pointed.is_err(), "{path}");
        }
        assert!(outside.join("deep/.git").is_dir());
        assert!(!outside.join(".git").exists());
        fs::create_dir_all(tree.join("other/.git/x")).unwrap();
        point(&[module("other")], &tree, &tree, "name").unwrap();
        let text = fs::read_to_string(tree.join("other/.git")).unwrap();
        assert!(text.starts_with("gitdir: "), "{text}");
    }
}
