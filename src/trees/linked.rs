//! What stock Git needs to take a directory for a linked worktree (gitrepository-layout,
//! git-worktree): a pointer in the tree, and an administrative directory in the repository.
//!
//! The pointer in the tree is relative, so that consumers may mount the root anywhere. The pointer
//! back is absolute, as Git before 2.48 needs it, and the worktree is locked, so that
//! `git worktree prune` lets it be where the root is mounted at another place.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{Durable, is_there, make_directory, name, remove, rename, replace_file};
use crate::git::{Module, Sparse, kind_of};
use crate::model::{CommitId, ObjectFormat};
use crate::trees::Written;
use crate::trees::fresh::Listing;
use crate::trees::index;
use crate::trees::moving::pointer;
use crate::trees::notes::{REASON, RULES, WORKTREE_CONFIG, named, notes, says};
use crate::trees::parts;
use crate::trees::parts::Noted;
use crate::trees::pointer::write_pointer;
use gix::hash::Kind;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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

    /// What was recorded when the tree was published: the index as it was then. Git replaces the
    /// index, and leaves this alone.
    pub fn record(&self) -> PathBuf {
        self.0.join("index.gitsyncd")
    }

    fn shape_file(&self) -> PathBuf {
        self.0.join("shape.gitsyncd")
    }

    fn modules_file(&self) -> PathBuf {
        self.0.join("modules.gitsyncd")
    }

    /// What is known of the submodules in the tree. Only of a directory that has its final name.
    pub fn submodules(&self) -> Result<Noted, DiskError> {
        let git = self.0.parent().and_then(Path::parent).unwrap_or(&self.0);
        parts::noted(&self.modules_file(), &git.join("gitsyncd/modules"))
    }

    fn modules(&self) -> Result<Vec<Module>, DiskError> {
        self.submodules().map(|noted| noted.modules)
    }

    /// The name under which the tree is administered.
    fn name(&self) -> &str {
        name(&self.0).unwrap_or_default()
    }

    /// By which settings the tree was written, in words; none if by no special ones. If it was not we
    /// who wrote it, all that can be known are its patterns.
    pub fn shape(&self) -> String {
        let noted = fs::read_to_string(self.shape_file()).ok();
        noted.or_else(|| Some(self.sparse_of_git()?.shape())).unwrap_or_default()
    }

    /// The patterns by which Git has written a tree.
    fn sparse_of_git(&self) -> Option<Sparse> {
        if is_there(&self.record()) {
            return None;
        }
        let config = fs::read_to_string(self.0.join(WORKTREE_CONFIG)).ok()?.to_ascii_lowercase();
        let is_on = config.lines().any(|line| line.trim() == "sparsecheckout = true");
        let text = fs::read_to_string(self.0.join(RULES)).ok().filter(|_| is_on)?;
        let in_cones = config.lines().any(|line| line.trim() == "sparsecheckoutcone = true");
        Some(if in_cones { Sparse::as_git_reads(&text) } else { Sparse::of_patterns(&text) })
    }

    /// The file that says that hooks changed files of the commit in the tree.
    pub fn visited(&self) -> PathBuf {
        self.0.join("visited.gitsyncd")
    }

    /// Whether we made it: Git and others have no such record and give no such reason.
    pub fn is_ours(&self) -> bool {
        is_there(&self.record())
            || fs::read(self.lock()).is_ok_and(|text| text == REASON.as_bytes())
    }

    /// Writes all of it, the index only if it is known already. `tree` is where the tree will be.
    pub fn write(&self, written: &Written, tree: &Path) -> Result<(), DiskError> {
        make_directory(&self.0)?;
        make_directory(&self.0.join("info"))?;
        let file = |name: &str, content: &[u8]| {
            let path = self.0.join(name);
            fs::write(&path, content).at("write", &path)
        };
        for (name, content) in notes(written.commit(), tree, written.sparse.as_deref()) {
            file(name, &content)?;
        }
        if !written.shape.is_empty() {
            let path = self.shape_file();
            fs::write(&path, &written.shape).at("write", &path)?;
        }
        if let Some(wanted) = written.submodules.wanted {
            let (path, modules) = (self.modules_file(), &written.submodules.modules);
            fs::write(&path, parts::note(wanted, modules)).at("write", &path)?;
        }
        match &written.listing {
            Listing::Whole(all) => self.write_index(all, &written.submodules.modules, None),
            Listing::Changed(_) => Ok(()),
        }
    }

    /// Lets Git know the submodules of a tree before it gets its final name. To be called for the
    /// directory under its final name, whether it is there yet or not.
    pub fn write_modules(&self, written: &Written, tree: &Path) -> Result<(), DiskError> {
        parts::administer(&written.submodules.modules, tree, self.name())?;
        match &written.listing {
            Listing::Whole(all) if !written.submodules.modules.is_empty() => {
                let (_, below) = parts::split(all, &written.submodules.modules);
                parts::write_indexes(&written.submodules.modules, &below, self.name())
            }
            Listing::Whole(_) | Listing::Changed(_) => Ok(()),
        }
    }

    /// Writes the small files that do not say what they must.
    pub(super) fn tell(&self, commit: &CommitId, tree: &Path) -> Result<(), DiskError> {
        for (name, content) in notes(commit, tree, None) {
            if !says(&self.0, name, &content) {
                replace_file(&self.0.join(name), &content, Durable::No)?;
            }
        }
        Ok(())
    }

    /// Writes the index if it was not known before, and waits until it is on the disk.
    pub fn complete(&self, written: &Written) -> Result<(), DiskError> {
        if let Listing::Changed(amendment) = &written.listing {
            self.write_index(&amendment.apply()?, &written.submodules.modules, Some(self.name()))?;
        }
        let record = self.record();
        fs::File::open(&record).and_then(|file| file.sync_all()).at("sync", &record)
    }

    /// Writes the record, and the indexes made of it: those of submodules only under a final name.
    fn write_index(
        &self,
        all: &gix::index::File,
        modules: &[Module],
        name: Option<&str>,
    ) -> Result<(), DiskError> {
        let new = self.0.join("record.gitsyncd-new");
        remove(&new)?;
        index::write(all, &new)?;
        rename(&new, &self.record())?;
        if modules.is_empty() {
            return self.share_record();
        }
        let (own, below) = parts::split(all, modules);
        self.put_index(&own)?;
        name.map_or(Ok(()), |name| parts::write_indexes(modules, &below, name))
    }

    /// Makes the index what it was when the tree was published.
    fn restore_index(&self) -> Result<(), DiskError> {
        let modules = self.modules()?;
        if modules.is_empty() {
            return self.share_record();
        }
        let (own, below) = parts::split(&*index::read(&self.record(), self.kind())?, &modules);
        self.put_index(&own)?;
        parts::write_indexes(&modules, &below, self.name())
    }

    /// Gives the record a second name, by which Git finds it.
    fn share_record(&self) -> Result<(), DiskError> {
        let (new, record) = (self.0.join("index.gitsyncd-new"), self.record());
        remove(&new)?;
        if fs::hard_link(&record, &new).is_err() {
            fs::copy(&record, &new).at("write", &new)?;
        }
        rename(&new, &self.index())
    }

    /// Puts an index where Git looks for it.
    pub(super) fn put_index(&self, files: &gix::index::File) -> Result<(), DiskError> {
        let new = self.0.join("index.gitsyncd-new");
        remove(&new)?;
        index::write(files, &new)?;
        rename(&new, &self.index())
    }

    /// Whether Git's indexes list what was recorded, whatever stat data they have.
    fn index_is_right(&self) -> bool {
        let number = |path: &Path| path.symlink_metadata().ok().map(|found| found.ino());
        let (record, ours) = (self.record(), self.index());
        let Ok(modules) = self.modules() else {
            return false;
        };
        let same = number(&record);
        if modules.is_empty() && (same.is_none() || same == number(&ours)) {
            return same.is_some() || number(&ours).is_some();
        }
        let Ok(record) = index::read(&record, self.kind()) else {
            return false;
        };
        if modules.is_empty() {
            return parts::lists(&ours, &record);
        }
        let (own, below) = parts::split(&record, &modules);
        let mut each = modules.iter().zip(&below);
        parts::lists(&ours, &own)
            && each.all(|(module, files)| {
                parts::lists(&parts::admin_of(module, self.name()).index(), files)
            })
    }

    /// Says whether Git is told the right things of all submodules in a tree.
    pub(super) fn modules_are_told(&self, tree: &Path) -> bool {
        let modules = self.modules();
        modules.is_ok_and(|all| all.iter().all(|one| parts::is_told(one, tree, self.name())))
    }

    /// Says whether what was recorded is what a commit has, given a list of that. We record nothing
    /// else; but if it was git-sync that published the tree, there is only Git's index, in which
    /// anybody may have put anything.
    pub fn vouches_for(&self, all: impl FnOnce() -> Option<gix::index::File>) -> bool {
        is_there(&self.record())
            || all().is_some_and(|all| {
                index::read(&self.index(), self.kind())
                    .is_ok_and(|listed| index::list_the_same(&listed, &all))
            })
    }

    /// Records what Git's index says, if nothing was recorded when the tree was published.
    pub fn adopt(&self) -> Result<(), DiskError> {
        if !is_there(&self.record()) && is_there(&self.index()) {
            let shape = self.shape();
            if !shape.is_empty() {
                replace_file(&self.shape_file(), shape.as_bytes(), Durable::No)?;
            }
            self.write_index(&index::read(&self.index(), self.kind())?, &[], None)?;
        }
        Ok(())
    }

    /// Keeps Git from removing the worktree, if nothing does.
    pub fn keep(&self) -> Result<(), DiskError> {
        let lock = self.lock();
        // What is administered nowhere is not kept either; others look at that.
        if is_there(&lock) || !self.0.is_dir() {
            return Ok(());
        }
        replace_file(&lock, REASON.as_bytes(), Durable::No)
    }

    /// Lets others remove the worktree.
    pub fn release(&self) -> Result<(), DiskError> {
        remove(&self.lock())
    }

    /// Looks whether everything but the index, which is not read, says what it must.
    pub fn is_right(&self, commit: &CommitId, tree: &Path, sparse: Option<&Sparse>) -> bool {
        notes(commit, tree, sparse).iter().all(|(name, content)| says(&self.0, name, content))
    }

    /// Writes what does not say what it must.
    pub fn correct(
        &self,
        commit: &CommitId,
        tree: &Path,
        sparse: Option<&Sparse>,
    ) -> Result<(), DiskError> {
        for (name, content) in notes(commit, tree, sparse) {
            if !says(&self.0, name, &content) {
                tracing::warn!(admin = %self.0.display(), name, "correcting what Git is told");
                let path = self.0.join(name);
                if let Some(above) = path.parent() {
                    make_directory(above)?;
                }
                replace_file(&path, &content, Durable::No)?;
            }
        }
        let modules = self.modules()?;
        parts::administer(&modules, tree, self.name())?;
        if !self.index_is_right() {
            tracing::warn!(admin = %self.0.display(), "restoring the index");
            self.restore_index()?;
        }
        Ok(())
    }

    /// Says whether Git takes this tree for the worktree that is administered here, at the commit
    /// that the tree is named after. The root may be mounted at another place than it was.
    pub fn is_of(&self, tree: &Path) -> bool {
        let read = |path: PathBuf| fs::read_to_string(path).ok();
        let leads = |from: &Path, text: Option<&str>, to: PathBuf| {
            let found = text.and_then(|text| from.join(text.trim_end()).canonicalize().ok());
            found.is_some() && found == to.canonicalize().ok()
        };
        let name = tree.file_name().unwrap_or_default();
        // Most are called after their commit, but it may have the name of a link.
        let is_named = name.to_str().is_some_and(|name| name.parse::<CommitId>().is_ok());
        let pointer = read(tree.join(".git"));
        let pointer = pointer.as_deref().and_then(|text| text.strip_prefix("gitdir: "));
        let common = read(self.0.join("commondir"));
        let back = fs::read(self.0.join("gitdir")).unwrap_or_default();
        let back = named(&back);
        self.head().is_some_and(|head| !is_named || name == head.as_str())
            && leads(tree, pointer, self.0.clone())
            && leads(&self.0, common.as_deref(), self.0.join("../.."))
            && back.ends_with(Path::new(name).join(".git"))
    }

    /// Reads which commit it stands for.
    pub fn head(&self) -> Option<CommitId> {
        fs::read_to_string(self.0.join("HEAD")).ok()?.trim_end().parse().ok()
    }

    /// By which hash the index names objects.
    pub(super) fn kind(&self) -> Kind {
        kind_of(self.head().map_or(ObjectFormat::Sha1, |head| head.format()))
    }
}

