//! The smallest client that can ask the program how it is, and ask it to do something.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::support::wait::SOON;

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// The status line and the headers, as they came.
    pub(crate) head: String,
    /// The content.
    pub(crate) body: String,
}

/// Asks for a path, on a connection of its own.
pub(crate) fn get(addr: SocketAddr, path: &str) -> io::Result<Reply> {
    ask(addr, "GET", path, &[], b"")
}

/// Sends a request with these headers and this content, on a connection of its own.
pub(crate) fn ask(
    addr: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    content: &[u8],
) -> io::Result<Reply> {
    let mut stream = TcpStream::connect_timeout(&addr, SOON)?;
    stream.set_read_timeout(Some(SOON))?;
    let headers = headers.iter().flat_map(|(name, value)| [*name, ": ", *value, "\r\n"]);
    let headers: String = headers.collect();
    let length = match content.len() {
        0 => String::new(),
        length => format!("Content-Length: {length}\r\n"),
    };
    // HTTP/1.0, so that the content ends with the connection and never comes in chunks.
    let head = format!("{method} {path} HTTP/1.0\r\nHost: {addr}\r\n{headers}{length}\r\n");
    stream.write_all(&[head.as_bytes(), content].concat())?;
    answer(&mut stream)
}

/// Reads an answer that ends with the connection.
pub(crate) fn answer(stream: &mut TcpStream) -> io::Result<Reply> {
    let mut text = Vec::new();
    stream.read_to_end(&mut text)?;
    let text = String::from_utf8_lossy(&text);
    let strange = || io::Error::new(io::ErrorKind::InvalidData, format!("no HTTP: {text:?}"));
    let (head, body) = text.split_once("\r\n\r\n").ok_or_else(strange)?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).ok_or_else(strange)?;
    Ok(Reply { status, head: head.to_owned(), body: body.to_owned() })
}
