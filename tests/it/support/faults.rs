//! A proxy in front of a server that breaks connections in one known way.

use rustix::net::connect_unspec;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::support::listener::{Listener, Port};
use crate::support::wait::pause;

/// Everything a wire may do that the program must survive. Bytes are counted as they come from
/// the server; what goes to the server is never touched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nobody listens.
    Refuse,
    /// Somebody listens and says nothing.
    Silent,
    /// After so many bytes there come no more.
    StallAfter(usize),
    /// After so many bytes the connection is reset.
    ResetAfter(usize),
    /// After so many bytes the connection is closed.
    CloseAfter(usize),
    /// The byte after so many is another one.
    FlipByteAfter(usize),
    /// Everything comes, a few bytes at a time.
    Drip,
    /// Everything comes late, both ways.
    Latency(Duration),
}

impl Fault {
    /// One of each; what counts bytes strikes within the first answer.
    pub(crate) const ALL: [Self; 8] = [
        Self::Refuse,
        Self::Silent,
        Self::StallAfter(100),
        Self::ResetAfter(100),
        Self::CloseAfter(100),
        Self::FlipByteAfter(100),
        Self::Drip,
        Self::Latency(Duration::from_millis(20)),
    ];

    /// Says whether the connection is slow, and in order otherwise.
    pub(crate) fn only_slow(self) -> bool {
        match self {
            Self::Drip | Self::Latency(_) => true,
            Self::Refuse
            | Self::Silent
            | Self::StallAfter(_)
            | Self::ResetAfter(_)
            | Self::CloseAfter(_)
            | Self::FlipByteAfter(_) => false,
        }
    }
}

/// A proxy; it changes nothing until it is told to.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: Port,
    listener: Option<Listener>,
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    server: SocketAddr,
    fault: Option<Fault>,
    connections: usize,
    /// Of the connections that there are: whether whatever comes is swallowed.
    hushed: Arc<AtomicBool>,
    streams: Vec<TcpStream>,
    pumps: Vec<JoinHandle<()>>,
}

/// Starts a proxy in front of a server.
pub(crate) fn in_front_of(server: SocketAddr) -> Proxy {
    let shared = Shared {
        server,
        fault: None,
        connections: 0,
        hushed: Arc::default(),
        streams: Vec::new(),
        pumps: Vec::new(),
    };
    let mut proxy =
        Proxy { port: Port::take(), listener: None, shared: Arc::new(Mutex::new(shared)) };
    proxy.heal();
    proxy
}

impl Proxy {
    /// Where it listens, even while connections are refused.
    pub(crate) fn addr(&self) -> SocketAddr {
        self.port.addr()
    }

    /// Breaks connections that are made from now on.
    pub(crate) fn break_with(&mut self, fault: Fault) {
        self.become_(Some(fault));
    }

    /// Leaves connections alone that are made from now on.
    pub(crate) fn heal(&mut self) {
        self.become_(None);
    }

    fn become_(&mut self, fault: Option<Fault>) {
        self.shared().fault = fault;
        if fault == Some(Fault::Refuse) {
            self.listener = None;
        } else if self.listener.is_none() {
            let shared = Arc::clone(&self.shared);
            self.listener = Some(self.port.listen(move |client| accept(&shared, client)));
        }
    }

    /// Cuts every connection there is.
    pub(crate) fn cut(&self) {
        for stream in self.shared().streams.drain(..) {
            // It may be closed already.
            drop(stream.shutdown(Shutdown::Both));
        }
    }

    /// Swallows what comes on every connection there is, as a firewall does that has forgotten it.
    pub(crate) fn hush(&self) {
        std::mem::take(&mut self.shared().hushed).store(true, Ordering::Relaxed);
    }

    /// How many connections were accepted so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared().connections
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener = None;
        self.cut();
        let pumps: Vec<_> = self.shared().pumps.drain(..).collect();
        for pump in pumps {
            assert!(pump.join().is_ok() || thread::panicking(), "the proxy panicked");
        }
    }
}

