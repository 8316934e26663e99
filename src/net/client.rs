//! One small HTTP client, shared by all that asks other machines over HTTP.
//!
//! A few connections are kept open and used again. It adds no header but that of the host, and
//! follows no redirect; both are its caller's to decide.

use crate::model::{Cause, Slow};
use crate::net::Body;
use crate::net::NetError;
use crate::net::body::Rest;
use crate::net::connection::{Connection, Outgoing, name_host};
use crate::net::dialer::{Dialer, place_of, untrusted};
use crate::net::line::Line;
use crate::net::pool::Key;
use crate::net::refusal::of_tls;
use crate::net::traffic::Traffic;
use crate::runtime::Stop;
use crate::runtime::blocking::Share;
use http::HeaderMap;
use http::HeaderValue;
use http::StatusCode;
use http::Uri;
use http::header::RETRY_AFTER;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

/// How much of a complaint is read to find out what it is about.
const COMPLAINT: usize = 2 * 1024;

/// An HTTP client over `http` and `https`. Those that are made of one share its connections.
#[derive(Clone, Debug)]
pub struct Client {
    line: Arc<Line>,
    traffic: Arc<Traffic>,
    identified: bool,
    /// Whether errors name the host alone.
    discreet: bool,
    slow: Option<Slow>,
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
    /// The proxy that may have answered in place of the server, without its password.
    pub via: Option<String>,
    /// Whether nothing was sent that says who we are.
    pub anonymous: bool,
}

impl Client {
    /// Prepares a client that shows no certificate; no connection is made yet.
    pub fn new(dialer: Dialer, traffic: Arc<Traffic>) -> Self {
        Self::over(Arc::new(Line::new(dialer)), traffic)
    }

    /// The same over connections that others may use, too. What goes over them is counted for each
    /// apart.
    pub fn over(line: Arc<Line>, traffic: Arc<Traffic>) -> Self {
        Self { line, traffic, identified: false, discreet: false, slow: None }
    }

    /// Gives up what is slower than this.
    #[must_use]
    pub fn giving_up(self, slow: Option<Slow>) -> Self {
        Self { slow, ..self }
    }

    /// Shows of addresses the host alone, as the path may be a secret, too.
    #[must_use]
    pub fn discreet(self) -> Self {
        Self { discreet: true, ..self }
    }

    /// Does the same and shows our certificate to servers that ask for one, if `home` says that we
    /// speak to whom it is meant for.
    #[must_use]
    pub fn identified(&self, home: bool) -> Self {
        Self { identified: home, ..self.clone() }
    }

    /// The same without open connections. What is asked with it is sent once only, as there is none
    /// that the server may have closed meanwhile.
    #[must_use]
    pub fn afresh(&self) -> Self {
        Self { line: Arc::new(Line::new(self.line.dialer.clone())), ..self.clone() }
    }

    /// Does the same and holds no more threads than these, for names and files.
    #[must_use]
    pub fn on(self, threads: &Share) -> Self {
        Self { line: Arc::new(Line::new(self.line.dialer.on(threads))), ..self }
    }

    /// What it shares with others.
    #[cfg(test)]
    pub(super) fn line(&self) -> &Arc<Line> {
        &self.line
    }

    /// What it connects with.
    pub fn dialer(&self) -> &Dialer {
        &self.line.dialer
    }

    /// Looks whether a file of certificates or keys has changed since it was read, for a caller that
    /// must not block. If so, every connection is closed, and the files are read again for the next
    /// one.
    pub async fn refreshed(&self) {
        if self.line.dialer.refresh().await {
            self.line.pool.clear();
        }
    }

    /// Makes sure that answers that were read, but perhaps not to their very end, can be let go
    /// without losing their connections.
    pub fn settle(&self, stop: &Stop) {
        if let Err(stopped) = stop.wait(self.line.pool.settle(self.user())) {
            tracing::debug!(%stopped, "connections are not kept");
        }
    }

    /// Sends a request and waits for the head of the answer, whatever its status.
    pub fn send(&self, request: Outgoing, stop: &Stop) -> Result<Response, NetError> {
        self.ask(request, 0, stop)
    }

