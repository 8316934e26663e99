//! Where a repository is, without its password.

use crate::model::Secret;
use crate::model::without_user;
use crate::model::{SshUrl, SshUrlError};
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use url::Url;

/// The address of a repository. What it displays holds no password and no query, and a user name only
/// for SSH, as some services take a token for one over HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoUrl {
    location: Location,
    user: Option<String>,
    password: Option<Secret>,
}

/// How a repository is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// By the smart protocol over `http` or `https`; the URL has no user information.
    Http(Url),
    /// By `git daemon`; the URL has no user information.
    Daemon(Url),
    /// Over SSH.
    Ssh(SshUrl),
    /// On this machine; the path is as it was given.
    Local(PathBuf),
}

/// The text is not the address of a repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RepoUrlError {
    /// Nothing was given.
    #[error("it is empty")]
    Empty,
    /// The URL could not be parsed.
    #[error("it is not a URL")]
    Url(#[from] url::ParseError),
    /// A scheme that cannot be fetched from.
    #[error(
        "the scheme {0:?} is not known; http, https, ssh, git, file and plain paths are understood"
    )]
    Scheme(String),
    /// The address of a program that would fetch for Git.
    #[error("a program cannot be named (`HELPER::ADDRESS`): there are no remote helpers here")]
    Helper,
    /// A `file://` URL that names another machine.
    #[error("a file URL cannot name a host")]
    FileHost,
    /// Something is wrong with where it is at an SSH server, or with who to be there.
    #[error(transparent)]
    Ssh(#[from] SshUrlError),
}

impl RepoUrl {
    /// How to reach it.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// The user name that the URL carried, unless it is for SSH.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// The password that the URL carried.
    pub fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Says whether both are at the same server, reached in the same way.
    pub fn is_beside(&self, other: &Self) -> bool {
        match (&self.location, &other.location) {
            (Location::Http(one), Location::Http(other))
            | (Location::Daemon(one), Location::Daemon(other)) => {
                let place = |url: &Url| {
                    (url.scheme().to_owned(), url.host_str().map(str::to_owned), url.port())
                };
                place(one) == place(other)
            }
            (Location::Ssh(one), Location::Ssh(other)) => {
                (one.host(), one.port()) == (other.host(), other.port())
            }
            (Location::Local(_), Location::Local(_)) => true,
            (
                Location::Http(_) | Location::Daemon(_) | Location::Ssh(_) | Location::Local(_),
                _,
            ) => false,
        }
    }

    /// The same address with the user information of another that it was told as a way from, if
    /// that is for the same server.
    #[must_use]
    pub fn with_login_of(self, base: &Self) -> Self {
        if self.user.is_some() || self.password.is_some() || !self.is_beside(base) {
            return self;
        }
        Self { user: base.user.clone(), password: base.password.clone(), ..self }
    }
}

impl FromStr for RepoUrl {
    type Err = RepoUrlError;

    fn from_str(text: &str) -> Result<Self, RepoUrlError> {
        if text.is_empty() {
            return Err(RepoUrlError::Empty);
        }
        // As Git tells them from others (gitremote-helpers).
        if text.split_once("::").is_some_and(|(word, _)| !word.is_empty() && is_scheme(word)) {
            return Err(RepoUrlError::Helper);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return if scp_like(text) {
                Ok(ssh(SshUrl::scp_like(text)?))
            } else {
                Ok(local(PathBuf::from(text)))
            };
        };
        match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => Ok(remote(of_host(text)?, Location::Http)),
            "git" => Ok(remote(of_host(text)?, Location::Daemon)),
            "file" => {
                Url::parse(text)?.to_file_path().map(local).map_err(|()| RepoUrlError::FileHost)
            }
            "ssh" | "git+ssh" | "ssh+git" => Ok(ssh(SshUrl::after_scheme(rest)?)),
            other if is_scheme(other) => Err(RepoUrlError::Scheme(other.to_owned())),
            // Not shown: it may be a user and a password before the scheme.
            _ => Err(RepoUrlError::Url(url::ParseError::RelativeUrlWithoutBase)),
        }
    }
}

