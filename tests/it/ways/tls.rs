//! Which servers are believed over TLS, and how we are known to them.

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

use crate::faults::course::{fails, patient, single, succeeds};
use crate::support::authority::{Authority, Leaf};
use crate::support::daemon::{Daemon, Root, Setup};
use crate::support::http::{self, Http};
use crate::support::process::{Group, program};
use crate::support::told::Failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

#[track_caller]
pub(crate) fn expect(failure: &Failure, class: &str, words: &[&str]) {
    assert_eq!(failure.class, class, "{failure:?}");
    for word in words {
        assert!(failure.error.contains(word), "{word:?} is not in {failure:?}");
    }
}

pub(crate) fn trusting(setup: Setup, file: &Path) -> Setup {
    setup.flag(format!("--ca-file={}", file.display()))
}

/// A daemon that tries again and again, while files change under it.
struct Following(Daemon);

impl Following {
    fn last_attempt(&self) -> Value {
        let reply = self.0.get("/healthz").unwrap();
        let health: Value = serde_json::from_str(&reply.body).unwrap();
        health["last_attempt"].clone()
    }

    /// Waits for an attempt that begins after this call and ends as it should.
    #[track_caller]
    fn ends(&self, what: &str, right: impl Fn(&Value) -> bool) {
        let number = |attempt: &Value| attempt["number"].as_u64().unwrap_or_default();
        let before = number(&self.last_attempt());
        eventually(what, SOON, || {
            let attempt = self.last_attempt();
            (number(&attempt) > before + 1 && right(&attempt)).then_some(())
        });
    }

    #[track_caller]
    fn fails(&self, class: &str, words: &[&str]) {
        self.ends(&format!("it fails with {class}: {words:?}"), |attempt| {
            let message = attempt["error"]["message"].as_str().unwrap_or_default();
            attempt["error"]["class"] == class && words.iter().all(|word| message.contains(word))
        });
    }

    #[track_caller]
    fn succeeds(&self) {
        self.ends("it succeeds", |attempt| attempt["error"].is_null());
    }
}

fn append(to: &Path, from: &Path) {
    let text = [fs::read(to).unwrap_or_default(), fs::read(from).unwrap()].concat();
    fs::write(to, text).unwrap();
}

#[test]
fn a_certificate_that_is_not_good_is_refused_in_words() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let ca = authority.certificate();
    let told = |leaf: Leaf| {
        let server = http::over(&upstream).tls(&authority).leaf(leaf).start();
        let failure = fails(trusting(single(&server.url(), &Root::new()), &ca));
        assert!(server.requests().is_empty());
        failure
    };
    let loopback = Leaf::default();
    let failure = told(Leaf { years: (2001, 2002), ..loopback.clone() });
    expect(&failure, "tls", &["expired on 2002-01-01", "clock", "unable to access 'https://"]);
    let failure = told(Leaf { years: (2900, 2901), ..loopback.clone() });
    expect(&failure, "tls", &["is not valid before 2900-01-01", "clock"]);
    let names = vec!["git.example.com".to_owned(), "*.example.org".to_owned()];
    let failure = told(Leaf { names, ..loopback.clone() });
    expect(&failure, "tls", &["is not for 127.0.0.1", "git.example.com", "*.example.org"]);
    let other = Authority::new();
    let server = http::over(&upstream).tls(&other).start();
    let failure = fails(trusting(single(&server.url(), &Root::new()), &ca));
    expect(&failure, "tls", &["unknown authority", &ca.display().to_string()]);
    let failure = fails(single(&server.url(), &Root::new()).variable("SSL_CERT_FILE", "/nowhere"));
    expect(&failure, "tls", &["unknown authority", "ca-file"]);
}

#[test]
fn what_is_no_file_is_refused_and_not_read() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = http::over(&upstream).tls(&authority).start();
    for (path, words) in [("/dev/zero", "it is not a regular file"), ("/", "it is a directory")] {
        let failure = fails(trusting(single(&server.url(), &Root::new()), Path::new(path)));
        expect(&failure, "config", &[path, words]);
    }
}

#[test]
fn all_authorities_in_a_file_count_and_rotate_without_restart() {
    let (upstream, dir, root) = (Upstream::new(), TempDir::new().unwrap(), Root::new());
    let (old, new) = (Authority::new(), Authority::new());
    let server = http::over(&upstream).tls(&new).start();
    let ca = dir.path().join("ca.crt");
    let driven = Following(trusting(patient(&server.url(), &root), &ca).start());
    let named = format!("ca-file {}", ca.display());
    driven.fails("config", &[&named, "No such file"]);
    fs::write(&ca, "").unwrap();
    driven.fails("config", &[&named, "it is empty"]);
    fs::write(&ca, "not a certificate").unwrap();
    driven.fails("config", &[&named, "no certificate in PEM form"]);
    fs::copy(old.certificate(), &ca).unwrap();
    driven.fails("tls", &["unknown authority", "ca.crt"]);
    append(&ca, &new.certificate());
    driven.succeeds();
    let connection = || server.requests().pop().unwrap().connection;
    let before = connection();
    driven.succeeds();
    assert_eq!(connection(), before, "nothing is done anew without a change");
    // One that is broken among good ones; the open connection is not used any more either.
    let good = fs::read_to_string(&ca).unwrap();
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    fs::write(&ca, format!("{good}{broken}")).unwrap();
    driven.fails("config", &[&named, "certificate 3"]);
    fs::remove_file(&ca).unwrap();
    fs::create_dir(&ca).unwrap();
    driven.fails("config", &[&named, "directory"]);
    fs::remove_dir(&ca).unwrap();
    fs::copy(old.certificate(), &ca).unwrap();
    driven.fails("tls", &["unknown authority"]);
    fs::copy(new.certificate(), &ca).unwrap();
    driven.succeeds();
    assert_eq!(root.published(), Some(upstream.head()));
}

