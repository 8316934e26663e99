//! SSH, in process: how Git is spoken with a server that is reached by it (RFC 4251 to 4254).
//!
//! [`Way`] keeps a connection open and gives a channel on it for each conversation. Who we are is
//! in the files of private keys, who the server must be is in files of known hosts; both are looked
//! at again each time, and read again when they changed. No agent is asked, no configuration of
//! OpenSSH is read, and nothing is ever forwarded.
//!
//! It knows nothing of Git but the name of the program that is run at the server.

mod client;
mod cut;
mod ear;
mod error;
mod files;
mod keys;
mod known_hosts;
mod link;
mod links;
mod remote;
mod short;
mod stream;
mod trust;

pub use client::{Call, Settings, Ssh, Way};
pub use error::{HostProblem, SshError};
pub use remote::Remote;
pub use stream::{Reader, Writer};