fn accept(shared: &Mutex<Shared>, client: TcpStream) {
    let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
    shared.connections += 1;
    let fault = shared.fault;
    if fault == Some(Fault::Silent) {
        shared.streams.push(client);
        return;
    }
    // A server that is gone looks to the client like one that hangs up.
    let Ok(server) = TcpStream::connect(shared.server) else { return };
    let streams = [&client, &server].map(|stream| stream.try_clone().unwrap());
    let (to, from) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    let hushed = Arc::clone(&shared.hushed);
    let is_hushed = move || hushed.load(Ordering::Relaxed);
    let swallows = is_hushed.clone();
    let asks = thread::spawn(move || {
        let delay = Wire::new(fault).delay;
        drop(pump(from, |piece| {
            pause(delay);
            if swallows() {
                return Ok(true);
            }
            (&to).write_all(piece).map(|()| true)
        }));
        drop(to.shutdown(Shutdown::Write));
    });
    let answers = thread::spawn(move || answers(server, client, fault, is_hushed));
    shared.streams.extend(streams);
    shared.pumps.extend([asks, answers]);
}

/// Brings the server's bytes to the client, as far as the fault lets them.
fn answers(
    server: TcpStream,
    client: TcpStream,
    fault: Option<Fault>,
    is_hushed: impl Fn() -> bool,
) {
    let wire = Wire::new(fault);
    let mut passed = 0;
    let mut cut = false;
    drop(pump(server, |piece| {
        if is_hushed() {
            return Ok(true);
        }
        let piece = if let Some(Fault::FlipByteAfter(at)) = fault {
            flipped(piece, at.checked_sub(passed))
        } else {
            piece.to_vec()
        };
        let left = wire.limit.map_or(piece.len(), |limit| piece.len().min(limit - passed));
        for part in piece[..left].chunks(wire.part) {
            pause(wire.delay);
            (&client).write_all(part)?;
        }
        passed += left;
        cut = wire.limit == Some(passed);
        Ok(!cut)
    }));
    match fault {
        // The connection stays as it is until the client gives up or the proxy ends.
        Some(Fault::StallAfter(_)) if cut => (),
        // Dissolving the connection resets it, although there are other handles of this socket.
        Some(Fault::ResetAfter(_)) if cut => drop(connect_unspec(&client)),
        Some(_) | None => drop(client.shutdown(Shutdown::Both)),
    }
}

/// What a fault means for the bytes on their way.
struct Wire {
    limit: Option<usize>,
    part: usize,
    delay: Duration,
}

impl Wire {
    fn new(fault: Option<Fault>) -> Self {
        let whole = Self { limit: None, part: usize::MAX, delay: Duration::ZERO };
        match fault {
            Some(Fault::StallAfter(n) | Fault::ResetAfter(n) | Fault::CloseAfter(n)) => {
                Self { limit: Some(n), ..whole }
            }
            Some(Fault::Drip) => Self { part: 7, delay: Duration::from_millis(1), ..whole },
            Some(Fault::Latency(delay)) => Self { delay, ..whole },
            Some(Fault::Refuse | Fault::Silent | Fault::FlipByteAfter(_)) | None => whole,
        }
    }
}

/// The piece with one byte changed, if that byte is in it.
fn flipped(piece: &[u8], at: Option<usize>) -> Vec<u8> {
    let mut piece = piece.to_vec();
    if let Some(byte) = at.and_then(|at| piece.get_mut(at)) {
        *byte ^= 0x10;
    }
    piece
}

/// Reads until the end, or until `give` says that it was enough. Either side may hang up at any
/// time, which is an error here and no failure of the test.
fn pump(mut from: TcpStream, mut give: impl FnMut(&[u8]) -> io::Result<bool>) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 || !give(&buffer[..count])? {
            return Ok(());
        }
    }
}
