//! What is between us and other machines: which proxy is for which address.

use crate::model::{Cause, Class, Secret, ServiceUrl};
use crate::net::NetError;
use crate::net::basic::basic;
use crate::net::exempt::{Exempt, bare};
use http::HeaderValue;
use http::Uri;
use std::fmt;
use std::sync::Arc;

/// The proxies that were named, by option and by the environment.
///
/// What the option names is for all connections. What the environment names is for `http` and
/// `https` only, as with curl: `http_proxy` and `https_proxy`, else `all_proxy`. The hosts of
/// `no_proxy` are reached directly in any case.
#[derive(Debug, Default)]
pub struct Proxies {
    all: Choice,
    http: Choice,
    https: Choice,
    exempt: Exempt,
}

/// What was said for some connections.
#[derive(Clone, Debug, Default)]
enum Choice {
    #[default]
    Nothing,
    Proxy(Arc<Proxy>),
    /// Something that cannot be used; where it was said, and why.
    Wrong(&'static str, Cause),
}

/// Something that makes connections for us.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) kind: Kind,
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) login: Option<(String, Secret)>,
    /// The option or variable that names it.
    pub(super) named_by: &'static str,
}

/// What a proxy speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// HTTP.
    Http,
    /// HTTP over TLS.
    Https,
    /// SOCKS, version 5; names are looked up here.
    Socks,
    /// SOCKS, version 5; names are looked up there.
    SocksByName,
}

impl Proxies {
    /// Takes what the option says, and the variables by their names in small letters. Variables
    /// that are empty say nothing.
    pub fn new(option: Option<&ServiceUrl>, environment: &[(String, Secret)]) -> Self {
        let value = |wanted: &str| {
            let mut found = environment.iter().filter(|(name, _)| name == wanted);
            found.next().map(|(_, value)| value.reveal().trim()).filter(|value| !value.is_empty())
        };
        let choose = |name: &'static str| match (value(name), value("all_proxy")) {
            (Some(text), _) => Choice::read(text, name),
            (None, Some(text)) => Choice::read(text, "all_proxy"),
            (None, None) => Choice::Nothing,
        };
        Self {
            all: option.map_or_else(Choice::default, |url| Choice::of(url, "proxy")),
            http: choose("http_proxy"),
            https: choose("https_proxy"),
            exempt: Exempt::read(value("no_proxy").unwrap_or_default()),
        }
    }

    /// The same, where something else than the option names the one for all connections.
    pub fn named(
        named_by: &'static str,
        url: &ServiceUrl,
        environment: &[(String, Secret)],
    ) -> Self {
        Self { all: Choice::of(url, named_by), ..Self::new(None, environment) }
    }

    /// The proxy for a URI of HTTP, if there is one.
    pub(super) fn for_uri(&self, uri: &Uri, url: &str) -> Result<Option<&Arc<Proxy>>, NetError> {
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let choice = match &self.all {
            Choice::Nothing if secure => &self.https,
            Choice::Nothing => &self.http,
            Choice::Proxy(_) | Choice::Wrong(..) => &self.all,
        };
        self.unless_exempt(choice, uri.host().unwrap_or_default(), port, url)
    }

    /// The proxy for other connections, if there is one.
    pub(super) fn for_host(
        &self,
        host: &str,
        port: u16,
        url: &str,
    ) -> Result<Option<&Arc<Proxy>>, NetError> {
        self.unless_exempt(&self.all, host, port, url)
    }

    fn unless_exempt<'a>(
        &self,
        choice: &'a Choice,
        host: &str,
        port: u16,
        url: &str,
    ) -> Result<Option<&'a Arc<Proxy>>, NetError> {
        match choice {
            Choice::Nothing => Ok(None),
            _ if self.exempt.has(host, port) => Ok(None),
            Choice::Proxy(proxy) => Ok(Some(proxy)),
            Choice::Wrong(named_by, source) => Err(NetError::Proxy {
                url: url.to_owned(),
                proxy: format!("named by {named_by}"),
                class: Class::Config,
                source: source.clone(),
            }),
        }
    }
}

impl Choice {
    /// Reads a variable. curl takes what has no scheme for a proxy that speaks HTTP.
    fn read(text: &str, named_by: &'static str) -> Self {
        let whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
        match whole.parse() {
            Ok(url) => Self::of(&url, named_by),
            Err(error) => Self::Wrong(named_by, Cause::of(&error)),
        }
    }

