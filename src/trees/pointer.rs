//! Files that lead from a tree to where Git administers it.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{remove, remove_at};
use rustix::fs::{Mode, OFlags, openat};
use std::fs;
use std::io;
use std::io::Write;
use std::os::fd::BorrowedFd;
use std::path::{Component, Path, PathBuf};

/// Writes a pointer in the place of whatever is there.
pub(super) fn write_pointer(path: &Path, text: &str) -> Result<(), DiskError> {
    remove(path)?;
    let file = fs::File::options().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).at("write", path)
}

/// Does the same in a directory that is open.
pub(super) fn write_pointer_in(directory: BorrowedFd<'_>, text: &str) -> io::Result<()> {
    remove_at(directory, c".git")?;
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
    let file = openat(directory, c".git", flags, Mode::from_raw_mode(0o666))?;
    fs::File::from(file).write_all(text.as_bytes())
}

/// The same place without symlinks above it. What has the name itself is not looked at, and need
/// not be there.
pub fn real(path: &Path) -> PathBuf {
    let above = path.parent().unwrap_or(path);
    let found = above.ancestors().find_map(|there| Some((there, there.canonicalize().ok()?)));
    let below = found.and_then(|(there, real)| Some(real.join(path.strip_prefix(there).ok()?)));
    below.unwrap_or_else(|| path.to_owned())
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
