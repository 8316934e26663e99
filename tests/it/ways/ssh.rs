//! SSH: addresses, connections and what the other side says.

use rustix::process::Signal;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::contract::{after_more_attempts, assert_published, ended, polling, trying};
use crate::support::daemon::{Daemon, Finished, Root, Setup, events, field, following};
use crate::support::faults::{self, Fault};
use crate::support::skip;
use crate::support::sshd::{self, KeyPair, Sshd};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Names the key and the list of known hosts.
pub(super) fn flags(setup: Setup, key: &KeyPair, known: &Path) -> Setup {
    setup
        .flag(format!("--ssh-key-file={}", key.path.display()))
        .flag(format!("--ssh-known-hosts-file={}", known.display()))
}

/// The class of the failure that was logged, with its words and its hint.
#[track_caller]
pub(super) fn failure(log: &[String]) -> (String, String) {
    let event = events(log, "attempt failed").pop().expect("an attempt failed");
    let class = field(&event, "class").and_then(|class| class.as_str()).unwrap_or_default();
    (class.to_owned(), event.to_string().replace("\\\"", "\""))
}

/// Fails unless the only attempt failed with this class, saying each of these.
#[track_caller]
pub(super) fn fails(finished: &Finished, class: &str, words: &[&str]) {
    finished.expect_code(1);
    let (found, text) = failure(&finished.log);
    assert_eq!(found, class, "{text}");
    for word in words {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

/// Follows without a timer; each attempt is asked for.
#[track_caller]
fn asked(url: &str, root: &Root, key: &KeyPair, known: &Path) -> Daemon {
    let setup = following(url, root).flag("--period=off").flag("--sync-on-signal=HUP");
    let daemon = flags(setup, key, known).start();
    eventually("the first attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));
    daemon
}

#[track_caller]
fn poll(daemon: &mut Daemon) {
    let number = ended(daemon);
    daemon.signal(Signal::HUP);
    eventually("a poll has ended", SOON, || (ended(daemon) > number).then_some(()));
}

#[test]
fn every_form_of_address_leads_to_the_repository() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let (user, port, path) = (Sshd::user(), server.addr().port(), upstream.repo());
    let path = path.display();
    for url in [
        format!("ssh://{user}@127.0.0.1:{port}{path}"),
        format!("git+ssh://{user}@127.0.0.1:{port}{path}/"),
        format!("[{user}@127.0.0.1:{port}]:{path}"),
        format!("{user}@[127.0.0.1:{port}]:{path}"),
    ] {
        let root = Root::new();
        flags(trying(&url, &root), &key, &known).once().expect_code(0);
        assert_published(&root, &upstream, &upstream.head());
    }
}

#[test]
fn odd_characters_in_a_path_reach_the_server_as_they_are() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let odd = upstream.dir().join("it's a $(touch pwned); `id` \"repo\"!\\ %41");
    fs::rename(upstream.repo(), &odd).unwrap();
    let root = Root::new();
    let url = server.url(&odd).replace("%41", "%2541");
    flags(trying(&url, &root), &key, &known).once().expect_code(0);
    assert_eq!(root.published(), Some(upstream.head()));
}

#[test]
fn polls_share_one_connection_and_see_what_is_new() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let proxy = faults::in_front_of(server.addr());
    let (key, known) = (server.login(), server.known_at(proxy.addr()));
    let root = Root::new();
    let url = Sshd::url_at(proxy.addr(), &upstream.repo());
    let mut daemon = asked(&url, &root, &key, &known);
    assert_eq!(root.published(), Some(upstream.head()));
    for _ in 0..5 {
        poll(&mut daemon);
    }
    let commit = upstream.commit("a", "new");
    poll(&mut daemon);
    assert_eq!(root.published(), Some(commit));
    assert_eq!((proxy.connections(), server.connections()), (1, 1));
    // A connection that is lost between two polls is replaced in silence.
    for cuts in 1..4 {
        proxy.cut();
        let commit = upstream.commit("a", format!("{cuts}"));
        poll(&mut daemon);
        assert_eq!(root.published(), Some(commit));
        assert_eq!(proxy.connections(), 1 + cuts);
    }
    assert!(daemon.events("attempt failed").is_empty());
    let told = daemon.events("the server does not speak version 2 of Git's protocol");
    assert!(told.is_empty());
}

