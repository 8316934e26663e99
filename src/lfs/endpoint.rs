//! Where the large files of a repository are.
//!
//! Somebody who gives options is believed. What the repository itself says is not more than a hint:
//! it can name any server, which is why no login goes to another one than that of the repository
//! (see [`server`](crate::lfs::server)).

use crate::lfs::LfsError;
use crate::model::{Location, RepoUrl, Secret, SshUrl, short};
use std::path::PathBuf;
use url::Url;

/// An address that somebody named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// The address.
    pub url: String,
    /// Who says so.
    pub by: &'static str,
    /// Whether that is the repository, which anybody may have written.
    pub by_repository: bool,
}

/// The way to the files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A server; `…/objects/batch` follows.
    Http(RepoUrl),
    /// An SSH server is asked where they are. If it does not know, they are here.
    Ssh(SshUrl, RepoUrl),
    /// In a repository of this machine.
    Local(PathBuf),
}

/// Finds the way to the files of a repository.
pub fn find(remote: &RepoUrl, named: Option<&Named>) -> Result<Endpoint, LfsError> {
    let Some(named) = named else {
        return guess(remote);
    };
    let failed =
        |reason: String| LfsError::Address { url: shown(&named.url), named_by: named.by, reason };
    let url: RepoUrl = named.url.parse().map_err(|error| failed(format!("{error}")))?;
    match (url.location(), remote.location()) {
        (Location::Http(to), Location::Http(home))
            if named.by_repository && home.scheme() == "https" && to.scheme() != "https" =>
        {
            Err(failed("a repository that comes over https may not name an http server".to_owned()))
        }
        (Location::Http(_), _) => Ok(Endpoint::Http(url)),
        (Location::Ssh(to), Location::Ssh(home)) if is_same_server(to, home) => guess(&url),
        (Location::Ssh(_), _) if named.by_repository => {
            Err(failed("a repository may not name another SSH server".to_owned()))
        }
        (Location::Ssh(_), _) => guess(&url),
        (Location::Daemon(_) | Location::Local(_), _) => {
            Err(failed("it is no http, https or ssh URL".to_owned()))
        }
    }
}

fn is_same_server(one: &SshUrl, other: &SshUrl) -> bool {
    (one.user(), one.host(), one.port()) == (other.user(), other.host(), other.port())
}

/// Where the files are if nobody says so.
fn guess(remote: &RepoUrl) -> Result<Endpoint, LfsError> {
    let failed = |reason: &str| LfsError::Address {
        url: remote.to_string(),
        named_by: "the address of the repository",
        reason: reason.to_owned(),
    };
    match remote.location() {
        Location::Local(path) => Ok(Endpoint::Local(path.clone())),
        Location::Http(url) => {
            let mut url = url.clone();
            let path = below(url.path());
            url.set_path(&path);
            let url = with_login(&url, remote).parse();
            url.map(Endpoint::Http).map_err(|error| failed(&format!("{error}")))
        }
        Location::Daemon(url) => {
            let host = url.host_str().unwrap_or_default();
            over_https(host, url.path()).map(Endpoint::Http).ok_or_else(|| failed("it has no host"))
        }
        Location::Ssh(url) => {
            let host = url.host();
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            let guessed = over_https(&host, url.path());
            let guessed = guessed.ok_or_else(|| failed("its host is none of a URL"))?;
            Ok(Endpoint::Ssh(url.clone(), guessed))
        }
    }
}

fn over_https(host: &str, path: &str) -> Option<RepoUrl> {
    let url = format!("https://{host}/{}", below(path.trim_start_matches('/')));
    url.parse().ok().filter(|url: &RepoUrl| matches!(url.location(), Location::Http(_)))
}

/// The path of the files below that of a repository.
fn below(path: &str) -> String {
    let path = path.trim_end_matches('/');
    let bare = path.strip_suffix(".git").unwrap_or(path);
    format!("{bare}.git/info/lfs")
}

/// Puts the user information back that a URL came with.
fn with_login(url: &Url, of: &RepoUrl) -> String {
    let mut url = url.clone();
    if let Some(user) = of.user() {
        // Both fail only for URLs without a host.
        let named = url.set_username(user);
        let password = of.password().map(Secret::reveal);
        if named.and_then(|()| url.set_password(password)).is_err() {
            tracing::debug!("the address of an LFS server takes no login");
        }
    }
    url.to_string()
}

/// An SSH server sent us to what is no HTTP server.
pub fn not_http(url: &str) -> LfsError {
    LfsError::Address {
        url: shown(url),
        named_by: "git-lfs-authenticate",
        reason: "it is no http or https URL".to_owned(),
    }
}

