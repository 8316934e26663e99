//! Each place where a password may be, for each form of URL, with all that may be wrong with it.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::fs;
use std::path::Path;
use tempfile::TempDir;

use crate::contract::polling;
use crate::support::authority::Authority;
use crate::support::daemon::{Root, Setup};
use crate::support::git_daemon;
use crate::support::http::{self, Http};
use crate::support::leaks::Secrets;
use crate::support::told::{failures, only_failure};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::ways::trying;

const USER: &str = "ada";
const RIGHT: &str = "p@ss: w\u{f6}rd/%2F \u{1f511}\"'";
const WRONG: &str = "hunter2/hunter2";

/// Where the password is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Variable,
    File,
    Entry,
    FileOfEntry,
    Mounted,
    Url,
}

impl Place {
    const ALL: [Self; 6] =
        [Self::Variable, Self::File, Self::Entry, Self::FileOfEntry, Self::Mounted, Self::Url];

    fn is_file(self) -> bool {
        matches!(self, Self::File | Self::FileOfEntry | Self::Mounted)
    }
}

/// What is there.
#[derive(Clone, Copy)]
enum Content {
    Text(&'static [u8]),
    Directory,
    Nothing,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => String::from_utf8_lossy(text).fmt(f),
            Self::Directory => f.write_str("directory"),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

/// What comes of it.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    Published,
    /// It fails with class auth and these words.
    Refused(&'static str),
}

/// What may be found in any place.
const CONTENTS: [(Content, Outcome); 2] = [
    (Content::Text(RIGHT.as_bytes()), Outcome::Published),
    (Content::Text(WRONG.as_bytes()), Outcome::Refused("authentication failed for '")),
];

/// What may be found in a file only.
const IN_FILES: [(Content, Outcome); 8] = [
    (Content::Text("p@ss: w\u{f6}rd/%2F \u{1f511}\"'\n".as_bytes()), Outcome::Published),
    (Content::Text("p@ss: w\u{f6}rd/%2F \u{1f511}\"'\r\n".as_bytes()), Outcome::Published),
    (Content::Text(b""), Outcome::Refused(") is empty")),
    (Content::Text(b"\n"), Outcome::Refused(") is empty")),
    (Content::Text(b"hunter2/hunter2\nand more"), Outcome::Refused(") holds more than one line")),
    (Content::Text(b"hunter2/hunter2\0"), Outcome::Refused(") holds a NUL character")),
    (Content::Text(b"hunter2/hunter2\xff"), Outcome::Refused(") is not UTF-8 text")),
    (Content::Directory, Outcome::Refused(") is a directory")),
];

fn write(path: &Path, content: Content) {
    match content {
        Content::Text(text) => fs::write(path, text).unwrap(),
        Content::Directory => fs::create_dir(path).unwrap(),
        Content::Nothing => (),
    }
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// Describes a run with a password in its place, in files of a directory.
fn setup(url: &str, root: &Root, dir: &Path, place: Place, content: Content) -> Setup {
    let text = match content {
        Content::Text(text) => std::str::from_utf8(text).unwrap_or_default(),
        Content::Directory | Content::Nothing => "",
    };
    let file = dir.join("password");
    if place.is_file() {
        write(&file, content);
    }
    let origin = url.split("/repo.git").next().unwrap().replace("ada@", "");
    let entry = |key: &str, value: &str| {
        let entry = serde_json::json!({"url": origin, "username": USER, key: value});
        format!("--credential={entry}")
    };
    let file = file.to_str().unwrap();
    match place {
        Place::Variable => {
            let setup = trying(url, root).flag("--username=ada");
            setup.variable("GITSYNC_PASSWORD", text)
        }
        Place::File => {
            trying(url, root).flag("--username=ada").flag(format!("--password-file={file}"))
        }
        Place::Entry => trying(url, root).flag(entry("password", text)),
        Place::FileOfEntry => trying(url, root).flag(entry("password-file", file)),
        Place::Mounted => {
            fs::write(dir.join("username"), "ada\n").unwrap();
            trying(url, root).flag(format!("--auth-dir={}", dir.display()))
        }
        Place::Url => {
            let user = format!("://ada:{}@", encoded(text));
            trying(&url.replace("ada@", "").replace("://", &user), root)
        }
    }
}

/// Runs once, compares with what should come of it, and looks for secrets in all that was written.
#[track_caller]
fn check(setup: Setup, root: &Root, upstream: &Upstream, outcome: Outcome, what: &str) {
    println!("{what}");
    let finished = setup.flag("--error-file=error").once();
    match outcome {
        Outcome::Published => {
            finished.expect_code(0);
            assert_eq!(root.published(), Some(upstream.head()), "{what}");
        }
        Outcome::Refused(words) => {
            let failure = only_failure(&finished);
            assert_eq!(failure.class, "auth", "{what}: {failure:?}");
            assert!(failure.error.contains(words), "{what}: {words:?} is not in {failure:?}");
            assert!(failure.hint.starts_with("check "), "{what}: {failure:?}");
            assert_eq!(root.published(), None, "{what}");
        }
    }
    let secrets = Secrets::of(USER, &[RIGHT, WRONG]);
    secrets.assert_not_told(&finished);
    secrets.assert_not_below(&root.path());
}

/// Tries every place with every content.
#[track_caller]
fn matrix(server: &Http, upstream: &Upstream, url: &str, more: &dyn Fn(Setup) -> Setup) {
    let missing = |place| match place {
        // A Secret may hold something else: then nobody is named, or only the name.
        Place::Mounted => Outcome::Refused("authentication failed for '"),
        Place::Variable | Place::File | Place::Entry | Place::FileOfEntry | Place::Url => {
            Outcome::Refused("could not read ")
        }
    };
    for place in Place::ALL {
        let mut cases = CONTENTS.to_vec();
        if place.is_file() {
            cases.extend(IN_FILES);
            cases.push((Content::Nothing, missing(place)));
        }
        for (content, outcome) in cases {
            let (root, dir) = (Root::new(), TempDir::new().unwrap());
            let setup = setup(url, &root, dir.path(), place, content);
            let what = format!("{url} {place:?} {content:?}");
            check(more(setup), &root, upstream, outcome, &what);
        }
    }
    assert!(server.requests().iter().any(|request| request.user == USER));
}

#[test]
fn every_password_over_http() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login(USER, RIGHT).start();
    matrix(&server, &upstream, &server.url(), &|setup| setup);
}

#[test]
fn every_password_over_https() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).login(USER, RIGHT).tls(&authority).start();
    let trust = format!("--ca-file={}", authority.certificate().display());
    matrix(&server, &upstream, &server.url(), &|setup| setup.flag(&trust));
}