#[test]
fn a_server_that_was_away_is_found_again() {
    let (upstream, mut server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let root = Root::new();
    let daemon = flags(polling(&server.url(&upstream.repo()), &root), &key, &known).start();
    root.eventually_publishes(&upstream.head());
    server.stop();
    daemon.eventually_logs("attempt failed");
    let (class, text) = failure(&daemon.log());
    assert_eq!(class, "network", "{text}");
    server.listen();
    root.eventually_publishes(&upstream.commit("a", "new"));
    assert_published(&root, &upstream, &upstream.head());
}

#[test]
fn a_server_that_does_not_take_the_variable_speaks_the_old_protocol() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    server.configure(&[]);
    let (key, known) = (server.login(), server.known());
    let root = Root::new();
    let mut daemon = asked(&server.url(&upstream.repo()), &root, &key, &known);
    assert_published(&root, &upstream, &upstream.head());
    let commit = upstream.commit("a", "new");
    poll(&mut daemon);
    assert_eq!(root.published(), Some(commit));
    poll(&mut daemon);
    assert_eq!(server.connections(), 1);
    let told = daemon.events("the server does not speak version 2 of Git's protocol");
    assert_eq!(told.len(), 1);
}

#[test]
fn what_the_server_says_about_a_failure_is_shown() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let url = server.url(Path::new("/no/such.git"));
    let missing = flags(trying(&url, &Root::new()), &key, &known).once();
    let said = "'/no/such.git' does not appear to be a git repository";
    fails(&missing, "not_found", &["repository not found:", said, &url]);
    for (says, class) in [
        ("ERROR: Repository not found.", "not_found"),
        ("ERROR: This deploy key has been disabled.", "auth"),
        ("remote: You are not authorized to read this project.", "auth"),
        ("bash: line 1: git-upload-pack: command not found", "protocol"),
    ] {
        let script = server.dir().join("says");
        fs::write(&script, format!("#!/bin/sh\necho '{says}' >&2\nexit 1\n")).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
        let force = format!("ForceCommand {}", script.display());
        server.configure(&[&force]);
        let url = server.url(&upstream.repo());
        let refused = flags(trying(&url, &Root::new()), &key, &known).once();
        fails(&refused, class, &["the server said", says]);
    }
    server.configure(&["ForceCommand /bin/false"]);
    let silent = flags(trying(&server.url(&upstream.repo()), &Root::new()), &key, &known).once();
    fails(&silent, "protocol", &["git-upload-pack ended with status 1"]);
}

#[test]
fn it_stops_at_once_while_a_fetch_or_a_greeting_stalls() {
    let upstream = Upstream::new();
    upstream.change().file("big", noise(4 << 20)).commit();
    let server = sshd::start();
    let mut proxy = faults::in_front_of(server.addr());
    let (key, known) = (server.login(), server.known_at(proxy.addr()));
    let url = Sshd::url_at(proxy.addr(), &upstream.repo());
    for fault in [Fault::Silent, Fault::StallAfter(500), Fault::StallAfter(1 << 20)] {
        proxy.break_with(fault);
        let connections = proxy.connections();
        let root = Root::new();
        let mut daemon = flags(following(&url, &root), &key, &known).start();
        eventually("it connects", SOON, || (proxy.connections() > connections).then_some(()));
        if fault == Fault::StallAfter(1 << 20) {
            let packs = root.path().join(".git/objects/pack");
            eventually("a pack comes", SOON, || {
                fs::read_dir(&packs).ok()?.next().and_then(Result::ok)
            });
        }
        let begin = Instant::now();
        daemon.signal(Signal::TERM);
        assert_eq!(daemon.exit(SOON).code(), Some(0));
        assert!(begin.elapsed() < Duration::from_secs(1), "{fault:?}: {:?}", begin.elapsed());
    }
}

#[test]
fn a_server_that_lists_refs_without_end_is_given_up() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let (id, name) = ("1".repeat(40), "x".repeat(4000));
    let line = |rest: &str| {
        let text = format!("{id} refs/heads/{name}{rest}");
        // The two characters of `\\0` are one byte, and the end of the line is one more.
        format!("{:04x}{text}", text.replace("\\0", "0").len() + 5)
    };
    let list = server.dir().join("list-refs");
    let script = format!("printf '{}\\n'\nexec yes '{}'\n", line("\\0agent=endless"), line(""));
    fs::write(&list, script).unwrap();
    server.configure(&[&format!("ForceCommand /bin/sh {}", list.display())]);
    let root = Root::new();
    let setup = trying(&server.url(&upstream.repo()), &root).flag("--sync-timeout=120s");
    let finished = flags(setup, &key, &known).once();
    let (class, text) = failure(&finished.log);
    assert_eq!(class, "protocol", "{text}");
    assert!(text.contains("sends more than 64 MiB of refs, which is the limit"), "{text}");
    assert_eq!(root.published(), None);
}

