//! A server for `git://`.

use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::support::git::git;
use crate::support::listener::{Listener, Port};
use crate::support::process::Group;
use crate::support::upstream::Upstream;

/// Hands each connection to a `git daemon` of its own, so there is no port to guess and no moment
/// at which the server is not up yet.
#[derive(Debug)]
pub(crate) struct GitDaemon {
    port: Port,
    connections: Arc<AtomicUsize>,
    // First to go: it starts the children that are ended after it.
    _listener: Listener,
    _children: Arc<Mutex<Vec<Group>>>,
}

/// Serves the repository.
pub(crate) fn serve(upstream: &Upstream) -> GitDaemon {
    serve_with(upstream, &[])
}

/// The same with settings of Git.
pub(crate) fn serve_with(upstream: &Upstream, settings: &[String]) -> GitDaemon {
    let settings: Vec<String> =
        settings.iter().flat_map(|setting| ["-c".to_owned(), setting.clone()]).collect();
    let port = Port::take();
    let connections = Arc::new(AtomicUsize::new(0));
    let children = Arc::new(Mutex::new(Vec::<Group>::new()));
    let dir = upstream.dir().to_owned();
    let (count, brood) = (Arc::clone(&connections), Arc::clone(&children));
    let listener = port.listen(move |stream| {
        count.fetch_add(1, Ordering::SeqCst);
        let child = Group::start(
            git(&dir)
                .args(&settings)
                .args(["daemon", "--inetd", "--export-all", "--informative-errors"])
                .arg("--base-path=.")
                .stdin(descriptor(stream.try_clone().unwrap()))
                .stdout(descriptor(stream))
                .stderr(Stdio::null()),
        );
        let mut brood = brood.lock().unwrap_or_else(PoisonError::into_inner);
        brood.retain_mut(|child| child.ended().is_none());
        brood.push(child);
    });
    GitDaemon { port, connections, _listener: listener, _children: children }
}

/// The repository's URL by way of another address, such as a proxy's.
pub(crate) fn url_at(addr: SocketAddr) -> String {
    format!("git://{addr}/repo.git")
}

fn descriptor(stream: TcpStream) -> Stdio {
    Stdio::from(OwnedFd::from(stream))
}

impl GitDaemon {
    /// Where it listens.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// The repository's URL.
    pub(crate) fn url(&self) -> String {
        url_at(self.addr())
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}
