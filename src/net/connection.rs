//! The connection to a server, which is kept open from one request to the next.
//!
//! It carries one request at a time. If more than the end of an answer was not read when the next
//! request is to be sent, the connection is given up.

use crate::net::body::Rest;
use bytes::Bytes;
use http::HeaderValue;
use http::Request;
use http::Response;
use http::Uri;
use http::header::HOST;
use http_body_util::Full;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1;
use hyper::client::conn::http1::SendRequest;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;
use tower_service::Service;

/// How long a connection may take to be free again after an answer.
const FREE: Duration = Duration::from_secs(1);

/// How much is read at once; also the most that the head of an answer may have.
const READ_AT_ONCE: usize = 64 << 10;

/// What goes out.
pub(super) type Outgoing = Request<Full<Bytes>>;

/// An open connection. It is closed when this is dropped.
#[derive(Debug)]
pub(super) struct Connection {
    to: Uri,
    sender: SendRequest<Full<Bytes>>,
    /// The last answer, if somebody still has it.
    answer: Weak<Mutex<Rest>>,
    _task: AbortOnDropHandle<()>,
}

impl Connection {
    /// Connects to the server of a URI.
    pub(super) async fn open(
        mut connector: HttpsConnector<HttpConnector>,
        to: Uri,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        poll_fn(|context| connector.poll_ready(context)).await?;
        let stream = connector.call(to.clone()).await?;
        let (sender, connection) =
            http1::Builder::new().max_buf_size(READ_AT_ONCE).handshake(stream).await?;
        let task = Handle::current().spawn(async {
            // Whoever waits for an answer is told too.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
        Ok(Self { to, sender, answer: Weak::new(), _task: AbortOnDropHandle::new(task) })
    }

    /// Says whether a request for this URI can go out on it now.
    pub(super) async fn is_free_for(&mut self, uri: &Uri) -> bool {
        let free = async {
            if let Some(answer) = self.answer.upgrade() {
                answer.lock().await.finish().await;
            }
            self.sender.ready().await
        };
        self.to.scheme() == uri.scheme()
            && self.to.authority() == uri.authority()
            && matches!(tokio::time::timeout(FREE, free).await, Ok(Ok(())))
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
}

/// Says what HTTP/1.1 wants to hear: where to in a header, and in the first line only what (RFC
/// 9112, 3.2).
pub(super) fn in_origin_form(mut request: Outgoing) -> Outgoing {
    let uri = request.uri();
    let default = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    let host = uri.host().unwrap_or_default();
    let host = match uri.port_u16().filter(|port| *port != default) {
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")),
        None => HeaderValue::try_from(host),
    };
    let target = uri.path_and_query().cloned().map(Uri::from).unwrap_or_default();
    if let Ok(host) = host {
        request.headers_mut().insert(HOST, host);
    }
    *request.uri_mut() = target;
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_goes_into_its_header() {
        let check = |uri: &str, host: &str, target: &str| {
            let request = Request::builder().uri(uri).body(Full::default()).unwrap();
            let request = in_origin_form(request);
            assert_eq!(request.headers()[HOST], host);
            assert_eq!(request.uri(), target);
        };
        check("http://h/r.git/x?y=z", "h", "/r.git/x?y=z");
        check("https://h:443/r", "h", "/r");
        check("https://h:80/r", "h:80", "/r");
        check("http://[::1]:8080", "[::1]:8080", "/");
    }
}
