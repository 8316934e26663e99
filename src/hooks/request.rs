//! The request that tells one address something.
//!
//! Redirects are followed as browsers do: 307 and 308 ask for the same again, the others for a GET
//! without content. What may be a secret does not follow to another host, and nothing follows from
//! https to http.

use crate::config;
use crate::config::{Config, Web};
use crate::hooks::facts::Facts;
use crate::hooks::letter::Letter;
use crate::model::{Cause, Class, Secret, ServiceUrl};
use crate::net::{Astray, Client, Dialer, Proxies, Response, Trust, login_of, redirect};
use crate::runtime::Stop;
use crate::runtime::blocking::Share;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri};
use http_body_util::Full;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

/// How often a request may be sent elsewhere.
const MAX_REDIRECTS: usize = 10;
/// How much of an answer is read.
const ROOM: usize = 64 << 10;
const HASH: HeaderName = HeaderName::from_static("gitsync-hash");

/// How many threads may look up names and read certificates at once, for all addresses.
const THREADS: usize = 2;

/// What goes out.
type Question = Request<Full<Bytes>>;

/// Hosts that no proxy of the environment is for.
const NEAR: &str = "localhost,127.0.0.0/8,::1";

/// One address, and how to reach it.
#[derive(Debug)]
pub(super) struct Sender {
    options: Arc<Web>,
    url: ServiceUrl,
    shown: String,
    /// That believes the system's authorities, and one that believes ours, if there are any.
    clients: Vec<Client>,
}

/// Makes one for each address. They hold no more of these threads than this.
pub(super) fn senders(config: &Config, threads: &Share) -> Vec<Sender> {
    let options = Arc::new(config.hooks.web.clone());
    let mut environment = config.access.proxy.environment.clone();
    let exempt = environment.iter().position(|(name, _)| name == "no_proxy");
    let exempt = exempt.map(|place| environment.swap_remove(place));
    let exempt =
        exempt.map_or_else(|| NEAR.to_owned(), |(_, list)| format!("{},{NEAR}", list.reveal()));
    environment.push(("no_proxy".to_owned(), Secret::new(exempt)));
    let client = |authorities| {
        let proxies = Proxies::new(None, &environment);
        Client::new(Dialer::new(proxies, Trust::new(authorities, Vec::new())), Arc::default())
            .discreet()
    };
    let mut clients = vec![client(Vec::new())];
    if !config.access.tls.authorities.is_empty() {
        clients.push(client(config.access.tls.authorities.clone()));
    }
    let threads = threads.narrowed(THREADS);
    let sender = |url: &ServiceUrl| {
        // A look-up that takes longer than a try is waited for, and none begun beside it.
        let own = threads.narrowed(1);
        Sender {
            options: Arc::clone(&options),
            shown: config::public(url),
            url: url.clone(),
            clients: clients.iter().map(|client| client.clone().on(&own)).collect(),
        }
    };
    config.hooks.web.urls.iter().map(sender).collect()
}

impl Sender {
    /// Where it goes, without what may be secret.
    pub(super) fn shown(&self) -> &str {
        &self.shown
    }

    /// How long to rest after a failure.
    pub(super) fn backoff(&self) -> Duration {
        self.options.backoff
    }

    /// Tells something, and gives the status of the answer.
    pub(super) async fn send(&self, letter: &Letter, facts: &Facts) -> Result<u16, Cause> {
        let request = self.request(letter, facts)?;
        let limit = self.options.timeout;
        let tried = tokio::time::timeout(limit, self.ask(request)).await;
        tried.unwrap_or_else(|_late| {
            Err(Cause::new(format!("there was no answer within {limit:?}")))
        })
    }

    async fn ask(&self, mut request: Question) -> Result<u16, Cause> {
        for _ in 0..=MAX_REDIRECTS {
            let answer = self.once(&request).await?;
            match elsewhere(&request, &answer)? {
                Some(next) => request = next,
                None => return self.judge(&answer),
            }
        }
        Err(Cause::new("it is a redirect without end"))
    }

