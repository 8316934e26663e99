//! What leads to a server is used and never shown: passwords of proxies, keys, lines of heads.

use std::fs;
use std::path::Path;

use crate::faults::course::patient;
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Daemon, Root};
use crate::support::http::{self, Answer};
use crate::support::proxies::squid;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use tempfile::TempDir;

const SECRET: &str = "hush-hush-hush";
/// As it is, and in `Proxy-Authorization` with the name `ada`.
const DISGUISES: [&str; 2] = [SECRET, "YWRhOmh1c2gtaHVzaC1odXNo"];

#[track_caller]
fn assert_clean(what: &str, text: &[u8], key: &str) {
    let text = String::from_utf8_lossy(text);
    for secret in DISGUISES.into_iter().chain([key]) {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{what} shows a secret: {line:?}");
    }
}

fn assert_files_are_clean(dir: &Path, key: &str) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_symlink() {
            continue;
        }
        // What goes meanwhile is not looked at.
        if path.is_dir() {
            assert_files_are_clean(&path, key);
        } else if let Ok(text) = fs::read(&path) {
            assert_clean(&path.display().to_string(), &text, key);
        }
    }
}

fn assert_all_is_clean(daemon: &Daemon, root: &Root, key: &str) {
    for path in ["/healthz", "/metrics", "/readyz"] {
        let reply = daemon.get(path).unwrap();
        assert_clean(path, format!("{}\n{}", reply.head, reply.body).as_bytes(), key);
    }
    assert_files_are_clean(&root.path(), key);
    assert_clean("the log", daemon.log().join("\n").as_bytes(), key);
    assert_clean("the output", daemon.stdout().join("\n").as_bytes(), key);
}

#[test]
fn with_everything_on_the_way() {
    let (upstream, authority, card) = (Upstream::new(), Authority::new(), TempDir::new().unwrap());
    authority.certify(&Leaf::default(), card.path());
    let file = |name: &str| card.path().join(name).display().to_string();
    let text = fs::read_to_string(file("tls.key")).unwrap();
    let key = text.lines().nth(1).unwrap().to_owned();
    let server = http::over(&upstream).tls(&authority).clients_of(&authority).start();
    let plain = http::serve(&upstream);
    let middle = squid(Some(("ada", SECRET)), None);
    for server in [&server, &plain] {
        let root = Root::new();
        let daemon = patient(&server.url(), &root)
            .flag("-v9")
            .flag("--error-file=error")
            .flag(format!("--proxy=http://ada:{SECRET}@{}", middle.addr()))
            .flag(format!("--git-config=http.extraHeader:X-Extra: {SECRET}"))
            .flag(format!("--ca-file={}", authority.certificate().display()))
            .flag(format!("--client-cert={}", file("tls.crt")))
            .flag(format!("--client-key={}", file("tls.key")))
            .start();
        root.eventually_publishes(&upstream.head());
        assert_eq!(server.requests()[0].extra, SECRET);
        assert_all_is_clean(&daemon, &root, &key);
        server.answer(Answer::Forbidden);
        daemon.eventually_logs("attempt failed");
        fs::write(file("tls.key"), text.replacen(&key, "nonsense", 1)).unwrap();
        let before = daemon.events("attempt failed").len();
        eventually("it goes on to fail", SOON, || {
            (daemon.events("attempt failed").len() > before + 1).then_some(())
        });
        assert_all_is_clean(&daemon, &root, &key);
        fs::write(file("tls.key"), &text).unwrap();
    }
}

#[test]
fn with_a_proxy_that_does_not_let_us_in() {
    let upstream = Upstream::new();
    let (plain, middle) = (http::serve(&upstream), squid(Some(("ada", "another")), None));
    let named = format!("http://ada:{SECRET}@{}", middle.addr());
    for url in [plain.url(), plain.url().replace("http:", "https:")] {
        for option in [true, false] {
            let root = Root::new();
            let setup = patient(&url, &root).flag("-v9").flag("--error-file=error");
            let setup = if option {
                setup.flag(format!("--proxy={named}"))
            } else {
                setup.variable("all_proxy", &named)
            };
            let daemon = setup.start();
            daemon.eventually_logs("attempt failed");
            assert_all_is_clean(&daemon, &root, SECRET);
        }
    }
}