/// Reads a URL that has to name a host, which not every scheme asks for by itself.
fn of_host(text: &str) -> Result<Url, url::ParseError> {
    let url = Url::parse(text)?;
    let is_named = url.host_str().is_some_and(|host| !host.is_empty());
    if is_named { Ok(url) } else { Err(url::ParseError::EmptyHost) }
}

/// Says whether the text has the form of a scheme, known or not.
fn is_scheme(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Says whether Git would read this as `host:path`: a colon before the first slash.
fn scp_like(text: &str) -> bool {
    match (text.find(':'), text.find('/')) {
        (Some(colon), Some(slash)) => colon < slash,
        (Some(_), None) => true,
        (None, _) => false,
    }
}

fn ssh(url: SshUrl) -> RepoUrl {
    RepoUrl { location: Location::Ssh(url), user: None, password: None }
}

fn local(path: PathBuf) -> RepoUrl {
    RepoUrl { location: Location::Local(path), user: None, password: None }
}

fn remote(url: Url, location: fn(Url) -> Location) -> RepoUrl {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = (!url.username().is_empty()).then(|| decode(url.username()));
    let password = url.password().map(|password| Secret::new(decode(password)));
    RepoUrl { location: location(without_user(url)), user, password }
}

impl fmt::Display for RepoUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.location {
            Location::Http(url) | Location::Daemon(url) => {
                let mut shown = url.clone();
                shown.set_query(url.query().map(|_secret| "..."));
                shown.fmt(f)
            }
            Location::Ssh(url) => url.fmt(f),
            Location::Local(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_understood() {
        let parse = |text: &str| text.parse::<RepoUrl>().map(|url| url.location);
        assert!(matches!(parse("https://host/a.git"), Ok(Location::Http(_))));
        assert!(matches!(parse("git://host/a.git"), Ok(Location::Daemon(_))));
        assert_eq!(parse("file:///a/b%20c"), Ok(Location::Local("/a/b c".into())));
        assert_eq!(parse("../a"), Ok(Location::Local("../a".into())));
        assert_eq!(parse("/a:b"), Ok(Location::Local("/a:b".into())));
        assert!(matches!(parse("git@host:a.git"), Ok(Location::Ssh(_))));
        assert!(matches!(parse("ssh://host/a.git"), Ok(Location::Ssh(_))));
        assert_eq!(parse("file://host/a"), Err(RepoUrlError::FileHost));
        assert_eq!(parse("ftp://host/a"), Err(RepoUrlError::Scheme("ftp".into())));
        assert_eq!(parse(""), Err(RepoUrlError::Empty));
        for text in ["git:///a", "git://ada@/a", "http:///"] {
            assert!(matches!(parse(text), Err(RepoUrlError::Url(_))), "{text}");
        }
        assert_eq!(parse("ext::sh -c id"), Err(RepoUrlError::Helper));
        assert_eq!(parse("persistent-https::https://host/a"), Err(RepoUrlError::Helper));
        assert!(matches!(parse("user:pass@https://host/a"), Err(RepoUrlError::Url(_))));
    }

    #[test]
    fn a_password_in_the_url_is_kept_but_never_shown() {
        let url: RepoUrl = "https://us%40er:p%3Ass@host/a.git".parse().unwrap();
        assert_eq!(url.user(), Some("us@er"));
        assert_eq!(url.password().map(Secret::reveal), Some("p:ss"));
        assert_eq!(url.to_string(), "https://host/a.git");
        assert!(!format!("{url:?}").contains("p:ss"));
        let url: RepoUrl = "https://host/a?private_token=hush".parse().unwrap();
        assert_eq!(url.to_string(), "https://host/a?...");
    }
}