#[test]
fn a_file_that_no_server_needs_is_not_read() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    succeeds(trusting(single(&server.url(), &root), Path::new("/nowhere/ca.crt")));
    let failure = fails(trusting(single("https://localhost:1/a", &root), Path::new("/no/ca.crt")));
    expect(&failure, "config", &["ca-file /no/ca.crt"]);
}

/// A certificate of ours and its key.
struct Card {
    dir: TempDir,
}

impl Card {
    fn of(authority: &Authority, subject: &str) -> Self {
        let dir = TempDir::new().unwrap();
        authority.certify(&Leaf { subject: subject.to_owned(), ..Leaf::default() }, dir.path());
        Self { dir }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn shown(&self, setup: Setup) -> Setup {
        setup
            .flag(format!("--client-cert={}", self.file("tls.crt").display()))
            .flag(format!("--client-key={}", self.file("tls.key").display()))
    }

    /// Has openssl write the key in another form.
    fn convert(&self, arguments: &[&str]) {
        let out = Command::new(program("openssl"))
            .args(arguments)
            .arg("-in")
            .arg(self.file("tls.key"))
            .arg("-out")
            .arg(self.file("new.key"))
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
        fs::rename(self.file("new.key"), self.file("tls.key")).unwrap();
    }
}

fn asking(upstream: &Upstream, authority: &Authority, clients: &Authority) -> Http {
    http::over(upstream).tls(authority).clients_of(clients).start()
}

#[test]
fn a_server_that_asks_for_our_certificate_gets_it() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let server = asking(&upstream, &authority, &authority);
    let run = || trusting(single(&server.url(), &Root::new()), &authority.certificate());
    let card = Card::of(&authority, "ada");
    for form in [&[][..], &["ec"], &["pkcs8", "-topk8", "-nocrypt"]] {
        if !form.is_empty() {
            card.convert(form);
        }
        succeeds(card.shown(run()));
        let last = server.requests().pop().unwrap();
        assert_eq!((last.status, &*last.client), (200, "CN=ada"));
    }
    append(&card.file("both.pem"), &card.file("tls.key"));
    append(&card.file("both.pem"), &card.file("tls.crt"));
    succeeds(run().flag(format!("--client-cert={}", card.file("both.pem").display())));
    let failure = fails(run());
    expect(&failure, "auth", &["authentication failed for 'https://", "No required SSL cert"]);
    let stranger = Card::of(&Authority::new(), "eve");
    let failure = fails(stranger.shown(run()));
    expect(&failure, "auth", &["authentication failed for 'https://", "client certificate"]);
}

#[test]
fn rsa_keys_of_every_form_are_understood_and_encrypted_ones_refused() {
    let (upstream, authority) = (Upstream::new(), Authority::new());
    let clients = Card::of(&authority, "unused");
    clients.convert(&["pkcs8", "-topk8", "-nocrypt"]);
    let run = |args: &[&str]| {
        let out = Command::new(program("openssl"))
            .current_dir(clients.dir.path())
            .args(args)
            .output()
            .unwrap();
        assert!(out.status.success(), "{out:?}");
    };
    run(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        "tls.key",
        "-out",
        "tls.crt",
        "-subj",
        "/CN=rsa",
        "-days",
        "10",
        "-addext",
        "extendedKeyUsage=clientAuth",
    ]);
    let believed = format!(
        "ssl_client_certificate {}; ssl_verify_client on;",
        clients.file("tls.crt").display()
    );
    let server = http::over(&upstream).tls(&authority).line(&believed).start();
    let trust = || trusting(single(&server.url(), &Root::new()), &authority.certificate());
    succeeds(clients.shown(trust()));
    clients.convert(&["rsa", "-traditional"]);
    assert!(fs::read_to_string(clients.file("tls.key")).unwrap().contains("BEGIN RSA PRIVATE"));
    succeeds(clients.shown(trust()));
    for encrypt in [
        &["pkcs8", "-topk8", "-passout", "pass:hush-hush"][..],
        &["rsa", "-aes128", "-traditional", "-passin", "pass:hush-hush", "-passout", "pass:x12345"],
    ] {
        clients.convert(encrypt);
        let failure = fails(clients.shown(trust()));
        let named = format!("client-key {}", clients.file("tls.key").display());
        expect(&failure, "auth", &[&named, "the key is encrypted"]);
    }
}

