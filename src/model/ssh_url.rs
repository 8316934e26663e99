//! Where a repository is that is reached over SSH.

use std::fmt;
use url::Host;

/// Who to be at a server when the address does not say: there may be no user database to ask, and
/// hosting services all want this one.
const USER: &str = "git";

/// The address of a repository at an SSH server.
///
/// User and host are not empty, do not begin with a dash, and hold nothing that would need quotes;
/// the path is not empty, does not begin with a dash either, and holds no control character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshUrl {
    user: String,
    host: String,
    port: Option<u16>,
    path: String,
}

/// The text is not the address of a repository at an SSH server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SshUrlError {
    /// Nothing is where the host should be, or something that is none.
    #[error("the host is not one that can be connected to")]
    Host,
    /// The user name is empty, begins with a dash or holds odd characters.
    #[error("the user name is not one that can be sent")]
    User,
    /// The port is no number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    Port,
    /// No repository is named, or in characters that cannot be sent or would be an option.
    #[error(
        "it names no repository, or one whose path begins with a dash or holds control characters"
    )]
    Path,
    /// A password, which is never sent by SSH here.
    #[error("an ssh URL cannot carry a password; use ssh-key-file")]
    Password,
}

impl SshUrl {
    /// Who to be there.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// A name or an address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, if the address names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The path as the server is told it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Reads what follows `ssh://`, in which `%` escapes other characters.
    pub(super) fn after_scheme(rest: &str) -> Result<Self, SshUrlError> {
        let (authority, path) = rest.split_once('/').ok_or(SshUrlError::Path)?;
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        if user.is_some_and(|user| user.contains(':')) {
            return Err(SshUrlError::Password);
        }
        let user = user.map(|user| decoded(user).ok_or(SshUrlError::User)).transpose()?;
        let host = decoded(host).ok_or(SshUrlError::Host)?;
        let (host, port) = host_and_port(&host)?;
        let path = decoded(path).ok_or(SshUrlError::Path)?;
        let path = match path.as_str() {
            "" => path,
            home if home.starts_with('~') => path,
            _ => format!("/{path}"),
        };
        Self::new(user.as_deref(), host, port, &path)
    }

    /// Reads `[user@]host:path`, where what is before the colon may be in brackets.
    pub(super) fn scp_like(text: &str) -> Result<Self, SshUrlError> {
        let colon = match text.find([':', '[']) {
            Some(bracket) if text.get(bracket..).is_some_and(|rest| rest.starts_with('[')) => {
                closing_bracket(text, bracket).ok_or(SshUrlError::Host)?
            }
            Some(colon) => colon,
            None => return Err(SshUrlError::Host),
        };
        let (authority, path) = text.split_at_checked(colon).ok_or(SshUrlError::Host)?;
        let path = path.strip_prefix(':').ok_or(SshUrlError::Host)?;
        let all_in_brackets = authority.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let authority = all_in_brackets.unwrap_or(authority);
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let in_brackets = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let (host, port) = host_and_port(in_brackets.unwrap_or(host))?;
        Self::new(user, host, port, path)
    }

    fn new(
        user: Option<&str>,
        host: &str,
        port: Option<u16>,
        path: &str,
    ) -> Result<Self, SshUrlError> {
        let user = user.unwrap_or(USER);
        if !is_plain(user) || user.contains(':') {
            return Err(SshUrlError::User);
        }
        if !is_plain(host) || (host.contains(':') && !is_ipv6(host)) {
            return Err(SshUrlError::Host);
        }
        // The server's program would take a dash for an option, as quotes do not help against that.
        if path.is_empty() || path.starts_with('-') || path.chars().any(char::is_control) {
            return Err(SshUrlError::Path);
        }
        Ok(Self { user: user.to_owned(), host: host.to_owned(), port, path: path.to_owned() })
    }
}

/// Says whether a user or host may be sent and shown as it is.
fn is_plain(name: &str) -> bool {
    let odd = |c: char| c.is_control() || c.is_whitespace() || "/[]\\".contains(c);
    !name.is_empty() && !name.starts_with('-') && !name.contains(odd)
}

fn is_ipv6(text: &str) -> bool {
    matches!(Host::parse(&format!("[{text}]")), Ok(Host::Ipv6(_)))
}

fn decoded(text: &str) -> Option<String> {
    Some(percent_encoding::percent_decode_str(text).decode_utf8().ok()?.into_owned())
}

/// The place after the bracket that closes the one at `open`.
fn closing_bracket(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0_u32;
    for (place, c) in text.char_indices().skip_while(|(place, _)| *place < open) {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.checked_sub(1)?,
            _ => (),
        }
        if depth == 0 {
            return Some(place + 1);
        }
    }
    None
}

/// Takes `host`, `host:port`, `[address]`, `[address]:port` or an address of IPv6 apart.
fn host_and_port(text: &str) -> Result<(&str, Option<u16>), SshUrlError> {
    let (host, port) = if is_ipv6(text) {
        (text, None)
    } else if let Some((host, rest)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']'))
    {
        match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None if rest.is_empty() => (host, None),
            None => return Err(SshUrlError::Host),
        }
    } else {
        text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
    };
    match port {
        None | Some("") => Ok((host, None)),
        Some(digits) => match digits.parse() {
            Ok(port) if port > 0 => Ok((host, Some(port))),
            Ok(_) | Err(_) => Err(SshUrlError::Port),
        },
    }
}

