//! Which part of commits is published, as options and the file of patterns say at the moment.

use crate::attempt::Attempts;
use crate::attempt::error::AttemptError;
use crate::config::{Config, SparseBy};
use crate::disk::kept::Kept;
use crate::disk::look;
use crate::disk::look::Unread;
use crate::git::{Missed, Scope, Sparse, Store, missed};
use crate::model::{Cause, CommitId};
use std::path::Path;
use std::sync::Arc;

/// How long the file of patterns may be, in bytes.
const LONGEST: u64 = 1 << 20;

/// Of how many patterns that never match a log speaks.
const MOST_FAULTS: usize = 10;

/// Reads the file of patterns when it may have changed.
#[derive(Debug)]
pub(super) struct Scoping {
    file: Option<Kept<Arc<Sparse>>>,
    /// Whether the file is read as kubernetes/git-sync has Git read it.
    as_git: bool,
    now: Arc<Scope>,
    /// The commit that was compared with the rules last.
    compared: Option<CommitId>,
}

/// Which files are written, in words.
#[derive(Clone, Debug)]
pub struct Rules {
    /// What the rules are.
    pub told: String,
    /// What may not be meant.
    pub doubts: Vec<String>,
}

/// Reads which files are written, if not all.
pub fn rules(config: &Config) -> Result<Option<Rules>, AttemptError> {
    let mut scoping = Scoping::new(config);
    let (scope, _) = scoping.current()?;
    let path = scoping.file.as_ref().map(Kept::path);
    Ok(scope
        .sparse
        .as_ref()
        .map(|sparse| Rules { told: told(sparse, path), doubts: doubts(sparse) }))
}

fn told(sparse: &Sparse, path: Option<&Path>) -> String {
    if let Some(path) = path {
        return format!("only files that {} names are written", path.display());
    }
    let paths = sparse.directories().join(", ");
    format!("only {paths} and the files in the directories above are written")
}

/// What may not be meant by rules.
fn doubts(sparse: &Sparse) -> Vec<String> {
    let faults = sparse.faults();
    let rest = faults.len().saturating_sub(MOST_FAULTS);
    let told = faults.iter().take(MOST_FAULTS);
    let mut doubts: Vec<_> = told
        .map(|(line, why)| format!("the pattern in line {line} never matches: {why}"))
        .collect();
    if rest > 0 {
        doubts.push(format!("{rest} more patterns never match"));
    }
    if !sparse.may_include_any() {
        doubts.push("no pattern names anything to write, so the tree is empty".to_owned());
    }
    doubts
}

impl Scoping {
    /// Takes what the options say. No file is read yet.
    pub(super) fn new(config: &Config) -> Self {
        let (file, sparse) = match &config.part.sparse {
            Some(SparseBy::File(path)) => (Some(Kept::new(path)), None),
            Some(SparseBy::Paths(paths)) => (None, Some(Arc::new(Sparse::of_directories(paths)))),
            None => (None, None),
        };
        let now = Scope {
            sparse,
            filter: config.part.filter.clone(),
            lfs: config.part.lfs,
            submodules: config.part.submodules,
            limits: config.part.limits,
        };
        let as_git = config.personality.is_peer();
        Self { file, as_git, now: Arc::new(now), compared: None }
    }

    /// What counts now, and whether that is news since it was last asked.
    pub(super) fn current(&mut self) -> Result<(Arc<Scope>, bool), AttemptError> {
        let Some(file) = &mut self.file else {
            return Ok((Arc::clone(&self.now), false));
        };
        let as_git = self.as_git;
        let sparse = Arc::clone(file.current(|path| read(path, as_git))?);
        let is_news = self.now.sparse.as_ref() != Some(&sparse);
        if is_news {
            let path = file.path().display();
            for doubt in doubts(&sparse) {
                tracing::warn!(file = %path, doubt, "the rules may not say what is meant");
            }
            tracing::info!(file = %path, "read which files to write");
            self.compared = None;
            self.now = Arc::new(Scope { sparse: Some(sparse), ..(*self.now).clone() });
        }
        Ok((Arc::clone(&self.now), is_news))
    }
}

/// The same before any attempt. What cannot be read is told by the first; what is published stays
/// until then.
pub(super) fn apply_ahead(me: &mut Attempts) {
    if let Err(error) = apply(me) {
        tracing::warn!(error = %Cause::of(&error), "this will be an obstacle");
    }
}

/// Makes what counts now count for the attempt. What was open or prepared by other rules goes.
pub(super) fn apply(me: &mut Attempts) -> Result<(), AttemptError> {
    let (scope, is_news) = me.scoping.current()?;
    if is_news {
        me.store = None;
        me.bases.clear();
    }
    me.refusals.depend_on(&scope);
    me.root.look_through(scope);
    Ok(())
}

/// Says once for each commit which directories that are to be written it does not have.
pub(super) fn compare(me: &mut Attempts, store: &Store, commit: &CommitId) {
    let Some(sparse) = &store.scope().sparse else {
        return;
    };
    if me.scoping.compared.as_ref() == Some(commit) {
        return;
    }
    me.scoping.compared = Some(commit.clone());
    let Missed { missing, files } = missed(store, commit, sparse.directories());
    if !missing.is_empty() {
        tracing::warn!(%commit, paths = missing.join(", "), "the commit has no such directory of sparse-path");
    }
    if !files.is_empty() {
        let advice = "give the directory that it is in, or patterns in a sparse-checkout-file";
        tracing::warn!(%commit, paths = files.join(", "), advice, "sparse-path names no directory, but a file");
    }
}

fn read(path: &Path, as_git: bool) -> Result<Arc<Sparse>, AttemptError> {
    let wrong = |source| AttemptError::Sparse { path: path.to_owned(), source };
    let found = look::read(path, LONGEST).and_then(|found| found.ok_or_else(Unread::missing));
    let bytes = found.map_err(|error| wrong(Cause::of(&error)))?;
    let text = String::from_utf8(bytes)
        .map_err(|error| wrong(Cause::new(format!("it is not UTF-8: {}", error.utf8_error()))))?;
    let read = if as_git { Sparse::as_git_reads } else { Sparse::of_patterns };
    Ok(Arc::new(read(&text)))
}
