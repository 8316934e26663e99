//! How much room there is where a file is. It asks the file system, which may be a server that does
//! not answer: only for threads that may block.

use crate::disk::{At, DiskError};
use crate::model::Room;
use std::path::Path;

/// Asks how much room there is.
pub fn room(path: &Path) -> Result<Room, DiskError> {
    let said = rustix::fs::statvfs(path).at("ask for the room at", path)?;
    Ok(Room {
        size: said.f_blocks.saturating_mul(said.f_frsize),
        available: said.f_bavail.saturating_mul(said.f_frsize),
        files: said.f_files,
        files_free: said.f_favail,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_no_more_than_there_is() {
        let dir = tempfile::tempdir().unwrap();
        let Room { size, available, files, files_free } = room(dir.path()).unwrap();
        assert!(size > 0 && available <= size && files_free <= files);
        let missing = room(&dir.path().join("missing")).unwrap_err();
        assert!(missing.to_string().contains("missing"), "{missing}");
    }
}