#[test]
fn a_connection_that_breaks_is_a_failure_of_the_network_and_the_next_attempt_works() {
    let upstream = Upstream::new();
    upstream.change().file("big", noise(4 << 20)).commit();
    let server = sshd::start();
    let mut proxy = faults::in_front_of(server.addr());
    let (key, known) = (server.login(), server.known_at(proxy.addr()));
    let url = Sshd::url_at(proxy.addr(), &upstream.repo());
    for fault in [
        Fault::Refuse,
        Fault::ResetAfter(10),
        Fault::CloseAfter(500),
        Fault::CloseAfter(1 << 20),
        Fault::ResetAfter(1 << 20),
    ] {
        proxy.break_with(fault);
        let root = Root::new();
        let daemon = flags(polling(&url, &root), &key, &known).start();
        daemon.eventually_logs("attempt failed");
        let (class, text) = failure(&daemon.log());
        assert_eq!(class, "network", "{fault:?}: {text}");
        assert!(text.contains("unable to access '"), "{text}");
        proxy.heal();
        root.eventually_publishes(&upstream.head());
        assert_published(&root, &upstream, &upstream.head());
    }
}

#[test]
fn a_server_that_speaks_something_else_is_called_so() {
    let upstream = Upstream::new();
    let web = crate::support::http::serve(&upstream);
    let server = sshd::start();
    let (key, known) = (server.login(), server.known());
    let url = Sshd::url_at(web.addr(), &upstream.repo());
    let finished = flags(trying(&url, &Root::new()), &key, &known).flag("--sync-timeout=5s").once();
    fails(&finished, "protocol", &["does not speak SSH"]);
}

#[test]
fn a_large_repository_comes_whole() {
    let upstream = Upstream::new();
    let mut change = upstream.change();
    for n in 0..10 {
        change = change.file(format!("dir{}/big{n}", n % 3), noise(3_500_000 + n));
    }
    let commit = change.files(500, "small").commit();
    let server = sshd::start();
    let (key, known) = (server.login(), server.known());
    // The second time, the keys of the connection are changed again and again.
    for more in [["AcceptEnv GIT_PROTOCOL"].as_slice(), &["RekeyLimit 8M"]] {
        server.configure(more);
        let root = Root::new();
        flags(trying(&server.url(&upstream.repo()), &root), &key, &known).once().expect_code(0);
        assert_published(&root, &upstream, &commit);
    }
}

/// Bytes that cannot be compressed, other ones for each length.
fn noise(length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(u64::try_from(length).unwrap());
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}

#[test]
fn a_user_without_a_name_and_without_a_home_needs_no_more_than_the_key() {
    if skip::unless_root("a user without a name") {
        return;
    }
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    // The modes are those of a Secret that is mounted for a group.
    for file in [&key.path, &known] {
        fs::set_permissions(file, fs::Permissions::from_mode(0o444)).unwrap();
    }
    fs::set_permissions(server.dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_gitsyncd"))
        .arg(format!("--repo={}", server.url(&upstream.repo())))
        .arg(format!("--root={}/root", root.path().display()))
        .arg(format!("--ssh-key-file={}", key.path.display()))
        .arg(format!("--ssh-known-hosts-file={}", known.display()))
        .args(["--one-time", "--max-failures=1"])
        .env_clear()
        .uid(12345)
        .gid(12345)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let link = fs::read_link(root.path().join("root/latest"));
    let link = link.or_else(|_| fs::read_link(root.path().join("root/repo")));
    assert!(link.unwrap().ends_with(upstream.head()));
}

#[test]
fn keys_and_hosts_that_did_not_change_do_not_end_the_connection() {
    let (upstream, server) = (Upstream::new(), sshd::start());
    let (key, known) = (server.login(), server.known());
    let root = Root::new();
    let daemon = flags(polling(&server.url(&upstream.repo()), &root), &key, &known).start();
    root.eventually_publishes(&upstream.head());
    after_more_attempts(&daemon, 5);
    assert_eq!(server.connections(), 1);
    // The same content in another file is another file, as a Secret that is mounted anew.
    let fresh = server.dir().join("fresh");
    fs::copy(&key.path, &fresh).unwrap();
    fs::rename(&fresh, &key.path).unwrap();
    after_more_attempts(&daemon, 5);
    assert_eq!(server.connections(), 2);
}
