//! `gitsyncd check` looks at what is to be run, to be told and to be written, and does none of it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use tempfile::TempDir;

use crate::commands::{check, expect_line, text};
use crate::contract::trying;
use crate::support::daemon::{Root, Setup};
use crate::support::upstream::Upstream;

/// A check of what would work but for the options that the test adds.
fn looks(upstream: &Upstream, root: &Root) -> Setup {
    check(&upstream.repo().display().to_string(), &root.path())
}

#[test]
fn programs_are_looked_for_and_not_run() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let (program, plain) = (dir.path().join("hook"), dir.path().join("plain"));
    let ran = dir.path().join("ran");
    fs::write(&program, format!("#!/bin/sh\ntouch {}\n", ran.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(&plain, "").unwrap();
    let at = |before: &str, after: &str| {
        let setup = looks(&upstream, &root).variable("PATH", dir.path().to_str().unwrap());
        let setup = setup.flag(format!("--pre-publish-exechook-command={before}"));
        setup.flag(format!("--exechook-command={after}")).flag("--publish-gate").finish()
    };
    let finished = at(program.to_str().unwrap(), "[\"hook\",\"argument\"]");
    finished.expect_code(0);
    expect_line(&finished, "ok exechook-command:", &format!("{} can be run", program.display()));
    expect_line(&finished, "ok pre-publish-exechook-command:", "can be run; with --publish-gate");
    assert!(!text(&finished).contains("argument"));
    let finished = at("scripts/gate", "no-such-hook");
    finished.expect_code(1);
    expect_line(&finished, "ok pre-publish-exechook-command:", "is looked for in the tree");
    expect_line(&finished, "FAILED exechook-command:", "no program no-such-hook is in PATH");
    let finished = at("/nowhere/hook", plain.to_str().unwrap());
    finished.expect_code(1);
    expect_line(
        &finished,
        "FAILED pre-publish-exechook-command:",
        "/nowhere/hook cannot be run: No",
    );
    expect_line(&finished, "FAILED exechook-command:", "Permission denied");
    let finished = at("plain", dir.path().to_str().unwrap());
    finished.expect_code(1);
    expect_line(&finished, "FAILED pre-publish-exechook-command:", "is in PATH");
    expect_line(&finished, "FAILED exechook-command:", "is a directory");
    assert!(!ran.exists());
}

#[test]
fn addresses_are_shown_by_their_host_only() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let setup = looks(&upstream, &root);
    let setup = setup.flag("--webhook-url=https://ada:hush@hooks.example.com:8443/hush?hush=1");
    let finished = setup.finish();
    finished.expect_code(0);
    expect_line(&finished, "ok webhook-url:", "hooks.example.com:8443 will be told");
    assert!(!text(&finished).contains("hush"));
}

#[test]
fn missing_directories_of_marks_are_made_by_a_run_and_fine_for_a_check() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let flags = ["touch", "error"].map(|name| {
        format!("--{name}-file={}", dir.path().join(format!("made/{name}/file")).display())
    });
    let finished = flags.iter().fold(looks(&upstream, &root), Setup::flag).finish();
    finished.expect_code(0);
    expect_line(&finished, "ok touch-file:", "made/touch/file will be made");
    expect_line(&finished, "ok error-file:", "made/error/file will be made");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    let run = trying(&upstream.repo().display().to_string(), &root);
    flags.iter().fold(run, Setup::flag).once().expect_code(0);
    assert!(dir.path().join("made/touch/file").exists());
}
