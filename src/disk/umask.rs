//! Which permissions new files and directories get. Whoever started the program has no say: readers
//! are other users, often.

use rustix::fs::Mode;

/// What the group may, from now on, in this whole process. To be called before there are threads.
pub fn let_others_read(group_may_write: bool) {
    let kept_from = if group_may_write { Mode::WOTH } else { Mode::WGRP | Mode::WOTH };
    rustix::process::umask(kept_from);
}
