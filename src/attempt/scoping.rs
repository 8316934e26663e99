//! Which part of commits is published, as options and the file of patterns say at the moment.

use crate::attempt::Attempts;
use crate::attempt::error::AttemptError;
use crate::config::{Config, SparseBy};
use crate::disk::kept::Kept;
use crate::git::{Scope, Sparse};
use crate::model::Cause;
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Reads the file of patterns when it may have changed.
#[derive(Debug)]
pub(super) struct Scoping {
    file: Option<Kept<Arc<Sparse>>>,
    now: Arc<Scope>,
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
        };
        Self { file, now: Arc::new(now) }
    }

    /// What counted when it was last asked.
    pub(super) fn now(&self) -> &Arc<Scope> {
        &self.now
    }

    /// What counts now, and whether that is news since it was last asked.
    pub(super) fn current(&mut self) -> Result<(Arc<Scope>, bool), AttemptError> {
        let Some(file) = &mut self.file else {
            return Ok((Arc::clone(&self.now), false));
        };
        let sparse = Arc::clone(file.current(read)?);
        let is_news = self.now.sparse.as_ref() != Some(&sparse);
        if is_news {
            self.now = Arc::new(Scope { sparse: Some(sparse), ..(*self.now).clone() });
        }
        Ok((Arc::clone(&self.now), is_news))
    }
}

/// Makes what counts now count for the attempt. What was open or prepared by other rules goes.
pub(super) fn apply(me: &mut Attempts) -> Result<(), AttemptError> {
    let (scope, is_news) = me.scoping.current()?;
    if is_news {
        me.store = None;
        me.bases.clear();
    }
    me.root.look_through(scope);
    Ok(())
}

fn read(path: &Path) -> Result<Arc<Sparse>, AttemptError> {
    let wrong = |source| AttemptError::Sparse { path: path.to_owned(), source };
    let text = fs::read_to_string(path).map_err(|error| wrong(Cause::of(&error)))?;
    Ok(Arc::new(Sparse::of_patterns(&text)))
}
