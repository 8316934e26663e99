//! Every test that needs more than one module: one binary, so that it is linked once.
//!
//! `support` starts the real servers and the program; `support_works` tries that itself.

#![expect(
    clippy::tests_outside_test_module,
    reason = "this whole crate is tests, so its modules need not say so"
)]
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on should say where and why, and stop"
)]

mod commands;
mod contract;
mod deploy;
mod documents;
mod dropin;
mod faults;
mod fleet;
mod hooks;
mod lfs;
mod partial;
mod policies;
mod publishing;
mod review;
mod serving;
mod sparse;
mod submodules;
mod support;
mod support_works;
mod tidy;
mod verify;
mod walkthroughs;
mod ways;
mod windows;