    /// Does the same, and waits also for as much of the content as there is room for, so that a
    /// short answer is whole after one wait.
    pub fn ask(&self, request: Outgoing, room: usize, stop: &Stop) -> Result<Response, NetError> {
        let url = self.shown(request.uri());
        let (me, whole) = (self.clone(), stop.clone());
        let answer = async move { me.answer(request, room, &whole).await };
        let patience = self.slow.map_or_else(|| stop.clone(), |slow| stop.or_sooner(slow.time));
        patience.wait_apart(answer).map_err(|source| match (self.slow, stop.check()) {
            (Some(slow), Ok(())) => too_slow(&url, slow),
            (_, _) => NetError::Stopped { url: url.clone(), source },
        })?
    }

    /// Does the same for a caller that does not block. It waits as long as that does; `stop` is for
    /// what is read of the content later.
    pub async fn answer(
        &self,
        request: Outgoing,
        room: usize,
        stop: &Stop,
    ) -> Result<Response, NetError> {
        let url = self.shown(request.uri());
        self.traffic.request();
        let to = request.uri().clone();
        let anonymous = !request.headers().values().any(HeaderValue::is_sensitive);
        let (answer, via) = self.exchange(request, &to, &url).await?;
        let (head, rest) = answer.into_parts();
        let traffic = Arc::clone(&self.traffic);
        let mut body = Body::new(rest, url, stop.clone(), traffic).giving_up(self.slow);
        body.gather(room).await?;
        if head.status == StatusCode::BAD_REQUEST && to.scheme_str() == Some("https") {
            body.gather(COMPLAINT).await?;
            wants_certificate(&body)?;
        }
        Ok(Response { status: head.status, headers: head.headers, body, via, anonymous })
    }

    /// Sends a request on an open connection, or else on a new one. If this is not waited for to
    /// its end, the connection is closed.
    async fn exchange(
        &self,
        mut request: Outgoing,
        to: &Uri,
        url: &str,
    ) -> Result<(http::Response<Arc<Mutex<Rest>>>, Option<String>), NetError> {
        name_host(&mut request);
        let key = Key::new(to, self.identified, self.line.dialer.trust().generation());
        let user = self.user();
        loop {
            let (mut connection, kept) = match self.line.pool.take(&key, user).await {
                Some(connection) => (connection, true),
                // What is seldom needed must not be carried along each time.
                None => Box::pin(self.open(&key, to, url)).await?,
            };
            connection.address(&mut request, to);
            let again = kept.then(|| request.clone());
            match connection.send(request).await {
                Ok(answer) => {
                    let via = connection.via().cloned();
                    self.line.pool.put(key, user, connection);
                    return match via {
                        Some(proxy)
                            if answer.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED =>
                        {
                            Err(proxy.locked(url, answer.status().as_str()))
                        }
                        via => Ok((answer, via.map(|proxy| proxy.to_string()))),
                    };
                }
                Err(mut error) => match (error.take_message(), again) {
                    // The server closed it a moment ago, before any of this went out.
                    (Some(unsent), _) if kept => request = unsent,
                    // Or while it did. What would do harm if it is asked twice is asked afresh
                    // (RFC 9112, 9.3.1).
                    (None, Some(again)) if error.error().is_incomplete_message() => {
                        request = again;
                    }
                    (_, _) => {
                        let why = connection.why().await;
                        return Err(self.broken(url, why.as_ref().unwrap_or(error.error())).await);
                    }
                },
            }
        }
    }

    /// What errors call an address.
    fn shown(&self, uri: &Uri) -> String {
        let path = if self.discreet && uri.path() != "/" { "/\u{2026}" } else { uri.path() };
        match (uri.scheme_str(), uri.authority()) {
            (Some(scheme), Some(authority)) => {
                let host = authority.as_str().rsplit('@').next().unwrap_or_default();
                format!("{scheme}://{host}{path}")
            }
            (_, _) => path.to_owned(),
        }
    }

    /// Tells those apart who share connections.
    fn user(&self) -> u64 {
        self.traffic.number()
    }

