//! What can go wrong with large files.

use crate::disk::DiskError;
use crate::model::{Cause, Class};
use crate::net::NetError;
use crate::runtime::Stopped;
use crate::ssh::SshError;
use std::path::PathBuf;
use std::time::Duration;

/// Why a large file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LfsError {
    /// The bytes did not come.
    #[error("could not bring a file of Git LFS")]
    Net(#[source] NetError),
    /// The bytes of one file did not come.
    #[error("could not bring the file {path:?} ({oid}) of Git LFS")]
    File {
        /// The file.
        path: String,
        /// What it is to hold.
        oid: String,
        /// Why not.
        source: Box<NetError>,
    },
    /// The SSH server could not be asked where the files are.
    #[error("could not ask where the files of Git LFS are")]
    Ssh(#[source] SshError),
    /// A file of ours could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// It took too long, or the program stops.
    #[error("bringing the files of Git LFS was cut short")]
    Stopped(#[from] Stopped),
    /// The address of the server is none.
    #[error("the address {url:?} of the LFS server, from {named_by}, cannot be used: {reason}")]
    Address {
        /// The address, without what may be secret.
        url: String,
        /// Who says so.
        named_by: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The server answered a whole request, and not with success.
    #[error("{}", class.refusal(url, &format!("the LFS server answered {said}")))]
    Refused {
        /// What was tried.
        url: String,
        /// What came back.
        said: String,
        /// What that means.
        class: Class,
        /// How long the server wants to be left alone.
        retry_after: Option<Duration>,
    },
    /// The server does not give one of the files.
    #[error("the LFS server '{url}' does not give the file {path:?} ({oid}): {said}")]
    Object {
        /// What was tried.
        url: String,
        /// The file.
        path: String,
        /// What it is to hold.
        oid: String,
        /// What came back.
        said: String,
        /// The same as a number.
        code: u16,
        /// What that means.
        class: Class,
    },
    /// Another server does not take a link that the LFS server gave.
    #[error(
        "'{url}' does not accept the link of the LFS server to the file {path:?} ({oid}), nor a new one: {said}"
    )]
    Link {
        /// What was tried.
        url: String,
        /// The file.
        path: String,
        /// What it is to hold.
        oid: String,
        /// What came back.
        said: String,
    },
    /// What came is not what the pointer says.
    #[error("what '{url}' sent is not the file {path:?} ({oid}): {reason}")]
    Content {
        /// What was tried.
        url: String,
        /// The file.
        path: String,
        /// What it is to hold.
        oid: String,
        /// What is wrong with it.
        reason: String,
    },
    /// What came back was not what an LFS server says.
    #[error("what the LFS server '{url}' answered could not be used")]
    Answer {
        /// What was tried.
        url: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// The source on this machine does not have one of the files.
    #[error("the file {path:?} ({oid}) of Git LFS is not in {}", place.display())]
    NotThere {
        /// The file.
        path: String,
        /// What it is to hold.
        oid: String,
        /// Where it was looked for.
        place: PathBuf,
    },
    /// The pointer wants a program to be run.
    #[error(
        "the file {path:?} of Git LFS was changed by an extension ({name}), which is a program"
    )]
    Extension {
        /// The file.
        path: String,
        /// Which one.
        name: String,
    },
    /// Two pointers say different things of one file.
    #[error("the pointers {other:?} and {path:?} of Git LFS name one file with two sizes")]
    Contradiction {
        /// One of them.
        path: String,
        /// The other.
        other: String,
    },
    /// There is no room for what is to come.
    #[error(
        "the files of Git LFS need {needed} bytes, and the file system of the root has {available}"
    )]
    NoRoom {
        /// How much is to come, in bytes.
        needed: u64,
        /// How much may come.
        available: u64,
    },
    /// A file that was brought is not there any more.
    #[error("the file {path:?} ({oid}) of Git LFS is not in the repository any more")]
    Lost {
        /// The file.
        path: String,
        /// What it is to hold.
        oid: String,
    },
}

