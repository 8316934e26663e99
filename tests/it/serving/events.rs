//! Events of the API: what changes is told as it changes, and what was missed is told afterwards.

use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::serving::client::{connect, eventually_shows};
use crate::support::daemon::{Root, Setup, following};
use crate::support::upstream::Upstream;
use crate::support::wait::SOON;

/// A client of the stream of events.
struct Listener(BufReader<TcpStream>);

/// What it hears.
#[derive(Debug)]
struct Event {
    id: Option<u64>,
    name: String,
    data: Value,
}

impl Listener {
    fn new(addr: SocketAddr, seen: Option<u64>) -> Self {
        let mut stream = connect(addr);
        let seen = seen.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        // HTTP/1.0, so that nothing comes in chunks.
        write!(stream, "GET /api/v1/events HTTP/1.0\r\nHost: a\r\n{seen}\r\n").unwrap();
        Self(BufReader::new(stream))
    }

    fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let count = self.0.read_line(&mut line).unwrap();
        (count > 0).then(|| line.trim_end().to_owned())
    }

    /// The next event; none at the end of the stream.
    fn next(&mut self) -> Option<Event> {
        let begin = Instant::now();
        let mut event = Event { id: None, name: String::new(), data: Value::Null };
        loop {
            let line = self.line()?;
            if let Some(id) = line.strip_prefix("id: ") {
                event.id = Some(id.parse().unwrap());
            } else if let Some(name) = line.strip_prefix("event: ") {
                name.clone_into(&mut event.name);
            } else if let Some(data) = line.strip_prefix("data: ") {
                event.data = serde_json::from_str(data).unwrap();
            } else if line.is_empty() && !event.name.is_empty() {
                return Some(event);
            }
            assert!(begin.elapsed() < SOON, "there are no more events");
        }
    }

    /// The next entry of the history.
    fn entry(&mut self) -> Event {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name == "history" {
                assert_eq!(event.id, event.data["id"].as_u64());
                return event;
            }
        }
    }

    /// Listens until the status is like this.
    fn status(&mut self, wanted: impl Fn(&Value) -> bool) {
        loop {
            let event = self.next().expect("the stream goes on");
            if event.name == "status" && wanted(&event.data) {
                return;
            }
        }
    }
}

fn setup(upstream: &Upstream, root: &Root) -> Setup {
    let url = upstream.repo().display().to_string();
    following(&url, root).flag("--period=off").flag("--ref=main")
}

#[test]
fn a_client_that_comes_again_is_told_what_it_missed_over_restarts_too() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut daemon = setup(&upstream, &root).start();
    let mut listener = Listener::new(daemon.address(), Some(0));
    let first = listener.entry();
    assert_eq!(first.data["commit"]["id"], upstream.head());
    listener.status(|status| status["phase"] == "steady");
    let commit = upstream.commit("a", "1");
    let second = listener.entry();
    assert_eq!(
        (&second.data["what"], &second.data["commit"]["id"]),
        (&"published".into(), &commit.into())
    );
    assert!(second.id > first.id);
    drop(listener);
    let missed = upstream.commit("a", "2");
    eventually_shows(&daemon, &missed);
    daemon.signal(Signal::TERM);
    assert!(daemon.exit(SOON).success());

    let daemon = setup(&upstream, &root).start();
    daemon.eventually_ready();
    let mut listener = Listener::new(daemon.address(), second.id);
    let third = listener.entry();
    assert_eq!(third.data["commit"]["id"], missed);
    let mut late = Listener::new(daemon.address(), third.id);
    assert_eq!(late.next().unwrap().name, "status");
}

#[test]
fn streams_do_not_hold_up_the_end() {
    let (upstream, root) = (Upstream::new(), Root::new());
    let mut daemon = setup(&upstream, &root).start();
    root.eventually_publishes(&upstream.head());
    let mut listeners: Vec<_> = (0..10).map(|_| Listener::new(daemon.address(), None)).collect();
    assert!(listeners.iter_mut().all(|listener| listener.next().is_some()));
    let begin = Instant::now();
    daemon.signal(Signal::TERM);
    assert!(daemon.exit(Duration::from_secs(5)).success());
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    for mut listener in listeners {
        while listener.next().is_some() {}
    }
}
