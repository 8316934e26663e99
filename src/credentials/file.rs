//! A file that holds a secret. It is looked at whenever the secret is needed, and read again only if
//! it is another file by then or was written to.
//!
//! Nothing that a file holds is ever part of an error.

use crate::credentials::CredentialsError;
use crate::credentials::error::Problem;
use crate::disk::kept::Kept;
use crate::disk::look;
use crate::disk::look::Unread;
use crate::model::Secret;
use rustix::io::Errno;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How much such a file may hold. Lists of cookies are the longest.
const ROOM: u64 = 1 << 20;

/// A file, and what it held when it was read last.
#[derive(Clone, Debug)]
pub(super) struct SecretFile {
    option: &'static str,
    kept: Kept<Option<Secret>>,
}

impl SecretFile {
    /// Names a file, and the option that named it.
    pub(super) fn new(path: impl Into<PathBuf>, option: &'static str) -> Self {
        Self { option, kept: Kept::new(path) }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.kept.path()
    }

    /// Says whether something else is there than when it was read last.
    pub(super) fn has_changed(&self) -> bool {
        self.kept.has_changed()
    }

    /// All of its text; none if there is no such file.
    pub(super) fn text(&mut self) -> Result<Option<Secret>, CredentialsError> {
        let option = self.option;
        self.kept.current(|path| read(option, path)).cloned()
    }

    /// All of its text. It must be there, and hold something.
    pub(super) fn needed(&mut self) -> Result<Secret, CredentialsError> {
        let text = self.text()?.ok_or_else(|| self.unreadable(Errno::NOENT.into()))?;
        if text.reveal().trim().is_empty() {
            return Err(self.unfit(Problem::Empty));
        }
        Ok(text)
    }

    /// Its one line, without the line end that editors and `echo` leave; none if there is no such
    /// file.
    pub(super) fn line(&mut self) -> Result<Option<Secret>, CredentialsError> {
        let Some(text) = self.text()? else {
            return Ok(None);
        };
        let line = text.reveal().trim_end_matches(['\n', '\r']);
        match problem_of(line) {
            Some(problem) => Err(self.unfit(problem)),
            None => Ok(Some(Secret::new(line))),
        }
    }

    /// Its one line. It must be there.
    pub(super) fn needed_line(&mut self) -> Result<Secret, CredentialsError> {
        self.line()?.ok_or_else(|| self.unreadable(Errno::NOENT.into()))
    }

    /// What is in the file is wrong.
    pub(super) fn unfit(&self, problem: Problem) -> CredentialsError {
        unfit(self.option, self.path(), problem)
    }

    fn unreadable(&self, source: io::Error) -> CredentialsError {
        unreadable(self.option, self.path(), source)
    }
}

fn unfit(option: &'static str, path: &Path, problem: Problem) -> CredentialsError {
    CredentialsError::Unfit { option, path: path.to_owned(), problem }
}

fn unreadable(option: &'static str, path: &Path, source: io::Error) -> CredentialsError {
    CredentialsError::File { option, path: path.to_owned(), source: Arc::new(source) }
}

fn read(option: &'static str, path: &Path) -> Result<Option<Secret>, CredentialsError> {
    let bytes = look::read(path, ROOM).map_err(|error| match error {
        Unread::Directory => unfit(option, path, Problem::Directory),
        Unread::NoFile => unfit(option, path, Problem::NoFile),
        Unread::Long(_) => unfit(option, path, Problem::Large),
        Unread::System(error) => unreadable(option, path, error),
    })?;
    let Some(bytes) = bytes else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_bytes| unfit(option, path, Problem::NotText))?;
    if text.contains('\0') {
        return Err(unfit(option, path, Problem::Nul));
    }
    Ok(Some(Secret::new(text)))
}

/// Says what keeps a line from being a name or a password.
pub(super) fn problem_of(line: &str) -> Option<Problem> {
    if line.is_empty() {
        Some(Problem::Empty)
    } else if line.contains(['\n', '\r']) {
        Some(Problem::Lines)
    } else if line.contains('\0') {
        Some(Problem::Nul)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;
    use tempfile::TempDir;

    fn file_with(content: &[u8]) -> (TempDir, SecretFile) {
        let dir = TempDir::new().unwrap();
        let path = dir.path().join("f");
        fs::write(&path, content).unwrap();
        (dir, SecretFile::new(path, "password-file"))
    }

    #[test]
    fn line_ends_are_cut_and_nothing_else() {
        for (content, line) in [
            ("a", "a"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            ("a\n\n", "a"),
            (" a b ", " a b "),
            ("a:b\t\u{fc}\u{1f511}\n", "a:b\t\u{fc}\u{1f511}"),
        ] {
            let (_dir, mut file) = file_with(content.as_bytes());
            assert_eq!(file.line().unwrap(), Some(Secret::new(line)), "{content:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_password_is_told_without_showing_it() {
        for (content, words) in [
            (b"".as_slice(), "is empty"),
            (b"\r\n", "is empty"),
            (b"hush\nhush", "more than one line"),
            (b"hush\0", "NUL"),
            (b"hush\xff", "UTF-8"),
            (&vec![b'h'; (1 << 20) + 1], "too large"),
        ] {
            let (_dir, mut file) = file_with(content);
            let error = file.line().unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("password-file"), "{error}");
            assert!(!error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn what_is_no_file_is_told() {
        let dir = TempDir::new().unwrap();
        let read = |path: &Path| SecretFile::new(path, "password-file").needed_line().unwrap_err();
        let error = read(dir.path()).to_string();
        assert!(error.contains("is a directory"), "{error}");
        let error = read(Path::new("/dev/zero")).to_string();
        assert!(error.contains("no plain file"), "{error}");
        let missing = read(&dir.path().join("missing"));
        assert!(matches!(missing, CredentialsError::File { .. }), "{missing}");
        assert!(missing.to_string().contains("missing"), "{missing}");
    }

    #[test]
    fn it_is_read_again_when_it_changes() {
        let dir = TempDir::new().unwrap();
        // As Kubernetes does it: a link to a directory that is replaced.
        for (name, text) in [("1", "one"), ("2", "two")] {
            fs::create_dir(dir.path().join(name)).unwrap();
            fs::write(dir.path().join(name).join("f"), text).unwrap();
        }
        let current = dir.path().join("..data");
        symlink("1", &current).unwrap();
        let mut file = SecretFile::new(current.join("f"), "password-file");
        let mut line = || {
            let changed = file.has_changed();
            (file.line().unwrap().map(|line| line.reveal().to_owned()), changed)
        };
        assert_eq!(line(), (Some("one".to_owned()), false));
        assert_eq!(line(), (Some("one".to_owned()), false));
        fs::remove_file(&current).unwrap();
        assert_eq!(line(), (None, true));
        symlink("2", &current).unwrap();
        assert_eq!(line(), (Some("two".to_owned()), true));
        // A moment after the last change the times may be the same.
        fs::write(current.join("f"), "owt").unwrap();
        assert_eq!(line().0, Some("owt".to_owned()));
    }
}
