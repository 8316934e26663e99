//! What was made of a file, kept for as long as the file looks the same.

use crate::disk::look::Look;
use std::fmt;
use std::path::{Path, PathBuf};

/// A file, and what was made of it when it was read last. Nothing is read by itself.
#[derive(Clone)]
pub struct Kept<T> {
    path: PathBuf,
    seen: Option<(Look, T)>,
}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<T> Kept<T> {
    /// Names a file. It is not looked at yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), seen: None }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Says whether something else is there than when it was read last.
    pub fn has_changed(&self) -> bool {
        self.seen.as_ref().is_some_and(|(look, _)| !look.is_still(&self.path))
    }

    /// Says whether the next reading may give something else than the last one.
    pub fn is_news(&self) -> bool {
        !self.seen.as_ref().is_some_and(|(look, _)| look.is_settled()) || self.has_changed()
    }

    /// What `read` makes of the file as it is now. It is asked only if that may have changed; a file
    /// that is wrong is read anew each time.
    pub fn current<E>(&mut self, read: impl FnOnce(&Path) -> Result<T, E>) -> Result<&T, E> {
        let kept = if self.is_news() { None } else { self.seen.take() };
        self.seen = None;
        let seen = if let Some(kept) = kept {
            kept
        } else {
            // Before it is read, so that a change while it is read shows the next time.
            let look = Look::at(&self.path);
            (look, read(&self.path)?)
        };
        Ok(&self.seen.insert(seen).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn an_old_file_is_not_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, "one").unwrap();
        let look = Look::at(&path).settled();
        let mut kept = Kept { path, seen: Some((look, "kept".to_owned())) };
        assert_eq!(kept.current(|path| fs::read_to_string(path)).unwrap(), "kept");
        fs::write(kept.path(), "other").unwrap();
        assert!(kept.has_changed());
        assert_eq!(kept.current(|path| fs::read_to_string(path)).unwrap(), "other");
        fs::write(kept.path(), "rehto").unwrap();
        assert_eq!(
            kept.current(|path| fs::read_to_string(path)).unwrap(),
            "rehto",
            "a moment later"
        );
    }

    #[test]
    fn what_is_wrong_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut kept = Kept::new(dir.path().join("f"));
        assert!(kept.current(|path| fs::read_to_string(path)).is_err());
        assert!(!kept.has_changed() && kept.is_news());
        fs::write(kept.path(), "one").unwrap();
        assert_eq!(kept.current(|path| fs::read_to_string(path)).unwrap(), "one");
        fs::remove_file(kept.path()).unwrap();
        assert!(kept.current(|path| fs::read_to_string(path)).is_err());
    }
}
