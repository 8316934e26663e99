//! Where everything is measured for one size of repository: an origin with its server.

use std::path::{Path, PathBuf};

use crate::support::origin::Origin;
use crate::support::server::Server;
use crate::support::settings;

/// An origin, made once for all measurements, and its server.
#[derive(Debug)]
pub(crate) struct Ground {
    /// The repository.
    pub(crate) origin: Origin,
    /// What answers for it.
    pub(crate) server: Server,
    /// How many files the repository has.
    pub(crate) files: u32,
    /// How many bytes these have.
    pub(crate) bytes: u64,
    /// How often each thing is measured.
    pub(crate) runs: usize,
    /// How often memory is looked at.
    pub(crate) weighings: usize,
    dir: PathBuf,
}

impl Ground {
    /// Makes it in a directory.
    pub(crate) fn new(dir: &Path, files: u32) -> Self {
        let origin = Origin::generate(dir, files);
        Self {
            server: Server::start(dir, &dir.join("server")),
            files,
            bytes: origin.bytes(),
            runs: settings::runs(files),
            weighings: settings::weighings(files),
            dir: dir.to_owned(),
            origin,
        }
    }

    /// Where everything is; the server serves what is there.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// A directory for one measurement, on the same file system as everything else.
    pub(crate) fn place(&self) -> tempfile::TempDir {
        tempfile::tempdir_in(&self.dir).unwrap()
    }
}
