//! An LFS server over HTTP that gives the files in a directory, and repositories that have some.
//!
//! It does what the documents of git-lfs say, unless a test says otherwise for a request.

use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::support::git::{git, run};
use crate::support::listener::{Listener, Port};
use crate::support::service::{Asked, Reply, answer, answer_with};
use crate::support::upstream::Upstream;

/// What stock Git is told so that it runs git-lfs.
pub(crate) const FILTER: [(&str, &str); 4] = [
    ("filter.lfs.clean", "git-lfs clean -- %f"),
    ("filter.lfs.smudge", "git-lfs smudge -- %f"),
    ("filter.lfs.process", "git-lfs filter-process"),
    ("filter.lfs.required", "true"),
];

/// A repository whose `*.bin` are files of Git LFS, made with stock git-lfs. It has one commit.
pub(crate) fn upstream() -> Upstream {
    let upstream = Upstream::empty();
    run(upstream.git().args(["lfs", "install", "--local", "--skip-repo"]));
    // A push brings no files.
    run(upstream.git().args(["config", "core.hooksPath", "/dev/null"]));
    upstream.commit(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n");
    upstream
}

/// Where stock git-lfs keeps the files of a repository that [`upstream`] made.
pub(crate) fn kept(upstream: &Upstream) -> PathBuf {
    upstream.work().join(".git/lfs")
}

/// What lets stock Git check out the same.
pub(crate) fn settings(kept: &Path) -> Vec<(&'static str, String)> {
    let storage = ("lfs.storage", kept.to_str().unwrap().to_owned());
    FILTER.iter().map(|(key, value)| (*key, (*value).to_owned())).chain([storage]).collect()
}

/// The id of a file with this content.
pub(crate) fn oid(content: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, content);
    let digits = |byte: &u8| [byte >> 4, byte & 15].map(|half| char::from_digit(half.into(), 16));
    digest.as_ref().iter().flat_map(digits).flatten().collect()
}

/// The text of a pointer.
pub(crate) fn pointer(oid: &str, size: usize) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {size}\n")
}

/// Where a file is below a directory of git-lfs.
pub(crate) fn place(kept: &Path, oid: &str) -> PathBuf {
    let (first, rest) = oid.split_at(2);
    kept.join("objects").join(first).join(rest.split_at(2).0).join(oid)
}

/// Stock Git in a published tree, with git-lfs.
pub(crate) fn git_with_lfs(dir: &Path) -> Command {
    let mut command = git(dir);
    for (key, value) in FILTER {
        command.args(["-c", &format!("{key}={value}")]);
    }
    command
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    port: Port,
    asked: Arc<Mutex<Vec<Asked>>>,
    _listener: Listener,
}

type Special = dyn Fn(&Asked) -> Option<Reply> + Send + Sync;

impl Server {
    /// Gives the files of a directory of git-lfs.
    pub(crate) fn start(kept: &Path) -> Self {
        Self::with(kept, |_asked| None)
    }

    /// The same, except for what is answered otherwise.
    pub(crate) fn with(
        kept: &Path,
        special: impl Fn(&Asked) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let port = Port::take();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, kept, special) = (Arc::clone(&asked), kept.to_owned(), Arc::new(special));
        let listener = port.listen(move |stream| {
            let (seen, kept, special) = (Arc::clone(&seen), kept.clone(), Arc::clone(&special));
            // Several come at once, and each connection is for one request.
            drop(thread::spawn(move || serve(&stream, &kept, &seen, &*special)));
        });
        Self { port, asked, _listener: listener }
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// What `lfs.url` is to be.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/lfs", self.addr())
    }

    /// All that it was asked so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The requests for files so far.
    pub(crate) fn downloads(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.line.starts_with("GET ")).collect()
    }

    /// The questions where files are so far.
    pub(crate) fn batches(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| asked.line.starts_with("POST ")).collect()
    }
}

