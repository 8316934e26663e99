//! `gitsyncd check` finds what a run would stumble over, and leaves everything as it is.

use rustix::process::Signal;
use std::fs;
use std::fs::FileTimes;
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant, UNIX_EPOCH};
use tempfile::TempDir;

use crate::commands::{check, expect_line, text};
use crate::contract::polling;
use crate::dropin::peer;
use crate::support::daemon::{Root, Setup, bare};
use crate::support::git::{git, run};
use crate::support::http;
use crate::support::process::program;
use crate::support::service::{Reply, Service};
use crate::support::skip;
use crate::support::snapshot::Snapshot;
use crate::support::sshd::{self, Sshd};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Everything in a directory, with what is in its `.git`.
fn all(dir: &Path) -> (Snapshot, Snapshot) {
    let git = dir.join(".git");
    let inner = if git.is_dir() { Snapshot::whole(&git) } else { Snapshot::default() };
    (Snapshot::whole(dir), inner)
}

fn local(upstream: &Upstream) -> String {
    upstream.repo().display().to_string()
}

#[test]
fn a_run_that_would_work_is_told_and_nothing_is_made() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::over(&upstream).login("ada", "hush-hush").start();
    let above = root.path().parent().unwrap().to_owned();
    let finished = check(&server.url(), &root.path())
        .flag("--ref=main")
        .flag("--username=ada")
        .variable("GITSYNC_PASSWORD", "hush-hush")
        .flag("--http-bind=127.0.0.1:0")
        .flag("--hook-bind=:0")
        .finish();
    finished.expect_code(0);
    expect_line(&finished, "ok root:", "is missing and will be made");
    expect_line(&finished, "ok room:", "MiB are free");
    expect_line(&finished, "ok link:", "latest will be made");
    expect_line(&finished, "ok repository:", "answers to ada");
    expect_line(&finished, "ok ref:", &format!("main is at {}", upstream.head()));
    expect_line(&finished, "ok http-bind:", "is free");
    expect_line(&finished, "ok hook-bind:", "is free");
    expect_line(&finished, "warning configuration:", "--hook-bind");
    expect_line(&finished, "A run would work, ", "1 warning");
    assert_eq!(finished.log, [""; 0]);
    assert!(!text(&finished).contains("hush-hush") && !text(&finished).contains('\u{1b}'));
    assert_eq!(fs::read_dir(above).unwrap().count(), 0);
}

#[test]
fn everything_that_is_wrong_is_found_at_once() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let port = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = port.local_addr().unwrap();
    fs::write(root.path(), "").unwrap();
    let finished = check(&local(&upstream), &root.path())
        .flag("--ref=no-such-branch")
        .flag("--error-file=/dev/null/at/all")
        .flag("--api-token-file=/nowhere/token")
        .flag(format!("--http-bind={address}"))
        .finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED root:", "is not a directory; choose another root");
    expect_line(&finished, "FAILED error-file:", "/dev/null is not a directory");
    expect_line(&finished, "FAILED api-token-file:", "without it nobody is let in");
    expect_line(&finished, "ok repository:", "answers");
    expect_line(&finished, "FAILED ref:", "couldn't find remote ref no-such-branch");
    expect_line(&finished, "FAILED http-bind:", "is taken by another program; choose");
    expect_line(&finished, "A run would not work: 5 FAILED", "");
}

#[test]
fn a_root_in_which_nothing_was_made_keeps_every_byte_and_name() {
    let (upstream, root) = (Upstream::new(), Root::new());
    fs::create_dir(root.path()).unwrap();
    fs::write(root.path().join("mine"), "1").unwrap();
    symlink("elsewhere", root.link()).unwrap();
    // As one that was killed leaves it.
    let left = root.path().join(".gitsyncd-check-4194305");
    fs::create_dir_all(left.join("a")).unwrap();
    // And what is no such thing, or of a check in another container.
    let others = ["4194306", "mine", "4194305-mine", "+4194305", ""];
    let others = others.map(|end| format!(".gitsyncd-check-{end}"));
    let long_ago = FileTimes::new().set_modified(UNIX_EPOCH);
    for name in &others {
        fs::create_dir(root.path().join(name)).unwrap();
        fs::write(root.path().join(name).join("precious"), "").unwrap();
        if !name.ends_with('6') {
            fs::File::open(root.path().join(name)).unwrap().set_times(long_ago).unwrap();
        }
    }
    fs::File::open(&left).unwrap().set_times(long_ago).unwrap();
    let finished = check(&local(&upstream), &root.path()).finish();
    finished.expect_code(0);
    expect_line(&finished, "ok root:", "can be written, linked and locked");
    expect_line(&finished, "ok link:", "will be replaced");
    let names = fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    let mut expected: Vec<_> = others.iter().map(String::as_str).collect();
    expected.extend(["latest", "mine"]);
    expected.sort_unstable();
    assert_eq!(names, expected);
    for name in &others {
        assert!(root.path().join(name).join("precious").exists(), "{name}");
    }
    assert_eq!(fs::read_link(root.link()).unwrap(), Path::new("elsewhere"));
}