    async fn once(&self, request: &Question) -> Result<Response, Cause> {
        let mut last = Cause::new("there is no way to reach it");
        // The content is read below, and never waited for elsewhere.
        let stop = Stop::new(CancellationToken::new(), Instant::now() + self.options.timeout);
        for client in &self.clients {
            client.refreshed().await;
            // It must not arrive twice for one try.
            match client.afresh().answer(request.clone(), ROOM, &stop).await {
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    last = Cause::of(&error);
                    if !matches!(error.class(), Class::Tls | Class::Config) {
                        break;
                    }
                }
            }
        }
        Err(last)
    }

    /// What the server says besides the status is not shown: some repeat what they were asked.
    fn judge(&self, answer: &Response) -> Result<u16, Cause> {
        let status = answer.status.as_u16();
        match self.options.success {
            Some(wanted) if wanted != status => {
                let reason = answer.status.canonical_reason().unwrap_or_default();
                let said = format!("{status} {reason}");
                let said = said.trim_end();
                Err(Cause::new(format!("it answered {said} in place of {wanted}")))
            }
            Some(_) | None => Ok(status),
        }
    }

    fn request(&self, letter: &Letter, facts: &Facts) -> Result<Question, Cause> {
        let wrong = |what: &str| Cause::new(format!("{what} cannot be sent"));
        let body = self.options.body.as_ref();
        let content = body.map(|body| body.fill(|field| letter.field(field, facts)));
        let mut request = Request::new(Full::new(Bytes::from(content.unwrap_or_default())));
        let method = Method::from_bytes(self.options.method.as_bytes())
            .map_err(|_error| wrong("the method"))?;
        *request.method_mut() = method.clone();
        let (whole, _fragment) =
            self.url.whole().reveal().split_once('#').unwrap_or((self.url.whole().reveal(), ""));
        *request.uri_mut() = Uri::try_from(whole).map_err(|_error| wrong("the address"))?;
        let headers = request.headers_mut();
        let agent = HeaderValue::from_static(concat!("gitsyncd/", env!("CARGO_PKG_VERSION")));
        headers.insert(USER_AGENT, agent);
        if let Some(body) = body {
            let kind =
                if body.is_json() { "application/json" } else { "text/plain; charset=utf-8" };
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        } else if ![Method::GET, Method::HEAD].contains(&method) {
            // Some servers insist on it.
            headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        headers.extend(login_of(&self.url).map(|login| (AUTHORIZATION, login)));
        let mut ours = HeaderMap::new();
        for (name, value) in &self.options.headers {
            let name = HeaderName::try_from(name).map_err(|_error| wrong("a header"))?;
            let mut value =
                HeaderValue::try_from(value.reveal()).map_err(|_error| wrong("a header"))?;
            value.set_sensitive(true);
            ours.append(name, value);
        }
        headers.extend(ours);
        if let Some(hash) = &letter.hash {
            let hash = HeaderValue::try_from(hash.as_str()).map_err(|_error| wrong("the hash"))?;
            headers.insert(HASH, hash);
        }
        Ok(request)
    }
}

/// The request that a redirect asks for, if the answer is one.
fn elsewhere(request: &Question, answer: &Response) -> Result<Option<Question>, Cause> {
    let again = match answer.status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => false,
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return Ok(None),
    };
    if !answer.headers.contains_key(LOCATION) {
        return Ok(None);
    }
    let nowhere = || Cause::new("it is a redirect to nowhere");
    let from = Url::parse(&request.uri().to_string()).map_err(|_error| nowhere())?;
    let to = redirect(&from, &answer.headers).map_err(|astray| match astray {
        Astray::Nowhere | Astray::NotHttp => nowhere(),
        Astray::Unsafe => Cause::new("it is a redirect from https to something less safe"),
    })?;
    let mut next = request.clone();
    *next.uri_mut() = Uri::try_from(to.as_str()).map_err(|_error| nowhere())?;
    if from.origin() != to.origin() {
        let kept = [USER_AGENT, CONTENT_TYPE, CONTENT_LENGTH, HASH];
        let headers = std::mem::take(next.headers_mut());
        let keep =
            kept.into_iter().filter_map(|name| Some((name.clone(), headers.get(&name)?.clone())));
        next.headers_mut().extend(keep);
    }
    if !again && ![Method::GET, Method::HEAD].contains(next.method()) {
        *next.method_mut() = Method::GET;
        *next.body_mut() = Full::new(Bytes::new());
        next.headers_mut().remove(CONTENT_TYPE);
        next.headers_mut().remove(CONTENT_LENGTH);
    }
    Ok(Some(next))
}
