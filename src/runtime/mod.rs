//! Tokio, tamed: every task has an owner, every wait an end, and blocking work one door.
//!
//! [`tasks`] owns what runs for as long as the program does, or a part of it. [`blocking`] leads to the threads that
//! may block, under a [`Stop`], of which [`single`] says how many there are; [`turns`] lets many use
//! few of them, and [`presence`] says when all of them are home. [`beat`] shows that the loop still turns, and [`reaper`] does what the first process
//! of a container owes its orphans.

pub mod background;
pub mod beat;
pub mod blocking;
pub mod presence;
pub mod reaper;
pub mod registry;
pub mod single;
mod stop;
pub mod tasks;
pub mod turns;

pub use stop::{Stop, Stopped};