#[test]
fn what_is_somebody_elses_is_told_and_not_written_to() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let work = upstream.work();
    let before = all(&work);
    let finished = check(&local(&upstream), &work).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED root:", "commits that gitsyncd did not make; choose another");
    assert_eq!(before, all(&work));
    fs::create_dir_all(root.link()).unwrap();
    let finished = check(&local(&upstream), &root.path()).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED link:", "choose another link");
}

#[test]
fn a_repository_without_a_tree_is_told_and_not_written_to() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let above = root.path().parent().unwrap().to_owned();
    let to = root.path().display().to_string();
    run(git(&above).args(["clone", "--quiet", "--bare", &local(&upstream), &to]));
    let before = all(&root.path());
    let finished = check(&local(&upstream), &root.path()).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED root:", "commits that gitsyncd did not make; choose another");
    assert_eq!(before, all(&root.path()));
}

#[test]
fn what_version_3_left_is_told_to_be_taken_over() {
    let upstream = Upstream::new();
    for prefix in ["", "rev-"] {
        let root = Root::new();
        peer::third(&upstream, &root.path(), &root.link(), prefix);
        let finished = check(&local(&upstream), &root.path()).finish();
        finished.expect_code(0);
        expect_line(&finished, "ok root:", "of git-sync that will be taken over");
        expect_line(
            &finished,
            "ok link:",
            "shows a tree of git-sync version 3, which will be taken over",
        );
    }
}

#[test]
fn a_running_daemon_and_what_it_published_are_left_alone() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut daemon = polling(&local(&upstream), &root).start();
    daemon.eventually_ready();
    root.eventually_prepares();
    let address = daemon.address();
    for _ in 0..3 {
        let finished =
            check(&local(&upstream), &root.path()).flag(format!("--http-bind={address}")).finish();
        finished.expect_code(0);
        expect_line(&finished, "ok root:", "a gitsyncd is using it");
        expect_line(&finished, "ok link:", &format!("shows {}", upstream.head()));
        expect_line(&finished, "ok ref:", "which is published");
        expect_line(&finished, "ok http-bind:", "by the gitsyncd at the root");
    }
    let commit = upstream.commit("a", "new");
    let finished = check(&local(&upstream), &root.path()).finish();
    finished.expect_code(0);
    root.eventually_publishes(&commit);
    assert!(daemon.running());
    assert_eq!(daemon.events("attempt failed").len(), 0, "{:?}", daemon.log());
    assert_eq!(daemon.events("waiting for another instance").len(), 0);
}

#[test]
fn nothing_is_published_by_a_check() {
    let (upstream, root) = (Upstream::new(), Root::new());
    polling(&local(&upstream), &root).once().expect_code(0);
    let (before, status) = (root.published(), root.status());
    let repository = all(&root.path()).1;
    let commit = upstream.commit("a", "new");
    let finished = check(&local(&upstream), &root.path()).finish();
    finished.expect_code(0);
    expect_line(&finished, "ok ref:", &commit);
    assert!(!text(&finished).contains("which is published"));
    assert_eq!((root.published(), root.status()), (before, status));
    assert_eq!(all(&root.path()).1, repository);
    run(git(&root.path()).args(["fsck", "--connectivity-only", "--no-dangling"]));
}

#[test]
fn what_a_server_refuses_is_told_with_what_to_check() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::over(&upstream).login("ada", "right").start();
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, "wrong\n").unwrap();
    let told = check(&server.url(), &root.path())
        .flag("--username=ada")
        .flag(format!("--password-file={}", file.display()));
    let finished = told.finish();
    finished.expect_code(1);
    expect_line(&finished, "ok file:", "can be read");
    expect_line(&finished, "FAILED repository:", "authentication failed");
    expect_line(&finished, "FAILED repository:", "check username and password");
    let silent = Service::not_yet();
    let finished = check(&silent.url("/a.git"), &root.path())
        .flag(format!("--fallback-repo={}", local(&upstream)))
        .finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED repository:", "unable to access");
    expect_line(&finished, "ok fallback-repo:", "answers");
    let finished = check("/nowhere.git", &root.path()).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED repository:", "/nowhere.git");
}

#[test]
fn a_commit_id_needs_a_server_that_answers() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let at =
        |url: &str| check(url, &root.path()).flag(format!("--ref={}", upstream.head())).finish();
    let finished = at(&local(&upstream));
    finished.expect_code(0);
    expect_line(&finished, "ok ref:", "is a full id");
    let finished = at("/nowhere.git");
    finished.expect_code(1);
    expect_line(&finished, "FAILED repository:", "");
}

