//! Bytes to and from other machines, each wait under the attempt's [`Stop`](crate::runtime::Stop).
//!
//! The sockets belong to the asynchronous runtime; the callers are threads that may block. So
//! every wait can be cut short, and a connection that is dropped is closed.

mod body;
mod client;
mod connection;
mod error;
mod tls;
mod wire;

pub use body::Body;
pub use client::{Client, Response, Traffic};
pub use error::NetError;
pub use tls::{Roots, trust};
pub use wire::Wire;
