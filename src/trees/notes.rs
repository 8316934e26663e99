//! The small files of an administrative directory, by which Git knows a worktree
//! (gitrepository-layout).

use crate::git::Sparse;
use crate::model::CommitId;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What the administrative directory says about why it is locked.
pub(super) const REASON: &str = "kept by gitsyncd\n";

/// What Git is told of one worktree only.
pub(crate) const WORKTREE_CONFIG: &str = "config.worktree";
/// Which files are written.
pub(crate) const RULES: &str = "info/sparse-checkout";

/// The small files of an administrative directory. Those about rules are read by Git if the
/// repository's configuration says so.
pub(super) fn notes(
    commit: &CommitId,
    tree: &Path,
    sparse: Option<&Sparse>,
) -> Vec<(&'static str, Vec<u8>)> {
    let mut notes = vec![
        ("HEAD", format!("{commit}\n").into_bytes()),
        ("commondir", b"../..\n".to_vec()),
        ("gitdir", [tree.join(".git").as_os_str().as_bytes(), b"\n"].concat()),
        ("locked", REASON.as_bytes().to_vec()),
    ];
    if let Some(sparse) = sparse {
        let cone = sparse.is_cone();
        let config = format!("[core]\n\tsparseCheckout = true\n\tsparseCheckoutCone = {cone}\n");
        notes.push((WORKTREE_CONFIG, config.into_bytes()));
        notes.push((RULES, sparse.text().as_bytes().to_vec()));
    }
    notes
}

/// Reads a path that stands on a line of its own.
pub(super) fn named(line: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(line.trim_ascii_end()))
}

/// Whether a file there says what it must.
pub(super) fn says(admin: &Path, name: &str, content: &[u8]) -> bool {
    let path = admin.join(name);
    match name {
        "locked" => path.is_file(),
        // There may be several ways to write a path.
        "gitdir" => fs::read(path).is_ok_and(|found| {
            let real = |text: &[u8]| named(text).canonicalize().ok();
            real(&found).is_some_and(|found| Some(found) == real(content))
        }),
        _ => fs::read(path).is_ok_and(|found| found == content),
    }
}
