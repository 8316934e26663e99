//! The asynchronous runtime, tamed.

mod stop;

pub use stop::{Stop, Stopped};
