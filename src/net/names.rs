//! The addresses of a name, as the system knows them.

use crate::net::exempt::bare;
use crate::runtime::blocking::Share;
use crate::runtime::registry::Registry;
use hyper_util::client::legacy::connect::dns::Name;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::vec;
use tower_service::Service;

/// How many threads may look one name up, so that one that hangs leaves some to others.
const OF_ONE: usize = 2;

/// Looks names up. The system cannot be told to stop, so this holds no more threads than it may.
/// Copies share them.
#[derive(Clone, Debug)]
pub(super) struct Names {
    threads: Share,
    of_one: Registry<String, Share>,
}

impl Names {
    /// Looks names up on these threads.
    pub(super) fn new(threads: Share) -> Self {
        Self { threads, of_one: Registry::default() }
    }

    /// Looks a name up, or reads an address.
    pub(super) async fn find(
        &self,
        host: &str,
        port: u16,
    ) -> io::Result<vec::IntoIter<SocketAddr>> {
        let host = bare(host).to_owned();
        self.on_its_own(&host.clone(), move || (host.as_str(), port).to_socket_addrs()).await?
    }

    /// Does something about a name that may hang.
    async fn on_its_own<T: Send + 'static>(
        &self,
        host: &str,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<T> {
        let share = self.of_one.get(host.to_ascii_lowercase(), |_| self.threads.narrowed(OF_ONE));
        let kept = Arc::clone(&share);
        // As long as a thread hangs, it is this share that others take part in.
        let work = move || {
            let done = work();
            drop(kept);
            done
        };
        share.run(work).await.map_err(io::Error::other)
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;
    use tokio::time::timeout;

    #[tokio::test]
    async fn a_name_that_hangs_leaves_threads_to_others() {
        let names = Names::new(Share::default().narrowed(OF_ONE + 1));
        let mut holds = Vec::new();
        let soon = Duration::from_millis(20);
        for _ in 0..=OF_ONE {
            let (let_go, held) = mpsc::channel::<()>();
            let hanging = names.on_its_own("hangs", move || held.recv());
            assert!(timeout(soon, hanging).await.is_err(), "nobody waits for it any more");
            holds.push(let_go);
        }
        assert_eq!(names.on_its_own("well", || 7).await.unwrap(), 7);
        assert!(timeout(soon, names.on_its_own("Hangs", || 7)).await.is_err());
        holds.clear();
        assert_eq!(names.on_its_own("hangs", || 8).await.unwrap(), 8);
    }
}
