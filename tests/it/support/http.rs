//! A server for `http://` and `https://`: nginx, fcgiwrap and `git http-backend`.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::SHA1_FOR_LEGACY_USE_ONLY;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

use crate::support::authority::{Authority, Leaf};
use crate::support::git::{git, run};
use crate::support::nginx;
use crate::support::process::{Group, path, program};
use crate::support::upstream::Upstream;
use crate::support::wait::{SOON, pause};

/// What kind of server to start.
#[derive(Debug)]
pub(crate) struct Setup<'a> {
    pub(crate) upstream: &'a Upstream,
    pub(crate) login: Option<(String, String)>,
    pub(crate) authority: Option<&'a Authority>,
    pub(crate) away: Option<String>,
    pub(crate) old_protocol: bool,
    pub(crate) leaf: Leaf,
    /// Lines of nginx for the whole server, and for the place where the repository is.
    pub(crate) lines: (String, String),
}

/// Begins to describe a server for the repository.
pub(crate) fn over(upstream: &Upstream) -> Setup<'_> {
    Setup {
        upstream,
        login: None,
        authority: None,
        away: None,
        old_protocol: false,
        leaf: Leaf::default(),
        lines: Default::default(),
    }
}

/// Starts a plain server for the repository.
pub(crate) fn serve(upstream: &Upstream) -> Http {
    over(upstream).start()
}

/// An answer that is given to every request for the repository, in place of the true one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 401, as if the password were wrong.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404.
    Missing,
    /// 429 with `Retry-After`.
    TooMany,
    /// 500.
    Broken,
    /// 503.
    Unavailable,
}

impl Answer {
    /// Every answer.
    pub(crate) const ALL: [Self; 6] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::Missing,
        Self::TooMany,
        Self::Broken,
        Self::Unavailable,
    ];

    /// The status code.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Unauthorized => 401,
            Self::Forbidden => 403,
            Self::Missing => 404,
            Self::TooMany => 429,
            Self::Broken => 500,
            Self::Unavailable => 503,
        }
    }
}

impl<'a> Setup<'a> {
    /// Asks for a name and a password.
    pub(crate) fn login(mut self, user: &str, password: &str) -> Self {
        self.login = Some((user.to_owned(), password.to_owned()));
        self
    }

    /// Speaks TLS, with a certificate of this authority.
    pub(crate) fn tls(mut self, authority: &'a Authority) -> Self {
        self.authority = Some(authority);
        self
    }

    /// Sends requests under [`Http::away_url`] to another server: what comes before `/repo.git`.
    pub(crate) fn away(mut self, base: &str) -> Self {
        self.away = Some(base.to_owned());
        self
    }

    /// Does not know protocol version 2.
    pub(crate) fn old_protocol(mut self) -> Self {
        self.old_protocol = true;
        self
    }

    /// Shows a certificate that says this.
    pub(crate) fn leaf(mut self, leaf: Leaf) -> Self {
        self.leaf = leaf;
        self
    }

    /// Asks for a certificate of this authority.
    pub(crate) fn clients_of(self, authority: &Authority) -> Self {
        let file = authority.certificate();
        self.line(&format!("ssl_client_certificate {}; ssl_verify_client on;", file.display()))
    }

    /// Adds a line of nginx for the whole server.
    pub(crate) fn line(mut self, line: &str) -> Self {
        self.lines.0.push_str(line);
        self
    }

    /// Adds a line of nginx for the place where the repository is.
    pub(crate) fn says(mut self, line: &str) -> Self {
        self.lines.1.push_str(line);
        self
    }

    /// Starts it, and returns when it answers.
    pub(crate) fn start(self) -> Http {
        let dir = TempDir::new().unwrap();
        if let Some((user, password)) = &self.login {
            admit(dir.path(), user, password);
        }
        if let Some(authority) = self.authority {
            authority.certify(&self.leaf, dir.path());
        }
        let gateway = gateway(dir.path());
        let (nginx, addr) = (0..20)
            .find_map(|_| nginx_on_a_free_port(&self, dir.path()))
            .unwrap_or_else(|| panic!("nginx does not start: {}", log(dir.path(), "error.log")));
        let scheme = if self.authority.is_some() { "https" } else { "http" };
        Http { addr, scheme, _nginx: nginx, _gateway: gateway, dir }
    }
}

/// Starts the processes that run `git http-backend`: one for each request at the same time.
///
/// The socket is made here and is their standard input, so they are up at once, and each is a
/// child of this process, so none stays a zombie.
fn gateway(dir: &Path) -> Vec<Group> {
    let socket = OwnedFd::from(UnixListener::bind(dir.join("gateway.sock")).unwrap());
    let start = |_| {
        Group::start(
            Command::new(program("fcgiwrap"))
                .env_clear()
                .env("PATH", path())
                .env("HOME", "/nonexistent")
                .stdin(socket.try_clone().unwrap())
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        )
    };
    (0..4).map(start).collect()
}

