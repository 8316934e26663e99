//! Trees that get another place: what leads from them to where Git administers them, and back.

use crate::disk::DiskError;
use crate::disk::{Durable, is_there, name, replace_file, replace_file_by_way_of};
use crate::trees::Admin;
use crate::trees::parts;
use crate::trees::pointer::{real, relative};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What leads from a tree to where Git administers it.
pub fn pointer(tree: &Path, admin: &Admin) -> String {
    format!("gitdir: {}\n", relative(&real(tree), &real(admin.path())).display())
}

/// Whether Git knows the files of a tree, which it does a moment after readers see it.
pub fn is_whole(admin: &Admin) -> bool {
    is_there(&admin.index())
}

/// Tells Git that a tree, which is at `now`, is or will be at another place.
pub fn move_to(admin: &Admin, now: &Path, tree: &Path) -> Result<(), DiskError> {
    let modules = admin.submodules()?.modules;
    let called = name(admin.path()).unwrap_or_default();
    let back = [tree.join(".git").as_os_str().as_bytes(), b"\n"].concat();
    replace_file(&admin.path().join("gitdir"), &back, Durable::No)?;
    parts::administer(&modules, tree, called)?;
    // By way of a place where a crash leaves nothing that readers see.
    let (new, text) = (admin.path().join("pointer.gitsyncd-new"), pointer(tree, admin));
    replace_file_by_way_of(&new, &now.join(".git"), text.as_bytes(), Durable::No)?;
    parts::point(&modules, now, tree, called)
}
