//! What requests to the server of a repository carry, and to whom each part of it may be shown.
//!
//! The one place that decides what goes along when a server sends us elsewhere.

use crate::model::{Cookies, HeaderLine, Login, Outfit, UrlPrefix};
use crate::net::basic;
use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::header::{AUTHORIZATION, COOKIE};
use std::sync::Arc;
use url::Url;

/// An [`Outfit`] in the words of HTTP.
#[derive(Debug)]
pub(crate) struct Dress {
    /// Where we were told to go; what is not meant for certain addresses belongs here.
    home: Url,
    login: Option<HeaderValue>,
    extra: Vec<Extra>,
    cookies: Option<Arc<dyn Cookies>>,
}

impl Dress {
    pub(crate) fn new(home: Url, outfit: &Outfit) -> Self {
        let login = match &outfit.login {
            Login::Anonymous => None,
            Login::Basic { user, password } => basic(user, password.reveal()),
        };
        let extra = outfit.headers.iter().filter_map(Extra::read).collect();
        Self { home, login, extra, cookies: outfit.cookies.clone() }
    }

    /// Says whether what is meant for the server of the repository may be shown to the one of a URL.
    pub(super) fn is_at_home(&self, url: &Url) -> bool {
        may_follow(&self.home, url)
    }

    /// Adds what is meant for a URL, and nothing else: who we are, cookies, and extra lines, whose
    /// names take the place of ours.
    pub(crate) fn put_on(&self, headers: &mut HeaderMap, url: &Url) {
        let at_home = self.is_at_home(url);
        if let Some(login) = self.login.as_ref().filter(|_| at_home) {
            headers.insert(AUTHORIZATION, login.clone());
        }
        let cookies = self.cookies.as_ref().and_then(|cookies| cookies.for_url(url));
        if let Some(cookies) = cookies.and_then(|cookies| secret_value(cookies.reveal())) {
            headers.insert(COOKIE, cookies);
        }
        let meant = |extra: &&Extra| match &extra.url {
            Some(prefix) => prefix.covers(url).is_some(),
            None => at_home,
        };
        let meant: Vec<_> = self.extra.iter().filter(meant).collect();
        for extra in &meant {
            headers.remove(&extra.name);
        }
        for extra in meant {
            headers.append(extra.name.clone(), extra.value.clone());
        }
    }
}

/// A line to add to the head of some requests.
#[derive(Debug)]
struct Extra {
    url: Option<UrlPrefix>,
    name: HeaderName,
    value: HeaderValue,
}

impl Extra {
    fn read(line: &HeaderLine) -> Option<Self> {
        let parsed = line.line.reveal().split_once(':').and_then(|(name, value)| {
            Some((HeaderName::try_from(name.trim()).ok()?, secret_value(value.trim())?))
        });
        if parsed.is_none() {
            tracing::warn!("an extra header is not sent: it has not the form `Name: value`");
        }
        parsed.map(|(name, value)| Self { url: line.url.clone(), name, value })
    }
}

/// Says whether what is meant for the server of `home` may be sent to `url`.
fn may_follow(home: &Url, url: &Url) -> bool {
    let same_port = home.port_or_known_default() == url.port_or_known_default();
    let same = home.scheme() == url.scheme() && same_port;
    let safer = home.scheme() == "http"
        && url.scheme() == "https"
        && home.port().is_none()
        && url.port().is_none();
    home.host() == url.host() && (same || safer)
}

/// A value that is not shown when headers are.
fn secret_value(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_bytes(text.as_bytes()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Secret;

    #[derive(Debug)]
    struct ForAll;

    impl Cookies for ForAll {
        fn for_url(&self, url: &Url) -> Option<Secret> {
            Some(Secret::new(format!("for={}", url.host_str()?)))
        }
    }

    fn outfit(headers: &[(Option<&str>, &str)]) -> Outfit {
        let login = Login::Basic { user: "ada".into(), password: Secret::new("hush") };
        let headers = headers.iter().map(|(url, line)| HeaderLine {
            url: url.map(|url| url.parse().unwrap()),
            line: Secret::new(*line),
        });
        Outfit { login, headers: headers.collect(), cookies: Some(Arc::new(ForAll)) }
    }

    fn worn(outfit: &Outfit, url: &str) -> Vec<String> {
        let dress = Dress::new("https://home/a.git".parse().unwrap(), outfit);
        let mut headers = HeaderMap::new();
        dress.put_on(&mut headers, &url.parse().unwrap());
        let mut lines: Vec<_> = headers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        lines.sort();
        lines
    }

    #[test]
    fn only_what_names_another_server_goes_there() {
        let outfit = outfit(&[(None, "X-Own: 1"), (Some("https://other/b"), "X-Other: 2")]);
        let login = "authorization: Basic YWRhOmh1c2g=";
        let home = [login, "cookie: for=home", "x-own: 1"];
        assert_eq!(worn(&outfit, "https://home/a.git/info/refs?service=x"), home);
        assert_eq!(worn(&outfit, "https://home:443/elsewhere.git"), home);
        for stranger in ["https://home:8443/a.git", "http://home/a.git"] {
            assert_eq!(worn(&outfit, stranger), ["cookie: for=home"], "{stranger}");
        }
        let other = ["cookie: for=other", "x-other: 2"];
        assert_eq!(worn(&outfit, "https://other/b/info/refs"), other);
        assert_eq!(worn(&outfit, "https://other/c"), ["cookie: for=other"]);
    }

    #[test]
    fn an_extra_line_takes_the_place_of_ours() {
        let outfit = outfit(&[(None, "authorization: Bearer x"), (None, "X: 1"), (None, "x: 2")]);
        let lines = worn(&outfit, "https://home/a.git");
        assert_eq!(lines, ["authorization: Bearer x", "cookie: for=home", "x: 1", "x: 2"]);
        assert!(!format!("{outfit:?}").contains("Bearer"));
    }

    #[test]
    fn from_http_to_https_is_as_safe_and_nothing_else_is() {
        let follows =
            |from: &str, to: &str| may_follow(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(follows("http://h/a", "https://h/a"));
        assert!(!follows("http://h:8080/a", "https://h/a"));
        assert!(!follows("https://h/a", "http://h/a"));
        assert!(!follows("http://h/a", "http://sub.h/a"));
    }
}
