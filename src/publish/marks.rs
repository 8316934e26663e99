//! Two files for those who watch files: one whose time changes when something was published, and
//! one that holds the last error while there is one.

use crate::disk::At;
use crate::disk::DiskError;
use crate::disk::{Durable, if_there, make_directory, remove, replace_file};
use crate::model::Step;
use crate::observe::status::Failure;
use std::fs;
use std::fs::{File, FileTimes, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The files, if they are wanted.
#[derive(Clone, Debug)]
pub struct Marks {
    /// Its time changes when something was published.
    pub touch: Option<PathBuf>,
    /// It is there while the last attempt failed.
    pub error: Option<PathBuf>,
}

impl Marks {
    /// Says that something was published.
    pub fn touch(&self) -> Result<(), DiskError> {
        let Some(path) = &self.touch else {
            return Ok(());
        };
        make_directory(above(path))?;
        let Some(file) = if_there(File::options().append(true).open(path)).at("open", path)? else {
            return File::create_new(path).map(|_new| ()).at("create", path);
        };
        #[expect(clippy::disallowed_types, reason = "file times are of this type")]
        let now = std::time::SystemTime::now();
        file.set_times(FileTimes::new().set_modified(now).set_accessed(now)).at("touch", path)
    }

    /// Says that the last attempt failed, in the form that kubernetes/git-sync uses.
    pub fn failed(&self, failure: &Failure, step: Option<Step>) -> Result<(), DiskError> {
        let Some(path) = &self.error else {
            return Ok(());
        };
        let text = serde_json::json!({
            "Msg": "attempt failed",
            "Err": failure.message,
            "Args": { "class": failure.class, "step": step, "hint": failure.hint },
        });
        make_directory(above(path))?;
        replace_file(path, format!("{text}\n").as_bytes(), Durable::No)?;
        fs::set_permissions(path, Permissions::from_mode(0o644)).at("set the mode of", path)
    }

    /// Says that the last attempt did not fail.
    pub fn succeeded(&self) -> Result<(), DiskError> {
        self.error.as_deref().map_or(Ok(()), remove)
    }
}

/// The directory that a file is in, which is made if it is missing.
fn above(path: &Path) -> &Path {
    path.parent().unwrap_or(Path::new("/"))
}