    fn of(url: &ServiceUrl, named_by: &'static str) -> Self {
        let (kind, default) = match url.url().scheme() {
            "http" => (Kind::Http, 80),
            "https" => (Kind::Https, 443),
            "socks5" => (Kind::Socks, 1080),
            "socks5h" => (Kind::SocksByName, 1080),
            _ => {
                let known = "proxies are http://, https://, socks5:// or socks5h://";
                return Self::Wrong(named_by, Cause::new(known));
            }
        };
        let password = || url.password().cloned().unwrap_or_else(|| Secret::new(""));
        Self::Proxy(Arc::new(Proxy {
            kind,
            host: bare(url.url().host_str().unwrap_or_default()).to_owned(),
            port: url.url().port().unwrap_or(default),
            login: url.user().map(|user| (user.to_owned(), password())),
            named_by,
        }))
    }
}

impl Proxy {
    /// The value of `Proxy-Authorization`.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.login.as_ref()?;
        basic(user, password.reveal())
    }

    /// Says that it did not do what it should for `url`.
    pub(super) fn failed(&self, url: &str, class: Class, source: Cause) -> NetError {
        NetError::Proxy { url: url.to_owned(), proxy: self.to_string(), class, source }
    }

    /// Says what it means that it does not let us in.
    pub(super) fn locked(&self, url: &str, said: &str) -> NetError {
        let why = if self.login.is_some() {
            "it does not accept the user name and the password"
        } else {
            "it wants a user name and a password"
        };
        let named_by = self.named_by;
        let check = format!(
            "check what {named_by} says before the host, as in http://user:password@proxy:3128"
        );
        self.failed(url, Class::Auth, Cause::new(format!("{why} ({said}); {check}")))
    }
}

/// Without its password.
impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.kind {
            Kind::Http => "http",
            Kind::Https => "https",
            Kind::Socks => "socks5",
            Kind::SocksByName => "socks5h",
        };
        write!(f, "{scheme}://{} ({})", authority(&self.host, self.port), self.named_by)
    }
}

/// Host and port as in a URL.
pub(super) fn authority(host: &str, port: u16) -> String {
    let host = bare(host);
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(option: Option<&str>, variables: &[(&str, &str)]) -> Proxies {
        let option = option.map(|text| text.parse().unwrap());
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Secret::new(*value)))
            .collect();
        Proxies::new(option.as_ref(), &variables)
    }

    fn way(proxies: &Proxies, url: &str) -> String {
        match proxies.for_uri(&url.parse().unwrap(), url) {
            Ok(Some(proxy)) => proxy.to_string(),
            Ok(None) => "direct".to_owned(),
            Err(error) => format!("{:?} {error}", error.class()),
        }
    }

    #[test]
    fn each_scheme_has_its_variable_and_the_option_comes_first() {
        let variables = [
            ("http_proxy", "plain:1"),
            ("https_proxy", "https://safe"),
            ("all_proxy", "socks5://all"),
            ("no_proxy", "near"),
        ];
        let named = proxies(None, &variables);
        assert_eq!(way(&named, "http://h/"), "http://plain:1 (http_proxy)");
        assert_eq!(way(&named, "https://h/"), "https://safe:443 (https_proxy)");
        assert_eq!(way(&named, "https://near/"), "direct");
        assert!(matches!(named.for_host("h", 22, "ssh://h"), Ok(None)));
        let named = proxies(None, &[("http_proxy", " "), ("all_proxy", "socks5h://[::1]")]);
        assert_eq!(way(&named, "http://h/"), "socks5h://[::1]:1080 (all_proxy)");
        let named = proxies(Some("http://one"), &variables);
        assert_eq!(way(&named, "http://h/"), "http://one:80 (proxy)");
        assert_eq!(way(&named, "https://h/"), "http://one:80 (proxy)");
        assert_eq!(way(&named, "https://near/"), "direct");
        let ssh = named.for_host("h", 22, "ssh://h").unwrap();
        assert_eq!(ssh.map(ToString::to_string).as_deref(), Some("http://one:80 (proxy)"));
        assert_eq!(way(&Proxies::default(), "http://h/"), "direct");
    }

    #[test]
    fn what_is_no_proxy_is_told_and_never_taken_for_none() {
        let named = proxies(None, &[("https_proxy", "ftp://me:hush@p"), ("http_proxy", "http://")]);
        let told = way(&named, "https://h/");
        assert!(told.starts_with("Config unable to access 'https://h/'"), "{told}");
        assert!(told.contains("https_proxy") && !told.contains("hush"), "{told}");
        assert!(way(&named, "http://h/").starts_with("Config"));
    }

    #[test]
    fn a_password_is_sent_and_never_shown() {
        let named = proxies(Some("http://Aladdin:open%20sesame@p:3128"), &[]);
        let proxy = named.for_host("h", 1, "").unwrap().unwrap();
        let value = proxy.authorization().unwrap();
        assert_eq!(value, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(!format!("{named:?} {proxy} {value:?}").contains("sesame"));
        assert!(!proxy.locked("u", "407").to_string().contains("sesame"));
    }
}
