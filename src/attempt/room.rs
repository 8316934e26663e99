//! How much room the repository takes, and how much is left, as metrics show it.
//!
//! It is measured when an attempt has ended, on its thread: whoever reads the metrics must not wait
//! for a file system that does not answer. It costs one call if nothing was changed, and one
//! listing of a short directory else; no tree is walked.

use crate::attempt::root::Root;
use crate::disk;
use crate::git;
use crate::observe::metrics::Metrics;

/// Measures, as far as the root is there and ours.
pub(super) fn measure(root: &Root, metrics: &Metrics) {
    if !root.is_ours() {
        return;
    }
    let layout = root.layout();
    if !root.is_untouched() {
        match git::size_of_packs(&layout.git()) {
            Ok(bytes) => metrics.repository(bytes),
            Err(error) => tracing::debug!(%error, "cannot tell the size of the repository"),
        }
    }
    match disk::room(layout.root()) {
        Ok(left) => metrics.room(left),
        Err(error) => tracing::debug!(%error, "cannot tell the room that is left"),
    }
}
