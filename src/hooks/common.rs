//! What the hooks of all repositories share.

use crate::hooks::children::Children;
use crate::runtime::blocking::Share;
use rustix::process::Pid;
use std::sync::Arc;

/// What they share. Copies are the same.
#[derive(Clone, Debug)]
pub struct Common {
    pub(super) children: Arc<Children>,
    pub(super) threads: Share,
}

impl Common {
    /// They are to hold no more of these threads than this.
    pub fn new(threads: Share) -> Self {
        Self { children: Arc::default(), threads }
    }

    /// Says whether a process is one that a hook was started as.
    pub fn is_ours(&self, pid: Pid) -> bool {
        self.children.has(pid)
    }
}