#[test]
fn a_directory_for_a_secret_that_holds_none_is_told_and_no_failure() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let server = http::serve(&upstream);
    let at = |path: &Path| {
        let flag = format!("--auth-dir={}", path.display());
        check(&server.url(), &root.path()).flag(flag).finish()
    };
    let warns = |path: &Path, why: &str| {
        let finished = at(path);
        finished.expect_code(0);
        expect_line(&finished, "warning auth-dir:", &format!("{}: {why}", path.display()));
    };
    warns(&dir.path().join("nope"), "is not there; check the path");
    warns(dir.path(), "holds none of username, password, ca.crt, tls.crt, tls.key");
    let file = dir.path().join("other");
    fs::write(&file, "").unwrap();
    let finished = at(&file);
    finished.expect_code(1);
    expect_line(&finished, "warning auth-dir:", "/other: is not a directory");
    warns(dir.path(), "holds none of username, password");
    fs::write(dir.path().join("password"), "hush").unwrap();
    let finished = at(dir.path());
    finished.expect_code(0);
    assert!(!text(&finished).contains("auth-dir"), "{}", text(&finished));
}

#[test]
fn over_ssh_the_files_and_the_host_key_are_looked_at() {
    let (upstream, root, server) = (Upstream::new(), Root::new(), sshd::start());
    let url = Sshd::url_at(server.addr(), &upstream.repo());
    let key = server.login();
    let key = format!("--ssh-key-file={}", key.path.display());
    let known = format!("--ssh-known-hosts-file={}", server.known().display());
    let finished = check(&url, &root.path()).flag(&key).flag(known).finish();
    finished.expect_code(0);
    expect_line(&finished, "ok file:", "can be read");
    expect_line(&finished, "ok ref:", &upstream.head());
    let finished = check(&url, &root.path())
        .flag(key)
        .flag("--ssh-known-hosts-file=/nowhere/known_hosts")
        .finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED file:", "/nowhere/known_hosts cannot be read");
    expect_line(&finished, "FAILED repository:", "");
}

/// The same by a user without rights, who has the program in `dir`.
fn as_nobody(dir: &Path, url: &str, root: &Path) -> Setup {
    let copy = dir.join("gitsyncd");
    if !copy.exists() {
        fs::copy(env!("CARGO_BIN_EXE_gitsyncd"), &copy).unwrap();
    }
    let words = ["--reuid=65533", "--regid=65533", "--clear-groups"];
    let setup = words.into_iter().fold(bare(), Setup::flag);
    let setup = setup.program(program("setpriv")).flag(copy).flag("check");
    setup.flag(format!("--repo={url}")).flag(format!("--root={}", root.display()))
}

#[test]
fn a_root_that_may_not_be_written_or_made_is_told() {
    if skip::unless_root("a root that may not be written, by check") {
        return;
    }
    let (upstream, dir, place) =
        (Upstream::new(), TempDir::new().unwrap(), TempDir::new().unwrap());
    let server = http::serve(&upstream);
    for path in [dir.path(), place.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let finished = as_nobody(place.path(), &server.url(), dir.path()).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED root:", "Permission denied");
    expect_line(&finished, "FAILED root:", "as which user this runs");
    let finished = as_nobody(place.path(), &server.url(), &dir.path().join("a/b")).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED root:", "is missing and cannot be made");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    // What follows from it is not told as well.
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o700)).unwrap();
    let finished = as_nobody(place.path(), &server.url(), &closed).finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED root:", "Permission denied");
    expect_line(&finished, "A run would not work: 1 FAILED", "");
}

#[test]
fn a_server_that_says_nothing_is_waited_for_as_long_as_a_sync_may_take() {
    let root = Root::new();
    let silent = Service::start(|_| Reply::Silence);
    let finished = check(&silent.url("/a.git"), &root.path()).flag("--sync-timeout=500ms").finish();
    finished.expect_code(1);
    expect_line(&finished, "FAILED repository:", "sync-timeout");
}

#[test]
fn a_check_ends_at_once_when_it_is_told_to() {
    for signal in [Signal::INT, Signal::TERM] {
        let root = Root::new();
        fs::create_dir(root.path()).unwrap();
        let silent = Service::start(|_| Reply::Silence);
        let mut running = check(&silent.url("/a.git"), &root.path()).spawn();
        eventually("it asks", SOON, || (!silent.asked().is_empty()).then_some(()));
        let begin = Instant::now();
        running.signal(signal);
        assert_eq!(running.exit(SOON).code(), Some(1));
        assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
    }
}
