//! What earlier versions of git-sync had, and manifests may still say.

use crate::config::options::{Fallback, Opt, PLAIN, Scope, same};

pub(super) const PAST: &[Opt] = &[
    Opt {
        key: "ssh",
        fallback: Fallback::Text("false"),
        scope: Scope::Process,
        short: "Without effect: the address says whether it is SSH",
        long: "It is understood so that old manifests work.",
        ..PLAIN
    },
    Opt {
        key: "change-permissions",
        metavar: Some("MODE"),
        scope: Scope::Process,
        short: "Refused: use group-write",
        long: "git-sync 3 changed the modes of all files to this one. Modes are those of the \
               commit now, with `--group-write` writable for the group too. `0` is no mode, and understood.",
        aliases: &[same("GIT_SYNC_PERMISSIONS")],
        ..PLAIN
    },
];
