//! Each fault of the proxy does what its name says.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::support::faults::{Fault, Proxy, in_front_of};
use crate::support::git::{attempt, git};
use crate::support::upstream::Upstream;
use crate::support::{git_daemon, http};

const ANSWER: [u8; 300] = [b'a'; 300];

/// A server that answers one question with [`ANSWER`] and hangs up, once for each connection.
fn talker() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut question = [0];
            if stream.read_exact(&mut question).is_ok() {
                drop(stream.write_all(&ANSWER));
            }
        }
    });
    addr
}

/// Asks through the proxy: what came, and the error after it, if the end was not a clean one.
fn ask(proxy: &Proxy) -> (Vec<u8>, Option<ErrorKind>) {
    let mut seen = Vec::new();
    let end = TcpStream::connect(proxy.addr()).and_then(|mut stream| {
        stream.set_read_timeout(Some(Duration::from_millis(200)))?;
        stream.write_all(b"?")?;
        stream.read_to_end(&mut seen)
    });
    (seen, end.err().map(|error| error.kind()))
}

fn through(fault: Fault) -> (Vec<u8>, Option<ErrorKind>) {
    let mut proxy = in_front_of(talker());
    assert_eq!(ask(&proxy), (ANSWER.to_vec(), None), "a healthy wire");
    proxy.break_with(fault);
    let seen = ask(&proxy);
    proxy.heal();
    assert_eq!(ask(&proxy), (ANSWER.to_vec(), None), "a healed wire");
    seen
}

#[test]
fn a_refusing_wire_refuses_and_keeps_its_port() {
    assert_eq!(through(Fault::Refuse), (Vec::new(), Some(ErrorKind::ConnectionRefused)));
}

#[test]
fn a_silent_wire_accepts_and_says_nothing() {
    assert_eq!(through(Fault::Silent), (Vec::new(), Some(ErrorKind::WouldBlock)));
}

#[test]
fn a_stalling_wire_says_no_more_and_stays_open() {
    let stalled = Fault::StallAfter(100);
    assert_eq!(through(stalled), (ANSWER[..100].to_vec(), Some(ErrorKind::WouldBlock)));
}

#[test]
fn a_resetting_wire_ends_in_an_error() {
    let (seen, end) = through(Fault::ResetAfter(100));
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert!(seen.len() <= 100);
}

#[test]
fn a_closing_wire_ends_as_if_all_was_said() {
    assert_eq!(through(Fault::CloseAfter(100)), (ANSWER[..100].to_vec(), None));
}

#[test]
fn a_flipping_wire_changes_one_byte() {
    let mut wrong = ANSWER;
    wrong[100] ^= 0x10;
    assert_eq!(through(Fault::FlipByteAfter(100)), (wrong.to_vec(), None));
}

#[test]
fn a_slow_wire_brings_everything_late() {
    let start = Instant::now();
    assert_eq!(through(Fault::Drip), (ANSWER.to_vec(), None));
    assert!(start.elapsed() >= Duration::from_millis(300 / 7));
    let start = Instant::now();
    assert_eq!(through(Fault::Latency(Duration::from_millis(30))), (ANSWER.to_vec(), None));
    assert!(start.elapsed() >= Duration::from_millis(60));
}

#[test]
fn connections_are_counted_and_can_be_cut() {
    let mut proxy = in_front_of(talker());
    proxy.break_with(Fault::Silent);
    let mut held = TcpStream::connect(proxy.addr()).unwrap();
    proxy.heal();
    // The listener accepts in order, so the first connection is known when the second is served.
    ask(&proxy);
    assert_eq!(proxy.connections(), 2);
    proxy.cut();
    assert_eq!(held.read(&mut [0]).unwrap(), 0);
}

#[test]
fn stock_git_gets_the_right_answer_through_slow_wires_only() {
    let upstream = Upstream::new();
    let (web, daemon) = (http::serve(&upstream), git_daemon::serve(&upstream));
    let (mut to_web, mut to_daemon) = (in_front_of(web.addr()), in_front_of(daemon.addr()));
    for fault in Fault::ALL {
        to_web.break_with(fault);
        to_daemon.break_with(fault);
        for url in [web.url_at(to_web.addr()), git_daemon::url_at(to_daemon.addr())] {
            // A wire that says nothing would hold Git for ever.
            let mut client = git(Path::new("/"));
            client.args(["-c", "http.lowSpeedLimit=1", "-c", "http.lowSpeedTime=1"]);
            if matches!(fault, Fault::Silent | Fault::StallAfter(_)) && url.starts_with("git:") {
                continue;
            }
            let answer = attempt(client.args(["ls-remote", &url, "HEAD"]));
            let right = answer == Ok(format!("{}\tHEAD", upstream.head()));
            // One wrong byte may not matter, and some ends look to Git like those of no refs.
            let harmless = matches!(fault, Fault::FlipByteAfter(_));
            assert!(harmless || right == fault.only_slow(), "{fault:?} {url}: {answer:?}");
        }
    }
}
