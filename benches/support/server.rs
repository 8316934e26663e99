//! A server for the origin: nginx, fcgiwrap and `git http-backend`, on loopback.
//!
//! Its processes are children that are never waited for while something is measured, so their time
//! is in no figure. They do run on the same processors, as part of everybody's waiting.

use std::collections::BTreeSet;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::git::{git, program, run, search_path};
use crate::support::usage::pause;

/// How many requests are answered at the same time.
const GATEWAYS: usize = 4;

/// A running server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    log: PathBuf,
    children: Vec<Child>,
}

impl Server {
    /// Serves `repo.git` in `origin`, with the server's own files in `dir`.
    pub(crate) fn start(origin: &Path, dir: &Path) -> Self {
        fs::create_dir_all(dir).unwrap();
        let mut server = Self {
            // Free a moment ago; if somebody takes it meanwhile, nginx says so and the bench ends.
            address: TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap(),
            log: dir.join("access.log"),
            children: gateways(dir),
        };
        let file = dir.join("nginx.conf");
        fs::write(&file, configuration(origin, dir, server.address)).unwrap();
        let mut nginx = quiet(program("nginx"));
        nginx.arg("-e").arg(dir.join("error.log")).arg("-c").arg(file).stdin(Stdio::null());
        server.children.push(nginx.spawn().unwrap());
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(server.address).is_err() {
            assert!(Instant::now() < end, "nginx does not start; see {}", dir.display());
            pause(Duration::from_millis(2));
        }
        server
    }

    /// The URL of the repository.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/repo.git", self.address)
    }

    /// Waits until everything that was answered is in the log, and gives the place where it ends.
    pub(crate) fn mark(&self) -> Mark {
        // An answer is logged a moment after it was read.
        pause(Duration::from_millis(20));
        Mark(self.log().lines().count())
    }

    /// What was asked of it since a mark.
    pub(crate) fn asked_since(&self, mark: Mark) -> Asked {
        let Mark(end) = self.mark();
        let text = self.log();
        let lines: Vec<_> = text.lines().take(end).collect();
        let (old, new) = lines.split_at(mark.0);
        let connections = |lines: &[&str]| -> BTreeSet<String> {
            lines.iter().filter_map(|line| Some(line.split(' ').next()?.to_owned())).collect()
        };
        let bytes = new.iter().filter_map(|line| line.split(' ').nth(2)?.parse::<f64>().ok());
        let seconds = new.iter().filter_map(|line| line.split(' ').nth(1)?.parse::<f64>().ok());
        Asked {
            requests: count(new.len()),
            connections: count(connections(new).difference(&connections(old)).count()),
            bytes: bytes.sum(),
            time: Duration::from_secs_f64(seconds.sum()),
        }
    }

    /// When each request since a mark began, in seconds since 1970.
    pub(crate) fn arrivals_since(&self, mark: Mark) -> Vec<f64> {
        let Mark(end) = self.mark();
        let text = self.log();
        let of = |line: &str| {
            let took: f64 = line.split(' ').nth(1)?.parse().ok()?;
            let ended: f64 = line.rsplit(' ').next()?.parse().ok()?;
            Some(ended - took)
        };
        text.lines().take(end).skip(mark.0).filter_map(of).collect()
    }

    /// Begins to answer everything with 503.
    pub(crate) fn refuse(&self, answer: Refusal) {
        fs::write(self.log.with_file_name(answer.file()), "").unwrap();
    }

    /// Answers again.
    pub(crate) fn serve(&self) {
        for answer in [Refusal::Plain, Refusal::Later] {
            drop(fs::remove_file(self.log.with_file_name(answer.file())));
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

/// How a server that is down answers: with 503, and
#[derive(Clone, Copy, Debug)]
pub(crate) enum Refusal {
    /// nothing more,
    Plain,
    /// `Retry-After: 15`.
    Later,
}

impl Refusal {
    fn file(self) -> &'static str {
        match self {
            Self::Plain => "down",
            Self::Later => "later",
        }
    }
}

/// A place in the log of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mark(usize);

/// What was asked of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    /// How many requests there were.
    pub(crate) requests: f64,
    /// How many connections were new.
    pub(crate) connections: f64,
    /// How much was answered, with all heads.
    pub(crate) bytes: f64,
    /// How long it took from the first byte of each request to the last of its answer, together.
    pub(crate) time: Duration,
}

impl Asked {
    /// The same for one of so many.
    pub(crate) fn divided_by(self, many: f64) -> Self {
        Self {
            requests: self.requests / many,
            connections: self.connections / many,
            bytes: self.bytes / many,
            time: self.time.div_f64(many),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        for mut child in self.children.drain(..).rev() {
            drop(child.kill().and_then(|()| child.wait()));
        }
    }
}

fn count(things: usize) -> f64 {
    f64::from(u32::try_from(things).unwrap())
}

fn quiet(program: PathBuf) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", search_path())
        .env("HOME", "/nonexistent")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Starts the processes that run `git http-backend`. Their standard input is the socket that they
/// accept from, so they are up at once.
fn gateways(dir: &Path) -> Vec<Child> {
    let socket = OwnedFd::from(UnixListener::bind(dir.join("gateway.sock")).unwrap());
    let start = |_| quiet(program("fcgiwrap")).stdin(socket.try_clone().unwrap()).spawn().unwrap();
    (0..GATEWAYS).map(start).collect()
}

fn configuration(origin: &Path, dir: &Path, address: SocketAddr) -> String {
    let backend = PathBuf::from(run(git(dir).arg("--exec-path"))).join("git-http-backend");
    let temporary = ["client_body", "fastcgi", "proxy", "scgi", "uwsgi"]
        .map(|what| format!("{what}_temp_path {}/temp-{what};", dir.display()))
        .join("\n  ");
    format!(
        r#"daemon off;
master_process off;
pid {dir}/nginx.pid;
error_log {dir}/error.log;
events {{ worker_connections 4096; }}
http {{
  {temporary}
  keepalive_timeout 300s;
  keepalive_requests 1000000;
  client_max_body_size 0;
  log_format times '$connection $request_time $bytes_sent $request_method $request_uri $msec';
  access_log {dir}/access.log times;
  server {{
    listen {address};
    location / {{
      if (-f {dir}/later) {{ add_header Retry-After 15 always; return 503; }}
      if (-f {dir}/down) {{ return 503; }}
      fastcgi_pass unix:{dir}/gateway.sock;
      fastcgi_buffering off;
      fastcgi_param SCRIPT_FILENAME "{backend}";
      fastcgi_param GIT_PROJECT_ROOT "{origin}";
      fastcgi_param GIT_HTTP_EXPORT_ALL "1";
      fastcgi_param GIT_CONFIG_NOSYSTEM "1";
      fastcgi_param GIT_CONFIG_COUNT "1";
      fastcgi_param GIT_CONFIG_KEY_0 "safe.directory";
      fastcgi_param GIT_CONFIG_VALUE_0 "*";
      fastcgi_param PATH_INFO "$uri";
      fastcgi_param REQUEST_METHOD "$request_method";
      fastcgi_param QUERY_STRING "$query_string";
      fastcgi_param CONTENT_TYPE "$content_type";
      fastcgi_param CONTENT_LENGTH "$content_length";
      fastcgi_param REMOTE_ADDR "$remote_addr";
      fastcgi_param SERVER_PROTOCOL "$server_protocol";
    }}
  }}
}}
"#,
        dir = dir.display(),
        origin = origin.display(),
        backend = backend.display(),
    )
}
