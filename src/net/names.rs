//! The addresses of a name, as the system knows them.

use crate::net::exempt::bare;
use crate::runtime::blocking::Share;
use hyper_util::client::legacy::connect::dns::Name;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::vec;
use tower_service::Service;

/// Looks names up. The system cannot be told to stop, so this holds no more threads than it may.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    pub(super) threads: Share,
}

impl Names {
    /// Looks a name up, or reads an address.
    pub(super) async fn find(
        &self,
        host: &str,
        port: u16,
    ) -> io::Result<vec::IntoIter<SocketAddr>> {
        let host = bare(host).to_owned();
        let found = self.threads.run(move || (host.as_str(), port).to_socket_addrs()).await;
        found.map_err(io::Error::other)?
    }
}

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let names = self.clone();
        Box::pin(async move { names.find(name.as_str(), 0).await })
    }
}