/// Starts nginx on a port that was free a moment ago; nothing if somebody took it meanwhile.
fn nginx_on_a_free_port(setup: &Setup<'_>, dir: &Path) -> Option<(Group, SocketAddr)> {
    let addr = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let backend = run(git(dir).arg("--exec-path"));
    let backend = PathBuf::from(backend).join("git-http-backend");
    assert!(backend.is_file(), "{} is missing", backend.display());
    let file = dir.join("nginx.conf");
    fs::write(&file, nginx::configuration(setup, dir, addr.port(), &backend)).unwrap();
    // A socket that was left behind by the try before would stop this one.
    drop(fs::remove_file(dir.join("up.sock")));
    let mut group = Group::start(
        Command::new(program("nginx"))
            .env_clear()
            .arg("-e")
            .arg(dir.join("error.log"))
            .arg("-c")
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null()),
    );
    let end = Instant::now() + SOON;
    while group.ended().is_none() && Instant::now() < end {
        if up(dir).is_ok() {
            return Some((group, addr));
        }
        pause(Duration::from_millis(2));
    }
    None
}

/// Asks nginx by its private socket. It answers only when it listens everywhere, and only after
/// everything that came before is in its log.
fn up(dir: &Path) -> std::io::Result<()> {
    let mut socket = UnixStream::connect(dir.join("up.sock"))?;
    socket.set_read_timeout(Some(SOON))?;
    socket.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut first = [0];
    socket.read_exact(&mut first)
}

/// Writes who may ask, for nginx, which reads it again at each request. The hash lets the password
/// hold any character.
fn admit(dir: &Path, user: &str, password: &str) {
    let hash = ring::digest::digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    let hash = BASE64_STANDARD.encode(hash);
    fs::write(dir.join("users.new"), format!("{user}:{{SHA}}{hash}\n")).unwrap();
    fs::rename(dir.join("users.new"), dir.join("users")).unwrap();
}

fn log(dir: &Path, name: &str) -> String {
    String::from_utf8_lossy(&fs::read(dir.join(name)).unwrap_or_default()).into_owned()
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Http {
    addr: SocketAddr,
    scheme: &'static str,
    // Ended in this order, before their directory goes.
    _nginx: Group,
    _gateway: Vec<Group>,
    dir: TempDir,
}

/// A request that the server has answered.
#[derive(Clone, Debug, serde::Deserialize)]
pub(crate) struct Request {
    /// Which connection it came on; equal numbers mean the same connection.
    pub(crate) connection: u64,
    /// The answer.
    pub(crate) status: u16,
    /// The method.
    pub(crate) method: String,
    /// Path and query.
    pub(crate) target: String,
    /// How many bytes went back, with headers.
    pub(crate) sent: u64,
    /// Who asked, by basic authentication.
    pub(crate) user: String,
    /// The header `Cookie`.
    pub(crate) cookie: String,
    /// The header `Git-Protocol`.
    pub(crate) protocol: String,
    /// The header `X-Extra`.
    pub(crate) extra: String,
    /// The header `Authorization`.
    pub(crate) authorization: String,
    /// Whose certificate the client showed.
    pub(crate) client: String,
}

impl Http {
    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The repository's URL.
    pub(crate) fn url(&self) -> String {
        self.url_at(self.addr)
    }

    /// The repository's URL by way of another address, such as a proxy's.
    pub(crate) fn url_at(&self, addr: SocketAddr) -> String {
        format!("{}://{addr}/repo.git", self.scheme)
    }

    /// A URL that redirects to [`Http::url`], permanently.
    pub(crate) fn moved_url(&self) -> String {
        format!("{}://{}/moved/repo.git", self.scheme, self.addr)
    }

    /// A URL that redirects to the server that was given to [`Setup::away`].
    pub(crate) fn away_url(&self) -> String {
        format!("{}://{}/away/repo.git", self.scheme, self.addr)
    }

    /// Asks for another name and password from now on.
    pub(crate) fn admit(&self, user: &str, password: &str) {
        admit(self.dir.path(), user, password);
    }

    /// Gives this answer to every request from now on.
    pub(crate) fn answer(&self, answer: Answer) {
        self.heal();
        fs::write(self.answer_file(answer), "").unwrap();
    }

    /// Serves the repository again.
    pub(crate) fn heal(&self) {
        for answer in Answer::ALL {
            if self.answer_file(answer).exists() {
                fs::remove_file(self.answer_file(answer)).unwrap();
            }
        }
    }

    fn answer_file(&self, answer: Answer) -> PathBuf {
        self.dir.path().join(format!("answer-{}", answer.status()))
    }

    /// The requests that were answered so far, in the order of their ends.
    pub(crate) fn requests(&self) -> Vec<Request> {
        up(self.dir.path()).unwrap();
        let parse = |line: &str| serde_json::from_str(line).expect("nginx writes JSON");
        log(self.dir.path(), "access.log").lines().map(parse).collect()
    }

    /// A file of the server's, such as `tls.crt`.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// What nginx complained about.
    pub(crate) fn complaints(&self) -> String {
        log(self.dir.path(), "error.log")
    }
}
