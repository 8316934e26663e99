//! Servers that list refs for ever.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::faults::course::{fails, single};
use crate::support::daemon::Root;
use crate::support::listener::{Listener, Port};
use crate::support::told::Failure;

/// What a server says before it begins with its refs.
#[derive(Clone, Copy, Debug)]
enum Manner {
    /// By the first version of the protocol it lists them at once.
    Old,
    /// By the second it waits until it is asked.
    New,
    /// There is no end to what it can do.
    Able,
}

/// A line of the protocol.
fn line(text: &str) -> Vec<u8> {
    format!("{:04x}{text}", text.len() + 4).into_bytes()
}

/// A ref with a long name, so that not so many are needed.
fn a_ref(rest: &str) -> Vec<u8> {
    line(&format!("{} refs/heads/{}{rest}\n", "1".repeat(40), "x".repeat(4000)))
}

fn without_end(stream: &mut TcpStream, again: &[u8]) -> io::Result<()> {
    loop {
        stream.write_all(again)?;
    }
}

/// Reads until a question is over: what is asked for, and how it ends.
fn hear(stream: &mut TcpStream, end: &[u8]) -> io::Result<()> {
    let (mut question, mut byte) = (Vec::new(), [0]);
    while !question.ends_with(end) {
        stream.read_exact(&mut byte)?;
        question.push(byte[0]);
    }
    Ok(())
}

/// What comes before the refs are asked for; none if they have come, or never will.
fn greet(stream: &mut TcpStream, manner: Manner) -> io::Result<()> {
    match manner {
        Manner::Old => {
            stream.write_all(&a_ref("\0agent=endless"))?;
            without_end(stream, &a_ref(""))
        }
        Manner::New => {
            for text in ["version 2\n", "ls-refs\n", "fetch=shallow\n"] {
                stream.write_all(&line(text))?;
            }
            stream.write_all(b"0000")
        }
        Manner::Able => {
            stream.write_all(&line("version 2\n"))?;
            without_end(stream, &line(&format!("{}\n", "x".repeat(4000))))
        }
    }
}

fn as_daemon(mut stream: TcpStream, manner: Manner) -> io::Result<()> {
    hear(&mut stream, b"\0version=2\0")?;
    greet(&mut stream, manner)?;
    hear(&mut stream, b"0000")?;
    without_end(&mut stream, &a_ref(""))
}

fn as_web_server(mut stream: TcpStream, manner: Manner) -> io::Result<()> {
    let head = |kind: &str, length: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-{kind}\r\n{length}\r\n"
        )
    };
    hear(&mut stream, b"\r\n\r\n")?;
    if let Manner::New = manner {
        let length = "Content-Length: 48\r\n";
        stream.write_all(head("advertisement", length).as_bytes())?;
    } else {
        stream.write_all(head("advertisement", "").as_bytes())?;
    }
    if let Manner::Old = manner {
        stream.write_all(&line("# service=git-upload-pack\n"))?;
        stream.write_all(b"0000")?;
    }
    greet(&mut stream, manner)?;
    hear(&mut stream, b"\r\n\r\n")?;
    hear(&mut stream, b"0000")?;
    stream.write_all(head("result", "").as_bytes())?;
    without_end(&mut stream, &a_ref(""))
}

fn serve(answer: fn(TcpStream, Manner) -> io::Result<()>, manner: Manner) -> (Port, Listener) {
    let port = Port::take();
    let listener = port.listen(move |stream| {
        // It goes on until the client hangs up.
        drop(answer(stream, manner));
    });
    (port, listener)
}

#[track_caller]
fn is_given_up(url: &str) -> Failure {
    let root = Root::new();
    let failure = fails(single(url, &root).flag("--sync-timeout=120s"));
    failure.expect("protocol", "sends more than 64 MiB of refs, which is the limit");
    assert!(failure.error.contains(url), "{failure:?}");
    assert_eq!((failure.step.as_str(), root.published()), ("resolve", None));
    failure
}

#[test]
fn a_web_server_that_lists_refs_without_end_is_given_up() {
    for manner in [Manner::Old, Manner::New, Manner::Able] {
        let (port, _listener) = serve(as_web_server, manner);
        is_given_up(&format!("http://{}/repo.git", port.addr()));
    }
}

#[test]
fn a_daemon_that_lists_refs_without_end_is_given_up() {
    for manner in [Manner::Old, Manner::New, Manner::Able] {
        let (port, _listener) = serve(as_daemon, manner);
        is_given_up(&format!("git://{}/repo.git", port.addr()));
    }
}