#[test]
fn every_password_where_the_url_has_the_name() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login(USER, RIGHT).start();
    let url = server.url().replace("://", "://ada@");
    matrix(&server, &upstream, &url, &|setup| setup);
}

#[test]
fn every_password_where_the_repository_has_moved() {
    let upstream = Upstream::new();
    let server = http::over(&upstream).login(USER, RIGHT).start();
    matrix(&server, &upstream, &server.moved_url(), &|setup| setup);
}

#[test]
fn a_source_that_asks_for_none_gets_none() {
    let upstream = Upstream::new();
    let daemon = git_daemon::serve(&upstream);
    let path = upstream.repo().display().to_string();
    for url in [daemon.url(), format!("file://{path}"), path] {
        for flags in [
            ["--password-file=/nowhere/password", "--username=ada"].as_slice(),
            &["--askpass-url=http://127.0.0.1:1"],
            &["--cookie-file=/nowhere/cookies"],
            &[
                "--github-app-client-id=a",
                "--github-app-installation-id=1",
                "--github-app-private-key-file=/nowhere/key",
                "--github-base-url=http://127.0.0.1:1",
            ],
        ] {
            let root = Root::new();
            let setup = flags.iter().fold(trying(&url, &root), Setup::flag);
            setup.once().expect_code(0);
            assert_eq!(root.published(), Some(upstream.head()));
        }
    }
}

