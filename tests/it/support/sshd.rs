//! A private OpenSSH server on loopback, and the keys to go with it.

use std::fmt::Write;
use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;

use crate::support::listener::{Listener, Port};
use crate::support::process::{Group, path, program};

/// A server that runs whatever the user asks for, which is the user who runs the test.
///
/// Each connection gets an `sshd` of its own, so there is no port to guess and no moment at which
/// the server is not up yet.
#[derive(Debug)]
pub(crate) struct Sshd {
    dir: TempDir,
    port: Port,
    connections: Arc<AtomicUsize>,
    // First to go: it starts the children that are ended after it.
    listener: Option<Listener>,
    children: Arc<Mutex<Vec<Group>>>,
}

/// A pair of keys in a directory.
#[derive(Clone, Debug)]
pub(crate) struct KeyPair {
    /// The file of the private one; that of the public one has `.pub` added.
    pub(crate) path: PathBuf,
}

impl KeyPair {
    /// Makes a pair, with these more words to `ssh-keygen`.
    pub(crate) fn make(dir: &Path, name: &str, words: &[&str]) -> Self {
        let path = dir.join(name);
        for old in [path.clone(), dir.join(format!("{name}.pub"))] {
            if old.exists() {
                fs::remove_file(old).unwrap();
            }
        }
        let passphrase: &[&str] = if words.contains(&"-N") { &[] } else { &["-N", ""] };
        let path_text = path.to_str().unwrap();
        keygen(&[words, passphrase, &["-q", "-C", "me@test", "-f", path_text]].concat());
        Self { path }
    }

    /// The public key: its kind and its text.
    pub(crate) fn public(&self) -> String {
        let text = fs::read_to_string(format!("{}.pub", self.path.display())).unwrap();
        text.trim_end().trim_end_matches(" me@test").to_owned()
    }

    /// Its fingerprint, as `ssh-keygen` shows it.
    pub(crate) fn fingerprint(&self) -> String {
        let shown = keygen(&["-l", "-f", &format!("{}.pub", self.path.display())]);
        shown.split(' ').nth(1).unwrap().to_owned()
    }
}

/// Runs `ssh-keygen`, which must succeed, and gives what it prints.
#[track_caller]
pub(crate) fn keygen(words: &[&str]) -> String {
    let output = Command::new(program("ssh-keygen")).args(words).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ssh-keygen {words:?}: {complaint}");
    String::from_utf8(output.stdout).unwrap()
}

/// Starts a server with an ed25519 host key to which `authorized_keys` has no key yet.
pub(crate) fn start() -> Sshd {
    if rustix::process::geteuid().is_root() {
        // As root, it insists on this directory, which the package makes when its service starts.
        fs::create_dir_all("/run/sshd").unwrap();
    }
    let dir = TempDir::new().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let port = Port::take();
    let mut server =
        Sshd { dir, port, connections, listener: None, children: Arc::new(Mutex::default()) };
    server.make_host_key("ed25519", &["-t", "ed25519"]);
    server.authorize(&[]);
    server.configure(&["AcceptEnv GIT_PROTOCOL"]);
    server.listen();
    server
}

impl Sshd {
    /// A directory for files of all kinds.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// The user that it lets in.
    pub(crate) fn user() -> String {
        let output = Command::new("id").arg("-un").output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The URL of a repository by way of some address.
    pub(crate) fn url_at(addr: SocketAddr, path: &Path) -> String {
        format!("ssh://{}@{addr}{}", Self::user(), path.display())
    }

    /// The URL of a repository.
    pub(crate) fn url(&self, path: &Path) -> String {
        Self::url_at(self.addr(), path)
    }

    /// Makes a host key, or another one in its place.
    pub(crate) fn make_host_key(&self, name: &str, words: &[&str]) -> KeyPair {
        KeyPair::make(self.dir(), &format!("host-{name}"), words)
    }

    /// One of its host keys.
    pub(crate) fn host_key(&self, name: &str) -> KeyPair {
        KeyPair { path: self.dir().join(format!("host-{name}")) }
    }

    /// Lets in whoever has one of these keys, and nobody else.
    pub(crate) fn authorize(&self, keys: &[&KeyPair]) {
        let lines: String = keys.iter().map(|key| key.public() + "\n").collect();
        fs::write(self.dir().join("authorized_keys"), lines).unwrap();
    }

    /// Makes a key and lets in whoever has it.
    pub(crate) fn login(&self) -> KeyPair {
        let key = KeyPair::make(self.dir(), "id", &["-t", "ed25519"]);
        self.authorize(&[&key]);
        key
    }

    /// Writes a list of known hosts with these lines.
    pub(crate) fn known_hosts(&self, lines: &[String]) -> PathBuf {
        let path = self.dir().join("known_hosts");
        fs::write(&path, lines.join("\n") + "\n").unwrap();
        path
    }

    /// Writes a list of known hosts that knows this server at an address.
    pub(crate) fn known_at(&self, addr: SocketAddr) -> PathBuf {
        let public = self.host_key("ed25519").public();
        self.known_hosts(&[format!("[{}]:{} {public}", addr.ip(), addr.port())])
    }

    /// Writes a list of known hosts that knows this server.
    pub(crate) fn known(&self) -> PathBuf {
        self.known_at(self.addr())
    }

    /// Writes its configuration for connections that are made from now on: the host keys that there
    /// are, and these lines more.
    pub(crate) fn configure(&self, more: &[&str]) {
        let dir = self.dir().display();
        // The first of two values counts.
        let mut text = more.join("\n");
        write!(
            text,
            "\nAuthorizedKeysFile {dir}/authorized_keys\nStrictModes no\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin yes\n\
             MaxAuthTries 20\nPidFile none\nLogLevel VERBOSE\nPrintMotd no\n"
        )
        .unwrap();
        for entry in fs::read_dir(self.dir()).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let public = Path::new(&name).extension().is_some();
            if name.starts_with("host-") && !public {
                writeln!(text, "HostKey {dir}/{name}").unwrap();
            }
        }
        fs::write(self.dir().join("sshd_config"), text).unwrap();
    }

    /// Accepts connections.
    pub(crate) fn listen(&mut self) {
        let config = self.dir().join("sshd_config");
        let (count, brood) = (Arc::clone(&self.connections), Arc::clone(&self.children));
        self.listener = Some(self.port.listen(move |stream| {
            count.fetch_add(1, Ordering::SeqCst);
            let child = Group::start(
                Command::new(program("sshd"))
                    .args(["-i", "-f"])
                    .arg(&config)
                    .env_clear()
                    .env("PATH", path())
                    .stdin(descriptor(stream.try_clone().unwrap()))
                    .stdout(descriptor(stream))
                    .stderr(Stdio::null()),
            );
            let mut brood = brood.lock().unwrap_or_else(PoisonError::into_inner);
            brood.retain_mut(|child| child.ended().is_none());
            brood.push(child);
        }));
    }

    /// Ends all connections, as the end of the server does, and accepts no more.
    pub(crate) fn stop(&mut self) {
        self.listener = None;
        self.children.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn descriptor(stream: TcpStream) -> Stdio {
    Stdio::from(OwnedFd::from(stream))
}
