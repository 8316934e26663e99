//! What stock Git needs to take a directory for a linked worktree (gitrepository-layout,
//! git-worktree): a pointer in the tree, and an administrative directory in the repository.
//!
//! The pointer in the tree is relative, so that consumers may mount the root anywhere. The pointer
//! back is absolute, as Git before 2.48 needs it, and the worktree is locked, so that
//! `git worktree prune` lets it be where the root is mounted at another place.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{Durable, make_directory, replace_file};
use crate::model::CommitId;
use crate::trees::Written;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// What the administrative directory says about why it is locked. The time of this file is the time
/// at which the tree was retired.
const REASON: &str = "kept by gitsyncd\n";

/// The administrative directory of a worktree, under a private or its final name.
#[derive(Debug)]
pub struct Admin(PathBuf);

impl Admin {
    /// Names the directory; it need not exist.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The index, with the stat data of the tree's files.
    pub fn index(&self) -> PathBuf {
        self.0.join("index")
    }

    /// The file that keeps Git from removing the worktree.
    pub fn lock(&self) -> PathBuf {
        self.0.join("locked")
    }

    /// Writes all of it. `tree` is where the tree will be.
    pub fn write(&self, written: &Written, tree: &Path) -> Result<(), DiskError> {
        make_directory(&self.0)?;
        let file = |name: &str, content: String| {
            let path = self.0.join(name);
            fs::write(&path, content).at("write", &path)
        };
        for (name, content) in notes(written.commit(), tree) {
            file(name, content)?;
        }
        let index = self.index();
        let out = fs::File::create(&index).at("create", &index)?;
        let mut out = std::io::BufWriter::new(out);
        written
            .index
            .write_to(&mut out, gix::index::write::Options::default())
            .map_err(|error| std::io::Error::other(error.to_string()))
            .at("write", &index)?;
        out.into_inner()
            .map_err(std::io::IntoInnerError::into_error)
            .at("write", &index)
            .map(|_file| ())
    }

    /// Looks whether everything but the index, which is not read, says what it must.
    pub fn is_right(&self, commit: &CommitId, tree: &Path) -> bool {
        notes(commit, tree).iter().all(|(name, content)| self.says(name, content))
    }

    fn says(&self, name: &str, content: &str) -> bool {
        let path = self.0.join(name);
        match name {
            "locked" => path.is_file(),
            // There may be several ways to write a path.
            "gitdir" => fs::read_to_string(path).is_ok_and(|found| {
                let real = |text: &str| Path::new(text.trim_end()).canonicalize().ok();
                real(&found).is_some_and(|found| Some(found) == real(content))
            }),
            _ => fs::read_to_string(path).is_ok_and(|found| found == content),
        }
    }

    /// Writes what does not say what it must.
    pub fn correct(&self, commit: &CommitId, tree: &Path) -> Result<(), DiskError> {
        for (name, content) in notes(commit, tree) {
            if !self.says(name, &content) {
                tracing::warn!(admin = %self.0.display(), name, "correcting what Git is told");
                replace_file(&self.0.join(name), content.as_bytes(), Durable::No)?;
            }
        }
        Ok(())
    }

    /// Reads which commit it stands for.
    pub fn head(&self) -> Option<CommitId> {
        fs::read_to_string(self.0.join("HEAD")).ok()?.trim_end().parse().ok()
    }
}

/// The small files of an administrative directory.
fn notes(commit: &CommitId, tree: &Path) -> [(&'static str, String); 4] {
    [
        ("HEAD", format!("{commit}\n")),
        ("commondir", "../..\n".to_owned()),
        ("gitdir", format!("{}\n", tree.join(".git").display())),
        ("locked", REASON.to_owned()),
    ]
}

/// Writes the pointer in a tree. `tree` and `admin` are where both will be in the end.
pub fn point_at(written: &Written, tree: &Path, admin: &Path) -> Result<(), DiskError> {
    let pointer = written.path().join(".git");
    let text = format!("gitdir: {}\n", relative(tree, admin).display());
    fs::write(&pointer, text).at("write", &pointer)
}

/// Leads from one absolute directory to another.
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let common = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let up = from.components().skip(common).map(|_| Component::ParentDir);
    up.chain(to.components().skip(common)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_leads_from_one_to_the_other() {
        let check = |from: &str, to: &str, expected: &str| {
            assert_eq!(relative(Path::new(from), Path::new(to)), Path::new(expected));
        };
        check("/r/.worktrees/a", "/r/.git/worktrees/a", "../../.git/worktrees/a");
        check("/r", "/r/.worktrees/a", ".worktrees/a");
        check("/x/y", "/r/a", "../../r/a");
    }
}
