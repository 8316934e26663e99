//! Prepares the directory that the next tree is made from, while there is nothing else to do.
//!
//! It is a copy of a tree that readers see: by sharing blocks where the file system can (reflink),
//! else by sharing files (hardlinks). Only what was recorded is taken, and only if it still is as it
//! was recorded; what somebody wrote to is written anew. Or it is the retired tree itself, in which
//! the same is put right.
//!
//! The work can be laid down at any file and taken up again by another thread.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{make_directory, remove};
use crate::git::kind_of;
use crate::git::{GitError, Scope, Store};
use crate::runtime::{Stop, Stopped};
use crate::trees::Base;
use crate::trees::Extent;
use crate::trees::Original;
use crate::trees::anew::{clear_the_way, write_some};
use crate::trees::check::{Seen, difference, is_same_inode, noted, strangers};
use crate::trees::fresh::TreeError;
use crate::trees::index;
use crate::trees::index::is_skipped;
use crate::trees::pair::Pair;
use crate::trees::parts::Owners;
use crate::trees::path_of;
use gix::index::File;
use gix::index::entry::Mode;
use rustix::fs::{FileType, Stat};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How the directory comes to hold what the original holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Not tried yet.
    Unknown,
    /// Files share blocks until one is written to.
    Reflink,
    /// Trees share files.
    Hardlink,
    /// It is the original.
    InPlace,
}

/// How much of a copy by reflinks may be left when a change comes, in per cent, so that going on is
/// quicker than a whole checkout, which takes about two thirds of the time.
const WORTH_IT: usize = 60;

/// Work under way.
pub struct Preparation {
    original: Original,
    /// The repository, from which files come that have to be written anew.
    git: PathBuf,
    /// Which part of commits is written.
    scope: Arc<Scope>,
    /// Where the directory and its index are made.
    place: PathBuf,
    way: Way,
    /// Whether the files are still those that were written, and not copies with the same times.
    same_files: bool,
    course: Option<Course>,
}

/// How far it is.
struct Course {
    index: File,
    pair: Pair,
    next: usize,
    /// Files that are not as they were recorded, by their place in the index.
    anew: Vec<usize>,
    bytes: u64,
    files: u64,
    /// Whether the index has other stat data than it was read with.
    noted: bool,
    /// The permissions that new files get, those to execute aside.
    permissions: u32,
    /// How many files have others, and are otherwise as they were recorded.
    of_others: usize,
}

/// Who may read and write.
const READ_WRITE: u32 = 0o666;

/// Why there is no directory to make the next tree from. No harm comes from that.
#[derive(Debug, thiserror::Error)]
pub enum Unprepared {
    /// The file system allows neither reflinks nor hardlinks.
    #[error("this file system allows neither reflinks nor hardlinks here")]
    NoWay(#[source] DiskError),
    /// A file could not be read or made.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The objects for what has to be written anew could not be had.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file could not be written anew.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The program stops.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

/// How a stretch of work ended.
#[derive(Debug)]
pub enum Stretch {
    /// It can be taken up again.
    Paused(Box<Preparation>),
    /// The directory is ready; so many files of the original were not as recorded.
    Ready(Base, usize),
}

impl std::fmt::Debug for Preparation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let next = self.course.as_ref().map(|course| course.next);
        f.debug_struct("Preparation")
            .field("of", &self.original)
            .field("way", &self.way)
            .field("next", &next)
            .finish_non_exhaustive()
    }
}

impl Preparation {
    /// A copy of a tree, to be made in a directory that does not exist yet.
    pub fn copy(original: Original, git: PathBuf, place: PathBuf, same_files: bool) -> Self {
        let (way, scope) = (Way::Unknown, Arc::default());
        Self { original, git, scope, place, way, same_files, course: None }
    }

    /// The tree itself, which nobody is to read any more, is put right. Its index is made in a
    /// directory that does not exist yet.
    pub fn in_place(original: Original, git: PathBuf, place: PathBuf) -> Self {
        let (way, scope) = (Way::InPlace, Arc::default());
        Self { original, git, scope, place, way, same_files: false, course: None }
    }

