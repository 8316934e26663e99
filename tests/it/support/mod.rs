//! Real servers, stock Git, the program as a process, and the reader that watches it.
//!
//! Everything here listens on loopback only, lives in temporary directories, and is gone when its
//! value is dropped, even if the test process is killed.

pub(crate) mod authority;
pub(crate) mod browser;
pub(crate) mod daemon;
pub(crate) mod faults;
pub(crate) mod get;
pub(crate) mod git;
pub(crate) mod git_daemon;
pub(crate) mod github;
pub(crate) mod http;
pub(crate) mod leaks;
pub(crate) mod lfs;
pub(crate) mod listener;
pub(crate) mod nginx;
pub(crate) mod objects;
pub(crate) mod observer;
pub(crate) mod oracle;
pub(crate) mod packs;
pub(crate) mod page;
pub(crate) mod process;
pub(crate) mod proxies;
pub(crate) mod rsa;
pub(crate) mod service;
pub(crate) mod skip;
pub(crate) mod snapshot;
pub(crate) mod sshd;
pub(crate) mod told;
pub(crate) mod upstream;
pub(crate) mod wait;
pub(crate) mod walk;
