//! SSH: who the server is. Every way to know a host, and hosts that are not who they should be.

use std::fs;
use std::path::Path;
use std::slice;
use tempfile::TempDir;

use crate::contract::{polling, trying};
use crate::support::daemon::{Finished, Root, Setup};
use crate::support::sshd::{self, KeyPair, Sshd, keygen};
use crate::support::upstream::Upstream;
use crate::ways::ssh::{fails, failure, flags};

/// Syncs once with these lines as the list of known hosts.
#[track_caller]
fn with_lines(upstream: &Upstream, server: &Sshd, key: &KeyPair, lines: &[String]) -> Finished {
    let known = server.known_hosts(lines);
    flags(trying(&server.url(&upstream.repo()), &Root::new()), key, &known).once()
}

#[test]
fn every_way_to_list_a_host_is_understood() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let (public, port) = (server.host_key("ed25519").public(), server.addr().port());
    for hosts in [
        format!("[127.0.0.1]:{port}"),
        "127.0.0.1".to_owned(),
        format!("other,[127.0.0.1]:{port}"),
        format!("[127.0.0.*]:{port}"),
        "*".to_owned(),
        "[127.0.0.?]:*,!example.org".to_owned(),
    ] {
        let lines = ["# a list".to_owned(), "nonsense".to_owned(), format!("{hosts} {public} c")];
        with_lines(&upstream, &server, &key, &lines).expect_code(0);
    }
    for hosts in [
        format!("[127.0.0.2]:{port}"),
        "[127.0.0.1]:1".to_owned(),
        format!("*,![127.0.0.1]:{port},!127.0.0.1"),
    ] {
        let unknown = with_lines(&upstream, &server, &key, &[format!("{hosts} {public}")]);
        fails(&unknown, "tls", &["is not known"]);
    }
}

#[test]
fn hashed_names_are_understood() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let known = server.known();
    keygen(&["-H", "-f", known.to_str().unwrap()]);
    assert!(fs::read_to_string(&known).unwrap().starts_with("|1|"));
    let url = server.url(&upstream.repo());
    flags(trying(&url, &Root::new()), &key, &known).once().expect_code(0);
    let other = server.known_hosts(&[format!("h {}", server.host_key("ed25519").public())]);
    keygen(&["-H", "-f", other.to_str().unwrap()]);
    let unknown = flags(trying(&url, &Root::new()), &key, &other).once();
    fails(&unknown, "tls", &["is not known"]);
}

#[test]
fn an_unknown_host_is_refused_with_the_line_that_would_make_it_known() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let host = server.host_key("ed25519");
    let unknown = with_lines(&upstream, &server, &key, &["# nobody".to_owned()]);
    let line = format!("[127.0.0.1]:{} {}", server.addr().port(), host.public());
    fails(&unknown, "tls", &["ssh-ed25519", &host.fingerprint(), &line, "unable to access '"]);
    with_lines(&upstream, &server, &key, &[line]).expect_code(0);
}

#[test]
fn an_unknown_host_is_refused_with_the_files_and_which_are_missing() {
    let (upstream, server, mounted) = (Upstream::new(), sshd::start(), TempDir::new().unwrap());
    let known = mounted.path().join("known_hosts");
    let run = || {
        let setup = trying(&server.url(&upstream.repo()), &Root::new());
        setup.flag(format!("--auth-dir={}", mounted.path().display())).once()
    };
    let usual = "/etc/git-secret/known_hosts (missing)";
    fails(&run(), "tls", &["is not known", &format!("{} (missing), {usual}", known.display())]);
    fs::write(&known, "# nobody").unwrap();
    fails(&run(), "tls", &["is not known", &format!("{}, {usual}", known.display())]);
}

#[test]
fn a_changed_host_key_is_refused_with_both_fingerprints_and_the_line() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let known = server.known();
    let before = server.host_key("ed25519").fingerprint();
    let url = server.url(&upstream.repo());
    let root = Root::new();
    let daemon = flags(polling(&url, &root), &key, &known).start();
    root.eventually_publishes(&upstream.head());
    let now = server.make_host_key("ed25519", &["-t", "ed25519"]).fingerprint();
    let changed = flags(trying(&url, &Root::new()), &key, &known).once();
    let place = format!("{}:1", known.display());
    fails(&changed, "tls", &["has changed", &before, &now, &place]);
    // The connection that was made before goes on, until the list says something else.
    server.known();
    root.eventually_publishes(&upstream.commit("a", "new"));
    assert!(daemon.events("attempt failed").is_empty());
}

#[test]
fn a_revoked_key_is_refused_wherever_else_it_is_listed() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let host = server.host_key("ed25519");
    let good = format!("[127.0.0.1]:{} {}", server.addr().port(), host.public());
    let revoked =
        with_lines(&upstream, &server, &key, &[good, format!("@revoked * {}", host.public())]);
    let place = format!("{}:2", server.dir().join("known_hosts").display());
    fails(&revoked, "tls", &["is revoked by", &place, &host.fingerprint()]);
}

