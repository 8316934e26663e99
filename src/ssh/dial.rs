//! The way to a server: the one place here that makes connections.

use rustix::net::sockopt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// How long one address may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long sent bytes may stay unacknowledged before the connection is given up, in milliseconds.
const UNACKNOWLEDGED: u32 = 30_000;

/// A connection, whatever it goes through.
pub(super) trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// Connects to the first address of the host that answers.
pub(super) async fn dial(host: &str, port: u16) -> io::Result<Box<dyn Wire>> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in tokio::net::lookup_host((host, port)).await? {
        match connect(address).await {
            Ok(stream) => return Ok(Box::new(stream)),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address))
        .await
        .map_err(|_elapsed| io::Error::new(io::ErrorKind::TimedOut, "nobody answers"))??;
    stream.set_nodelay(true)?;
    sockopt::set_tcp_user_timeout(&stream, UNACKNOWLEDGED)?;
    Ok(stream)
}
