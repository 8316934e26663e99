//! Bytes to and from other machines, each wait under the attempt's [`Stop`](crate::runtime::Stop).
//!
//! The sockets belong to the asynchronous runtime; the callers are threads that may block. So
//! every wait can be cut short, and a connection that is dropped is closed.

mod basic;
mod belief;
mod body;
mod client;
mod connection;
mod dialer;
mod doors;
mod error;
mod exempt;
mod line;
mod names;
mod pool;
mod proxies;
mod redirect;
mod refusal;
#[cfg(test)]
mod tests;
mod traffic;
mod trust;
mod tunnel;
mod wire;

pub use basic::{basic, login_of};
pub use body::Body;
pub use client::{Client, Response};
pub use dialer::{Dialer, Stream};
pub use doors::{Doors, Turn};
pub use error::{NetError, rest_in_words};
pub use line::Line;
pub use proxies::Proxies;
pub use redirect::{Astray, redirect};
pub use traffic::Traffic;
pub use trust::Trust;
pub use wire::{Incoming, Outgoing, Wire};
