//! Which addresses a setting of Git is about: the part in the middle of `http.<url>.proxy`.
//!
//! The rules are those of `git config --get-urlmatch`: scheme and port are the same, each part of the
//! host may be `*`, and the path is whole directories. The one that says most counts.

use url::Url;

/// The addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlPattern {
    /// Its host may hold stars.
    url: Url,
}

/// How much a pattern says of an address that it is about; more is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct UrlRank {
    host: usize,
    path: usize,
    user: bool,
}

impl UrlPattern {
    /// Reads what stands in a key; none if it is no address over HTTP, which Git passes over.
    pub fn read(text: &str) -> Option<Self> {
        let mut url =
            Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        url.host_str()?;
        // Without effect: there is a host.
        url.set_password(None).ok()?;
        url.set_query(None);
        url.set_fragment(None);
        Some(Self { url })
    }

    /// Says whether this is about the address of a repository, which is asked for as `user`.
    pub fn rank(&self, url: &Url, user: Option<&str>) -> Option<UrlRank> {
        let ours = self.url.username();
        let decoded = percent_encoding::percent_decode_str(ours).decode_utf8_lossy();
        let same_server = self.url.scheme() == url.scheme()
            && self.url.port_or_known_default() == url.port_or_known_default()
            && (ours.is_empty() || user == Some(&*decoded));
        let host = self.url.host_str().unwrap_or_default();
        if !same_server || !is_host(host, url.host_str().unwrap_or_default()) {
            return None;
        }
        let path = path_length(&plain(self.url.path()), &plain(url.path()))?;
        Some(UrlRank { host: host.len(), path, user: !ours.is_empty() })
    }
}

/// The same path, without codes for what needs none (RFC 3986, 2.3).
fn plain(path: &str) -> String {
    let mut parts = path.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let code = part.get(..2).and_then(|code| u8::from_str_radix(code, 16).ok());
        let letter = code.filter(|code| code.is_ascii_alphanumeric() || b"-._~".contains(code));
        if let (Some(letter), Some(rest)) = (letter, part.get(2..)) {
            plain.push(char::from(letter));
            plain.push_str(rest);
        } else {
            plain.push('%');
            plain.push_str(part);
        }
    }
    plain
}

/// Compares two hosts part by part.
fn is_host(pattern: &str, host: &str) -> bool {
    let same = |(pattern, part): (&str, &str)| pattern == "*" || pattern == part;
    pattern.split('.').count() == host.split('.').count()
        && pattern.split('.').zip(host.split('.')).all(same)
}

/// How many letters of a path a prefix takes, with the end of the last directory.
fn path_length(prefix: &str, path: &str) -> Option<usize> {
    let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
    let rest = path.strip_prefix(prefix)?;
    (rest.is_empty() || rest.starts_with('/')).then_some(prefix.len() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rank(pattern: &str, url: &str) -> Option<UrlRank> {
        let url: Url = url.parse().unwrap();
        let user = url.username().to_owned();
        UrlPattern::read(pattern)?.rank(&url, Some(&*user).filter(|user| !user.is_empty()))
    }

    #[test]
    fn addresses_are_compared_as_git_compares_them() {
        for (pattern, url) in [
            ("https://h", "https://h/a/b.git"),
            ("HTTPS://H/", "https://h:443/a/b.git"),
            ("https://h/a", "https://h/a/b.git"),
            ("https://h/a/", "https://h/a/b.git"),
            ("https://h/a/b.git", "https://h/a/b.git"),
            ("https://*.example.com/", "https://git.example.com/a"),
            ("https://ada@h", "https://ada@h/a"),
            ("https://h", "https://ada@h/a"),
            ("https://h/x/../a", "https://h/a"),
            ("https://h/%61", "https://h/a"),
        ] {
            assert!(rank(pattern, url).is_some(), "{pattern} is about {url}");
        }
        for (pattern, url) in [
            ("http://h", "https://h/a"),
            ("https://h:8443", "https://h/a"),
            ("https://g", "https://h/a"),
            ("https://h/a/b", "https://h/a/b.git"),
            ("https://h/A", "https://h/a"),
            ("https://*.example.com/", "https://example.com/a"),
            ("https://*.example.com/", "https://a.b.example.com/a"),
            ("https://bob@h", "https://ada@h/a"),
            ("https://bob@h", "https://h/a"),
            ("git://h", "git://h/a"),
            ("h", "https://h/a"),
        ] {
            assert_eq!(rank(pattern, url), None, "{pattern} is not about {url}");
        }
    }

    #[test]
    fn the_host_says_more_than_the_path_and_that_more_than_the_user() {
        let url = "https://ada@git.example.com/a/b";
        let in_order = [
            "https://*.*.com/a/b",
            "https://git.example.com",
            "https://ada@git.example.com",
            "https://git.example.com/a",
            "https://git.example.com/a/b",
        ];
        assert!(in_order.is_sorted_by_key(|pattern| rank(pattern, url)));
        assert!(in_order.iter().all(|pattern| rank(pattern, url) > Some(UrlRank::default())));
    }
}