    /// Opens a connection when it is our turn, unless one was free before that. Says whether it was
    /// kept.
    async fn open(&self, key: &Key, to: &Uri, url: &str) -> Result<(Connection, bool), NetError> {
        let (host, port) = place_of(to);
        let _turn = self.line.dialer.turn(host, port).await;
        if let Some(connection) = self.line.pool.take(key, self.user()).await {
            return Ok((connection, true));
        }
        let reached = self.line.dialer.reach(to, self.identified, url).await?;
        match Connection::open(reached).await {
            Ok(connection) => Ok((connection, false)),
            Err(error) => Err(self.broken(url, &error).await),
        }
    }

    /// Says why a connection broke: the other side may not trust us.
    async fn broken(&self, url: &str, error: &hyper::Error) -> NetError {
        if of_tls(error)
            && let Ok(settings) = self.line.dialer.settings(url).await
        {
            return untrusted(self.line.dialer.trust(), &settings, url, error);
        }
        NetError::Broken { url: url.to_owned(), source: Cause::of(error) }
    }
}

/// Says that too little came.
pub(super) fn too_slow(url: &str, slow: Slow) -> NetError {
    let text = format!(
        "less than {} bytes a second came for {} s, which http.lowSpeedLimit and \
         http.lowSpeedTime take for too slow",
        slow.limit,
        slow.time.as_secs()
    );
    NetError::Broken { url: url.to_owned(), source: Cause::new(text) }
}

/// Finds out whether a server complains about our certificate, or that there is none: nginx says so
/// only in what it shows to people.
fn wants_certificate(body: &Body) -> Result<(), NetError> {
    let text = String::from_utf8_lossy(body.begun());
    let known = ["No required SSL certificate was sent", "The SSL certificate error"];
    let Some(said) = known.into_iter().find(|known| text.contains(known)) else {
        return Ok(());
    };
    let source = format!(
        "the server wants a client certificate, and one that it knows the authority of (it says: \
         {said}); check client-cert and client-key"
    );
    Err(NetError::Identity { url: body.url().to_owned(), source: Cause::new(source) })
}

impl Response {
    /// How long the server wants to be left alone, if it did not answer with success.
    pub fn retry_after(&self) -> Option<Duration> {
        if self.status.is_success() { None } else { wait(self.status, &self.headers) }
    }

    /// Goes on only with success.
    pub fn success(self) -> Result<Self, NetError> {
        if self.status.is_success() {
            return Ok(self);
        }
        let retry_after = self.retry_after();
        Err(NetError::Status {
            url: self.body.url().to_owned(),
            status: self.status,
            retry_after,
            via: self.via,
            anonymous: self.anonymous,
            lacking: Vec::new(),
        })
    }
}

/// How long we are to wait. Some services say with 403 that there were too many requests, and
/// when there may be more (as GitHub does with `X-RateLimit-Reset`, in seconds since 1970).
fn wait(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let used_up = || {
        let limited = [StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS].contains(&status);
        let at = text("x-ratelimit-reset")?.trim().parse().ok()?;
        let none_left = text("x-ratelimit-remaining")?.trim() == "0";
        if limited && none_left { jiff::Timestamp::from_second(at).ok().map(until) } else { None }
    };
    retry_after(headers).or_else(used_up)
}

/// How long it is until then; at least a second, as clocks differ.
fn until(at: jiff::Timestamp) -> Duration {
    let left = Duration::try_from(at.duration_since(jiff::Timestamp::now())).unwrap_or_default();
    left.max(Duration::from_secs(1))
}

/// Reads `Retry-After` in seconds or as a date (RFC 9110, 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        // More than can be counted is long, too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().map(until)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retry_after_of_more_seconds_than_can_be_counted_is_heeded() {
        let heeded = |text: &'static str| {
            let value = HeaderValue::from_static(text);
            retry_after(&HeaderMap::from_iter([(RETRY_AFTER, value)]))
        };
        assert_eq!(heeded("99999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(heeded(" 2 "), Some(Duration::from_secs(2)));
        assert_eq!([heeded("-5"), heeded("soon"), heeded("")], [None; 3]);
    }
}
