//! What a service manager is told of several repositories.

use std::io::ErrorKind;
use std::os::unix::net::UnixDatagram;
use tempfile::TempDir;

use crate::fleet::{Entry, List, One};
use crate::support::daemon::Root;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

/// Where it listens.
struct Manager {
    socket: UnixDatagram,
    dir: TempDir,
}

impl Manager {
    fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let socket = UnixDatagram::bind(dir.path().join("notify")).unwrap();
        socket.set_nonblocking(true).unwrap();
        Self { socket, dir }
    }

    fn address(&self) -> String {
        self.dir.path().join("notify").display().to_string()
    }

    /// What it is told next, if it was told anything.
    fn told(&self) -> Option<String> {
        let mut text = [0; 256];
        match self.socket.recv(&mut text) {
            Ok(length) => Some(String::from_utf8_lossy(&text[..length]).into_owned()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => None,
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn it_is_told_once_as_soon_as_all_that_are_listed_can_be_read() {
    let (manager, list) = (Manager::new(), List::new());
    let (one, gone, late) = (One::new(), Upstream::empty(), Upstream::empty());
    let roots = (Root::new(), Root::new());
    let gone = Entry::new("gone", &gone.repo(), &roots.0.path());
    let tardy = Entry::new("late", &late.repo(), &roots.1.path());
    list.list(&[one.entry("one"), gone, tardy.clone()]);
    let daemon = list.setup().variable("NOTIFY_SOCKET", manager.address()).start();
    one.eventually_published();
    eventually("the others fail", SOON, || {
        (daemon.events("attempt failed").len() >= 2).then_some(())
    });
    assert_eq!(manager.told(), None);
    // One that is listed no more is waited for no more.
    list.list(&[one.entry("one"), tardy]);
    daemon.eventually_logs("the configuration file changed");
    assert_eq!(manager.told(), None);
    let commit = late.commit("a", "1");
    roots.1.eventually_publishes(&commit);
    assert_eq!(eventually("it is told", SOON, || manager.told()), "READY=1\n");
    // Not again, whatever comes.
    one.follows("more");
    assert_eq!(manager.told(), None);
}
