//! An LFS server: what it is asked, and what goes along.
//!
//! Who we are there is said to the host of its address, and to no other, whatever it sends us to.

use crate::git::Dress;
use crate::lfs::batch::{AT_ONCE, Answer, Download, MEDIA_TYPE, Question, Refusal, odd_at};
use crate::lfs::error::class_of;
use crate::lfs::patience::Patience;
use crate::lfs::{Grant, LfsError, Wanted};
use crate::model::{Cause, Location, Outfit, Redirects, RepoUrl, short};
use crate::net::{Astray, Client, NetError, Response, redirect};
use crate::runtime::Stop;
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::Full;
use std::io::Read;
use url::Url;

/// How long an answer may be.
const LONGEST: u64 = 16 << 20;
/// How much of a complaint is read.
const COMPLAINT: u64 = 4 << 10;
/// How often a request may be sent elsewhere.
const MAX_REDIRECTS: usize = 5;

/// A server and who we are to it.
#[derive(Debug)]
pub struct Server {
    client: Client,
    url: Url,
    dress: Dress,
    /// What another server gave us to say to this one.
    granted: HeaderMap,
    /// Whether our certificate is meant for it.
    identified: bool,
    redirects: Redirects,
}

/// A file that can be had, and how.
#[derive(Debug)]
pub struct Offered {
    pub(super) file: Wanted,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    /// Whether the server said who we are there, and not we.
    pub(super) signed: bool,
    /// Whether it is at the same host.
    pub(super) at_home: bool,
}

/// A request that may be sent elsewhere.
pub(super) struct Errand<'a> {
    pub(super) method: Method,
    pub(super) url: &'a Url,
    /// What goes to the first host only.
    pub(super) headers: &'a HeaderMap,
    /// What goes anywhere.
    pub(super) common: &'a HeaderMap,
    pub(super) body: Bytes,
}

impl Server {
    /// Remembers how to reach it, and who we are there. `identified` if our certificate is meant for it.
    pub fn new(client: Client, url: &RepoUrl, outfit: &Outfit, identified: bool) -> Option<Self> {
        let Location::Http(url) = url.location() else {
            return None;
        };
        let dress = Dress::new(url.clone(), outfit);
        let (granted, redirects) = (HeaderMap::new(), Redirects::default());
        Some(Self { client, url: url.clone(), dress, granted, identified, redirects })
    }

    /// Follows these redirects.
    #[must_use]
    pub fn with_redirects(self, redirects: Redirects) -> Self {
        Self { redirects, ..self }
    }

    /// Says to it what another server gave us for that.
    #[must_use]
    pub fn granted(self, grant: &Grant) -> Self {
        let lines = grant.header.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        Self { granted: headers(sayable(lines)), ..self }
    }

    /// Says whether a URL is at this server.
    fn has(&self, url: &Url) -> bool {
        self.url.origin() == url.origin()
    }

    /// Asks where files are. One that is not to be had ends it.
    pub fn ask(&self, files: &[Wanted], stop: &Stop) -> Result<Vec<Offered>, LfsError> {
        let mut offered = Vec::with_capacity(files.len());
        for some in files.chunks(AT_ONCE) {
            offered.extend(self.ask_for(some, stop)?);
        }
        Ok(offered)
    }

    fn ask_for(&self, files: &[Wanted], stop: &Stop) -> Result<Vec<Offered>, LfsError> {
        let answer = match self.batch(files, stop) {
            Err(Failure::TooMany(_)) if files.len() > 1 => {
                let (some, others) = files.split_at(files.len() / 2);
                let mut offered = self.ask_for(some, stop)?;
                offered.extend(self.ask_for(others, stop)?);
                return Ok(offered);
            }
            answer => answer.map_err(Failure::into_error)?,
        };
        let odd = |source| LfsError::Answer { url: self.shown(), source: Cause::new(source) };
        let offers = answer.offers().map_err(odd)?;
        let mut offered = Vec::with_capacity(files.len());
        for file in files {
            let offer = offers.get(&file.pointer.oid);
            let offer = offer.ok_or_else(|| odd(format!("it says nothing of {:?}", file.path)))?;
            let download = offer.as_ref().map_err(|complaint| {
                file.refused(&self.shown(), complaint.code, &complaint.message)
            })?;
            offered.push(self.offered(file, download).map_err(odd)?);
        }
        Ok(offered)
    }

    fn offered(&self, file: &Wanted, download: &Download) -> Result<Offered, String> {
        let url = Url::parse(download.href.reveal());
        let url = url.map_err(|error| format!("{:?} has no address: {error}", file.path))?;
        let safe = match url.scheme() {
            "https" => true,
            "http" => self.url.scheme() == "http",
            _ => false,
        };
        if !safe || url.host().is_none() {
            let (path, from, to) = (&file.path, self.url.scheme(), url.scheme());
            return Err(format!("it sends us from {from} to {to} for {path:?}"));
        }
        let lines = download.header.iter().map(|(name, value)| (name.as_str(), value.reveal()));
        let mut headers = headers(sayable(lines));
        let at_home = self.has(&url);
        if !download.authenticated && at_home {
            self.put_on(&mut headers, &url);
        }
        let signed = download.authenticated || !at_home;
        Ok(Offered { file: file.clone(), url, headers, signed, at_home })
    }

    fn put_on(&self, headers: &mut HeaderMap, url: &Url) {
        self.dress.put_on(headers, url);
        for (name, value) in &self.granted {
            headers.insert(name.clone(), value.clone());
        }
    }

