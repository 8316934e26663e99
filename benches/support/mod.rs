//! What the measurements share: an origin, a server for it, programs to watch, and the report.
//!
//! Everything listens on loopback, lives below one temporary directory, and ends with its value.

pub(crate) mod daemon;
pub(crate) mod disk;
pub(crate) mod git;
pub(crate) mod ground;
pub(crate) mod machine;
pub(crate) mod origin;
pub(crate) mod processes;
pub(crate) mod program;
pub(crate) mod report;
pub(crate) mod sampler;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod stats;
pub(crate) mod usage;
