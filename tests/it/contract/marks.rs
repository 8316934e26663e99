//! The touch-file and the error-file.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::contract::{after_more_attempts, polling};
use crate::support::daemon::Root;
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// When the file was touched, to the nanosecond.
fn touched(path: &Path) -> Option<(i64, i64)> {
    let meta = path.metadata().ok()?;
    Some((meta.mtime(), meta.mtime_nsec()))
}

#[test]
fn the_touch_file_is_touched_by_publications_and_the_first_success() {
    let upstream = Upstream::new();
    let root = Root::new();
    let outside = tempfile::TempDir::new().unwrap();
    let file = outside.path().join("touched");
    let url = upstream.repo().display().to_string();
    let flag = format!("--touch-file={}", file.display());
    let daemon = polling(&url, &root).flag(&flag).start();
    let next = |last| {
        eventually("the file is touched", SOON, || touched(&file).filter(|at| Some(*at) != last))
    };
    let first = next(None);
    after_more_attempts(&daemon, 3);
    assert_eq!(touched(&file), Some(first), "no news do not touch it");
    let commit = upstream.commit("a", "1");
    let second = next(Some(first));
    assert_eq!(root.published(), Some(commit), "the link moves first");
    drop(daemon);
    let again = polling(&url, &root).flag(&flag).start();
    let third = next(Some(second));
    after_more_attempts(&again, 3);
    assert_eq!(touched(&file), Some(third));
}

#[test]
fn the_error_file_is_there_while_attempts_fail() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    server.answer(Answer::Missing);
    let root = Root::new();
    let daemon = polling(&server.url(), &root).flag("--error-file=error.json").start();
    let file = root.path().join("error.json");
    let read = || serde_json::from_slice::<serde_json::Value>(&fs::read(&file).ok()?).ok();
    let error = eventually("there is an error", SOON, read);
    assert!(error["Err"].as_str().unwrap().contains("repository not found"), "{error}");
    assert_eq!(error["Args"]["class"], "not_found");
    assert_eq!(error["Args"]["step"], "resolve");
    assert!(error["Msg"].is_string() && error["Args"]["hint"].is_string(), "{error}");
    server.heal();
    root.eventually_publishes(&upstream.head());
    let gone = || (!file.exists()).then_some(());
    eventually("the error is gone", SOON, gone);
    server.answer(Answer::Unauthorized);
    let error = eventually("there is another error", SOON, read);
    assert_eq!(error["Args"]["class"], "auth");
    server.heal();
    eventually("it is gone although nothing was published", SOON, gone);
    assert!(daemon.ready());
}

#[test]
fn an_error_file_of_an_earlier_run_goes_with_the_first_success() {
    let upstream = Upstream::new();
    let root = Root::new();
    fs::create_dir_all(root.path()).unwrap();
    fs::write(root.path().join("error"), "an old one").unwrap();
    let setup = crate::contract::trying(upstream.repo().to_str().unwrap(), &root);
    setup.flag("--error-file=error").once().expect_code(0);
    assert!(!root.path().join("error").exists());
}

#[test]
fn an_error_file_that_cannot_be_removed_does_not_keep_the_touch_file_from_being_touched() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let outside = tempfile::TempDir::new().unwrap();
    let (blocked, touched) = (outside.path().join("file"), outside.path().join("touched"));
    fs::write(&blocked, "").unwrap();
    let daemon = polling(&upstream.repo().display().to_string(), &root)
        .flag(format!("--error-file={}", blocked.join("error").display()))
        .flag(format!("--touch-file={}", touched.display()))
        .start();
    root.eventually_publishes(&upstream.head());
    eventually("it is touched", SOON, || touched.exists().then_some(()));
    daemon.eventually_logs("could not leave a mark");
}
