//! Connections that were kept from one attempt to the next, and died without a word.

use rustix::process::Signal;

use crate::contract::ended;
use crate::support::daemon::{Root, Setup, following};
use crate::support::faults::{self, Proxy};
use crate::support::http;
use crate::support::sshd::{self, Sshd};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};
use crate::ways::ssh::flags;

/// Lets a connection die between two attempts. The next one brings what is new all the same.
#[track_caller]
fn survives(setup: Setup, upstream: &Upstream, root: &Root, proxy: &Proxy) {
    let setup = setup.flag("--period=off").flag("--sync-on-signal=HUP").flag("--sync-timeout=6s");
    let mut daemon = setup.start();
    eventually("the first attempt has ended", SOON, || (ended(&daemon) == 1).then_some(()));
    let before = proxy.connections();
    proxy.hush();
    let commit = upstream.commit("a", "new");
    daemon.signal(Signal::HUP);
    eventually("the second attempt has ended", SOON, || (ended(&daemon) == 2).then_some(()));
    assert_eq!(root.published(), Some(commit), "{:?}", daemon.events("attempt failed"));
    assert!(proxy.connections() > before);
}

#[test]
fn an_attempt_survives_a_kept_connection_that_died_over_http() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let server = http::serve(&upstream);
    let proxy = faults::in_front_of(server.addr());
    survives(following(&server.url_at(proxy.addr()), &root), &upstream, &root, &proxy);
}

#[test]
fn an_attempt_survives_a_kept_connection_that_died_over_ssh() {
    let (upstream, root, server) = (Upstream::new(), Root::new(), sshd::start());
    let proxy = faults::in_front_of(server.addr());
    let (key, known) = (server.login(), server.known_at(proxy.addr()));
    let setup = following(&Sshd::url_at(proxy.addr(), &upstream.repo()), &root);
    survives(flags(setup, &key, &known), &upstream, &root, &proxy);
}