#[test]
fn a_host_with_several_keys_is_asked_for_the_one_that_is_known() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    for (name, words) in
        [("rsa", ["-t", "rsa", "-b", "3072"].as_slice()), ("ecdsa", &["-t", "ecdsa", "-b", "384"])]
    {
        server.make_host_key(name, words);
    }
    server.configure(&["AcceptEnv GIT_PROTOCOL"]);
    for name in ["ed25519", "rsa", "ecdsa"] {
        let line = format!("127.0.0.1 {}", server.host_key(name).public());
        with_lines(&upstream, &server, &key, &[line]).expect_code(0);
    }
}

#[test]
fn signatures_with_sha1_are_not_taken() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let host = server.make_host_key("rsa", &["-t", "rsa", "-b", "2048"]);
    let line = format!("127.0.0.1 {}", host.public());
    server.configure(&["HostKeyAlgorithms ssh-rsa"]);
    let refused = with_lines(&upstream, &server, &key, &[line]);
    fails(&refused, "protocol", &["no algorithm in common", "ssh-rsa", "SHA-1"]);
    server.configure(&["HostKeyAlgorithms rsa-sha2-256"]);
    let line = format!("127.0.0.1 {}", host.public());
    with_lines(&upstream, &server, &key, &[line]).expect_code(0);
}

/// Lets the server show a certificate for its key, made with these words.
fn certify(server: &Sshd, authority: &KeyPair, words: &[&str]) {
    let host = server.host_key("ed25519");
    let public = format!("{}.pub", host.path.display());
    let signer = authority.path.to_str().unwrap();
    keygen(&[&["-q", "-s", signer, "-I", "host", "-h"], words, &[public.as_str()]].concat());
    let certificate = format!("HostCertificate {}-cert.pub", host.path.display());
    server.configure(&["AcceptEnv GIT_PROTOCOL", &certificate]);
}

#[test]
fn a_host_certificate_counts_if_its_authority_is_known_for_the_host() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    for kind in ["ed25519", "rsa", "ecdsa"] {
        let authority = KeyPair::make(server.dir(), "ca", &["-t", kind]);
        let line = format!("@cert-authority *.0.0.1,[127.0.0.1]:* {}", authority.public());
        certify(&server, &authority, &["-n", "example.org,127.0.0.1"]);
        with_lines(&upstream, &server, &key, slice::from_ref(&line)).expect_code(0);
        certify(&server, &authority, &["-n", "example.org"]);
        let other = with_lines(&upstream, &server, &key, slice::from_ref(&line));
        fails(&other, "tls", &["the host certificate of", "it is for example.org"]);
        certify(&server, &authority, &["-n", "127.0.0.1", "-V", "20200101:20200102"]);
        let old = with_lines(&upstream, &server, &key, slice::from_ref(&line));
        fails(&old, "tls", &["it has expired"]);
        certify(&server, &authority, &["-n", "127.0.0.1"]);
        let revoked = format!("@revoked * {}", authority.public());
        let revoked = with_lines(&upstream, &server, &key, &[line, revoked]);
        fails(&revoked, "tls", &["is revoked by"]);
        let stranger = KeyPair::make(server.dir(), "stranger", &["-t", kind]);
        let line = format!("@cert-authority * {}", stranger.public());
        let unknown = with_lines(&upstream, &server, &key, slice::from_ref(&line));
        fails(&unknown, "tls", &["is not known"]);
        let plain = format!("127.0.0.1 {}", server.host_key("ed25519").public());
        with_lines(&upstream, &server, &key, &[line, plain]).expect_code(0);
    }
}

#[test]
fn any_host_will_do_if_that_is_said_and_there_is_one_loud_warning() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let root = Root::new();
    let setup = polling(&server.url(&upstream.repo()), &root);
    let no_list = |setup: Setup| flags(setup, &key, Path::new("/nonexistent"));
    let daemon = no_list(setup).flag("--ssh-known-hosts=false").start();
    root.eventually_publishes(&upstream.head());
    crate::contract::after_more_attempts(&daemon, 3);
    let log = daemon.log();
    let warnings: Vec<_> = log
        .iter()
        .filter(|line| line.contains("the keys of SSH servers are not checked"))
        .collect();
    assert_eq!(warnings.len(), 1, "{warnings:#?}");
    assert!(warnings[0].contains("WARN"));
    let setup = trying(&server.url(&upstream.repo()), &Root::new());
    fails(&no_list(setup).once(), "config", &["known_hosts file /nonexistent"]);
}

#[test]
fn a_list_that_is_mended_counts_from_the_next_attempt() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let key = server.login();
    let known = server.known_hosts(&["# nobody".to_owned(), "nonsense here".to_owned()]);
    let root = Root::new();
    let daemon = flags(polling(&server.url(&upstream.repo()), &root), &key, &known).start();
    daemon.eventually_logs("attempt failed");
    assert_eq!(failure(&daemon.log()).0, "tls");
    crate::contract::after_more_attempts(&daemon, 3);
    let told = daemon.events("leaving out a line of known_hosts");
    assert_eq!(told.len(), 1, "{told:#?}");
    server.known();
    root.eventually_publishes(&upstream.head());
}
