//! Where everything is.

use crate::disk::is_there;
use crate::model::{CommitId, Form};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// The places below a root, all absolute.
#[derive(Clone, Debug)]
pub struct Layout {
    root: PathBuf,
    link: PathBuf,
    /// What readers open.
    place: PathBuf,
    form: Form,
}

/// Makes private names differ within one process.
static NUMBER: AtomicU64 = AtomicU64::new(0);

impl Layout {
    /// Takes two absolute paths.
    pub fn new(root: PathBuf, link: PathBuf) -> Self {
        Self { root, place: link.clone(), link, form: Form::Symlink }
    }

    /// Has trees put before readers in this way.
    #[must_use]
    pub fn shown_by(self, form: Form) -> Self {
        let link = match form {
            Form::Symlink | Form::Exchange => self.place.clone(),
            // Of our own, as readers cannot follow one.
            Form::Copy => self.own().join("live"),
        };
        Self { link, form, ..self }
    }

    /// The same with a link in the place of what readers open.
    #[must_use]
    pub fn linked(&self) -> Self {
        self.clone().shown_by(Form::Symlink)
    }

    /// What readers open: the link, or the directory in its place.
    pub fn place(&self) -> &Path {
        &self.place
    }

    /// How trees are put before readers.
    pub fn form(&self) -> Form {
        self.form
    }

    /// The working directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The symlink that consumers read, or the tree itself in its place; where they read a copy, a
    /// symlink that only we read.
    pub fn link(&self) -> &Path {
        &self.link
    }

    /// The repository.
    pub fn git(&self) -> PathBuf {
        self.root.join(".git")
    }

    /// Our own directory in it. That it is there says that the repository is ours.
    pub fn own(&self) -> PathBuf {
        self.root.join(".git/gitsyncd")
    }

    /// Where things are made.
    pub fn staging(&self) -> PathBuf {
        self.own().join("staging")
    }

    /// Where the directory for the next tree is prepared.
    pub fn prepared(&self) -> PathBuf {
        self.own().join("prepared")
    }

    /// Where the repositories of submodules are.
    pub fn modules(&self) -> PathBuf {
        self.own().join("modules")
    }

    /// Where packs are made that are to take the place of others.
    pub fn packing(&self) -> PathBuf {
        self.own().join("packing")
    }

    /// What is known of files of Git LFS, and what of them came so far.
    pub fn large(&self) -> PathBuf {
        self.own().join("lfs")
    }

    /// Where things wait to be deleted.
    pub fn trash(&self) -> PathBuf {
        self.own().join("trash")
    }

    /// Where a tree is for the instant between another taking its place and its coming home.
    pub fn leaving(&self) -> PathBuf {
        self.own().join("leaving")
    }

    /// A new name below a private directory. In a container every process has the same number, so
    /// what an earlier one left may have the name already.
    pub fn fresh(directory: &Path) -> PathBuf {
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = directory.join(format!("{}-{number}", std::process::id()));
            if !is_there(&name) {
                return name;
            }
        }
    }

    /// Which commit to stay at, if there is one.
    pub fn pin(&self) -> PathBuf {
        self.own().join("pin.json")
    }

    /// Which options the last run had.
    pub fn options(&self) -> PathBuf {
        self.own().join("options.json")
    }

    /// With which depth the history was fetched.
    pub fn depth(&self) -> PathBuf {
        self.own().join("depth")
    }

    /// Which commit was refused last.
    pub fn refused(&self) -> PathBuf {
        self.own().join("refused.json")
    }

    /// Which tree has its final name before readers may see it, if there is one.
    pub fn unseen(&self) -> PathBuf {
        self.own().join("unseen")
    }

    /// What has happened.
    pub fn history(&self) -> PathBuf {
        self.own().join("history.json")
    }

    /// Where the trees are.
    pub fn trees(&self) -> PathBuf {
        self.root.join(".worktrees")
    }

    /// Where the tree of a commit is.
    pub fn tree(&self, commit: &CommitId) -> PathBuf {
        self.trees().join(commit.as_str())
    }

    /// Where Git administers the worktrees.
    pub fn admins(&self) -> PathBuf {
        self.root.join(".git/worktrees")
    }

    /// The status file.
    pub fn status(&self) -> PathBuf {
        self.root.join(".git-sync")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_fresh_name_is_not_one_that_an_earlier_process_left() {
        let dir = tempfile::tempdir().unwrap();
        let next = NUMBER.load(Ordering::Relaxed);
        for number in next..next + 1000 {
            let left = dir.path().join(format!("{}-{number}", std::process::id()));
            fs::create_dir(left).unwrap();
        }
        assert!(!is_there(&Layout::fresh(dir.path())));
    }
}
