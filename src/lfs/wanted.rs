//! One file that is to be brought, and the words for what went wrong with it.

use crate::lfs::error::class_of;
use crate::lfs::{LfsError, Pointer};

/// A file of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where it is in the tree, as people read it.
    pub path: String,
    /// What it is to hold.
    pub pointer: Pointer,
}

impl Wanted {
    /// Names a file by the bytes of its path.
    pub fn new(path: &[u8], pointer: Pointer) -> Self {
        Self { path: String::from_utf8_lossy(path).into_owned(), pointer }
    }

    /// What came is something else.
    pub(super) fn unlike(&self, url: &str, reason: String) -> LfsError {
        LfsError::Content {
            url: url.to_owned(),
            path: self.path.clone(),
            oid: self.pointer.oid.to_string(),
            reason,
        }
    }

    /// It is not to be had.
    pub(super) fn refused(&self, url: &str, code: u16, message: &str) -> LfsError {
        let message = message.trim();
        let said = if message.is_empty() { code.to_string() } else { format!("{code}: {message}") };
        LfsError::Object {
            url: url.to_owned(),
            path: self.path.clone(),
            oid: self.pointer.oid.to_string(),
            said,
            code,
            class: class_of(code, None),
        }
    }
}
