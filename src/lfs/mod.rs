//! Git LFS: files that are kept apart from the repository, which holds pointers to them.
//!
//! What is needed is asked for in batches, brought by several threads at once, compared with what
//! the pointer says while it comes, and kept where stock git-lfs keeps it. No program is run. Which
//! files are pointers, and how they get into a tree, is for [`trees`](crate::trees) to say; who we
//! are to a server is for its caller.

mod batch;
mod download;
mod endpoint;
mod error;
mod forget;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod grant;
mod needed;
mod objects;
mod partial;
mod patience;
mod pointer;
mod server;
#[cfg(test)]
mod stops;
mod wanted;

pub use download::bring;
pub use endpoint::{Endpoint, Named, find, not_http};
pub use error::LfsError;
pub use forget::{forget_others, keep_only};
pub use grant::{Grant, ask};
pub use needed::{Needed, published, sweep};
pub use objects::Objects;
pub use pointer::{Oid, Pointer, TOO_LONG};
pub use server::{Offered, Server};
pub use wanted::Wanted;