impl fmt::Display for SshUrl {
    /// Shows the short form, or a URL if there is a port, in a way that can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { user, host, path, .. } = self;
        let address = host.contains(':');
        let Some(port) = self.port else {
            return if address {
                write!(f, "{user}@[{host}]:{path}")
            } else {
                write!(f, "{user}@{host}:{path}")
            };
        };
        let host = if address { format!("[{host}]") } else { host.clone() };
        let slash = match path.chars().next() {
            Some('/') => "",
            Some('~') => "/",
            // A path below the home of a user has no form as a URL.
            _ => return write!(f, "[{user}@{host}:{port}]:{path}"),
        };
        let escaped = |text: &str| text.replace('%', "%25");
        write!(f, "ssh://{}@{}:{port}{slash}{}", escaped(user), escaped(&host), escaped(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Location, RepoUrl, RepoUrlError};

    fn ssh(text: &str) -> Result<SshUrl, RepoUrlError> {
        text.parse::<RepoUrl>().map(|url| match url.location() {
            Location::Ssh(ssh) => ssh.clone(),
            other @ (Location::Http(_) | Location::Daemon(_) | Location::Local(_)) => {
                panic!("{text} is {other:?}")
            }
        })
    }

    #[test]
    fn every_form_is_understood_and_reads_back_the_same() {
        for (text, user, host, port, path, shown) in [
            ("ssh://host/a b", "git", "host", None, "/a b", "git@host:/a b"),
            ("ssh://me@host/a%20b", "me", "host", None, "/a b", "me@host:/a b"),
            ("git+ssh://h:22/p", "git", "h", Some(22), "/p", "ssh://git@h:22/p"),
            ("ssh+git://h/p?x#y", "git", "h", None, "/p?x#y", "git@h:/p?x#y"),
            ("SSH://h:/p", "git", "h", None, "/p", "git@h:/p"),
            ("ssh://h/~me/p", "git", "h", None, "~me/p", "git@h:~me/p"),
            ("ssh://h:2/~me/p", "git", "h", Some(2), "~me/p", "ssh://git@h:2/~me/p"),
            ("ssh://h:2/50%25", "git", "h", Some(2), "/50%", "ssh://git@h:2/50%25"),
            ("ssh://[::1]/p", "git", "::1", None, "/p", "git@[::1]:/p"),
            ("ssh://me@[::1]:2/p", "me", "::1", Some(2), "/p", "ssh://me@[::1]:2/p"),
            ("ssh://a%40b@h/p", "a@b", "h", None, "/p", "a@b@h:/p"),
            ("host:path", "git", "host", None, "path", "git@host:path"),
            ("me@host:/p:q", "me", "host", None, "/p:q", "me@host:/p:q"),
            ("me@host:~x/p", "me", "host", None, "~x/p", "me@host:~x/p"),
            ("[::1]:p", "git", "::1", None, "p", "git@[::1]:p"),
            ("me@[::1]:p", "me", "::1", None, "p", "me@[::1]:p"),
            ("[me@::1]:p", "me", "::1", None, "p", "me@[::1]:p"),
            ("[h:2]:p", "git", "h", Some(2), "p", "[git@h:2]:p"),
            ("[me@h:2]:/p", "me", "h", Some(2), "/p", "ssh://me@h:2/p"),
            ("me@[h:2]:p", "me", "h", Some(2), "p", "[me@h:2]:p"),
            ("[me@[::1]:2]:p", "me", "::1", Some(2), "p", "[me@[::1]:2]:p"),
        ] {
            let url = ssh(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let parts = (url.user(), url.host(), url.port(), url.path());
            assert_eq!(parts, (user, host, port, path), "{text}");
            assert_eq!(url.to_string(), shown, "{text}");
            assert_eq!(ssh(shown).as_ref(), Ok(&url), "{text}");
        }
    }

    #[test]
    fn what_could_be_taken_for_something_else_is_refused() {
        for (text, error) in [
            ("ssh://-oProxyCommand=x/p", SshUrlError::Host),
            ("ssh:///p", SshUrlError::Host),
            ("ssh://me@/p", SshUrlError::Host),
            ("-host:p", SshUrlError::Host),
            ("[::1:p", SshUrlError::Host),
            ("ssh://h%0aost/p", SshUrlError::Host),
            ("ssh://-me@h/p", SshUrlError::User),
            ("@h:p", SshUrlError::User),
            ("ssh://a%3Ab@h/p", SshUrlError::User),
            ("ssh://me:secret@h/p", SshUrlError::Password),
            ("ssh://h:0/p", SshUrlError::Port),
            ("ssh://h:ssh/p", SshUrlError::Port),
            ("[h:99999]:p", SshUrlError::Port),
            ("ssh://h", SshUrlError::Path),
            ("ssh://h/%0a", SshUrlError::Path),
            ("ssh://h/%ff", SshUrlError::Path),
            ("h:", SshUrlError::Path),
            ("h:--upload-pack=x", SshUrlError::Path),
        ] {
            assert_eq!(ssh(text), Err(RepoUrlError::Ssh(error)), "{text}");
        }
    }
}
