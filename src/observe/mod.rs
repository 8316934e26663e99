//! How it goes: the status that is published as a snapshot, metrics and logs.

pub mod audit;
mod fields;
pub mod history;
pub mod log;
pub mod metrics;
pub mod profile;
pub mod status;
