//! Keeps a directory equal to a Git ref, and shows its readers whole commits only.
//!
//! The modules are listed in the order in which data flows. [`config`] says what to follow and
//! [`schedule`] when. [`attempt`] is the straight line from a ref to a published commit, through
//! [`credentials`], [`git`], [`trees`] and [`publish`]. [`observe`] says how it went and [`http`]
//! tells it to whoever asks. [`daemon`] holds these together and is the only module that knows
//! them all. [`command`] answers what is asked instead of syncing.

pub mod attempt;
pub mod command;
pub mod config;
pub mod credentials;
pub mod daemon;
pub mod disk;
pub mod exit;
pub mod git;
pub mod hooks;
pub mod http;
pub mod lfs;
pub mod model;
pub mod net;
pub mod observe;
pub mod publish;
pub mod runtime;
pub mod schedule;
pub mod ssh;
pub mod trees;
pub mod trigger;
pub mod verify;
