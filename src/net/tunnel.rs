//! How a proxy is asked for a connection: `CONNECT` (RFC 9110, 9.3.6) and SOCKS5.

use crate::model::{Cause, Class};
use crate::net::NetError;
use crate::net::dialer::Stream;
use crate::net::exempt::bare;
use crate::net::proxies::{Proxy, authority};
use bytes::Bytes;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header::{HOST, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, USER_AGENT};
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::runtime::Handle;
use tokio_socks::tcp::Socks5Stream;
use tokio_util::task::AbortOnDropHandle;

/// Who is to be reached through a proxy, and for which URL.
#[derive(Clone, Copy, Debug)]
pub(super) struct Goal<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) url: &'a str,
}

/// Asks a proxy that speaks HTTP.
pub(super) async fn connect(
    stream: Box<dyn Stream>,
    proxy: &Proxy,
    goal: Goal<'_>,
) -> Result<Box<dyn Stream>, NetError> {
    let broken = |error: hyper::Error| proxy.failed(goal.url, Class::Network, Cause::of(&error));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(broken)?;
    let _task = AbortOnDropHandle::new(Handle::current().spawn(async {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "a connection to a proxy broke");
        }
    }));
    let target = authority(goal.host, goal.port);
    let mut request = Request::connect(target.as_str())
        .header(HOST, &target)
        .header(USER_AGENT, concat!("gitsyncd/", env!("CARGO_PKG_VERSION")));
    if let Some(value) = proxy.authorization() {
        request = request.header(PROXY_AUTHORIZATION, value);
    }
    let request = request
        .body(Empty::<Bytes>::new())
        .map_err(|error| proxy.failed(goal.url, Class::Network, Cause::of(&error)))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    if !response.status().is_success() {
        return Err(refused(proxy, goal, &target, &response));
    }
    // Nothing that came after the answer is lost: some servers speak first.
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

fn refused(proxy: &Proxy, goal: Goal<'_>, target: &str, said: &Response<Incoming>) -> NetError {
    let status = said.status();
    // tinyproxy says 401 of a wrong password.
    if [StatusCode::PROXY_AUTHENTICATION_REQUIRED, StatusCode::UNAUTHORIZED].contains(&status) {
        let ways: Vec<_> = said
            .headers()
            .get_all(PROXY_AUTHENTICATE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split_whitespace().next())
            .collect();
        if !ways.is_empty() && !ways.iter().any(|way| way.eq_ignore_ascii_case("basic")) {
            let text = format!("it knows us only by {}, and we know only Basic", ways.join(", "));
            return proxy.failed(goal.url, Class::Auth, Cause::new(text));
        }
        return proxy.locked(goal.url, status.as_str());
    }
    let check = if status.is_server_error() {
        "check whether it can reach that host"
    } else {
        "check whether it lets this host and port through"
    };
    let text = format!("it answered {status} to CONNECT {target}; {check}");
    proxy.failed(goal.url, Class::Network, Cause::new(text))
}

/// Asks a proxy that speaks SOCKS for a name, which is looked up there, or for an address.
pub(super) async fn socks(
    stream: Box<dyn Stream>,
    proxy: &Proxy,
    goal: Goal<'_>,
) -> Result<Box<dyn Stream>, NetError> {
    let target = (bare(goal.host), goal.port);
    let connected = match &proxy.login {
        Some((user, password)) => {
            let password = password.reveal();
            Socks5Stream::connect_with_password_and_socket(stream, target, user, password).await
        }
        None => Socks5Stream::connect_with_socket(stream, target).await,
    };
    connected.map(Socks5Stream::into_inner).map_err(|error| in_words(proxy, goal, error))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is rare is told as it comes")]
fn in_words(proxy: &Proxy, goal: Goal<'_>, error: tokio_socks::Error) -> NetError {
    use tokio_socks::Error as Socks;
    let target = authority(goal.host, goal.port);
    let failed = |class, text: &str| proxy.failed(goal.url, class, Cause::new(text));
    let cannot = |why: &str| {
        let text = format!("it could not reach {target}: {why}");
        proxy.failed(goal.url, Class::Network, Cause::new(text))
    };
    match error {
        Socks::NoAcceptableAuthMethods
        | Socks::AuthorizationRequired
        | Socks::UnknownAuthMethod => {
            proxy.locked(goal.url, "none of our ways to log in is accepted")
        }
        Socks::PasswordAuthFailure(code) => proxy.locked(goal.url, &format!("code {code}")),
        Socks::InvalidAuthValues(_) => failed(
            Class::Config,
            "user name and password must have between 1 and 255 bytes each for SOCKS",
        ),
        Socks::ConnectionNotAllowedByRuleset => {
            let text = format!("its rules forbid connections to {target}; check them");
            failed(Class::Network, &text)
        }
        Socks::GeneralSocksServerFailure => cannot("general failure"),
        Socks::NetworkUnreachable => cannot("network unreachable"),
        Socks::HostUnreachable => {
            cannot("host unreachable; check the name and the proxy's resolver")
        }
        Socks::ConnectionRefused => cannot("connection refused"),
        Socks::TtlExpired => cannot("the time to live ended on the way"),
        Socks::AddressTypeNotSupported => cannot("it does not know this kind of address"),
        Socks::InvalidResponseVersion | Socks::InvalidReservedByte | Socks::UnknownAddressType => {
            failed(Class::Network, "it does not speak SOCKS5; check its scheme and port")
        }
        other => proxy.failed(goal.url, Class::Network, Cause::of(&other)),
    }
}
