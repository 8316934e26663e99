//! What an SSH server says of where the files are, and what to say there (git-lfs-authenticate).

use crate::lfs::LfsError;
use crate::lfs::batch::odd_at;
use crate::lfs::server::broken;
use crate::model::{Cause, Secret, SshUrl, short};
use crate::net::NetError;
use crate::runtime::Stop;
use crate::ssh::{Call, Ssh};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Read;

/// How long the answer may be.
const LONGEST: u64 = 64 << 10;
/// The program that is run at the server.
const PROGRAM: &str = "git-lfs-authenticate";
/// The exit status of a shell that does not find the program.
const NOT_FOUND: u32 = 127;

/// Where the files are, and what to say there.
#[derive(Debug)]
pub struct Grant {
    /// The address, if it is not the one that everybody would guess.
    pub href: Option<String>,
    /// Lines to add to the heads of requests.
    pub header: Vec<(String, Secret)>,
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    href: String,
    #[serde(default)]
    header: Option<BTreeMap<String, String>>,
}

/// Asks an SSH server. None if it does not know the program.
pub fn ask(ssh: &Ssh, url: &SshUrl, stop: &Stop) -> Result<Option<Grant>, LfsError> {
    let first = run(ssh, url, stop)?;
    let (text, call) = match first {
        (Err(LfsError::Net(NetError::Broken { source, .. })), call) if call.kept => {
            tracing::debug!(%source, "the SSH connection was dead");
            ssh.hang_up(url);
            run(ssh, url, stop)?
        }
        first => first,
    };
    let text = text?;
    let complaint = call.remote.complaint();
    let status = call.remote.status();
    if status == Some(0) || (status.is_none() && complaint.is_none()) {
        return read(url, &text).map(Some);
    }
    let said = complaint.unwrap_or_default();
    if status == Some(NOT_FOUND) || is_unknown(&said) {
        tracing::debug!(said, "the SSH server does not know git-lfs-authenticate");
        return Ok(None);
    }
    let refused = LfsError::Refused {
        url: url.to_string(),
        said: format!("to git-lfs-authenticate: {}", short(&said)),
        class: class_of(&said),
        retry_after: None,
    };
    Err(refused)
}

type Said = Result<Vec<u8>, LfsError>;

fn run(ssh: &Ssh, url: &SshUrl, stop: &Stop) -> Result<(Said, Call), LfsError> {
    let mut call = ssh.run(url, PROGRAM, &["download"], stop).map_err(LfsError::Ssh)?;
    let mut text = Vec::new();
    let read = (&mut call.reader).take(LONGEST).read_to_end(&mut text);
    let said = read.map(|_| text);
    let said = said.map_err(|error| LfsError::Net(broken(&url.to_string(), &error)));
    Ok((said, call))
}

fn read(url: &SshUrl, text: &[u8]) -> Result<Grant, LfsError> {
    let told: Told = serde_json::from_slice(text).map_err(|error| {
        let source = Cause::new(format!("git-lfs-authenticate: {}", odd_at(&error)));
        LfsError::Answer { url: url.to_string(), source }
    })?;
    let header = told.header.unwrap_or_default();
    Ok(Grant {
        href: Some(told.href).filter(|href| !href.is_empty()),
        header: header.into_iter().map(|(name, value)| (name, Secret::new(value))).collect(),
    })
}

/// Servers that run no shell say it in words.
fn is_unknown(said: &str) -> bool {
    let said = said.to_ascii_lowercase();
    let unknown = ["command not found", "authenticate: not found", "unknown command"];
    let forbidden = ["not a valid command", "unrecognized command", "does not let this user run"];
    unknown.iter().chain(&forbidden).any(|words| said.contains(words))
}

fn class_of(said: &str) -> crate::model::Class {
    use crate::model::Class;
    let said = said.to_ascii_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| said.contains(part));
    if any(&["not found", "does not exist", "no such"]) {
        Class::NotFound
    } else if any(&["denied", "unauthorized", "forbidden", "not authorized", "permission"]) {
        Class::Auth
    } else {
        Class::Protocol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(text: &str) -> Option<Grant> {
        read(&here(), text.as_bytes()).ok()
    }

    fn here() -> SshUrl {
        let url: crate::model::RepoUrl = "git@h:a".parse().unwrap();
        let crate::model::Location::Ssh(url) = url.location().clone() else { panic!("ssh") };
        url
    }

    #[test]
    fn a_grant_may_say_where_and_what() {
        let grant = granted(
            r#"{"href":"https://h/lfs","header":{"Authorization":"RemoteAuth hush"},"expires_in":9}"#,
        );
        let grant = grant.unwrap();
        assert_eq!(grant.href.as_deref(), Some("https://h/lfs"));
        assert!(!format!("{grant:?}").contains("hush"));
        let bare = granted(r#"{"header":null}"#).unwrap();
        assert!(bare.href.is_none() && bare.header.is_empty());
        assert!(granted("Welcome!").is_none());
        let error = read(&here(), br#"{"header":"Bearer hush"}"#).unwrap_err();
        assert!(!Cause::of(&error).to_string().contains("hush"), "{error:?}");
    }

    #[test]
    fn a_server_that_does_not_know_the_program_is_told_from_one_that_refuses() {
        assert!(is_unknown("sh: 1: git-lfs-authenticate: not found"));
        assert!(is_unknown("bash: git-lfs-authenticate: command not found"));
        assert!(!is_unknown("ERROR: Repository not found."));
        assert_eq!(class_of("ERROR: Repository not found."), crate::model::Class::NotFound);
        assert_eq!(class_of("Permission denied."), crate::model::Class::Auth);
    }
}
