//! Where paths really lead. Besides the file itself, this alone of the configuration looks at the
//! disk, and only for whether two repositories are in the way of each other.

use std::path::{Path, PathBuf};

/// The path without the links in it, as far as it exists.
pub(super) fn place(path: &Path) -> PathBuf {
    let found = path.ancestors().find_map(|above| {
        let real = above.canonicalize().ok()?;
        Some(real.join(path.strip_prefix(above).ok()?))
    });
    found.unwrap_or_else(|| path.to_owned())
}

/// The same for what may be a link itself, which is not followed.
pub(super) fn entry(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) => place(parent).join(name),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_are_followed_as_far_as_there_is_anything() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path().canonicalize().unwrap();
        fs::create_dir(top.join("a")).unwrap();
        symlink("a", top.join("link")).unwrap();
        assert_eq!(place(&top.join("link")), top.join("a"));
        assert_eq!(place(&top.join("link/x/y")), top.join("a/x/y"));
        assert_eq!(entry(&top.join("link")), top.join("link"));
        assert_eq!(entry(&top.join("link/x")), top.join("a/x"));
        assert_eq!(place(Path::new("/nowhere/at/all")), Path::new("/nowhere/at/all"));
    }
}
