//! Reading the configuration file anew, as it was read at the start.

use crate::config::besides::Besides;
use crate::config::file;
use crate::config::file::Named;
use crate::config::problem::Problem;
use crate::config::whole;
use crate::config::whole::{When, Whole};
use crate::config::{Fleet, Process};
use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// The file, and what was said besides it at the start, which still counts.
///
/// It holds secrets as they were given, so of it only the name of the file is shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Again {
    besides: Arc<Besides>,
    named: Arc<Named>,
    /// Whether it listed repositories.
    lists: bool,
    /// The options of the process, which go on to count for each repository.
    process: Arc<Process>,
    /// The warnings that were told.
    told: Arc<BTreeSet<String>>,
}

impl fmt::Debug for Again {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Again").field(&self.named.path).finish()
    }
}

impl Again {
    pub(super) fn new(besides: Besides, named: Named, whole: &Whole) -> Self {
        let told = Arc::new(whole.warnings.iter().cloned().collect());
        let (besides, named) = (Arc::new(besides), Arc::new(named));
        let process = Arc::new(whole.process.clone());
        Self { besides, named, lists: whole.lists, process, told }
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.named.path
    }

    /// Reads the file, and lists what works but should be changed and was not told yet. The list of
    /// repositories may be empty now. What the file says of the process as a whole is in what is
    /// given, and repositories are kept as the process was begun. Whatever is wrong with the file, nothing of it is given.
    pub fn read(&self) -> Result<(Fleet, Vec<String>), Vec<Problem>> {
        let read = file::read(&self.named);
        if !read.problems.is_empty() && read.is_broken {
            return Err(read.problems);
        }
        // One repository alone would lack options, which is not what is wrong.
        if self.lists && read.file.as_ref().is_none_or(|file| file.entries.is_none()) {
            let complaint = "no longer lists `repositories`; going back to one repository needs a \
                             restart";
            let own = Problem::new(&self.named.shown, complaint);
            return Err(if read.problems.is_empty() { vec![own] } else { read.problems });
        }
        let when = When::Later(&self.process);
        let whole = whole::whole(&self.besides, read.file.as_ref(), when);
        let whole = match whole {
            Ok(whole) if read.problems.is_empty() => whole,
            Ok(_) => return Err(read.problems),
            Err(more) => return Err(whole::distinct(read.problems.into_iter().chain(more))),
        };
        if whole.lists != self.lists {
            let complaint = "lists `repositories` now; this needs a restart";
            return Err(vec![Problem::new(&self.named.shown, complaint)]);
        }
        let news = whole.warnings.iter().filter(|warning| !self.told.contains(*warning));
        let news = news.cloned().collect();
        let told = Arc::new(whole.warnings.iter().cloned().collect());
        let again = Self { told, ..self.clone() };
        Ok((whole.fleet(Some(again)), news))
    }
}