impl LfsError {
    /// The kind of failure.
    pub fn class(&self) -> Class {
        match self {
            Self::Net(error) => error.class(),
            Self::File { source, .. } => source.class(),
            Self::Ssh(error) => error.class(),
            Self::Disk(_) | Self::NoRoom { .. } | Self::Lost { .. } => Class::Disk,
            Self::Stopped(_) => Class::Timeout,
            Self::Address { .. } | Self::Extension { .. } => Class::Config,
            Self::Refused { class, .. } | Self::Object { class, .. } => *class,
            Self::Content { .. }
            | Self::Link { .. }
            | Self::Answer { .. }
            | Self::Contradiction { .. } => Class::Protocol,
            Self::NotThere { .. } => Class::NotFound,
        }
    }

    /// What to check, where that is not what one checks for all failures of its kind.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Net(error) => of_net(error),
            Self::File { source, .. } => of_net(source),
            Self::Ssh(error) => error.hint(),
            Self::Address { .. } => {
                Some("check lfs.url in .lfsconfig or git-config: it is to be an http or https URL")
            }
            Self::Refused { class: Class::Auth, .. } | Self::Object { class: Class::Auth, .. } => {
                Some(AUTH)
            }
            Self::Refused { class: Class::NotFound, .. } => Some(
                "check whether the server has Git LFS switched on for this repository, and lfs.url in .lfsconfig; many servers also say so when the credentials may not see the repository",
            ),
            Self::Object { .. } | Self::NotThere { .. } => Some(
                "check whether the file was pushed: `git lfs push --all` in a clone that has it brings it; with lfs=off the pointer is written",
            ),
            Self::Content { .. } => Some(
                "check the storage of the LFS server, and whether the pointer in the repository is right; nothing of it was published",
            ),
            Self::Answer { .. } => {
                Some("check whether the address is that of an LFS server, and what it logs")
            }
            Self::Link { .. } => Some(
                "check the storage behind the LFS server, its clock, and for how long its links are good; our login does not count there",
            ),
            Self::Extension { .. } => {
                Some("no program is run here; store the file without the extension, or set lfs=off")
            }
            Self::Lost { .. } => Some("the next attempt brings it again"),
            Self::Contradiction { .. } => {
                Some("check both pointers in the repository: at least one was not made by git-lfs")
            }
            Self::NoRoom { .. } => {
                Some("give the root a larger volume; docs/lfs.md says how large")
            }
            Self::Disk(_) | Self::Stopped(_) | Self::Refused { .. } => None,
        }
    }

    /// Where we were not believed, if that is why.
    pub fn disbelieved_at(&self) -> Option<&str> {
        match self {
            Self::Refused { url, class: Class::Auth, .. }
            | Self::Object { url, class: Class::Auth, .. } => Some(url),
            Self::Net(_)
            | Self::File { .. }
            | Self::Ssh(_)
            | Self::Disk(_)
            | Self::Stopped(_)
            | Self::Address { .. }
            | Self::Refused { .. }
            | Self::Object { .. }
            | Self::Link { .. }
            | Self::Content { .. }
            | Self::Answer { .. }
            | Self::NotThere { .. }
            | Self::Extension { .. }
            | Self::Contradiction { .. }
            | Self::NoRoom { .. }
            | Self::Lost { .. } => None,
        }
    }

    /// How long the server wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Net(error) => error.retry_after(),
            Self::File { source, .. } => source.retry_after(),
            Self::Refused { retry_after, .. } => *retry_after,
            Self::Ssh(_)
            | Self::Disk(_)
            | Self::Stopped(_)
            | Self::Address { .. }
            | Self::Object { .. }
            | Self::Link { .. }
            | Self::Content { .. }
            | Self::Answer { .. }
            | Self::NotThere { .. }
            | Self::Extension { .. }
            | Self::Contradiction { .. }
            | Self::NoRoom { .. }
            | Self::Lost { .. } => None,
        }
    }
}

const AUTH: &str = "check whether the login may read this repository; an LFS server at another host than the repository gets no login but one of `credential` for its address";

fn of_net(error: &NetError) -> Option<&'static str> {
    error.hint().or_else(|| (error.class() == Class::Auth).then_some(AUTH))
}

/// Says what a status means. The same codes stand for one file and for a whole request. Some services
/// answer 403, with a time to wait, to who asks too often.
pub(super) fn class_of(code: u16, wait: Option<Duration>) -> Class {
    match code {
        403 if wait.is_some() => Class::Network,
        401 | 403 => Class::Auth,
        404 | 410 => Class::NotFound,
        408 | 429 | 500 | 502..=504 | 507 | 509 => Class::Network,
        _ => Class::Protocol,
    }
}
