//! The files that Git LFS keeps: which of those that are to be written are pointers, as attributes say.

use crate::git::{Content, Fetched, GitError, Part, Store};
use crate::git::{governs_any, is_attributes, joined, words};
use crate::lfs::{LfsError, Needed, Pointer, TOO_LONG};
use crate::model::CommitId;
use crate::trees::TreeError;
use crate::trees::index::is_skipped;
use crate::trees::parts::Owners;
use crate::trees::special::{ATTRIBUTES, is_to_be_written, is_utf8};
use crate::trees::update::changed;
use gix::attrs::StateRef;
use gix::attrs::search::Outcome;
use gix::bstr::{BString, ByteSlice};
use gix::index::File;
use gix::worktree::stack::state::attributes::Source;

/// Finds what a commit needs, and then what each of its submodules does, by paths in that. If files are
/// listed by what differs from another commit, what that one needs is `known`, or else whole trees are
/// looked at.
pub fn needed(
    store: &Store,
    fetched: &Fetched,
    known: Option<Needed>,
) -> Result<Vec<Needed>, TreeError> {
    let mut known = known.map(|known| apart(fetched, known)).unwrap_or_default().into_iter();
    let own = of_one((store, fetched.commit()), &fetched.content, known.next())?;
    let mut all = vec![own];
    for Part { module, content } in &fetched.parts {
        let needed = match known.next() {
            Some(known) if is_same(content) => known,
            known => of_one((&store.of_module(module)?, module.commit()), content, known)?,
        };
        all.push(needed);
    }
    Ok(all)
}

fn is_same(content: &Content) -> bool {
    matches!(content, Content::Since(_, changes) if changes.0.is_empty())
}

/// Sorts what a commit needs into what itself and each of its submodules does.
fn apart(fetched: &Fetched, all: Needed) -> Vec<Needed> {
    let modules: Vec<_> = fetched.parts.iter().map(|part| part.module.clone()).collect();
    let owners = Owners::new(&modules);
    let mut each = vec![Needed::default(); modules.len() + 1];
    for (path, pointer) in all.0 {
        let (owner, path) = owners.of(path.as_bstr());
        if let Some(into) = each.get_mut(owner.map_or(0, |owner| owner + 1)) {
            into.0.insert(path.to_vec(), pointer);
        }
    }
    each
}

/// Puts together what a commit and its submodules need, by paths from the top.
pub fn together(fetched: &Fetched, each: &[Needed]) -> Needed {
    let above = std::iter::once(None).chain(fetched.parts.iter().map(|part| Some(&part.module)));
    let mut all = Needed::default();
    for (module, needed) in above.zip(each) {
        for (path, pointer) in &needed.0 {
            let path = match module {
                Some(module) => joined(&module.path, &BString::from(path.as_slice())).into(),
                None => path.clone(),
            };
            all.0.insert(path, pointer.clone());
        }
    }
    all
}

/// Finds what one repository needs.
fn of_one(
    (store, commit): (&Store, &CommitId),
    content: &Content,
    known: Option<Needed>,
) -> Result<Needed, TreeError> {
    let (mut needed, found) = match (content, known) {
        (Content::Whole(index), _) => (Needed::default(), find(store, index)?),
        (Content::Since(_, changes), Some(mut before)) if !changes.touch_attributes() => {
            for change in &changes.0 {
                before.0.remove(change.path.as_slice());
            }
            (before, find(store, &changed(store, commit, content)?)?)
        }
        (Content::Since(..), _) => (Needed::default(), find(store, &store.list_commit(commit)?)?),
    };
    for (path, pointer) in found {
        if let Some(name) = pointer.extension {
            return Err(LfsError::Extension { path: path.to_string(), name }.into());
        }
        needed.0.insert(path.into(), pointer);
    }
    Ok(needed)
}

/// Says whether there is a pointer among the files that are to be written anew.
pub fn has_pointers(store: &Store, fetched: &Fetched) -> Result<bool, TreeError> {
    if holds_pointers((store, fetched.commit()), &fetched.content)? {
        return Ok(true);
    }
    for Part { module, content } in &fetched.parts {
        let store = (!is_same(content)).then(|| store.of_module(module)).transpose()?;
        if let Some(store) = store
            && holds_pointers((&store, module.commit()), content)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}

fn holds_pointers(
    (store, commit): (&Store, &CommitId),
    content: &Content,
) -> Result<bool, TreeError> {
    let found = match content {
        Content::Whole(index) => find(store, index)?,
        Content::Since(..) => find(store, &changed(store, commit, content)?)?,
    };
    Ok(!found.is_empty())
}

fn find(store: &Store, index: &File) -> Result<Vec<(BString, Pointer)>, TreeError> {
    let found = pointers(store, index);
    found.map_err(|error| {
        GitError::Damaged { path: store.path().to_owned(), source: words(&error) }.into()
    })
}

fn pointers(store: &Store, index: &File) -> gix::error::Result<Vec<(BString, Pointer)>> {
    let mut found = Vec::new();
    if !are_named(store, index)? {
        return Ok(found);
    }
    let mut stack = store.repo.attributes_only(index, Source::IdMapping)?;
    let mut outcome = stack.selected_attribute_matches(ATTRIBUTES);
    for file in index.entries().iter().filter(|file| is_to_be_written(file)) {
        let path = file.path(index);
        let platform = stack.at_entry(path, Some(file.mode)).map_err(gix::Error::from_error)?;
        platform.matching_attributes(&mut outcome);
        if is_given(&outcome)
            && let Some(pointer) = pointer(store, file)?
        {
            found.push((path.to_owned(), pointer));
        }
    }
    Ok(found)
}

/// Looks whether any attributes file names Git LFS, as most trees have none that does.
fn are_named(store: &Store, index: &File) -> gix::error::Result<bool> {
    for entry in index.entries() {
        let path = entry.path(index);
        // What governs nothing that is written need not be here.
        if is_attributes(path)
            && (!is_skipped(entry) || governs_any(index, path))
            && store.repo.find_object(entry.id)?.data.contains_str("lfs")
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether attributes give a file to Git LFS. Where there is an encoding, Git LFS would be shown the
/// encoded text, which is no pointer.
pub(super) fn is_given(outcome: &Outcome) -> bool {
    let value = |name: &str| {
        let found = outcome.iter_selected().find(|found| found.assignment.name.as_str() == name);
        found.and_then(|found| match found.assignment.state {
            StateRef::Value(value) => Some(value.as_bstr().to_string()),
            StateRef::Set | StateRef::Unset | StateRef::Unspecified => None,
        })
    };
    value("filter").is_some_and(|filter| filter == "lfs")
        && value("working-tree-encoding").is_none_or(|name| is_utf8(&name))
}

/// Reads a pointer, if the file is one.
pub(super) fn pointer(
    store: &Store,
    file: &gix::index::Entry,
) -> gix::error::Result<Option<Pointer>> {
    if store.repo.find_header(file.id)?.size() >= TOO_LONG {
        return Ok(None);
    }
    Ok(Pointer::read(&store.repo.find_object(file.id)?.data))
}
