//! Who we are to a server.

use crate::model::Secret;

/// What to tell a server that asks who we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// Nothing; the source is public or local.
    Anonymous,
    /// A user name and a password, or a token in its place.
    Basic {
        /// The name.
        user: String,
        /// The proof.
        password: Secret,
    },
}
