//! Git's smart protocol over our HTTP client (gitprotocol-http).
//!
//! The first request of an exchange may be redirected, as with Git. What is meant for the host of the
//! repository follows only to the same host, and nothing goes from https to http.

use crate::git::GitError;
use crate::git::allowance::{Allowance, Allowed};
use crate::git::dress::Dress;
use crate::git::echo::Echo;
use crate::git::error::words;
use crate::model::{Cause, Outfit, Redirects};
use crate::net::Body;
use crate::net::Client;
use crate::net::NetError;
use crate::net::Response;
use crate::net::{Astray, redirect};
use crate::runtime::Stop;
use bytes::Bytes;
use gix_transport::Protocol;
use gix_transport::client::blocking_io::http as gix_http;
use gix_transport::client::blocking_io::http::{GetResponse, PostBodyDataKind, PostResponse};
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Method;
use http::Request;
use http::header::USER_AGENT;
use http_body_util::Full;
use std::io;
use std::io::{BufRead, Cursor, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// How often the first request may be sent elsewhere.
const MAX_REDIRECTS: usize = 10;

/// What a server says of how it greets us (gitprotocol-http).
const GREETING: &[u8] = b"content-type: application/x-git-upload-pack-advertisement\n";

/// What gix asks for by HTTP goes through here.
#[derive(Debug)]
pub(super) struct Http {
    client: Client,
    /// Where we were told to go.
    home: Url,
    dress: Dress,
    stop: Stop,
    redirects: Redirects,
    redirected: Option<String>,
    echo: Echo,
    allowance: Allowance,
    /// What the server said at the beginning, if it need not be asked for that.
    greeting: Option<Vec<u8>>,
}

impl Http {
    pub(super) fn new(
        client: Client,
        (home, outfit): (Url, &Outfit),
        stop: Stop,
        echo: Echo,
        allowance: Allowance,
    ) -> Self {
        let dress = Dress::new(home.clone(), outfit);
        let redirects = Redirects::default();
        Self {
            client,
            home,
            dress,
            stop,
            redirects,
            redirected: None,
            echo,
            allowance,
            greeting: None,
        }
    }

    /// Follows these redirects.
    pub(super) fn with_redirects(self, redirects: Redirects) -> Self {
        Self { redirects, ..self }
    }

    /// Begins with what the server said at the beginning of an earlier conversation.
    pub(super) fn greeted(self, greeting: Vec<u8>) -> Self {
        Self { greeting: Some(greeting), ..self }
    }

    /// Lends this to gix.
    pub(super) fn transport(self) -> Result<gix_http::Transport<Self>, GitError> {
        let url = self.home.to_string();
        let parsed = gix::Url::try_from(url.as_str())
            .map_err(|error| GitError::Protocol { url, source: words(&error) })?;
        Ok(gix_http::Transport::new_http(self, parsed, Protocol::V2, false))
    }

    fn request(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
    ) -> Result<Request<Full<Bytes>>, NetError> {
        let broken = |error: http::Error| NetError::Connect {
            url: url.to_string(),
            source: Cause::of(&error),
        };
        let mut request = Request::builder()
            .method(method)
            .uri(url.as_str())
            .body(Full::new(body))
            .map_err(broken)?;
        *request.headers_mut() = headers;
        let agent = HeaderValue::from_static(concat!("git/gitsyncd-", env!("CARGO_PKG_VERSION")));
        request.headers_mut().insert(USER_AGENT, agent);
        self.dress.put_on(request.headers_mut(), url);
        Ok(request)
    }

    /// Gets a URL, wherever it is, and remembers where that was.
    fn get_following(
        &mut self,
        url: &str,
        base: &str,
        headers: HeaderMap,
    ) -> Result<Response, NetError> {
        let nowhere = |reason| NetError::Redirect { url: url.to_owned(), reason };
        let tail = url.strip_prefix(base).unwrap_or_default();
        let mut at = Url::parse(url).map_err(|_error| nowhere("it is not a URL"))?;
        for _ in 0..=MAX_REDIRECTS {
            let request = self.request(Method::GET, &at, headers.clone(), Bytes::new())?;
            let client = self.client.identified(self.dress.is_at_home(&at));
            let response = client.send(request, &self.stop)?;
            if !response.status.is_redirection() {
                return response.success();
            }
            if self.redirects == Redirects::Never {
                return Err(nowhere("the server redirects, and http.followRedirects forbids it"));
            }
            let next = redirect(&at, &response.headers).map_err(|astray| {
                nowhere(match astray {
                    Astray::Nowhere => "the server redirects to nowhere",
                    Astray::Unsafe => "the server redirects from https to something less safe",
                    Astray::NotHttp => "the server redirects to something that is not HTTP",
                })
            })?;
            let base = next.as_str().strip_suffix(tail).ok_or_else(|| {
                nowhere("the server redirects to something that is not a repository, perhaps a login page")
            })?;
            tracing::debug!(to = %shown(&next), "the server redirects");
            self.redirected = Some(base.to_owned());
            at = next;
        }
        Err(nowhere("the server redirects without end"))
    }
}

/// What may be shown of an address that a server made: neither user information nor a query.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{host}{port}{}", url.scheme(), url.path())
}

