//! How connections are made: directly or through a proxy, in the clear or over TLS.

use crate::model::{Cause, Class};
use crate::net::NetError;
use crate::net::doors::{Doors, Turn};
use crate::net::exempt::bare;
use crate::net::names::Names;
use crate::net::proxies::{Kind, Proxies, Proxy, authority};
use crate::net::refusal::{of_tls, refusal};
use crate::net::trust::{Settings, Trust};
use crate::net::tunnel;
use crate::net::tunnel::Goal;
use crate::runtime::blocking::Share;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower_service::Service;

/// How long one address may take to answer a connection request.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// How long sent bytes may stay unacknowledged before the connection is given up.
const UNACKNOWLEDGED: Duration = Duration::from_secs(30);

/// A connection, whatever is in between.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl fmt::Debug for dyn Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a connection")
    }
}

/// Makes connections for all that speaks over a network.
#[derive(Clone, Debug)]
pub struct Dialer {
    tcp: HttpConnector<Names>,
    names: Names,
    /// For files of certificates. One thread at a time reads them, and whoever waited for it finds
    /// what it read.
    files: Share,
    doors: Doors,
    proxies: Arc<Proxies>,
    trust: Arc<Trust>,
}

/// A connection for requests of HTTP.
pub(super) struct Reached {
    pub(super) stream: Box<dyn Stream>,
    /// The proxy that wants to hear the whole URI of each request.
    pub(super) via: Option<Arc<Proxy>>,
}

impl Dialer {
    /// Prepares to connect. No file is read before one is needed.
    pub fn new(proxies: Proxies, trust: Trust) -> Self {
        Self::through_doors(&Doors::default(), proxies, trust)
    }

    /// Does the same by doors that are shared with others.
    pub fn through_doors(doors: &Doors, proxies: Proxies, trust: Trust) -> Self {
        let (names, files) = (doors.names().clone(), doors.files().narrowed(1));
        let mut tcp = HttpConnector::new_with_resolver(names.clone());
        prepare(&mut tcp);
        let doors = doors.clone();
        Self { tcp, names, files, doors, proxies: Arc::new(proxies), trust: Arc::new(trust) }
    }

    /// Does the same on no more threads than these.
    #[must_use]
    pub(super) fn on(&self, threads: &Share) -> Self {
        let (names, files) = (Names::new(threads.clone()), threads.narrowed(1));
        let mut tcp = HttpConnector::new_with_resolver(names.clone());
        prepare(&mut tcp);
        Self { tcp, names, files, ..self.clone() }
    }

    /// Waits for the turn to open a connection to a host.
    pub async fn turn(&self, host: &str, port: u16) -> Turn {
        self.doors.pass(host, port).await
    }

    /// What is believed and shown. Files are read on a thread that may block.
    pub(super) async fn settings(&self, url: &str) -> Result<Settings, NetError> {
        if let Some(settings) = self.trust.ready() {
            return Ok(settings);
        }
        let trust = Arc::clone(&self.trust);
        let read = self.files.run(move || trust.settings()).await;
        read.map_err(|cut| NetError::Connect { url: url.to_owned(), source: Cause::of(&cut) })?
    }

    /// Looks on a thread that may block whether what is believed and shown has changed.
    pub(super) async fn refresh(&self) -> bool {
        let trust = Arc::clone(&self.trust);
        // A mistake in there is told by whoever connects next.
        self.files.run(move || trust.refresh()).await.unwrap_or_default()
    }

    /// Which certificates are believed and shown.
    pub(super) fn trust(&self) -> &Trust {
        &self.trust
    }

    /// Connects to a port of a host, by the proxy of the option if there is one; the environment
    /// names proxies for HTTP only. `url` is what errors show. If this is not waited for to its end,
    /// nothing stays open.
    pub async fn dial(
        &self,
        host: &str,
        port: u16,
        url: &str,
    ) -> Result<Box<dyn Stream>, NetError> {
        match self.proxies.for_host(host, port, url)? {
            Some(proxy) => self.through(&Arc::clone(proxy), Goal { host, port, url }).await,
            None => self.tcp(host, port).await.map_err(|source| connect_error(url, source)),
        }
    }

    /// Connects for a URI of HTTP. `identified` says whether our certificate may be shown there.
    pub(super) async fn reach(
        &self,
        uri: &Uri,
        identified: bool,
        url: &str,
    ) -> Result<Reached, NetError> {
        let secure = uri.scheme_str() == Some("https");
        // Read before the connection is made, so that a bad file is told first.
        let settings = if secure { Some(self.settings(url).await?) } else { None };
        let (host, port) = place_of(uri);
        let goal = Goal { host, port, url };
        let proxy = self.proxies.for_uri(uri, url)?.cloned();
        if let (Some(proxy), None) = (&proxy, &settings)
            && matches!(proxy.kind, Kind::Http | Kind::Https)
        {
            let stream = self.proxy(proxy, url).await?;
            return Ok(Reached { stream, via: Some(Arc::clone(proxy)) });
        }
        let stream = match &proxy {
            Some(proxy) => self.through(proxy, goal).await?,
            None => self.tcp(host, port).await.map_err(|source| connect_error(url, source))?,
        };
        let stream = match settings {
            Some(settings) => secured(stream, host, settings.config(identified))
                .await
                .map_err(|error| untrusted(&self.trust, &settings, url, &error))?,
            None => stream,
        };
        Ok(Reached { stream, via: None })
    }

