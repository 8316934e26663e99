//! `gitsyncd status` shows how it goes, from the API or from the file.

use rustix::fs::FlockOperation;
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::commands::{check, command, expect_line, text};
use crate::contract::{polling, trying};
use crate::support::daemon::Root;
use crate::support::service::{Service, answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn local(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

#[test]
fn a_running_daemon_tells_it_over_the_api() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let daemon = polling(&local(&upstream), &root).start();
    daemon.eventually_ready();
    let address = daemon.address();
    let url = format!("http://{address}/api/v1/status");
    for (word, variable) in [(Some(format!("http://{address}")), None), (None, Some(address))] {
        let words: Vec<_> = ["status"].into_iter().chain(word.as_deref()).collect();
        let setup = command(&words);
        let bind = variable.map(|it| it.to_string()).unwrap_or_default();
        let finished = setup.variable("GITSYNC_HTTP_BIND", bind).finish();
        finished.expect_code(0);
        expect_line(&finished, "read from", &format!("{url}, now"));
        expect_line(&finished, "repository", &local(&upstream));
        expect_line(&finished, "commit", &upstream.head());
        expect_line(&finished, "state", "steady, well");
        expect_line(&finished, "last attempt", "number ");
        expect_line(&finished, "published", " ago");
    }
    let finished = command(&["status", &url, "--json"]).finish();
    finished.expect_code(0);
    let value: Value = serde_json::from_str(&text(&finished)).unwrap();
    assert_eq!(value["commit"]["id"], upstream.head());
}

#[test]
fn after_a_start_it_waits_until_all_is_well_and_no_longer() {
    let (upstream, root) = (Upstream::empty(), Root::new());
    let path = root.path().display().to_string();
    let wait = |time: &str| command(&["status", &path, &format!("--wait={time}")]);
    let begun = Instant::now();
    let finished = wait("300ms").finish();
    finished.expect_code(1);
    assert!(begun.elapsed() >= Duration::from_millis(300), "{:?}", begun.elapsed());
    assert!(text(&finished).contains("nothing has been synced there yet"), "{finished:?}");
    // Nothing is there to be published yet: then the last failure is what it says.
    let _daemon = polling(&local(&upstream), &root).start();
    eventually("there is a status", SOON, || root.status());
    let finished = wait("300ms").finish();
    finished.expect_code(1);
    expect_line(&finished, "commit", "nothing is published");
    let mut asked = wait("1m").spawn();
    let commit = upstream.commit("a", "1");
    assert_eq!(asked.exit(SOON).code(), Some(0));
    let finished = wait("1m").finish();
    finished.expect_code(0);
    expect_line(&finished, "commit", &commit);
}

#[test]
fn without_a_daemon_the_file_tells_it_with_its_age() {
    let (upstream, root) = (Upstream::new(), Root::new());
    trying(&local(&upstream), &root).once().expect_code(0);
    let flag = format!("--root={}", root.path().display());
    let path = root.path();
    let given = command(&["status", path.to_str().unwrap()]).finish();
    for finished in [given, command(&["status"]).flag(&flag).finish()] {
        finished.expect_code(0);
        expect_line(&finished, "read from", "/.git-sync, written ");
        expect_line(&finished, "read from", "not in use by any gitsyncd");
        expect_line(&finished, "state", "stopped, well");
        expect_line(&finished, "commit", &upstream.head());
    }
    // Where directories cannot be locked, a file is.
    let lock = fs::File::create(root.path().join(".git-sync.lock")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let finished = command(&["status"]).flag(&flag).finish();
    expect_line(&finished, "read from", "in use by a running gitsyncd");
    let checked = check(&local(&upstream), &root.path()).finish();
    expect_line(&checked, "ok root:", "a gitsyncd is using it");
    drop(lock);
    let finished = command(&["status"]).flag(&flag).finish();
    expect_line(&finished, "read from", "not in use by any gitsyncd");
    let finished = command(&["status", "--json"]).flag(&flag).finish();
    let file = fs::read_to_string(root.path().join(".git-sync")).unwrap();
    assert_eq!(text(&finished), file.trim_end());
    // Where nobody answers, the file is better than nothing, and that is said.
    let nobody = Service::not_yet();
    let bind = format!("--http-bind={}", nobody.addr());
    let finished = command(&["status"]).flag(&flag).flag(bind).finish();
    finished.expect_code(0);
    expect_line(&finished, "read from", "/.git-sync, written ");
    expect_line(&finished, "read from", "could not connect");
}

#[test]
fn trouble_and_nothing_published_are_not_good() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let status = || command(&["status", root.path().to_str().unwrap()]).finish();
    let finished = status();
    finished.expect_code(1);
    assert!(text(&finished).contains("nothing has been synced there yet"), "{finished:?}");
    trying("/nowhere.git", &root).once().expect_code(1);
    let finished = status();
    finished.expect_code(1);
    expect_line(&finished, "state", "the last attempt FAILED");
    expect_line(&finished, "commit", "nothing is published");
    expect_line(&finished, "error", "/nowhere.git");
    expect_line(&finished, "to check", "");
    trying(&local(&upstream), &root).once().expect_code(0);
    status().expect_code(0);
    trying(&local(&upstream), &root).flag("--ref=gone").once().expect_code(1);
    let finished = status();
    finished.expect_code(1);
    expect_line(&finished, "commit", &upstream.head());
    expect_line(&finished, "error", "couldn't find remote ref gone");
    fs::write(root.path().join(".git-sync"), "[]").unwrap();
    let finished = status();
    finished.expect_code(1);
    assert!(text(&finished).contains("holds no status"), "{finished:?}");
}

#[test]
fn the_token_goes_only_to_who_asks_for_it() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let file = dir.path().join("token");
    fs::write(&file, "\n the-token \nanother\n").unwrap();
    let token = format!("--api-token-file={}", file.display());
    let setup = polling(&local(&upstream), &root).flag(&token).flag("--api-read=token");
    let daemon = setup.start();
    daemon.eventually_ready();
    let url = format!("http://{}", daemon.address());
    command(&["status", &url]).flag(&token).finish().expect_code(0);
    let finished = command(&["status", &url]).finish();
    finished.expect_code(1);
    assert!(text(&finished).contains("check api-token or api-token-file"), "{finished:?}");
    let open = Service::start(|_| answer("200 OK", r#"{"repo": "/a", "phase": "initial"}"#));
    command(&["status", &open.url("")]).flag(&token).finish().expect_code(1);
    let asked = open.asked();
    assert_eq!((asked.len(), asked[0].header("authorization")), (1, None));
}

#[test]
fn called_as_git_sync_a_place_must_be_named() {
    let dir = TempDir::new().unwrap();
    let program = dir.path().join("git-sync");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_gitsyncd"), &program).unwrap();
    let finished = command(&["status"]).program(program.clone()).finish();
    finished.expect_code(2);
    let root = format!("--root={}", dir.path().display());
    command(&["status"]).program(program).flag(root).finish().expect_code(1);
}
