//! Whether a root is as it was left.

use crate::publish::Imprint;

/// What is known of whether everything is in order.
#[derive(Debug, Default)]
pub(super) enum Order {
    /// Nothing.
    #[default]
    Unknown,
    /// This attempt found it in order, when it looked so.
    Found(Imprint),
    /// It was in order when it looked so; it looked the same when this attempt began, which has
    /// changed nothing since.
    Untouched(Imprint),
}