fn serve(stream: &TcpStream, kept: &Path, seen: &Mutex<Vec<Asked>>, special: &Special) {
    let Some(asked) = Asked::read(stream) else {
        return;
    };
    seen.lock().unwrap_or_else(PoisonError::into_inner).push(asked.clone());
    // Whoever asked may be gone.
    drop(match special(&asked) {
        Some(Reply::Bytes(bytes)) => (&*stream).write_all(&bytes),
        Some(Reply::Silence) => (&*stream).read(&mut [0; 1]).map(drop),
        None if asked.line.starts_with("POST ") => {
            let Reply::Bytes(bytes) = batch(&asked, kept) else { return };
            (&*stream).write_all(&bytes)
        }
        None => give(stream, &asked, kept),
    });
}

/// The path of a request.
pub(crate) fn path(asked: &Asked) -> &str {
    asked.line.split(' ').nth(1).unwrap()
}

/// The address of a file at whoever was asked.
fn href(asked: &Asked, oid: &str) -> String {
    let scheme = asked.header("x-scheme").unwrap_or("http");
    let host = asked.header("host").unwrap();
    let base = path(asked).strip_suffix("/batch").unwrap();
    format!("{scheme}://{host}{base}/{oid}")
}

/// The files that a question names, with their sizes.
pub(crate) fn wanted(asked: &Asked) -> Vec<(String, u64)> {
    let question: Value = serde_json::from_str(&asked.body).unwrap();
    let one = |object: &Value| {
        (object["oid"].as_str().unwrap().to_owned(), object["size"].as_u64().unwrap())
    };
    question["objects"].as_array().unwrap().iter().map(one).collect()
}

/// The answer where files are.
fn batch(asked: &Asked, kept: &Path) -> Reply {
    told(asked, |oid| {
        if place(kept, oid).exists() {
            json!({"actions": {"download": {"href": href(asked, oid)}}})
        } else {
            json!({"error": {"code": 404, "message": "Object does not exist"}})
        }
    })
}

/// The answer that says something of each file.
pub(crate) fn told(asked: &Asked, of: impl Fn(&str) -> Value) -> Reply {
    let objects = wanted(asked).into_iter().map(|(oid, size)| {
        let mut told = of(&oid);
        told["oid"] = json!(oid);
        told["size"] = json!(size);
        told
    });
    let text = json!({"transfer": "basic", "objects": objects.collect::<Vec<_>>()});
    answer_with("200 OK", &["Content-Type: application/vnd.git-lfs+json"], &text.to_string())
}

/// The answer that refuses a whole request.
pub(crate) fn refusal(status: &str, message: &str) -> Reply {
    answer(status, &json!({"message": message}).to_string())
}

/// Sends a file, or the part that is asked for.
fn give(mut stream: &TcpStream, asked: &Asked, kept: &Path) -> io::Result<()> {
    let oid = path(asked).rsplit('/').next().unwrap();
    let Ok(mut file) = File::open(place(kept, oid)) else {
        return stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    };
    let size = file.metadata()?.len();
    let range = asked.header("range").and_then(|range| range.strip_prefix("bytes="));
    let from = range.and_then(|range| range.trim_end_matches('-').parse().ok());
    match from {
        Some(from) if from >= size => {
            stream.write_all(b"HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        }
        from => {
            let first = from.unwrap_or(0);
            let (status, last) = (if from.is_some() { 206 } else { 200 }, size - 1);
            file.seek(SeekFrom::Start(first))?;
            write!(
                stream,
                "HTTP/1.1 {status} OK\r\nContent-Length: {}\r\nConnection: close\r\n\
                 Content-Range: bytes {first}-{last}/{size}\r\n\r\n",
                size - first
            )?;
            io::copy(&mut file, &mut stream).map(drop)
        }
    }
}

/// A file that ends too early, and whose length says so.
pub(crate) fn cut(kept: &Path, asked: &Asked, bytes: usize) -> Reply {
    let content = fs::read(place(kept, path(asked).rsplit('/').next().unwrap())).unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
    Reply::Bytes([head.as_bytes(), &content[..bytes]].concat())
}
