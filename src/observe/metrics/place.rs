//! What is published, and the room that it takes.
//!
//! The gauges of size have no labels; they are vectors because a vector shows nothing before it is
//! set, and a size that nobody knows is not zero.

use crate::model::Room;
use prometheus::{
    Error, IntGauge, IntGaugeVec, Registry, register_int_gauge_vec_with_registry,
    register_int_gauge_with_registry,
};

/// What is published. The one who holds it sees to it that no reader sees one commit's name with
/// another's size, or no name at all.
#[derive(Debug)]
pub(super) struct Tree {
    pub(super) commit: IntGaugeVec,
    pub(super) files: IntGaugeVec,
    pub(super) bytes: IntGaugeVec,
    pub(super) pinned: IntGauge,
    pub(super) waiting: IntGauge,
}

/// What takes room on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The packs of the repository.
    Repository,
    /// The files of the published tree.
    Tree,
}

impl Part {
    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Tree => "tree",
        }
    }
}

/// Room that is taken, and room that is left.
#[derive(Debug)]
pub(super) struct Disk {
    used: IntGaugeVec,
    size: IntGaugeVec,
    available: IntGaugeVec,
    files: IntGaugeVec,
    files_free: IntGaugeVec,
}

impl Tree {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        Ok(Self {
            commit: register_int_gauge_vec_with_registry!(
                "gitsyncd_commit_info",
                "The commit that is published and the ref it was found at, always 1.",
                &["commit", "ref"],
                registry
            )?,
            files: register_int_gauge_vec_with_registry!(
                "gitsyncd_tree_files",
                "Files in the published tree.",
                &[],
                registry
            )?,
            bytes: register_int_gauge_vec_with_registry!(
                "gitsyncd_tree_bytes",
                "Size of the files in the published tree.",
                &[],
                registry
            )?,
            pinned: register_int_gauge_with_registry!(
                "gitsyncd_pinned",
                "1 while publication stays at one commit on request, else 0.",
                registry
            )?,
            waiting: register_int_gauge_with_registry!(
                "gitsyncd_waiting",
                "1 while a commit waits for a window in which it may be published, else 0.",
                registry
            )?,
        })
    }
}

impl Disk {
    pub(super) fn new(registry: &Registry) -> Result<Self, Error> {
        let bare = |name: &str, help: &str| {
            register_int_gauge_vec_with_registry!(name, help, &[], registry)
        };
        Ok(Self {
            used: register_int_gauge_vec_with_registry!(
                "gitsyncd_disk_used_bytes",
                "Size of what is kept: the packs of the repository, the published tree.",
                &["of"],
                registry
            )?,
            size: bare(
                "gitsyncd_filesystem_size_bytes",
                "Size of the file system of the root, after the last attempt.",
            )?,
            available: bare(
                "gitsyncd_filesystem_avail_bytes",
                "Room left on the file system of the root, after the last attempt.",
            )?,
            files: bare(
                "gitsyncd_filesystem_files",
                "Files that the file system of the root may hold; absent if it has no limit.",
            )?,
            files_free: bare(
                "gitsyncd_filesystem_files_free",
                "Files that may be added to the file system of the root, after the last attempt.",
            )?,
        })
    }

    /// Sets how much room a part takes.
    pub(super) fn uses(&self, part: Part, bytes: u64) {
        self.used.with_label_values(&[part.label()]).set(signed(bytes));
    }

    /// Sets how much room there is.
    pub(super) fn room(&self, room: Room) {
        let Room { size, available, files, files_free } = room;
        let set = |gauge: &IntGaugeVec, value| {
            gauge.with_label_values::<&str>(&[]).set(signed(value));
        };
        set(&self.size, size);
        set(&self.available, available);
        if files > 0 {
            set(&self.files, files);
            set(&self.files_free, files_free);
        }
    }
}

/// The number, or the largest there is.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
