//! Servers that close a connection just when something more is asked on it.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::contract::{assert_published, trying};
use crate::support::daemon::Root;
use crate::support::http;
use crate::support::upstream::Upstream;

/// Passes on one question and its answer, and hangs up at the next question.
fn one_answer(client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let server = TcpStream::connect(server)?;
    let answered = Arc::new(AtomicBool::new(false));
    let (mut from, mut to, seen) =
        (server.try_clone()?, client.try_clone()?, Arc::clone(&answered));
    thread::spawn(move || {
        let mut piece = [0; 16 << 10];
        while let Ok(count @ 1..) = from.read(&mut piece) {
            seen.store(true, Ordering::SeqCst);
            if to.write_all(&piece[..count]).is_err() {
                break;
            }
        }
    });
    let (mut from, mut to) = (client, server);
    let mut piece = [0; 16 << 10];
    while let Ok(count @ 1..) = from.read(&mut piece) {
        if answered.load(Ordering::SeqCst) {
            break;
        }
        to.write_all(&piece[..count])?;
    }
    from.shutdown(Shutdown::Both)?;
    to.shutdown(Shutdown::Both)
}

#[test]
fn what_was_asked_on_a_connection_that_was_just_closed_is_asked_on_another() {
    let upstream = Upstream::new();
    let server = http::serve(&upstream);
    let (listener, behind) = (TcpListener::bind("127.0.0.1:0").unwrap(), server.addr());
    let addr = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            count.fetch_add(1, Ordering::SeqCst);
            thread::spawn(move || one_answer(client, behind));
        }
    });
    let root = Root::new();
    trying(&server.url_at(addr), &root).once().expect_code(0);
    assert_published(&root, &upstream, &upstream.head());
    assert!(connections.load(Ordering::SeqCst) >= 3);
}