    /// Looks at commits in this way.
    #[must_use]
    pub fn within(self, scope: &Arc<Scope>) -> Self {
        Self { scope: Arc::clone(scope), ..self }
    }

    /// Which tree it is made of.
    pub fn original(&self) -> &Original {
        &self.original
    }

    /// Where what is needed for it is made, if that has begun.
    pub fn place(&self) -> &Path {
        &self.place
    }

    fn tree(&self) -> PathBuf {
        match self.way {
            Way::InPlace => self.original.tree.clone(),
            Way::Unknown | Way::Reflink | Way::Hardlink => self.place.join("tree"),
        }
    }

    /// Whether the rest takes less time than a whole checkout.
    pub fn is_worth_finishing(&self) -> bool {
        let Some(course) = &self.course else {
            return self.way == Way::InPlace;
        };
        let all = course.index.entries().len();
        let left = all.saturating_sub(course.next);
        self.way != Way::Reflink || left * 100 <= all * WORTH_IT
    }

    /// Works until it is done or is to pause, which is asked after each file.
    pub fn advance(
        mut self: Box<Self>,
        pause: impl Fn() -> bool,
        stop: &Stop,
    ) -> Result<Stretch, Unprepared> {
        let mut course = match self.course.take() {
            Some(course) => course,
            None => self.begin()?,
        };
        while course.next < course.index.entries().len() {
            if pause() {
                self.course = Some(course);
                return Ok(Stretch::Paused(self));
            }
            self.one(&mut course)?;
            course.next += 1;
        }
        self.finish(course, stop)
    }

    fn begin(&self) -> Result<Course, Unprepared> {
        let index = index::read(&self.original.record, kind_of(self.original.commit.format()))?;
        // Those above it are there, unless somebody removes them at this moment.
        fs::create_dir(&self.place).at("create the directory", &self.place)?;
        let tree = self.tree();
        make_directory(&tree)?;
        let pair = Pair::open(&self.original.tree, &tree).at("open", &tree)?;
        let permissions = fs::metadata(&self.place).at("look at", &self.place)?.mode() & READ_WRITE;
        Ok(Course {
            index,
            pair,
            next: 0,
            anew: Vec::new(),
            bytes: 0,
            files: 0,
            noted: false,
            permissions,
            of_others: 0,
        })
    }

    /// Does what is to be done for one file.
    fn one(&mut self, course: &mut Course) -> Result<(), Unprepared> {
        let Course {
            index,
            pair,
            next,
            anew,
            bytes,
            files,
            noted: is_noted,
            permissions,
            of_others,
        } = course;
        let Some(entry) = index.entries().get(*next) else {
            return Ok(());
        };
        if is_skipped(entry) {
            return Ok(());
        }
        let path = path_of(entry, index).to_owned();
        if entry.mode == Mode::COMMIT {
            pair.make(&path).at("create the directory", &path)?;
            return Ok(());
        }
        *files += 1;
        let found = pair.look(&path).at("look at", &path)?;
        let as_recorded = found.filter(|found| {
            let seen = Seen::from(found);
            difference(entry.mode, &entry.stat, &seen).is_none()
                && (!self.same_files || is_same_inode(entry, &seen))
        });
        let Some(found) = as_recorded else {
            anew.push(*next);
            return Ok(());
        };
        // Somebody made it who was told otherwise, such as by another `group-write`.
        if entry.mode != Mode::SYMLINK && found.st_mode & READ_WRITE != *permissions {
            *of_others += 1;
            anew.push(*next);
            return Ok(());
        }
        *bytes += Seen::from(&found).size;
        let is_link = FileType::from_raw_mode(found.st_mode) == FileType::Symlink;
        let stat = self.take(pair, &path, is_link, &found).map_err(|(tried, error)| {
            let error = DiskError::new(tried, &path, error.into());
            if self.way == Way::Unknown { Unprepared::NoWay(error) } else { error.into() }
        })?;
        if let (Some(stat), Some(entry)) = (stat, index.entries_mut().get_mut(*next)) {
            entry.stat = noted(&stat);
            *is_noted = true;
        }
        Ok(())
    }