    /// Asks about some files, again if that failed for now.
    fn batch(&self, files: &[Wanted], stop: &Stop) -> Result<Answer, Failure> {
        let mut patience = Patience::new();
        loop {
            match self.batch_once(files, stop) {
                Err(Failure::Other(error)) => {
                    if !patience.rest(&error, stop).map_err(LfsError::from)? {
                        return Err(error.into());
                    }
                }
                ended => return ended,
            }
        }
    }

    fn batch_once(&self, files: &[Wanted], stop: &Stop) -> Result<Answer, Failure> {
        let odd = |source| LfsError::Answer { url: self.shown(), source };
        let mut url = self.url.clone();
        url.set_path(&format!("{}/objects/batch", url.path().trim_end_matches('/')));
        let question = Question::about(files.iter().map(|file| &file.pointer));
        let body = serde_json::to_vec(&question).map_err(|error| odd(Cause::of(&error)))?;
        let mut own = HeaderMap::new();
        self.put_on(&mut own, &url);
        let errand = Errand {
            method: Method::POST,
            url: &url,
            headers: &own,
            common: &headers([("accept", MEDIA_TYPE), ("content-type", MEDIA_TYPE)].into_iter()),
            body: body.into(),
        };
        let response = self.send(&errand, stop).map_err(LfsError::Net)?;
        let (status, retry_after) = (response.status, response.retry_after());
        let limit = if status.is_success() { LONGEST } else { COMPLAINT };
        let mut text = Vec::new();
        let read = response.body.take(limit).read_to_end(&mut text);
        if status.is_success() {
            read.map_err(|error| LfsError::Net(broken(&self.shown(), &error)))?;
            let answer = serde_json::from_slice(&text);
            return Ok(answer.map_err(|error| odd(odd_at(&error)))?);
        }
        let message = serde_json::from_slice(&text).map(|refusal: Refusal| refusal.message);
        let said = message
            .map_or_else(|_| status.to_string(), |said| format!("{status}: {}", short(&said)));
        let class = class_of(status.as_u16(), retry_after);
        let error = LfsError::Refused { url: self.shown(), said, class, retry_after };
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            return Err(Failure::TooMany(error));
        }
        Err(error.into())
    }

    /// Sends a request, and after a redirect to another host only what may be said anywhere.
    pub(super) fn send(&self, errand: &Errand<'_>, stop: &Stop) -> Result<Response, NetError> {
        let nowhere = |reason| NetError::Redirect { url: shown(errand.url), reason };
        let mut at = errand.url.clone();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = Request::new(Full::new(errand.body.clone()));
            *request.method_mut() = errand.method.clone();
            *request.uri_mut() = at.as_str().parse().map_err(|_odd| nowhere("it is not a URL"))?;
            let lines = request.headers_mut();
            lines.insert(USER_AGENT, HeaderValue::from_static(AGENT));
            lines.extend(errand.common.clone());
            if at.origin() == errand.url.origin() {
                for name in errand.headers.keys() {
                    lines.remove(name);
                }
                lines.extend(errand.headers.clone());
            }
            let client = self.client.identified(self.identified && self.has(&at));
            let response = client.send(request, stop)?;
            let moved = matches!(response.status.as_u16(), 301 | 302 | 303 | 307 | 308);
            if !moved {
                return Ok(response);
            }
            if self.redirects == Redirects::Never {
                return Err(nowhere("the server redirects, and http.followRedirects forbids it"));
            }
            at = redirect(&at, &response.headers).map_err(|astray| {
                nowhere(match astray {
                    Astray::Nowhere => "the server redirects to nowhere",
                    Astray::Unsafe => "the server redirects from https to something less safe",
                    Astray::NotHttp => "the server redirects to something that is not HTTP",
                })
            })?;
        }
        Err(nowhere("the server redirects without end"))
    }

    fn shown(&self) -> String {
        shown(&self.url)
    }
}

/// How we call ourselves.
const AGENT: &str = concat!("git-lfs/gitsyncd-", env!("CARGO_PKG_VERSION"));

/// Why there is no answer.
enum Failure {
    /// The server wants fewer files in one question.
    TooMany(LfsError),
    /// All else.
    Other(LfsError),
}

impl Failure {
    fn into_error(self) -> LfsError {
        match self {
            Self::TooMany(error) | Self::Other(error) => error,
        }
    }
}

impl From<LfsError> for Failure {
    fn from(error: LfsError) -> Self {
        Self::Other(error)
    }
}

/// Finds what the network said in what a reader says.
pub(super) fn broken(url: &str, error: &std::io::Error) -> NetError {
    let net = NetError::within(error).cloned();
    let other = || NetError::Broken { url: url.to_owned(), source: Cause::of(error) };
    net.unwrap_or_else(other)
}

/// What may be shown of an address: a query may be a signature.
pub(super) fn shown(url: &Url) -> String {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    crate::model::without_user(shown).to_string()
}

/// What is about the way a request is sent, and so is for us alone to say.
const OURS: [&str; 13] = [
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "if-range",
    "keep-alive",
    "proxy-connection",
    "range",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Leaves out the lines that a server may not have us send.
fn sayable<'a>(
    lines: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    lines.filter(|(name, _)| !OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)))
}

/// Makes header lines; what cannot be one is left out.
pub(super) fn headers<'a>(lines: impl Iterator<Item = (&'a str, &'a str)>) -> HeaderMap {
    let line = |(name, value): (&str, &str)| {
        let mut value = HeaderValue::try_from(value).ok()?;
        value.set_sensitive(name != ACCEPT.as_str() && name != CONTENT_TYPE.as_str());
        Some((HeaderName::try_from(name).ok()?, value))
    };
    lines.filter_map(line).collect()
}
