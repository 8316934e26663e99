//! A connection to a server, which is kept open from one request to the next.
//!
//! It carries one request at a time.

use crate::net::body::Rest;
use crate::net::dialer::Reached;
use crate::net::proxies::Proxy;
use bytes::Bytes;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::Uri;
use http::header::{HOST, PROXY_AUTHORIZATION};
use http_body_util::Full;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

/// How long a connection may take to be free again after an answer.
const FREE: Duration = Duration::from_secs(1);

/// How much is read at once; also the most that the head of an answer may have.
const READ_AT_ONCE: usize = 64 << 10;

/// What goes out.
pub(super) type Outgoing = Request<Full<Bytes>>;

/// An open connection. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// The last answer, if somebody still has it.
    answer: Weak<Mutex<Rest>>,
    via: Option<Arc<Proxy>>,
    /// Ends with the connection, and says why it broke.
    task: AbortOnDropHandle<hyper::Result<()>>,
}

/// Whether a request can go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Free {
    /// It can.
    Yes,
    /// Somebody has yet to read the last answer.
    NotYet,
    /// It was closed.
    Never,
}

impl Connection {
    /// Begins to speak HTTP.
    pub(super) async fn open(reached: Reached) -> hyper::Result<Self> {
        let (sender, connection) = http1::Builder::new()
            .max_buf_size(READ_AT_ONCE)
            .handshake(TokioIo::new(reached.stream))
            .await?;
        let task = AbortOnDropHandle::new(Handle::current().spawn(connection));
        Ok(Self { sender, answer: Weak::new(), via: reached.via, task })
    }

    /// The proxy that reads what is sent.
    pub(super) fn via(&self) -> Option<&Arc<Proxy>> {
        self.via.as_ref()
    }

    /// Says whether the other side has hung up.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Says whether somebody still has the last answer.
    pub(super) fn is_read(&self) -> bool {
        self.answer.strong_count() > 0
    }

    /// Says whether a request can go out on it now.
    pub(super) async fn is_free(&mut self) -> Free {
        let free = async {
            if let Some(answer) = self.answer.upgrade() {
                // Whoever reads ahead may be about to find the end.
                if !answer.lock().await.is_over().await {
                    return Free::NotYet;
                }
            }
            if self.sender.ready().await.is_ok() { Free::Yes } else { Free::Never }
        };
        tokio::time::timeout(FREE, free).await.unwrap_or(Free::NotYet)
    }

    /// Why it broke, when all that is known is that it did: whoever wants to send something is told
    /// less than the one who reads.
    pub(super) async fn why(&mut self) -> Option<hyper::Error> {
        let ended = tokio::time::timeout(FREE, &mut self.task).await.ok()?;
        ended.ok()?.err()
    }

    /// Sends a request and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Outgoing,
    ) -> Result<Response<Arc<Mutex<Rest>>>, TrySendError<Outgoing>> {
        let answer = self.sender.try_send_request(request).await?.map(Rest::of);
        self.answer = Arc::downgrade(answer.body());
        Ok(answer)
    }

    /// Writes a request as the next one in line wants to read it: a server wants only the path in
    /// the first line, a proxy all of the URI (RFC 9112, 3.2). The host is in a header either way.
    pub(super) fn address(&self, request: &mut Outgoing, to: &Uri) {
        match &self.via {
            Some(proxy) => {
                *request.uri_mut() = to.clone();
                if let Some(value) = proxy.authorization() {
                    request.headers_mut().insert(PROXY_AUTHORIZATION, value);
                }
            }
            None => *request.uri_mut() = path_of(to),
        }
    }
}

fn path_of(uri: &Uri) -> Uri {
    uri.path_and_query().cloned().map(Uri::from).unwrap_or_default()
}

/// Names the host in its header, unless the caller has named one.
pub(super) fn name_host(request: &mut Outgoing) {
    let uri = request.uri();
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host().unwrap_or_default();
    let host = match uri.port_u16().filter(|port| *port != default) {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
        None => HeaderValue::try_from(host),
    };
    if let Ok(host) = host {
        request.headers_mut().entry(HOST).or_insert(host);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_goes_into_its_header() {
        let check = |uri: &str, host: &str, target: &str| {
            let mut request = Request::builder().uri(uri).body(Full::default()).unwrap();
            name_host(&mut request);
            assert_eq!(request.headers()[HOST], host);
            assert_eq!(path_of(request.uri()), target);
        };
        check("http://h/r.git/x?y=z", "h", "/r.git/x?y=z");
        check("https://h:443/r", "h", "/r");
        check("https://h:80/r", "h:80", "/r");
        check("http://[::1]:8080", "[::1]:8080", "/");
    }
}
