//! A small HTTP server whose answers a test writes byte by byte. It notes what it was asked.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use crate::support::listener::{Listener, Port};

/// What it was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    /// Method, path and query.
    pub(crate) line: String,
    /// The lines of the head after that.
    head: Vec<String>,
    /// The content.
    pub(crate) body: String,
}

impl Asked {
    pub(crate) fn read(stream: &TcpStream) -> Option<Self> {
        let mut reader = BufReader::new(stream);
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            if line.trim().is_empty() {
                break;
            }
            lines.push(line.trim().to_owned());
        }
        let line = (!lines.is_empty()).then(|| lines.remove(0))?;
        let mut asked = Self { line, head: lines, body: String::new() };
        let length = asked.header("content-length").and_then(|text| text.parse().ok());
        reader.take(length.unwrap_or(0)).read_to_string(&mut asked.body).ok()?;
        Some(asked)
    }

    /// Asks another server the same, and gives its answer as it came.
    pub(crate) fn forward(&self, to: SocketAddr) -> Reply {
        let mut stream = TcpStream::connect(to).unwrap();
        let kept = self.head.iter().filter(|line| !line.to_lowercase().starts_with("connection:"));
        let head: Vec<_> = kept.map(String::as_str).collect();
        let (line, head, body) = (&self.line, head.join("\r\n"), &self.body);
        write!(stream, "{line}\r\n{head}\r\nConnection: close\r\n\r\n{body}").unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        Reply::Bytes(answer)
    }

    /// The same with a body that was changed.
    pub(crate) fn forward_anew(mut self, to: SocketAddr) -> Reply {
        self.head.retain(|line| !line.to_lowercase().starts_with("content-length:"));
        if self.line.starts_with("POST") {
            self.head.push(format!("Content-Length: {}", self.body.len()));
        }
        self.forward(to)
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut pairs = self.head.iter().filter_map(|line| line.split_once(':'));
        pairs.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// What it does with a question.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Sends these bytes and closes.
    Bytes(Vec<u8>),
    /// Says nothing, and keeps the connection.
    Silence,
}

/// An answer as large servers give it.
pub(crate) fn answer(status: &str, body: &str) -> Reply {
    let length = body.len();
    let text =
        format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    Reply::Bytes(text.into_bytes())
}

/// The same with more lines in its head.
pub(crate) fn answer_with(status: &str, head: &[&str], body: &str) -> Reply {
    let (length, head) = (body.len(), head.join("\r\n"));
    let text = format!(
        "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    );
    Reply::Bytes(text.into_bytes())
}

/// An answer as scripts of a few lines give it: bare line ends, no length.
pub(crate) fn bare(status: &str, body: &str) -> Reply {
    Reply::Bytes(format!("HTTP/1.0 {status}\n\n{body}").into_bytes())
}

/// An answer in pieces.
pub(crate) fn chunked(body: &str) -> Reply {
    let mut text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for piece in body.as_bytes().chunks(5) {
        let piece = std::str::from_utf8(piece).unwrap();
        write!(text, "{:x}\r\n{piece}\r\n", piece.len()).unwrap();
    }
    Reply::Bytes(format!("{text}0\r\n\r\n").into_bytes())
}

/// A server, or a place for one that has not started yet.
#[derive(Debug)]
pub(crate) struct Service {
    port: Port,
    asked: Arc<Mutex<Vec<Asked>>>,
    listener: Option<Listener>,
}

impl Service {
    /// Takes a port. Whoever comes is refused.
    pub(crate) fn not_yet() -> Self {
        Self { port: Port::take(), asked: Arc::default(), listener: None }
    }

    /// Starts one.
    pub(crate) fn start(reply: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let mut service = Self::not_yet();
        service.listen(reply);
        service
    }

    /// Starts to answer, in place of how it did before.
    pub(crate) fn listen(&mut self, mut reply: impl FnMut(&Asked) -> Reply + Send + 'static) {
        self.listener = None;
        let asked = Arc::clone(&self.asked);
        let mut silent = Vec::new();
        self.listener = Some(self.port.listen(move |mut stream| {
            let Some(question) = Asked::read(&stream) else {
                return;
            };
            let reply = reply(&question);
            asked.lock().unwrap_or_else(PoisonError::into_inner).push(question);
            match reply {
                // Whoever asked may be gone.
                Reply::Bytes(bytes) => drop(stream.write_all(&bytes)),
                Reply::Silence => silent.push(stream),
            }
        }));
    }

    /// Where it is.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr())
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
