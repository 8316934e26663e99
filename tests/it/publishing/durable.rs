//! `durable`: what readers are shown is on the disk.

use std::fs;

use crate::support::daemon::{Root, bare};
use crate::support::process::installed;
use crate::support::skip;
use crate::support::upstream::Upstream;

/// What a run did about the disk and the link, call by call, and whether that could be watched.
fn calls(upstream: &Upstream, root: &Root, flag: &str) -> Option<Vec<String>> {
    let Some(strace) = installed("strace") else {
        skip::note("durable", "strace is not installed");
        return None;
    };
    let place = tempfile::TempDir::new().unwrap();
    let seen = place.path().join("calls");
    let setup = bare().program(strace).flag("--follow-forks").flag("--string-limit=999");
    let setup = setup.flag("--trace=syncfs,rename,renameat,renameat2");
    let setup = setup.flag("--output").flag(&seen).flag(env!("CARGO_BIN_EXE_gitsyncd"));
    let setup = setup.flag(format!("--repo={}", upstream.repo().display()));
    let done = setup.flag(format!("--root={}", root.path().display())).flag("--one-time");
    let done = done.flag(flag).finish();
    let seen = fs::read_to_string(&seen).unwrap_or_default();
    if seen.is_empty() {
        skip::note("durable", "strace may not watch other programs here");
        return None;
    }
    done.expect_code(0);
    Some(seen.lines().map(str::to_owned).collect())
}

#[test]
fn the_disk_is_waited_for_after_the_tree_is_written_and_before_the_link_moves() {
    let upstream = Upstream::new();
    for content in ["a", "b"] {
        upstream.commit("file", content);
        let (root, link) = (Root::new(), "/latest\"");
        let Some(calls) = calls(&upstream, &root, "--durable=on") else { return };
        let is_move = |call: &String| call.contains("rename") && call.contains(link);
        let moved = calls.iter().position(is_move).unwrap();
        let waits: Vec<_> = (0..calls.len()).filter(|n| calls[*n].contains("syncfs(")).collect();
        assert!(waits.len() == 1 && waits[0] < moved, "{calls:#?}");
        assert!(calls[waits[0]].contains("= 0") || calls[waits[0]].contains("unfinished"));
    }
}

#[test]
fn nobody_waits_for_the_disk_who_did_not_ask_for_it() {
    let (upstream, root) = (Upstream::new(), Root::new());
    upstream.commit("file", "a");
    let Some(calls) = calls(&upstream, &root, "--durable=off") else { return };
    assert!(!calls.iter().any(|call| call.contains("syncfs")), "{calls:#?}");
}
