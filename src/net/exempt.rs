//! Which hosts are reached without the proxy: what `no_proxy` says.
//!
//! It is read as curl reads it: names cover what is below them, with or without a dot in front; `*`
//! is everything; addresses may be blocks, as in `10.0.0.0/8`. Names are not looked up. Beyond what
//! curl knows, an entry may be for one port, and may begin with `*.`.

use std::net::IpAddr;

/// A list of such hosts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Exempt(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    what: What,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    All,
    /// In small letters, without dots at its ends.
    Name(String),
    Block(IpAddr, u32),
}

impl Exempt {
    /// Reads a list whose parts are divided by commas or spaces.
    pub(super) fn read(list: &str) -> Self {
        let parts = list.split(|c: char| c == ',' || c.is_whitespace());
        Self(parts.filter(|part| !part.is_empty()).map(Entry::read).collect())
    }

    /// Says whether a host is in it.
    pub(super) fn has(&self, host: &str, port: u16) -> bool {
        let host = bare(host).trim_end_matches('.').to_ascii_lowercase();
        let covers =
            |entry: &Entry| entry.port.is_none_or(|only| only == port) && entry.what.covers(&host);
        self.0.iter().any(covers)
    }
}

impl Entry {
    fn read(text: &str) -> Self {
        if let Some(what) = What::read(text) {
            return Self { what, port: None };
        }
        let with_port = text.rsplit_once(':').and_then(|(host, port)| {
            Some((What::read(host).unwrap_or_else(|| What::name(host)), port.parse().ok()?))
        });
        match with_port {
            Some((what, port)) => Self { what, port: Some(port) },
            None => Self { what: What::name(text), port: None },
        }
    }
}

impl What {
    /// Reads what is no name.
    fn read(text: &str) -> Option<Self> {
        if text == "*" {
            return Some(Self::All);
        }
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length.parse().ok()?)),
            None => (text, None),
        };
        let address: IpAddr = bare(address).parse().ok()?;
        let all = if address.is_ipv4() { 32 } else { 128 };
        Some(Self::Block(address, length.unwrap_or(all).min(all)))
    }

    fn name(text: &str) -> Self {
        let name = text.strip_prefix('*').unwrap_or(text);
        Self::Name(name.trim_matches('.').to_ascii_lowercase())
    }

    fn covers(&self, host: &str) -> bool {
        match self {
            Self::All => true,
            Self::Name(name) => host
                .strip_suffix(name.as_str())
                .is_some_and(|rest| !name.is_empty() && (rest.is_empty() || rest.ends_with('.'))),
            Self::Block(network, length) => match (host.parse(), network) {
                (Ok(IpAddr::V4(host)), IpAddr::V4(network)) => {
                    let differ = host.to_bits() ^ network.to_bits();
                    differ.checked_shr(32 - length).unwrap_or_default() == 0
                }
                (Ok(IpAddr::V6(host)), IpAddr::V6(network)) => {
                    let differ = host.to_bits() ^ network.to_bits();
                    differ.checked_shr(128 - length).unwrap_or_default() == 0
                }
                (Ok(_) | Err(_), _) => false,
            },
        }
    }
}

/// An address without the brackets that it has in URLs.
pub(super) fn bare(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_as_curl_reads_them() {
        let has = |list: &str, host: &str| Exempt::read(list).has(host, 443);
        for (list, host) in [
            ("*", "host"),
            ("*", "10.0.0.1"),
            ("a,example.com", "example.com"),
            ("example.com", "EXAMPLE.com"),
            ("example.com b", "www.example.com"),
            (".example.com", "example.com"),
            (".example.com", "a.b.example.com"),
            ("example.com.", "example.com"),
            ("example.com", "example.com."),
            ("*.example.com", "www.example.com"),
            ("10.0.0.1", "10.0.0.1"),
            ("x, 10.0.0.0/8", "10.200.3.4"),
            ("0.0.0.0/0", "10.200.3.4"),
            ("192.168.1.0/25", "192.168.1.127"),
            ("::1", "[::1]"),
            ("[::1]", "::1"),
            ("fd00::/8", "fd12::1"),
            ("::/0", "fd12::1"),
            ("localhost:443", "localhost"),
            ("[::1]:443", "::1"),
            ("10.0.0.1:443", "10.0.0.1"),
        ] {
            assert!(has(list, host), "{list} has {host}");
        }
        for (list, host) in [
            ("", "host"),
            (",. ,", "host"),
            ("example.com", "notexample.com"),
            ("www.example.com", "example.com"),
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/8", "ten.example"),
            ("192.168.1.0/25", "192.168.1.128"),
            ("0.0.0.0/0", "::1"),
            ("fd00::/8", "fe00::1"),
            ("10.0.0.1", "10.0.0.10"),
            ("localhost:80", "localhost"),
            ("[::1]:80", "::1"),
        ] {
            assert!(!has(list, host), "{list} has not {host}");
        }
    }
}
