//! A client that says what a test wants, right or wrong.

use serde_json::Value;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::daemon::Daemon;
use crate::support::get::{Reply, answer};
use crate::support::wait::{SOON, eventually};

/// Connects, so that nothing is waited for endlessly.
pub(crate) fn connect(addr: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&addr, SOON).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.set_write_timeout(Some(SOON)).unwrap();
    stream
}

/// Sends bytes and reads all that comes. The server may end the connection before it has read them.
pub(crate) fn exchange(addr: SocketAddr, bytes: &[u8]) -> Reply {
    let mut stream = connect(addr);
    let sent = stream.write_all(bytes);
    let reply = rest(&mut stream);
    reply.unwrap_or_else(|error| panic!("no answer: {error}, sent: {sent:?}"))
}

/// Reads an answer that ends with the connection, its head in lower case.
pub(crate) fn rest(stream: &mut TcpStream) -> io::Result<Reply> {
    answer(stream).map(|reply| Reply { head: reply.head.to_lowercase(), ..reply })
}

/// Calls the API.
pub(crate) fn call(addr: SocketAddr, method: &str, path: &str, token: &str, body: &str) -> Reply {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    exchange(addr, &[head.as_bytes(), body.as_bytes()].concat())
}

/// The content of an answer.
pub(crate) fn json(reply: &Reply) -> Value {
    serde_json::from_str(&reply.body).unwrap_or_else(|error| panic!("{error}: {reply:?}"))
}

/// Waits until the program itself knows that the commit is published.
#[track_caller]
pub(crate) fn eventually_shows(daemon: &Daemon, commit: &str) {
    eventually(&format!("the status shows {commit}"), SOON, || {
        let status = json(&daemon.get("/api/v1/status").unwrap());
        (status["commit"]["id"] == commit).then_some(())
    });
}
