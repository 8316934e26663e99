//! What the bench programs share: an origin, a server for it, the two sides, and the report.
//!
//! Everything listens on loopback, lives below one temporary directory, and ends with its value.

pub(crate) mod daemon;
pub(crate) mod git;
pub(crate) mod machine;
pub(crate) mod origin;
pub(crate) mod report;
pub(crate) mod sampler;
pub(crate) mod server;
pub(crate) mod settings;
pub(crate) mod stats;
pub(crate) mod usage;
