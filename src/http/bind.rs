//! Listening where an option says.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use tokio::net::TcpListener;

/// Listens on `HOST:PORT`, or on all addresses for `:PORT`.
pub async fn bind(address: &str) -> io::Result<TcpListener> {
    let all = address.strip_prefix(':').and_then(|port| port.parse().ok());
    match all {
        Some(port) => bind_all(port).await,
        None => TcpListener::bind(address).await,
    }
}

/// Listens on all addresses: IPv6 takes IPv4 in; where the system has no IPv6, IPv4 alone.
async fn bind_all(port: u16) -> io::Result<TcpListener> {
    let all = [
        SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)),
        SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
    ];
    TcpListener::bind(all.as_slice()).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpStream;

    #[tokio::test]
    async fn a_port_without_a_host_is_bound_on_all_addresses() {
        let listener = bind(":0").await.unwrap();
        let bound = listener.local_addr().unwrap();
        assert!(bound.ip().is_unspecified(), "{bound}");
        TcpStream::connect((Ipv4Addr::LOCALHOST, bound.port())).await.unwrap();
    }
}
