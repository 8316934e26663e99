//! Servers that want to be left alone, and servers that do not keep connections.

use std::io::{Read, Write, copy};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::faults::course::{fails, patient, single, succeeds};
use crate::support::daemon::{Root, field};
use crate::support::http::{self, Answer};
use crate::support::listener::Port;
use crate::support::told::Failure;
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, eventually};

fn told(line: &str) -> (Failure, usize) {
    let upstream = Upstream::new();
    let server = http::over(&upstream).says(line).start();
    let failure = fails(single(&server.url(), &Root::new()));
    (failure, server.requests().len())
}

/// An hour from now, as a server would write it.
fn soon() -> (Timestamp, String) {
    let at = Timestamp::now() + SignedDuration::from_secs(600);
    (at, jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap())
}

#[test]
fn a_limit_is_no_matter_of_who_we_are() {
    let (at, date) = soon();
    let reset = at.as_second();
    for line in [
        "add_header Retry-After 600 always; return 429;".to_owned(),
        "add_header Retry-After 600 always; return 503;".to_owned(),
        format!("add_header Retry-After '{date}' always; return 429;"),
        format!("add_header Retry-After '{date}' always; return 503;"),
        "add_header Retry-After 600 always; return 403;".to_owned(),
        format!(
            "add_header X-RateLimit-Remaining 0 always; add_header X-RateLimit-Reset {reset} always; \
             return 403;"
        ),
        format!(
            "add_header x-ratelimit-remaining 0 always; add_header x-ratelimit-reset {reset} always; \
             return 429;"
        ),
    ] {
        let (failure, requests) = told(&line);
        failure.expect("network", "and wants to be left alone for ");
        assert!(
            failure.error.contains("for 59") || failure.error.contains("for 600"),
            "{failure:?}"
        );
        assert_eq!(requests, 1);
    }
    for line in [
        format!(
            "add_header X-RateLimit-Remaining 7 always; add_header X-RateLimit-Reset {reset} always; return 403;"
        ),
        "return 403;".to_owned(),
    ] {
        told(&line).0.expect("auth", "authentication failed for '");
    }
}

#[test]
fn the_wait_is_kept_to() {
    let (_, date) = soon();
    for line in [
        "add_header Retry-After 600 always; return 429;".to_owned(),
        format!("add_header Retry-After '{date}' always; return 503;"),
    ] {
        let upstream = Upstream::new();
        let server = http::over(&upstream).says(&line).start();
        let root = Root::new();
        let daemon = patient(&server.url(), &root).flag("-v9").start();
        let failed = daemon.eventually_logs("attempt failed");
        let error = field(&failed, "error").and_then(Value::as_str).unwrap();
        assert!(error.contains("left alone"), "{error}");
        let next = eventually("the next attempt is known", SOON, || {
            root.status()?["next_attempt_at"].as_str()?.parse::<Timestamp>().ok()
        });
        let wait = next.duration_since(Timestamp::now());
        assert!(wait > SignedDuration::from_secs(580), "{wait}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn a_server_that_wants_to_be_left_alone_is_asked_once() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let root = Root::new();
    let daemon = patient(&server.url(), &root).start();
    root.eventually_publishes(&upstream.head());
    server.answer(Answer::TooMany);
    daemon.eventually_logs("attempt failed");
    let turned_away = server.requests().iter().filter(|request| request.status == 429).count();
    assert_eq!(turned_away, 1);
}

#[test]
fn a_server_that_closes_after_each_answer_works() {
    let upstream = Upstream::new();
    for line in ["keepalive_timeout 0;", "chunked_transfer_encoding off; keepalive_timeout 0;"] {
        let server = http::over(&upstream).line(line).start();
        let root = Root::new();
        succeeds(single(&server.url(), &root));
        assert_eq!(root.published(), Some(upstream.head()));
        let requests = server.requests();
        let mut connections: Vec<_> = requests.iter().map(|request| request.connection).collect();
        connections.dedup();
        assert_eq!(connections.len(), requests.len(), "{requests:?}");
    }
}

/// Passes everything on, and says that the server is of the last century.
fn relay(client: TcpStream, server: SocketAddr) {
    let server = TcpStream::connect(server).unwrap();
    let (mut from_client, mut to_server) =
        (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || copy(&mut from_client, &mut to_server));
    thread::spawn(move || {
        let (mut server, mut client) = (server, client);
        let mut version = [0; 8];
        server.read_exact(&mut version).unwrap();
        assert_eq!(&version, b"HTTP/1.1");
        client.write_all(b"HTTP/1.0").unwrap();
        copy(&mut server, &mut client).unwrap();
        client.shutdown(Shutdown::Both).unwrap();
    });
}

#[test]
fn a_server_of_http_1_0_works() {
    let upstream = Upstream::new();
    let line = "chunked_transfer_encoding off; keepalive_timeout 0;";
    let server = http::over(&upstream).line(line).start();
    let (port, addr) = (Port::take(), server.addr());
    let _listener = port.listen(move |client| relay(client, addr));
    let root = Root::new();
    succeeds(single(&server.url_at(port.addr()), &root));
    assert_eq!(root.published(), Some(upstream.head()));
}
