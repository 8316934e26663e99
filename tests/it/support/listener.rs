//! A loopback port that hands each accepted connection to a function.

use rustix::net::{AddressFamily, SocketType, bind, listen, sockopt};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A port that stays ours as long as this lives, whether somebody listens on it or not.
///
/// It holds a socket that is bound and never listens, so a connection without a [`Listener`] is
/// refused and nobody else gets the port meanwhile.
#[derive(Debug)]
pub(crate) struct Port {
    addr: SocketAddr,
    _reserved: OwnedFd,
}

impl Port {
    /// Takes a free port.
    pub(crate) fn take() -> Self {
        let reserved = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let addr = rustix::net::getsockname(&reserved).unwrap().try_into().unwrap();
        Self { addr, _reserved: reserved }
    }

    /// The address.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Listens, until the result is dropped.
    pub(crate) fn listen(&self, serve: impl FnMut(TcpStream) + Send + 'static) -> Listener {
        let socket = bound(self.addr);
        listen(&socket, 128).unwrap();
        Listener::start(self.addr, TcpListener::from(socket), serve)
    }
}

fn bound(addr: SocketAddr) -> OwnedFd {
    let flags = rustix::net::SocketFlags::CLOEXEC;
    let socket =
        rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    sockopt::set_socket_reuseport(&socket, true).unwrap();
    sockopt::set_socket_reuseaddr(&socket, true).unwrap();
    bind(&socket, &addr).unwrap();
    socket
}

/// A thread that accepts connections.
#[derive(Debug)]
pub(crate) struct Listener {
    addr: SocketAddr,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    fn start(
        addr: SocketAddr,
        listener: TcpListener,
        mut serve: impl FnMut(TcpStream) + Send + 'static,
    ) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&over);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if seen.load(Ordering::SeqCst) {
                    return;
                }
                serve(stream.unwrap());
            }
        });
        Self { addr, over, thread: Some(thread) }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the thread, which then sees that it is over.
        drop(TcpStream::connect(self.addr));
        if let Some(thread) = self.thread.take() {
            assert!(thread.join().is_ok() || thread::panicking(), "the listener panicked");
        }
    }
}