#[test]
fn our_certificate_rotates_without_restart() {
    let (upstream, authority, root) = (Upstream::new(), Authority::new(), Root::new());
    let server = asking(&upstream, &authority, &authority);
    let (card, next) = (Card::of(&authority, "one"), Card::of(&authority, "two"));
    let setup = trusting(patient(&server.url(), &root), &authority.certificate());
    let driven = Following(card.shown(setup).start());
    driven.succeeds();
    let who = || server.requests().pop().unwrap().client;
    assert_eq!(who(), "CN=one");
    fs::copy(next.file("tls.crt"), card.file("tls.crt")).unwrap();
    let named = format!("client-cert {}", card.file("tls.crt").display());
    driven.fails("auth", &[&named, "is not the key of this certificate"]);
    fs::copy(next.file("tls.key"), card.file("tls.key")).unwrap();
    driven.succeeds();
    assert_eq!(who(), "CN=two");
    fs::write(card.file("tls.key"), "nothing").unwrap();
    let named = format!("client-key {}", card.file("tls.key").display());
    driven.fails("auth", &[&named, "no private key"]);
    fs::remove_file(card.file("tls.key")).unwrap();
    driven.fails("auth", &[&named, "No such file"]);
    fs::copy(next.file("tls.key"), card.file("tls.key")).unwrap();
    driven.succeeds();
}

#[test]
fn a_mounted_secret_holds_all_of_it_and_may_come_later() {
    let (upstream, authority, root) = (Upstream::new(), Authority::new(), Root::new());
    let server = asking(&upstream, &authority, &authority);
    let (card, mounted) = (Card::of(&authority, "ada"), TempDir::new().unwrap());
    let mount = |from: &Path, name: &str| fs::copy(from, mounted.path().join(name)).unwrap();
    let setup = patient(&server.url(), &root).variable("SSL_CERT_FILE", "/nowhere");
    let setup = setup.flag(format!("--auth-dir={}", mounted.path().display()));
    let driven = Following(setup.start());
    driven.fails("tls", &["the system has no certificates", "ca-file"]);
    mount(&authority.certificate(), "ca.crt");
    driven.fails("auth", &["the server wants a client certificate"]);
    mount(&card.file("tls.crt"), "tls.crt");
    driven.fails("auth", &["tls.key", "it is missing", "belong together"]);
    mount(&card.file("tls.key"), "tls.key");
    driven.succeeds();
    fs::write(mounted.path().join("ca.crt"), "").unwrap();
    driven.fails("config", &["auth-dir", "ca.crt", "it is empty"]);
    mount(&authority.certificate(), "ca.crt");
    driven.succeeds();
}

/// `openssl s_server`, which says no by an alert, as Apache does.
struct Alerting {
    _group: Group,
    port: u16,
}

fn alerting(dir: &Path, clients: &Authority, version: &str) -> Alerting {
    for _ in 0..20 {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = dir.join("log");
        let mut group = Group::start(
            Command::new(program("openssl"))
                .args(["s_server", "-accept", &format!("127.0.0.1:{port}"), version])
                .args(["-www", "-Verify", "1", "-verify_return_error", "-CAfile"])
                .arg(clients.certificate())
                .args(["-cert", "tls.crt", "-key", "tls.key"])
                .current_dir(dir)
                .stdin(Stdio::null())
                .stdout(fs::File::create(&log).unwrap())
                .stderr(Stdio::null()),
        );
        let up = eventually("it listens or ends", SOON, || {
            let text = fs::read_to_string(&log).unwrap();
            if text.contains("ACCEPT") { Some(true) } else { group.ended().map(|_| false) }
        });
        if up {
            return Alerting { _group: group, port };
        }
    }
    panic!("openssl does not start");
}

#[test]
fn a_server_that_refuses_our_certificate_by_an_alert_is_understood() {
    let (authority, clients) = (Authority::new(), Authority::new());
    let dir = TempDir::new().unwrap();
    authority.issue(dir.path());
    let stranger = Card::of(&Authority::new(), "eve");
    let late = TempDir::new().unwrap();
    clients.certify(&Leaf { years: (2001, 2002), ..Leaf::default() }, late.path());
    let late = Card { dir: late };
    for version in ["-tls1_2", "-tls1_3"] {
        let server = alerting(dir.path(), &clients, version);
        let url = format!("https://127.0.0.1:{}/repo.git", server.port);
        let run = || trusting(single(&url, &Root::new()), &authority.certificate());
        let failure = fails(run());
        // The older version has no word for it.
        let class = if version == "-tls1_2" { "tls" } else { "auth" };
        expect(&failure, class, &["wants a client certificate"]);
        let failure = fails(stranger.shown(run()));
        let ours = stranger.file("tls.crt").display().to_string();
        expect(&failure, "auth", &["does not know the authority of our certificate in", &ours]);
        let failure = fails(late.shown(run()));
        expect(&failure, "auth", &["our certificate in", "has expired"]);
    }
}
