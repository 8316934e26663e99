//! One small HTTP client, shared by all that asks other machines over HTTP.
//!
//! The last connection is kept open and used again. It adds no header but that of the host, and
//! follows no redirect; both are its caller's to decide.

use crate::model::Cause;
use crate::net::Body;
use crate::net::NetError;
use crate::net::body::Rest;
use crate::net::connection::{Connection, Outgoing, in_origin_form};
use crate::runtime::Stop;
use http::HeaderMap;
use http::StatusCode;
use http::header::RETRY_AFTER;
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Mutex;

/// How long one address may take to answer a connection request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long sent bytes may stay unacknowledged before the connection is given up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// Counts what went over the wire.
#[derive(Debug, Default)]
pub struct Traffic {
    received: AtomicU64,
    requests: AtomicU64,
}

impl Traffic {
    /// Counts bytes that came in.
    pub fn receive(&self, bytes: usize) {
        self.received.fetch_add(u64::try_from(bytes).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Counts one request that went out.
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes received and requests sent since the last call.
    pub fn take(&self) -> (u64, u64) {
        (self.received.swap(0, Ordering::Relaxed), self.requests.swap(0, Ordering::Relaxed))
    }
}

/// An HTTP client over `http` and `https`.
#[derive(Clone, Debug)]
pub struct Client {
    connector: HttpsConnector<HttpConnector>,
    open: Arc<Mutex<Option<Connection>>>,
    traffic: Arc<Traffic>,
}

/// An answer whose body has yet to be read.
#[derive(Debug)]
pub struct Response {
    /// How it went.
    pub status: StatusCode,
    /// What was said about it.
    pub headers: HeaderMap,
    /// The content.
    pub body: Body,
}

impl Client {
    /// Prepares a client; no connection is made yet.
    pub fn new(tls: ClientConfig, traffic: Arc<Traffic>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(UNACKNOWLEDGED));
        tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
        let connector = hyper_rustls::HttpsConnectorBuilder::new()
            .with_tls_config(tls)
            .https_or_http()
            .enable_http1()
            .wrap_connector(tcp);
        Self { connector, open: Arc::default(), traffic }
    }

    /// Sends a request and waits for the head of the answer, whatever its status.
    pub fn send(&self, request: Outgoing, stop: &Stop) -> Result<Response, NetError> {
        self.ask(request, 0, stop)
    }

    /// Does the same, and waits also for as much of the content as there is room for, so that a
    /// short answer is whole after one wait.
    pub fn ask(&self, request: Outgoing, room: usize, stop: &Stop) -> Result<Response, NetError> {
        let url = shown(request.uri());
        self.traffic.request();
        let answer = async {
            let (head, rest) = self.exchange(request, &url).await?.into_parts();
            let traffic = Arc::clone(&self.traffic);
            let mut body = Body::new(rest, url.clone(), stop.clone(), traffic);
            body.gather(room).await?;
            Ok(Response { status: head.status, headers: head.headers, body })
        };
        stop.wait(answer).map_err(|source| NetError::Stopped { url: url.clone(), source })?
    }

    /// Sends a request on the open connection, or else on a new one. If this is not waited for to
    /// its end, the connection is closed.
    async fn exchange(
        &self,
        request: Outgoing,
        url: &str,
    ) -> Result<http::Response<Arc<Mutex<Rest>>>, NetError> {
        let to = request.uri().clone();
        let mut request = in_origin_form(request);
        let mut open = self.open.lock().await;
        if let Some(mut connection) = open.take()
            && connection.is_free_for(&to).await
        {
            match connection.send(request).await {
                Ok(answer) => {
                    *open = Some(connection);
                    return Ok(answer);
                }
                // The server closed it a moment ago, before any of this went out.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(broken(url, error.error())),
                },
            }
        }
        let mut connection = Connection::open(self.connector.clone(), to)
            .await
            .map_err(|error| unconnected(url, error.as_ref()))?;
        let answer = connection.send(request).await.map_err(|error| broken(url, error.error()))?;
        *open = Some(connection);
        Ok(answer)
    }
}

impl Response {
    /// Goes on only with success.
    pub fn success(self) -> Result<Self, NetError> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(NetError::Status {
            url: self.body.url().to_owned(),
            status: self.status,
            retry_after: retry_after(&self.headers),
        })
    }
}

/// Reads `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Duration::try_from(at.duration_since(jiff::Timestamp::now())).ok()
}

fn shown(uri: &http::Uri) -> String {
    match (uri.scheme_str(), uri.authority()) {
        (Some(scheme), Some(authority)) => {
            let host = authority.as_str().rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", uri.path())
        }
        (_, _) => uri.path().to_owned(),
    }
}

/// Tells a connection that was not trusted from one that was not made.
fn unconnected(url: &str, error: &(dyn Error + 'static)) -> NetError {
    let (url, source) = (url.to_owned(), Cause::of(error));
    if of_tls(error) { NetError::Tls { url, source } } else { NetError::Connect { url, source } }
}

/// Does the same for one that broke.
fn broken(url: &str, error: &(dyn Error + 'static)) -> NetError {
    let (url, source) = (url.to_owned(), Cause::of(error));
    if of_tls(error) { NetError::Tls { url, source } } else { NetError::Broken { url, source } }
}

fn of_tls(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if error.is::<rustls::Error>()
            || inner.is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
        {
            return true;
        }
        next = match inner {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}
