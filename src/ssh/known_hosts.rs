//! Lists of known hosts, as `sshd(8)` describes them.

use crate::disk::look::Look;
use crate::model::Cause;
use crate::model::FileChoice;
use crate::ssh::SshError;
use crate::ssh::files;
use crate::ssh::files::Files;
use ring::hmac;
use russh::keys::PublicKey;
use russh::keys::ssh_key::known_hosts::{HostPatterns, Marker};
use std::fmt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// The port that needs no brackets.
pub(super) const PORT: u16 = 22;

/// More than any list of hosts takes.
const LIMIT: u64 = 16 << 20;

/// Where a line is.
#[derive(Clone, Debug)]
pub(super) struct Place {
    path: PathBuf,
    line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path.display(), self.line)
    }
}

/// A line of a list. To decode a key takes long, so it is done when the host is asked for: lists
/// may know thousands.
#[derive(Debug)]
pub(super) struct Known {
    hosts: HostPatterns,
    marker: Option<Marker>,
    /// The kind of key, and the key.
    text: String,
    key: OnceLock<Option<PublicKey>>,
    place: Place,
}

impl Known {
    /// The line with its key. A key that cannot be understood is told once.
    fn line(&self) -> Option<Line<'_>> {
        let decode = || match PublicKey::from_openssh(&self.text) {
            Ok(key) => Some(key),
            Err(error) => {
                leave_out(&self.place, &format!("its key cannot be understood: {error}"));
                None
            }
        };
        let key = self.key.get_or_init(decode).as_ref()?;
        Some(Line { key, place: &self.place })
    }
}

/// What a line says about a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    pub(super) key: &'a PublicKey,
    pub(super) place: &'a Place,
}

/// A host by the names that lists have for it.
#[derive(Clone, Debug)]
pub(super) struct Host {
    name: String,
    with_port: Option<String>,
}

impl Host {
    pub(super) fn new(name: &str, port: u16) -> Self {
        let name = name.to_ascii_lowercase();
        let with_port = (port != PORT).then(|| format!("[{name}]:{port}"));
        Self { name, with_port }
    }

    /// Its name without a port, as certificates have it.
    pub(super) fn bare(&self) -> &str {
        &self.name
    }

    /// The lines with this marker, or with none, that are about this host. Those without its port
    /// count if there are none with it; what is revoked is so at every port.
    pub(super) fn lines<'a>(&self, all: &'a [Known], marker: Option<Marker>) -> Vec<Line<'a>> {
        let about = |name: &str| {
            let of_kind = all.iter().filter(|known| known.marker == marker);
            let about = of_kind.filter(|known| is_about(&known.hosts, name));
            about.filter_map(Known::line).collect::<Vec<_>>()
        };
        let mut found = self.with_port.as_deref().map(about).unwrap_or_default();
        if found.is_empty() || marker == Some(Marker::Revoked) {
            found.extend(about(&self.name));
        }
        found
    }
}

impl fmt::Display for Host {
    /// As a line of a list would have it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.with_port.as_ref().unwrap_or(&self.name))
    }
}

/// Reads the lists. A line that cannot be understood is told once and left out, and a key that
/// cannot be when the host is asked for.
pub(super) fn current(files: &Files<Known>) -> Result<Arc<Vec<Known>>, SshError> {
    files.current(|choice| {
        let wrong = |source| SshError::KnownHosts { path: choice.path.clone(), source };
        let text = files::read(choice, LIMIT).map_err(|error| wrong(Cause::of(&error)))?;
        Ok(text.map_or_else(Vec::new, |text| parse(&text, &choice.path)))
    })
}

/// Which files were looked at, and which of them are not there, in words.
pub(super) fn in_words(choices: &[FileChoice]) -> String {
    let paths = choices.iter().map(|choice| {
        let lacking = if Look::at(&choice.path).is_nothing() { " (missing)" } else { "" };
        format!("{}{lacking}", choice.path.display())
    });
    paths.collect::<Vec<_>>().join(", ")
}

fn parse(text: &str, path: &Path) -> Vec<Known> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let place = Place { path: path.to_owned(), line: number + 1 };
        match entry(line, place.clone()) {
            Ok(entry) => found.extend(entry),
            Err(reason) => leave_out(&place, reason),
        }
    }
    found
}

fn leave_out(place: &Place, reason: &str) {
    tracing::warn!(%place, %reason, "leaving out a line of known_hosts");
}

fn entry(line: &str, place: Place) -> Result<Option<Known>, &'static str> {
    let mut words = line.split_ascii_whitespace().peekable();
    if words.peek().is_none_or(|word| word.starts_with('#')) {
        return Ok(None);
    }
    let marker = match words.next_if(|word| word.starts_with('@')) {
        Some(word) => Some(
            word.parse()
                .map_err(|_unknown| "the marker is neither @cert-authority nor @revoked")?,
        ),
        None => None,
    };
    let (Some(hosts), Some(kind), Some(key)) = (words.next(), words.next(), words.next()) else {
        return Err("it is not made of hosts, kind of key, and key");
    };
    let hosts = hosts.parse().map_err(|_error| "its hosts cannot be understood")?;
    let text = format!("{kind} {key}");
    Ok(Some(Known { hosts, marker, text, key: OnceLock::new(), place }))
}

