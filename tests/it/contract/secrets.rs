//! A secret is used and never shown: not in logs, answers, or any file.

use std::fs;
use std::path::Path;
use tempfile::TempDir;

use crate::contract::polling;
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::http::{self, Answer};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

const SECRET: &str = "hush/hush hush";
/// The same as in URLs, and as in a header with the user `ada`: `ada:hush/hush hush`.
const DISGUISES: [&str; 4] =
    [SECRET, "hush%2Fhush", "YWRhOmh1c2gvaHVzaCBodXNo", "aHVzaC9odXNoIGh1c2g"];

/// Fails if a secret is in the text.
#[track_caller]
fn assert_clean(what: &str, text: &[u8]) {
    let text = String::from_utf8_lossy(text);
    for disguise in DISGUISES {
        let line = text.lines().find(|line| line.contains(disguise));
        assert!(line.is_none(), "{what} shows the secret: {line:?}");
    }
}

/// Reads every file below a directory.
#[track_caller]
fn assert_files_are_clean(dir: &Path) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        assert_clean("a name", path.to_string_lossy().as_bytes());
        if path.is_symlink() {
            continue;
        }
        if path.is_dir() {
            count += assert_files_are_clean(&path);
        } else {
            assert_clean(&path.display().to_string(), &fs::read(&path).unwrap());
            count += 1;
        }
    }
    count
}

fn assert_answers_are_clean(daemon: &Daemon) {
    for path in ["/", "/livez", "/readyz", "/healthz", "/metrics", "/nothing"] {
        let reply = daemon.get(path).unwrap();
        assert_clean(path, format!("{}\n{}", reply.head, reply.body).as_bytes());
    }
}

/// Runs with a login that works, then fails, and looks at all that is written meanwhile.
#[track_caller]
fn keeps_quiet(login: &dyn Fn(&str) -> String, more: &dyn Fn(Setup) -> Setup) {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login("ada", SECRET).start();
    let root = Root::new();
    let setup = polling(&login(&server.url()), &root).flag("-v9");
    let setup = setup.flag("--error-file=error").flag("--touch-file=touch");
    let daemon = more(setup).start();
    root.eventually_publishes(&upstream.head());
    assert_answers_are_clean(&daemon);
    for answer in [Answer::Unauthorized, Answer::Broken] {
        server.answer(answer);
        let before = daemon.events("attempt failed").len();
        eventually("it fails", SOON, || {
            (daemon.events("attempt failed").len() > before + 1).then_some(())
        });
        assert_answers_are_clean(&daemon);
        assert!(root.path().join("error").exists());
        assert!(assert_files_are_clean(&root.path()) > 10);
    }
    let log = daemon.log();
    assert!(log.len() > 40, "the log is talkative: {}", log.len());
    assert_clean("the log", log.join("\n").as_bytes());
    assert_clean("the output", daemon.stdout().join("\n").as_bytes());
}

#[test]
fn given_by_variable() {
    keeps_quiet(&str::to_owned, &|setup| {
        setup.flag("--username=ada").variable("GITSYNC_PASSWORD", SECRET)
    });
}

#[test]
fn given_by_file() {
    let dir = TempDir::new().unwrap();
    let file = dir.path().join("password");
    fs::write(&file, SECRET).unwrap();
    keeps_quiet(&str::to_owned, &|setup| {
        setup.flag("--username=ada").flag(format!("--password-file={}", file.display()))
    });
}

#[test]
fn given_in_the_url() {
    let login = |url: &str| url.replace("://", "://ada:hush%2Fhush%20hush@");
    keeps_quiet(&login, &|setup| setup);
}

#[test]
fn given_wrongly() {
    let root = Root::new();
    for (flag, value) in [
        ("--repo", "ftp://ada:hush/hush hush@host/a"),
        ("--repo", "ada:hush/hush hush@https://host/a"),
        ("--repo", "https://ada:hush%2Fhush@host:port/a"),
        ("--repo", "ssh://ada:hush%2Fhush@host/a"),
        ("--username", "ada:hush/hush hush"),
        ("--__env__GITSYNC_PASSWORD", "hush/hush hush"),
    ] {
        let setup = polling("/nowhere", &root).flag(format!("{flag}={value}"));
        let finished = setup.flag("--period=wrong").flag("--print-config").finish();
        finished.expect_code(2);
        assert_clean(value, finished.log.join("\n").as_bytes());
        assert_clean(value, finished.stdout.join("\n").as_bytes());
    }
}