/// Takes header lines apart; gix makes them, so none is wrong.
fn parse(lines: impl IntoIterator<Item = impl AsRef<str>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        if let Some((name, value)) = line.as_ref().split_once(':')
            && let Ok(name) = HeaderName::try_from(name.trim())
            && let Ok(value) = HeaderValue::try_from(value.trim())
        {
            headers.insert(name, value);
        }
    }
    headers
}

/// Puts header lines together, as gix reads them.
fn render(headers: &HeaderMap) -> Cursor<Vec<u8>> {
    let mut text = Vec::new();
    for (name, value) in headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.push(b'\n');
    }
    Cursor::new(text)
}

impl gix_http::Http for Http {
    type Headers = Reader;
    type ResponseBody = Reader;
    type PostBody = PostBody;

    fn get(
        &mut self,
        url: &str,
        base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> gix::error::Result<GetResponse<Reader, Reader>> {
        if let Some(greeting) = self.greeting.take() {
            return Ok(GetResponse {
                headers: Reader::Text(Cursor::new(GREETING.to_vec())),
                body: Reader::Text(Cursor::new(greeting)),
            });
        }
        let response = self
            .get_following(url, base_url, parse(headers))
            .map_err(|error| gix::Error::from_error(error.into_io()))?;
        Ok(GetResponse {
            headers: Reader::Text(render(&response.headers)),
            body: Reader::Body(Allowed::new(response.body, self.allowance.clone())),
        })
    }

    fn post(
        &mut self,
        url: &str,
        _base_url: &str,
        headers: impl IntoIterator<Item = impl AsRef<str>>,
        _body: PostBodyDataKind,
    ) -> gix::error::Result<PostResponse<Reader, Reader, PostBody>> {
        let url = Url::parse(url).map_err(gix::Error::from_error)?;
        let request = self
            .request(Method::POST, &url, parse(headers), Bytes::new())
            .map_err(|error| gix::Error::from_error(error.into_io()))?;
        let exchange = Arc::new(Mutex::new(Exchange::Writing(Box::new(Unsent {
            request,
            body: Vec::new(),
            client: self.client.identified(self.dress.is_at_home(&url)),
            stop: self.stop.clone(),
            echo: self.echo.clone(),
            allowance: self.allowance.clone(),
        }))));
        Ok(PostResponse {
            post_body: PostBody(Arc::clone(&exchange)),
            headers: Reader::HeadersOf(Arc::clone(&exchange)),
            body: Reader::BodyOf(exchange),
        })
    }

    /// Takes a new [`Stop`], for the next attempt. A conversation that was sent elsewhere is not
    /// gone on with, as the server may send us somewhere else by now.
    fn configure(&mut self, config: &dyn std::any::Any) -> gix::error::Result<()> {
        if self.redirected.is_some() {
            return Err(gix::Error::from_error(io::Error::other("the server redirected us")));
        }
        if let Some(stop) = config.downcast_ref::<Stop>() {
            self.stop = stop.clone();
        }
        Ok(())
    }

    fn redirected_base_url(&self) -> Option<String> {
        self.redirected.clone()
    }
}

/// A request that is sent when its answer is first read, because gix writes the body after asking
/// for both.
#[derive(Debug)]
pub(super) enum Exchange {
    /// The body is being written.
    Writing(Box<Unsent>),
    /// The head of the answer is here.
    Answered(Box<Answer>),
}

/// A request and the means to send it.
#[derive(Debug)]
pub(super) struct Unsent {
    request: Request<Full<Bytes>>,
    body: Vec<u8>,
    client: Client,
    stop: Stop,
    echo: Echo,
    allowance: Allowance,
}

/// The parts of an answer; each is taken once.
#[derive(Debug, Default)]
pub(super) struct Answer {
    headers: Option<Cursor<Vec<u8>>>,
    body: Option<Allowed<Body>>,
}

impl Exchange {
    fn answer(&mut self) -> io::Result<&mut Answer> {
        if let Self::Writing(unsent) = self {
            let request = std::mem::take(&mut unsent.request);
            let body = Bytes::from(std::mem::take(&mut unsent.body));
            let response = unsent
                .echo
                .send(request, body, &unsent.client, &unsent.stop)
                .map_err(NetError::into_io)?;
            *self = Self::Answered(Box::new(Answer {
                headers: Some(render(&response.headers)),
                body: Some(Allowed::new(response.body, unsent.allowance.clone())),
            }));
        }
        match self {
            Self::Answered(answer) => Ok(answer),
            Self::Writing(_) => Err(io::Error::other("the request was not sent")),
        }
    }
}

/// Collects the body of a request.
#[derive(Debug)]
pub(super) struct PostBody(Arc<Mutex<Exchange>>);

impl Write for PostBody {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            Exchange::Writing(unsent) => unsent.body.write(bytes),
            Exchange::Answered(_) => Err(io::Error::other("the request was sent already")),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Headers or body of an answer; those of a POST appear when they are first read.
#[derive(Debug)]
pub(super) enum Reader {
    /// Header lines.
    Text(Cursor<Vec<u8>>),
    /// A body on its way.
    Body(Allowed<Body>),
    /// The headers of an answer to come.
    HeadersOf(Arc<Mutex<Exchange>>),
    /// The body of an answer to come.
    BodyOf(Arc<Mutex<Exchange>>),
}

impl Reader {
    /// Turns an answer to come into one that has come.
    fn arrive(&mut self) -> io::Result<()> {
        let arrived = match self {
            Self::Text(_) | Self::Body(_) => return Ok(()),
            Self::HeadersOf(exchange) => {
                let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
                Self::Text(exchange.answer()?.headers.take().unwrap_or_default())
            }
            Self::BodyOf(exchange) => {
                let mut exchange = exchange.lock().unwrap_or_else(PoisonError::into_inner);
                match exchange.answer()?.body.take() {
                    Some(body) => Self::Body(body),
                    None => Self::Text(Cursor::default()),
                }
            }
        };
        *self = arrived;
        Ok(())
    }
}

impl BufRead for Reader {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.arrive()?;
        match self {
            Self::Text(text) => text.fill_buf(),
            Self::Body(body) => body.fill_buf(),
            Self::HeadersOf(_) | Self::BodyOf(_) => Ok(&[]),
        }
    }

    fn consume(&mut self, amount: usize) {
        match self {
            Self::Text(text) => text.consume(amount),
            Self::Body(body) => body.consume(amount),
            Self::HeadersOf(_) | Self::BodyOf(_) => (),
        }
    }
}

impl Read for Reader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.fill_buf()?.read(into)?;
        self.consume(count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_where_a_redirect_leads_nothing_is_shown_that_may_be_secret() {
        let url = Url::parse("http://ada:hush@[::1]:81/r.git/info/refs?token=hush").unwrap();
        assert_eq!(shown(&url), "http://[::1]:81/r.git/info/refs");
    }
}
