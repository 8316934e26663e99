//! SSH: who we are. Every kind of key in every format that is in use, and files that hold none.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::contract::{assert_published, polling, trying};
use crate::support::daemon::{Root, following};
use crate::support::sshd::{self, KeyPair, keygen};
use crate::support::upstream::Upstream;
use crate::ways::ssh::{fails, failure, flags};

#[test]
fn every_kind_and_format_of_key_is_accepted() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let known = server.known();
    for (kind, words) in [
        ("ed25519", ["-t", "ed25519"].as_slice()),
        ("ecdsa-256", &["-t", "ecdsa", "-b", "256"]),
        ("ecdsa-384", &["-t", "ecdsa", "-b", "384"]),
        ("ecdsa-521", &["-t", "ecdsa", "-b", "521"]),
        ("rsa-2048", &["-t", "rsa", "-b", "2048"]),
        ("rsa-3072", &["-t", "rsa", "-b", "3072"]),
    ] {
        for format in ["OpenSSH", "PEM", "PKCS8"] {
            // OpenSSH writes ed25519 in its own format only; see below for OpenSSL's.
            if ["ed25519", "rsa-3072"].contains(&kind) && format != "OpenSSH" {
                continue;
            }
            let more: &[&str] = if format == "OpenSSH" { &[] } else { &["-m", format] };
            let key = KeyPair::make(server.dir(), "key", &[words, more].concat());
            server.authorize(&[&key]);
            let root = Root::new();
            let finished = flags(trying(&server.url(&upstream.repo()), &root), &key, &known).once();
            finished.expect_code(0);
            assert_eq!(root.published(), Some(upstream.head()), "{kind} as {format}");
        }
    }
}

#[test]
fn a_key_of_ed25519_in_the_format_of_openssl_is_accepted() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = KeyPair { path: server.dir().join("pkcs8") };
    // The key of RFC 8410, 10.3, and what `ssh-keygen` says is its public half.
    let text = "-----BEGIN PRIVATE KEY-----\n\
                MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
                -----END PRIVATE KEY-----\n";
    fs::write(&key.path, text).unwrap();
    let public = "ssh-ed25519 \
                  AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh me@test";
    fs::write(server.dir().join("pkcs8.pub"), public).unwrap();
    server.authorize(&[&key]);
    let root = Root::new();
    let setup = trying(&server.url(&upstream.repo()), &root);
    flags(setup, &key, &server.known()).once().expect_code(0);
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn line_ends_spaces_and_modes_do_not_matter() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let known = server.known();
    for words in [["-t", "ed25519"].as_slice(), &["-t", "ecdsa", "-m", "PEM"]] {
        let key = KeyPair::make(server.dir(), "key", words);
        server.authorize(&[&key]);
        let text = fs::read_to_string(&key.path).unwrap();
        let indented = text.replace('\n', " \n  ");
        for other in
            [text.replace('\n', "\r\n"), text.trim_end().to_owned(), format!("\n\n{indented}\n")]
        {
            fs::write(&key.path, other).unwrap();
            fs::set_permissions(&key.path, fs::Permissions::from_mode(0o666)).unwrap();
            let root = Root::new();
            let setup = trying(&server.url(&upstream.repo()), &root);
            flags(setup, &key, &known).once().expect_code(0);
        }
    }
}

#[test]
fn several_keys_are_offered_in_order_until_one_is_accepted() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let known = server.known();
    let make = |name: &str, kind: &str| KeyPair::make(server.dir(), name, &["-t", kind]);
    let [one, two, three] = [make("one", "ed25519"), make("two", "rsa"), make("three", "ecdsa")];
    let run = || {
        let root = Root::new();
        let setup = flags(trying(&server.url(&upstream.repo()), &root), &one, &known);
        let setup = [&two, &three]
            .iter()
            .fold(setup, |setup, key| setup.flag(format!("--ssh-key-file={}", key.path.display())));
        setup.flag("-v1").once()
    };
    for accepted in [&one, &two, &three] {
        server.authorize(&[accepted]);
        let finished = run();
        finished.expect_code(0);
        let log = finished.log.join("\n");
        let path = accepted.path.display();
        assert!(log.contains(&format!("{path} (")), "{path} is named in\n{log}");
    }
    server.authorize(&[]);
    let denied = run();
    let prints = [&one, &two, &three].map(KeyPair::fingerprint);
    let words: Vec<_> = prints.iter().map(String::as_str).collect();
    fails(&denied, "auth", &words);
    fails(&denied, "auth", &["authentication failed for", "it asks for publickey"]);
    server.configure(&["MaxAuthTries 1"]);
    fails(&run(), "auth", &["authentication failed for", "Too many authentication failures"]);
}

