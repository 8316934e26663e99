//! Submodules: whatever they are, a published tree is what stock Git makes by
//! `git submodule update --init --recursive`, or nothing new is published.

mod changes;
pub(crate) mod family;
mod faults;
mod hostile;
mod lost;
mod modes;
mod random;
mod servers;