/// What may be shown of an address that somebody wrote.
fn shown(text: &str) -> String {
    let url = match (text.parse::<RepoUrl>(), Url::parse(text)) {
        (Ok(url), _) => url.to_string(),
        (Err(_), Ok(url)) => super::server::shown(&url),
        // Where what is secret ends is not known.
        (Err(_), Err(_)) => match text.split_once("://") {
            Some((scheme, _)) => format!("{scheme}://..."),
            None => text.to_owned(),
        },
    };
    short(&url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(remote: &str) -> RepoUrl {
        remote.parse().unwrap()
    }

    fn found(remote: &str, named: Option<(&str, bool)>) -> Result<String, LfsError> {
        let named = named.map(|(url, by_repository)| Named {
            url: url.to_owned(),
            by: "a test",
            by_repository,
        });
        find(&at(remote), named.as_ref()).map(|found| match found {
            Endpoint::Http(url) => url.to_string(),
            Endpoint::Ssh(url, guess) => format!("{url} or {guess}"),
            Endpoint::Local(path) => path.display().to_string(),
        })
    }

    #[test]
    fn where_nobody_says_so_it_is_below_the_repository() {
        for (remote, wanted) in [
            ("https://h/a/b.git", "https://h/a/b.git/info/lfs"),
            ("https://h:8443/a/b/", "https://h:8443/a/b.git/info/lfs"),
            ("http://ada:hush@h/a", "http://h/a.git/info/lfs"),
            ("git://h:9418/a.git", "https://h/a.git/info/lfs"),
            ("git@h:a/b", "git@h:a/b or https://h/a/b.git/info/lfs"),
            ("/srv/a.git", "/srv/a.git"),
        ] {
            assert_eq!(found(remote, None).unwrap(), wanted, "{remote}");
        }
        let with_port = found("ssh://me@h:2222/a.git", None).unwrap();
        assert!(with_port.ends_with(" or https://h/a.git/info/lfs"), "{with_port}");
    }

    #[test]
    fn a_login_in_the_address_of_the_repository_is_that_of_its_files() {
        let remote = "https://ada:hush@h/a".parse().unwrap();
        let Ok(Endpoint::Http(url)) = find(&remote, None) else { panic!("no server") };
        assert_eq!(url.user(), Some("ada"));
        assert_eq!(url.password().map(Secret::reveal), Some("hush"));
    }

    #[test]
    fn what_is_named_counts_if_it_is_an_address_of_a_server() {
        let lfs = "https://lfs.example/x";
        assert_eq!(found("git@h:a", Some((lfs, true))).unwrap(), lfs);
        assert_eq!(found("/srv/a.git", Some((lfs, true))).unwrap(), lfs);
        for bad in ["file:///etc", "/etc", "git://h/a", "nonsense://x", "https://"] {
            let error = found("https://h/a", Some((bad, false))).unwrap_err();
            assert!(matches!(error, LfsError::Address { .. }), "{bad}");
        }
    }

    #[test]
    fn a_repository_cannot_have_us_leave_https() {
        let plain = "http://lfs.example/x";
        assert!(found("https://h/a", Some((plain, true))).is_err());
        assert_eq!(found("https://h/a", Some((plain, false))).unwrap(), plain);
        assert_eq!(found("http://h/a", Some((plain, true))).unwrap(), plain);
    }

    #[test]
    fn a_repository_cannot_make_us_log_in_at_another_ssh_server() {
        assert!(found("git@h:a", Some(("git@h:b", true))).is_ok());
        assert!(found("git@h:a", Some(("git@other:b", false))).is_ok());
        for other in ["git@other:b", "root@h:b", "ssh://git@h:2222/b"] {
            assert!(found("git@h:a", Some((other, true))).is_err(), "{other}");
        }
        assert!(found("https://h/a", Some(("git@h:b", true))).is_err());
    }

    #[test]
    fn an_error_shows_no_secret() {
        for secret in [
            "ftp://me:hush@h/x?token=hush",
            "ftp://h/x?token=@hush",
            "ftp://me:a/hush@h/x",
            "git://me:hush@h/x?hush",
            "https://me:hush?@",
        ] {
            let error = found("/a", Some((secret, true))).unwrap_err();
            assert!(!error.to_string().contains("hush"), "{error}");
            let error = not_http(secret).to_string();
            assert!(!error.contains("hush") && error.contains("git-lfs-authenticate"), "{error}");
        }
    }
}