    /// Connects by way of a proxy.
    async fn through(&self, proxy: &Proxy, goal: Goal<'_>) -> Result<Box<dyn Stream>, NetError> {
        match proxy.kind {
            Kind::Http | Kind::Https => {
                tunnel::connect(self.proxy(proxy, goal.url).await?, proxy, goal).await
            }
            Kind::SocksByName => {
                tunnel::socks(self.proxy(proxy, goal.url).await?, proxy, goal).await
            }
            Kind::Socks => self.through_by_address(proxy, goal).await,
        }
    }

    /// Looks the name up and tries its addresses one after the other.
    async fn through_by_address(
        &self,
        proxy: &Proxy,
        goal: Goal<'_>,
    ) -> Result<Box<dyn Stream>, NetError> {
        let found = self.names.find(goal.host, goal.port).await;
        let found = found.map_err(|source| connect_error(goal.url, Cause::of(&source)))?;
        let mut last = None;
        for address in found {
            let host = address.ip().to_string();
            let stream = self.proxy(proxy, goal.url).await?;
            match tunnel::socks(stream, proxy, Goal { host: &host, ..goal }).await {
                Ok(stream) => return Ok(stream),
                Err(error) if error.class() == Class::Network => last = Some(error),
                Err(error) => return Err(error),
            }
        }
        let nothing = || connect_error(goal.url, Cause::new("the name has no address"));
        Err(last.unwrap_or_else(nothing))
    }

    /// Connects to a proxy.
    async fn proxy(&self, proxy: &Proxy, url: &str) -> Result<Box<dyn Stream>, NetError> {
        let settings =
            if proxy.kind == Kind::Https { Some(self.settings(url).await?) } else { None };
        let stream = self
            .tcp(&proxy.host, proxy.port)
            .await
            .map_err(|source| proxy.failed(url, Class::Network, source))?;
        match settings {
            Some(settings) => {
                secured(stream, &proxy.host, settings.config_for_proxies()).await.map_err(|error| {
                    let class = if of_tls(&error) { Class::Tls } else { Class::Network };
                    let refused = refusal(&error, &settings);
                    let source = refused.map_or_else(|| Cause::of(&error), |told| told.cause);
                    proxy.failed(url, class, source)
                })
            }
            None => Ok(stream),
        }
    }

    async fn tcp(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, Cause> {
        let uri = Uri::builder()
            .scheme("http")
            .authority(authority(host, port))
            .path_and_query("/")
            .build()
            .map_err(|error| Cause::of(&error))?;
        let mut tcp = self.tcp.clone();
        poll_fn(|context| tcp.poll_ready(context)).await.map_err(|error| Cause::of(&error))?;
        let stream = tcp.call(uri).await.map_err(|error| Cause::of(&error))?;
        Ok(Box::new(stream.into_inner()))
    }
}

/// The host and the port of a URI of HTTP.
pub(super) fn place_of(uri: &Uri) -> (&str, u16) {
    let port = if uri.scheme_str() == Some("https") { 443 } else { 80 };
    (uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(port))
}

fn prepare(tcp: &mut HttpConnector<Names>) {
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
    tcp.set_keepalive(Some(UNACKNOWLEDGED));
    tcp.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
}

/// Shakes hands over TLS.
async fn secured(
    stream: Box<dyn Stream>,
    host: &str,
    config: Arc<ClientConfig>,
) -> io::Result<Box<dyn Stream>> {
    let name = ServerName::try_from(bare(host).to_owned()).map_err(io::Error::other)?;
    let stream = TlsConnector::from(config).connect(name, stream).await?;
    Ok(Box::new(stream))
}

fn connect_error(url: &str, source: Cause) -> NetError {
    NetError::Connect { url: url.to_owned(), source }
}

/// Says why no trusted connection came to be.
pub(super) fn untrusted(
    trust: &Trust,
    settings: &Settings,
    url: &str,
    error: &(dyn std::error::Error + 'static),
) -> NetError {
    let url = url.to_owned();
    match refusal(error, settings) {
        Some(told) => {
            // What is believed may have changed where nobody looks: the system's certificates.
            trust.forget();
            if told.of_us {
                NetError::Identity { url, source: told.cause }
            } else {
                NetError::Tls { url, source: told.cause }
            }
        }
        None => NetError::Broken { url, source: Cause::of(error) },
    }
}
