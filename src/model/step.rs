//! The steps of an attempt, in their order.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One arrow of the straight line from a ref to a published commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Reads passwords and keys anew.
    Credentials,
    /// Asks the source what the ref names.
    Resolve,
    /// Brings the objects of that commit.
    Fetch,
    /// Checks signatures.
    Verify,
    /// Writes the commit's tree under a private name.
    Checkout,
    /// Asks the pre-publish hook.
    Gate,
    /// Moves the link.
    Publish,
    /// Tells hooks and marks.
    Notify,
    /// Removes what is no longer needed.
    Cleanup,
}

impl Step {
    /// The label, as in metrics, logs and status.
    pub fn label(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Resolve => "resolve",
            Self::Fetch => "fetch",
            Self::Verify => "verify",
            Self::Checkout => "checkout",
            Self::Gate => "gate",
            Self::Publish => "publish",
            Self::Notify => "notify",
            Self::Cleanup => "cleanup",
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
