//! Which repositories a request is about.

use crate::http::{Observed, Repositories, Repository};
use std::fmt;
use std::sync::Arc;

/// How many names are told in words.
const MOST_NAMES: usize = 10;
/// How many letters of a name are.
const MOST_LETTERS: usize = 100;

/// What a request is about.
#[derive(Debug)]
pub(super) enum Picked {
    /// The only repository, or the one that was asked about.
    One(Arc<Repository>),
    /// Each of them; there may be none.
    All(Repositories),
}

/// There is no repository of that name.
#[derive(Debug)]
pub(super) struct Unknown {
    name: String,
    known: Repositories,
}

impl Unknown {
    /// Says so; who may know which there are is told.
    pub(super) fn words(&self, tell: bool) -> String {
        let name = cut(&self.name);
        if !tell {
            return format!("there is no repository {name:?} here");
        }
        if self.known.is_empty() {
            return format!("there is no repository {name:?} here, and no other");
        }
        format!("there is no repository {name:?} here; there are {}", Names::of(&*self.known))
    }
}

impl Observed {
    /// The repositories at this moment.
    pub(super) fn list(&self) -> Repositories {
        Arc::clone(&self.repositories.borrow())
    }

    /// What is meant by the name, or by no name.
    pub(super) fn pick(&self, name: Option<&str>) -> Result<Picked, Unknown> {
        let known = self.list();
        let found = match name {
            Some(name) => known.iter().find(|one| one.name.as_deref() == Some(name)),
            None if self.several => return Ok(Picked::All(known)),
            None => known.first(),
        };
        match (found, name) {
            (Some(one), _) => Ok(Picked::One(Arc::clone(one))),
            (None, Some(name)) => Err(Unknown { name: name.to_owned(), known }),
            (None, None) => Ok(Picked::All(known)),
        }
    }
}

impl Repository {
    /// What it is called in words.
    pub(super) fn called(&self) -> &str {
        self.name.as_deref().unwrap_or("the repository")
    }
}

/// Some names in words: the first few, and how many more there are.
#[derive(Debug)]
pub(super) struct Names<'a> {
    told: Vec<&'a str>,
    more: usize,
}

impl<'a> Names<'a> {
    /// Takes the names of these.
    pub(super) fn of(repositories: impl IntoIterator<Item = &'a Arc<Repository>>) -> Self {
        let mut names = repositories.into_iter().map(|one| cut(one.called()));
        Self { told: names.by_ref().take(MOST_NAMES).collect(), more: names.count() }
    }

    /// Whether there is nobody to name.
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told.join(", "))?;
        if self.more > 0 {
            write!(f, " and {} more", self.more)?;
        }
        Ok(())
    }
}

/// The beginning of a name.
fn cut(name: &str) -> &str {
    name.char_indices().nth(MOST_LETTERS).map_or(name, |(end, _)| name.split_at(end).0)
}
