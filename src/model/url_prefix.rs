//! Which addresses something is meant for.

use crate::model::without_user;
use std::fmt;
use std::str::FromStr;
use url::Url;

/// The beginning of URLs: scheme, host and port, and some directories of the path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPrefix(Url);

/// The text is not the beginning of a URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlPrefixError {
    /// It is no URL at all.
    #[error("it is not a URL")]
    Url(#[from] url::ParseError),
    /// Something without a host, such as `file:///srv`.
    #[error("it names no host")]
    NoHost,
}

impl UrlPrefix {
    /// Says how many letters of the path of a URL this covers; none if it is about other URLs. The
    /// name of a repository may be written without its `.git`.
    pub fn covers(&self, url: &Url) -> Option<usize> {
        let same = self.0.scheme() == url.scheme()
            && self.0.host() == url.host()
            && self.0.port_or_known_default() == url.port_or_known_default();
        let prefix = self.0.path().trim_end_matches('/');
        let rest = url.path().strip_prefix(prefix).filter(|_| same)?;
        let ends = rest.is_empty() || rest.starts_with('/');
        let rest = rest.strip_prefix(".git");
        let named = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (ends || named).then_some(prefix.len())
    }
}

impl FromStr for UrlPrefix {
    type Err = UrlPrefixError;

    fn from_str(text: &str) -> Result<Self, UrlPrefixError> {
        let url = Url::parse(text)?;
        if url.host().is_none() {
            return Err(UrlPrefixError::NoHost);
        }
        let mut url = without_user(url);
        url.set_query(None);
        url.set_fragment(None);
        Ok(Self(url))
    }
}

impl fmt::Display for UrlPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_covers_whole_directories_of_its_own_server() {
        let covers = |prefix: &str, url: &str| {
            prefix.parse::<UrlPrefix>().unwrap().covers(&url.parse().unwrap())
        };
        assert_eq!(covers("https://h", "https://h/a/b.git"), Some(0));
        assert_eq!(covers("https://h/", "https://h:443/a/b.git"), Some(0));
        assert_eq!(covers("https://me:pw@h/a", "https://h/a/b.git"), Some(2));
        assert_eq!(covers("https://h/a/b", "https://h/a/b.git"), Some(4));
        for other in ["http://h/a/b", "https://h:8443/a/b", "https://g/a/b", "https://h/a/bc"] {
            assert_eq!(covers("https://h/a/b", other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_url_of_a_server_is_refused() {
        assert!("h/a".parse::<UrlPrefix>().is_err());
        assert_eq!("file:///a".parse::<UrlPrefix>(), Err(UrlPrefixError::NoHost));
    }
}