#[test]
fn files_that_hold_no_usable_key_are_called_what_they_are() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (good, known) = (server.login(), server.known());
    let dir = server.dir();
    let with = |name: &str, content: &[u8]| {
        let path = dir.join(name);
        fs::write(&path, content).unwrap();
        path
    };
    let encrypted = |name: &str, words: &[&str]| {
        KeyPair::make(dir, name, &[words, &["-N", "a passphrase"]].concat()).path
    };
    let directory = dir.join("directory");
    fs::create_dir(&directory).unwrap();
    let broken = fs::read_to_string(&good.path).unwrap().replace("AAAA", "AAAB");
    let cases: [(PathBuf, &str); 10] = [
        (dir.join("missing"), "No such file"),
        (directory, "it is a directory"),
        (with("empty", b""), "it is empty"),
        (with("garbage", b"hello\n"), "it holds no private key"),
        (with("binary", b"\xff\xfe"), "it holds no private key"),
        (with("broken", broken.as_bytes()), "cannot be read"),
        (format!("{}.pub", good.path.display()).into(), "it holds a public key"),
        (encrypted("new", &["-t", "ed25519"]), "it is encrypted"),
        (encrypted("pem", &["-t", "rsa", "-b", "2048", "-m", "PEM"]), "it is encrypted"),
        (encrypted("pkcs8", &["-t", "ecdsa", "-m", "PKCS8"]), "it is encrypted"),
    ];
    for (path, words) in cases {
        let key = KeyPair { path };
        let setup = trying(&server.url(&upstream.repo()), &Root::new());
        // A file that is wrong is an error even if another one is right.
        let setup = flags(setup, &key, &known);
        let finished = setup.flag(format!("--ssh-key-file={}", good.path.display())).once();
        let named = format!("could not use the key file {}", key.path.display());
        fails(&finished, "auth", &[&named, words]);
    }
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_key_that_is_swapped_while_it_runs_counts_from_the_next_attempt() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let known = server.known();
    let wrong = KeyPair::make(server.dir(), "wrong", &["-t", "ed25519"]);
    let right = KeyPair::make(server.dir(), "right", &["-t", "rsa"]);
    server.authorize(&[&right]);
    let key = KeyPair { path: server.dir().join("current") };
    let put = |pair: &KeyPair| {
        let fresh = server.dir().join("fresh");
        fs::copy(&pair.path, &fresh).unwrap();
        fs::rename(&fresh, &key.path).unwrap();
    };
    put(&wrong);
    let root = Root::new();
    let daemon = flags(polling(&server.url(&upstream.repo()), &root), &key, &known).start();
    daemon.eventually_logs("attempt failed");
    assert_eq!(failure(&daemon.log()).0, "auth");
    put(&right);
    root.eventually_publishes(&upstream.head());
    put(&wrong);
    let failures = daemon.events("attempt failed").len();
    crate::support::wait::eventually("it fails", crate::support::wait::SOON, || {
        (daemon.events("attempt failed").len() > failures).then_some(())
    });
    fs::write(&key.path, "").unwrap();
    put(&right);
    root.eventually_publishes(&upstream.commit("a", "new"));
}

#[test]
fn without_a_key_the_error_says_so() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let known = server.known();
    let setup = trying(&server.url(&upstream.repo()), &Root::new());
    let known = format!("--ssh-known-hosts-file={}", known.display());
    let finished = setup.flag(known).once();
    fails(&finished, "auth", &["there is no key to offer", "ssh-key-file"]);
}

#[test]
fn a_directory_without_a_key_is_named() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let known = format!("--ssh-known-hosts-file={}", server.known().display());
    let dir = tempfile::TempDir::new().unwrap();
    let run = |dir: &Path| {
        let setup = trying(&server.url(&upstream.repo()), &Root::new()).flag(&known);
        setup.flag(format!("--auth-dir={}", dir.display())).once()
    };
    let nope = dir.path().join("nope");
    fails(&run(&nope), "auth", &[&format!("in {} (missing)", nope.display()), "auth-dir"]);
    let file = dir.path().join("ssh-privatekey");
    fails(&run(dir.path()), "auth", &[&format!("in {} (missing)", file.display())]);
}

#[test]
fn secrets_stay_out_of_the_log() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let root = Root::new();
    let setup = following(&server.url(&upstream.repo()), &root).flag("-v9");
    let finished = flags(setup, &key, &known).once();
    finished.expect_code(0);
    let text = fs::read_to_string(&key.path).unwrap();
    let log = finished.log.join("\n");
    for line in text.lines().filter(|line| !line.starts_with("---")) {
        assert!(!log.contains(line));
    }
}

#[test]
fn the_public_half_is_what_openssh_shows() {
    let dir = tempfile::tempdir().unwrap();
    let key = KeyPair::make(dir.path(), "k", &["-t", "ed25519"]);
    let shown = keygen(&["-y", "-f", key.path.to_str().unwrap()]);
    assert!(shown.starts_with(&key.public()), "{shown}");
    assert!(Path::new(&key.path).is_file());
}