fn is_about(hosts: &HostPatterns, name: &str) -> bool {
    match hosts {
        HostPatterns::Patterns(patterns) => {
            let fits =
                |pattern: &str| fits(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes());
            let denied = |pattern: &String| pattern.strip_prefix('!').is_some_and(fits);
            !patterns.iter().any(denied) && patterns.iter().any(|pattern| fits(pattern))
        }
        HostPatterns::HashedName { salt, hash } => {
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt);
            hmac::verify(&key, name.as_bytes(), hash).is_ok()
        }
    }
}

/// Says whether a name fits a pattern, in which `*` stands for anything and `?` for one character.
pub(super) fn fits(pattern: &[u8], name: &[u8]) -> bool {
    let (mut pattern, mut name) = (pattern, name);
    // Where the last star was, and what was left of the name then.
    let mut star = None;
    loop {
        match (pattern, name) {
            ([], []) => return true,
            ([b'*', rest @ ..], _) => {
                star = Some((rest, name));
                pattern = rest;
            }
            ([b'?', p @ ..], [_, n @ ..]) => (pattern, name) = (p, n),
            ([p, pattern_rest @ ..], [n, name_rest @ ..]) if p == n => {
                (pattern, name) = (pattern_rest, name_rest);
            }
            (_, _) => match star {
                Some((after, [_, shorter @ ..])) => {
                    star = Some((after, shorter));
                    (pattern, name) = (after, shorter);
                }
                Some((_, [])) | None => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";

    fn lines(text: &str, host: &str, port: u16, marker: Option<Marker>) -> Vec<usize> {
        let all = parse(text, Path::new("known"));
        let found = Host::new(host, port).lines(&all, marker);
        found.into_iter().map(|known| known.place.line).collect()
    }

    #[test]
    fn every_way_to_name_a_host_is_understood() {
        let about = |hosts: &str, host: &str, port: u16| {
            !lines(&format!("{hosts} {KEY} me@here\r\n"), host, port, None).is_empty()
        };
        assert!(about("example.org", "example.org", 22));
        assert!(about("Example.ORG", "EXAMPLE.org", 22));
        assert!(about("a,example.org,b", "example.org", 22));
        assert!(!about("example.org", "example.com", 22));
        assert!(!about("example.org", "www.example.org", 22));
        assert!(about("*.example.org", "www.example.org", 22));
        assert!(about("h?st,!host", "hist", 22));
        assert!(!about("h?st,!host", "host", 22));
        assert!(about("*", "anything", 2222));
        assert!(about("[host]:2222", "host", 2222));
        assert!(about("[*]:2222", "host", 2222));
        assert!(!about("[host]:2222", "host", 22));
        assert!(!about("[host]:2222", "host", 2223));
        assert!(about("host", "host", 2222), "as OpenSSH, without the port if need be");
        assert!(about("::1", "::1", 22));
        assert!(about("[::1]:2222", "::1", 2222));
        let hashed = "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|bFDVYqbsfLlUB0fPAZemUYx8Gnc=";
        assert!(about(hashed, "Example.org", 22));
        assert!(!about(hashed, "example.com", 22));
        let hashed = "|1|AAECAwQFBgcICQoLDA0ODxAREhM=|FECgIuoZ4Lo/BCx3pa8UOUgvG+o=";
        assert!(about(hashed, "example.org", 2222));
        assert!(!about(hashed, "example.org", 22));
    }

    #[test]
    fn a_line_with_the_port_hides_those_without() {
        let text = format!("host {KEY}\n[host]:2222 {KEY}\n");
        assert_eq!(lines(&text, "host", 2222, None), [2]);
        assert_eq!(lines(&text, "host", 2223, None), [1]);
    }

    #[test]
    fn markers_are_told_apart_and_what_is_wrong_is_left_out() {
        let text = format!(
            "# comment\n\n@revoked h {KEY}\n@cert-authority\t*\t{KEY} comment\nh {KEY} c # d\n\
             @other h {KEY}\nh\nh ssh-ed25519 AAAA\nh 1024 35 12345\n|1|x|y {KEY}\n"
        );
        assert_eq!(lines(&text, "h", 22, None), [5]);
        assert_eq!(lines(&text, "h", 22, Some(Marker::Revoked)), [3]);
        assert_eq!(lines(&text, "h", 22, Some(Marker::CertAuthority)), [4]);
    }

    #[test]
    fn only_the_keys_of_the_host_that_is_asked_for_are_decoded() {
        let others: Vec<_> = (0..1000).map(|n| format!("other-{n} {KEY}\n")).collect();
        let other = others.concat();
        let text = format!("{other}host {KEY}\n@revoked h* {KEY}\nhost ssh-ed25519 AAAA\n");
        let all = parse(&text, Path::new("known"));
        let host = Host::new("host", 2222);
        for _ in 0..2 {
            let places = |marker| {
                let found = host.lines(&all, marker);
                found.iter().map(|line| line.place.line).collect::<Vec<_>>()
            };
            assert_eq!(places(None), [1001]);
            let decoded = all.iter().filter(|known| known.key.get().is_some());
            assert!(decoded.map(|known| known.place.line).all(|line| line > 1000));
            assert_eq!(places(Some(Marker::Revoked)), [1002]);
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_time() {
        let pattern = "*a".repeat(1000) + "b";
        assert!(!fits(pattern.as_bytes(), "a".repeat(20_000).as_bytes()));
    }
}