    /// Takes one file over, in the way that was found to work. Gives its stat data if they are not
    /// those of the original.
    fn take(
        &mut self,
        pair: &mut Pair,
        path: &Path,
        is_link: bool,
        found: &Stat,
    ) -> Result<Option<Stat>, (&'static str, Errno)> {
        match self.way {
            Way::InPlace => Ok(None),
            Way::Reflink if is_link => {
                pair.copy_symlink(path, found).map(Some).map_err(|error| ("copy", error))
            }
            Way::Reflink => pair.clone(path, found).map(Some).map_err(|error| ("clone", error)),
            Way::Hardlink => pair.link(path).map(|()| None).map_err(|error| ("link", error)),
            // A symlink can be taken over in both ways and says nothing.
            Way::Unknown if is_link => {
                pair.copy_symlink(path, found).map(Some).map_err(|error| ("copy", error))
            }
            Way::Unknown => {
                if let Ok(stat) = pair.clone(path, found) {
                    self.way = Way::Reflink;
                    return Ok(Some(stat));
                }
                let begun = self.place.join("tree").join(path);
                remove(&begun).map_err(|_error| ("link", Errno::EXIST))?;
                pair.link(path).map_err(|error| ("link", error))?;
                self.way = Way::Hardlink;
                Ok(None)
            }
        }
    }

    /// Writes anew what was not as recorded, and the index if it is not that of the original.
    fn finish(self: Box<Self>, course: Course, stop: &Stop) -> Result<Stretch, Unprepared> {
        let tree = self.tree();
        let Course { mut index, anew, mut bytes, files, noted, of_others, .. } = course;
        if self.way == Way::InPlace {
            for stranger in strangers(&index, &tree)? {
                remove(&stranger)?;
            }
        }
        if !anew.is_empty() {
            bytes += self.write_anew(&mut index, &anew, &tree, stop)?;
        }
        let record = self.place.join("index");
        // The original may go, and its record with it, before this is used. No index is written to.
        let same = anew.is_empty() && !noted;
        if !same || fs::hard_link(&self.original.record, &record).is_err() {
            index::write(&index, &record)?;
        }
        let commit = self.original.commit.clone();
        let submodules = self.original.submodules.clone();
        let extent = Extent { files, bytes };
        let base = Base { commit, tree, index: record, extent, submodules };
        tracing::debug!(way = ?self.way, files, anew = anew.len(), "prepared for the next change");
        Ok(Stretch::Ready(base, anew.len().saturating_sub(of_others)))
    }

    /// Writes files from the repositories that have them.
    fn write_anew(
        &self,
        index: &mut File,
        anew: &[usize],
        tree: &Path,
        stop: &Stop,
    ) -> Result<u64, Unprepared> {
        let (commit, modules) = (&self.original.commit, &self.original.submodules.modules);
        let owners = Owners::new(modules);
        let mut groups: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::new();
        for place in anew {
            if let Some(entry) = index.entries().get(*place) {
                if self.way == Way::InPlace {
                    clear_the_way(tree, path_of(entry, index))?;
                }
                groups.entry(owners.of(entry.path(index)).0).or_default().push(*place);
            }
        }
        let mut bytes = 0;
        for (owner, places) in groups {
            let module = owner.and_then(|owner| modules.get(owner));
            let store = Store::open(&self.git)?.within(&self.scope);
            let (store, commit, tree) = match module {
                Some(one) => (store.of_module(one)?, one.commit(), tree.join(one.path())),
                None => (store, commit, tree.to_owned()),
            };
            bytes += write_some((&store, commit), (index, &owners), &places, &tree, stop)?;
        }
        Ok(bytes)
    }
}