/// Writes the pointers in a tree. `tree` and `admin` are where both will be in the end.
pub fn point_at(written: &Written, tree: &Path, admin: &Admin) -> Result<(), DiskError> {
    write_pointer(&written.path().join(".git"), &pointer(tree, admin))?;
    parts::point(&written.submodules.modules, written.path(), tree, admin.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worktree_is_known_only_while_all_pointers_are_right() {
        let root = tempfile::tempdir().unwrap();
        let name = "a".repeat(40);
        let tree = root.path().join(".worktrees").join(&name);
        let admin = Admin::at(root.path().join(".git/worktrees").join(&name));
        fs::create_dir_all(&tree).unwrap();
        fs::create_dir_all(admin.path()).unwrap();
        let files = [
            (admin.path().join("HEAD"), format!("{name}\n")),
            (admin.path().join("commondir"), "../..\n".to_owned()),
            (admin.path().join("gitdir"), format!("/moved/.worktrees/{name}/.git\n")),
            (tree.join(".git"), format!("gitdir: ../../.git/worktrees/{name}\n")),
        ];
        for (path, content) in &files {
            fs::write(path, content).unwrap();
        }
        assert!(admin.is_of(&tree));
        for (path, content) in &files {
            for damage in ["", "garbage\n"] {
                fs::write(path, damage).unwrap();
                assert!(!admin.is_of(&tree), "{}", path.display());
            }
            fs::remove_file(path).unwrap();
            assert!(!admin.is_of(&tree), "{}", path.display());
            fs::write(path, content).unwrap();
        }
    }
}