#[test]
fn a_secret_is_mounted_rotated_and_taken_away_while_it_runs() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login(USER, RIGHT).start();
    let mount = |number: &str, password: &str| {
        // As the kubelet does it.
        let data = dir.path().join(number);
        fs::create_dir(&data).unwrap();
        fs::write(data.join("username"), USER).unwrap();
        fs::write(data.join("password"), password).unwrap();
        std::os::unix::fs::symlink(number, dir.path().join("..new")).unwrap();
        fs::rename(dir.path().join("..new"), dir.path().join("..data")).unwrap();
    };
    for name in ["username", "password"] {
        std::os::unix::fs::symlink(format!("..data/{name}"), dir.path().join(name)).unwrap();
    }
    let auth_dir = format!("--auth-dir={}", dir.path().display());
    let daemon = polling(&server.url(), &root).flag("-v9").flag(auth_dir).start();
    let fails_again = || {
        let seen = failures(&daemon.log()).len();
        eventually("it fails", SOON, || failures(&daemon.log()).into_iter().nth(seen + 1))
    };
    // Nothing is mounted yet.
    assert_eq!(fails_again().class, "auth");
    mount("..1", RIGHT);
    root.eventually_publishes(&upstream.head());
    // The server has a new one, which is here only later.
    server.admit(USER, "another one");
    let commit = upstream.commit("a", "1");
    let failure = fails_again();
    assert_eq!((failure.class.as_str(), failure.step.as_str()), ("auth", "resolve"));
    mount("..2", "another one\n");
    root.eventually_publishes(&commit);
    fs::remove_file(dir.path().join("..data")).unwrap();
    assert_eq!(fails_again().class, "auth");
    assert_eq!(root.published(), Some(commit));
    let secrets = Secrets::of(USER, &[RIGHT, "another one"]);
    secrets.assert_not_shown(&daemon);
    secrets.assert_not_below(&root.path());
}

#[test]
fn a_directory_that_has_no_login_is_named_by_who_needs_one() {
    let (upstream, root, dir) = (Upstream::new(), Root::new(), TempDir::new().unwrap());
    let server = http::over(&upstream).login(USER, RIGHT).start();
    let nope = dir.path().join("nope");
    let at = |path: &Path| format!("--auth-dir={}", path.display());
    let finished = trying(&server.url(), &root).flag(at(&nope)).flag(at(dir.path())).once();
    let failure = only_failure(&finished);
    failure
        .expect("auth", &format!("401 Unauthorized; auth-dir {} is not there; ", nope.display()));
    let empty = format!("auth-dir {} holds neither username nor password", dir.path().display());
    failure.expect("auth", &empty);
    assert!(failure.hint.contains("check the path of auth-dir"), "{failure:?}");
    // Who was somebody is not told where else to look.
    let wrong = trying(&server.url(), &root).flag("--username=ada").flag(at(&nope)).once();
    let failure = only_failure(&wrong);
    assert!(!failure.error.contains("nope"), "{failure:?}");
    // And a repository for all needs none.
    let open = http::serve(&upstream);
    trying(&open.url(), &root).flag(at(&nope)).once().expect_code(0);
}

#[test]
fn the_longest_address_counts() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::over(&upstream).login(USER, RIGHT).start();
    let url = server.url();
    let origin = url.strip_suffix("/repo.git").unwrap();
    let entries = serde_json::json!([
        {"url": origin, "username": "nobody", "password": WRONG},
        {"url": format!("{origin}/repo"), "username": USER, "password": RIGHT},
        {"url": format!("{origin}/repo.git/below"), "username": "nobody", "password": WRONG},
    ]);
    let finished = trying(&url, &root).flag(format!("--credential={entries}")).once();
    finished.expect_code(0);
    Secrets::of(USER, &[RIGHT, WRONG]).assert_not_told(&finished);
    assert_eq!(root.published(), Some(upstream.head()));
    assert!(server.requests().iter().all(|request| request.user == USER));
}

#[test]
fn a_password_does_not_follow_to_another_server() {
    let upstream = Upstream::new();
    let there = http::over(&upstream).login(USER, RIGHT).start();
    let base = there.url().replace("/repo.git", "");
    let here = http::over(&upstream).away(&base).start();
    let root = Root::new();
    let finished = trying(&here.away_url(), &root)
        .flag("--username=ada")
        .variable("GITSYNC_PASSWORD", RIGHT)
        .once();
    assert_eq!(only_failure(&finished).class, "auth");
    let requests = there.requests();
    assert!(!requests.is_empty());
    assert!(requests.iter().all(|request| request.user.is_empty()), "{requests:?}");
}
