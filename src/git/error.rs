//! What can go wrong with a source or with the local repository.

use crate::git::Excess;
use crate::git::allowance::Exceeded;
use crate::git::local;
use crate::model::Cause;
use crate::model::Class;
use crate::model::{CommitId, ObjectFormat, Reference};
use crate::net::NetError;
use crate::runtime::Stopped;
use crate::ssh::SshError;
use gix_transport::packetline::read::Error as RemoteError;
use std::borrow::Cow;
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a commit could not be had, or could not be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The bytes did not come.
    #[error(transparent)]
    Net(#[from] NetError),
    /// There is no conversation over SSH.
    #[error(transparent)]
    Ssh(SshError),
    /// The work was cut short between two waits.
    #[error("the work was cut short")]
    Stopped(#[from] Stopped),
    /// The server said no in its own words.
    #[error("{}", class.refusal(url, &format!("the server said: {message}")))]
    Refused {
        /// What was tried.
        url: String,
        /// What came back.
        message: String,
        /// What that means.
        class: Class,
    },
    /// The source has no such ref or commit.
    #[error("couldn't find remote ref {reference} in '{url}'{detail}")]
    NoSuchRef {
        /// Where it was looked for.
        url: String,
        /// What was looked for.
        reference: String,
        /// What was found instead, if that helps.
        detail: Cow<'static, str>,
    },
    /// There is no repository at a local path.
    #[error("repository not found: '{}'{}", path.display(), local::meant(path))]
    NoRepository {
        /// The path.
        path: PathBuf,
        /// What came back.
        source: Cause,
    },
    /// A local source could not be read.
    #[error("could not read the repository at '{}'", path.display())]
    Source {
        /// The path.
        path: PathBuf,
        /// What came back.
        source: Cause,
    },
    /// What came back was not Git, or not right.
    #[error("what '{url}' sent could not be used")]
    Protocol {
        /// What was tried.
        url: String,
        /// What is wrong with it.
        source: Cause,
    },
    /// There was no end to the refs that came.
    #[error("unable to access '{url}': {exceeded}, which is the limit")]
    TooManyRefs {
        /// What was tried.
        url: String,
        /// How much is allowed.
        exceeded: Exceeded,
    },
    /// More came, or was about to, than is taken.
    #[error("what '{url}' sends is too large: {excess}")]
    TooLarge {
        /// What was tried.
        url: String,
        /// What came, and what is allowed.
        excess: Excess,
    },
    /// The pack came, but objects are missing.
    #[error("'{url}' sent an incomplete commit {commit}")]
    Incomplete {
        /// What was tried.
        url: String,
        /// What was asked for.
        commit: CommitId,
        /// What is missing.
        source: Cause,
    },
    /// The source names its objects by another hash than the repository under the root, from which
    /// commits were published.
    #[error(
        "the object format of '{url}' is {theirs}, and that of what is published from the repository at {} is {ours}",
        path.display()
    )]
    OtherFormat {
        /// The source.
        url: String,
        /// How it names objects.
        theirs: ObjectFormat,
        /// The repository.
        path: PathBuf,
        /// How that names objects.
        ours: ObjectFormat,
    },
    /// The commit's tree must not be written to a disk.
    #[error("the tree of commit {commit} is not safe to write: {reason}")]
    Hostile {
        /// The commit.
        commit: CommitId,
        /// What is wrong with it.
        reason: String,
    },
    /// What the commit says of a submodule cannot be followed.
    #[error("commit {commit} has a submodule at {path:?} that cannot be fetched: {reason}")]
    Submodule {
        /// The commit.
        commit: CommitId,
        /// Where it is to be.
        path: String,
        /// Why not.
        reason: String,
    },
    /// The repository under the root is broken.
    #[error("the repository at {} is damaged", path.display())]
    Damaged {
        /// The repository.
        path: PathBuf,
        /// What came back.
        source: Cause,
    },
    /// A file of ours could not be read or written.
    #[error("could not write to the repository at {}", path.display())]
    Disk {
        /// The repository.
        path: PathBuf,
        /// What came back.
        source: Cause,
    },
}

/// What is said of an object that a server has, perhaps, and does not give because it does not list it.
pub(super) const UNADVERTISED: &str = ": the server does not give it by its id";

impl GitError {
    /// The kind of failure.
    pub fn class(&self) -> Class {
        match self {
            Self::Net(error) => error.class(),
            Self::Ssh(error) => error.class(),
            Self::Stopped(_) => Class::Timeout,
            Self::Refused { class, .. } => *class,
            Self::NoSuchRef { .. } => Class::Ref,
            Self::NoRepository { .. } => Class::NotFound,
            Self::OtherFormat { .. } => Class::Config,
            Self::Protocol { .. }
            | Self::TooManyRefs { .. }
            | Self::TooLarge { .. }
            | Self::Incomplete { .. }
            | Self::Submodule { .. }
            | Self::Hostile { .. } => Class::Protocol,
            Self::Source { .. } | Self::Damaged { .. } | Self::Disk { .. } => Class::Disk,
        }
    }

    /// What to check, where that is not what one checks for all failures of its kind.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Net(error) => error.hint(),
            Self::Ssh(error) => error.hint(),
            Self::TooManyRefs { .. } => Some(
                "check whether the address is that of the right repository, how many refs it has (git ls-remote shows them), and whether the server speaks version 2 of Git's protocol, in which it lists only what is asked for",
            ),
            Self::TooLarge { .. } => Some(
                "check whether the repository is the right one and what is so large in it; large files belong into Git LFS; --max-object-size and --max-pack-size say what is taken",
            ),
            Self::OtherFormat { .. } => Some(
                "a repository has one object format for ever: choose another root for this one, or follow again the one that was followed before",
            ),
            Self::Source { .. } => {
                Some("check whether the repository there can be read, and what git fsck says of it")
            }
            Self::NoRepository { .. } => Some(
                "this is taken for a path on this machine: check whether it is there and holds a repository; the address of a server begins with https://, ssh:// or git://",
            ),
            Self::Submodule { .. } => Some(
                "check .gitmodules of that commit; with --submodules=off its submodules stay empty directories",
            ),
            Self::Hostile { .. } => Some(
                "nothing of it was written; find out who made this commit, as Git itself makes no such tree",
            ),
            Self::Stopped(_)
            | Self::Refused { .. }
            | Self::NoSuchRef { .. }
            | Self::Protocol { .. }
            | Self::Incomplete { .. }
            | Self::Damaged { .. }
            | Self::Disk { .. } => None,
        }
    }

    /// How long the source wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::Net(error) = self { error.retry_after() } else { None }
    }

    /// The source has no such ref.
    pub(super) fn no_such_ref(
        url: String,
        reference: &Reference,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        let mut detail = detail.into();
        if detail.is_empty() && reference.may_be_abbreviated() {
            detail = "; if it is a commit id, give it in full".into();
        }
        Self::NoSuchRef { url, reference: reference.to_string(), detail }
    }

    /// Whether the local repository may be to blame.
    pub fn may_be_ours(&self) -> bool {
        match self {
            Self::Net(_)
            | Self::Ssh(_)
            | Self::Stopped(_)
            | Self::Refused { .. }
            | Self::NoRepository { .. }
            | Self::Source { .. }
            | Self::TooManyRefs { .. }
            | Self::TooLarge { .. }
            | Self::OtherFormat { .. }
            | Self::Submodule { .. }
            | Self::Hostile { .. } => false,
            Self::NoSuchRef { .. }
            | Self::Protocol { .. }
            | Self::Incomplete { .. }
            | Self::Damaged { .. }
            | Self::Disk { .. } => true,
        }
    }

    /// Whether the source says that it does not give objects by their ids, so that it may still give
    /// a whole commit. Whatever else it says may be otherwise the next time.
    pub fn is_refusal_of_ids(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::NoSuchRef { .. }) && self.class() == Class::Ref
    }

    /// Whether the server said that it does not give what it does not list.
    pub(super) fn is_unadvertised(&self) -> bool {
        matches!(self, Self::NoSuchRef { detail, .. } if *detail == UNADVERTISED)
    }

    /// Whether gix may have taken a refusal for something else: it reads the first letter of `ERR`,
    /// where an old server should begin to send a pack, as the number of a channel.
    pub(super) fn is_misread_refusal(&self) -> bool {
        let channel = format!("malformed: {}", b'E');
        matches!(self, Self::Protocol { source, .. } if source.to_string().ends_with(&channel))
    }

    /// Finds out what really went wrong in an exchange with `url` that fills `path`.
    pub(super) fn of_exchange(url: &str, path: &Path, error: &gix::Error) -> Self {
        error
            .iter_errors()
            .find_map(|error| known(url, path, error))
            .or_else(|| refusal(error).map(|message| refused(url, message)))
            .unwrap_or_else(|| Self::Protocol { url: url.to_owned(), source: words(error) })
    }
}

impl From<SshError> for GitError {
    /// What SSH has in common with other ways is told in the same words.
    fn from(error: SshError) -> Self {
        if let SshError::Net(error) = error { Self::Net(error) } else { Self::Ssh(error) }
    }
}

/// Takes the texts of an error of gix, outermost first.
pub(crate) fn words(error: &gix::Error) -> Cause {
    let mut texts: Vec<String> = Vec::new();
    for text in error.iter_errors().map(ToString::to_string) {
        if !texts.iter().any(|earlier| earlier.contains(&text)) {
            texts.push(text);
        }
    }
    Cause::new(texts.join(": "))
}

/// Finds the line by which a server says no, where gix takes it for a part of the answer to a fetch
/// and only complains about it.
fn refusal(error: &gix::Error) -> Option<String> {
    error.iter_errors().map(ToString::to_string).find_map(|text| {
        let (_, line) = text.split_once("header: \"ERR ")?;
        Some(line.trim_end_matches('"').trim_end_matches("\\n").to_owned())
    })
}

/// Recognises the errors that are ours, the server's own words, and those of the disk.
fn known(url: &str, path: &Path, error: &(dyn Error + 'static)) -> Option<GitError> {
    if let Some(RemoteError { message }) = error.downcast_ref() {
        return Some(refused(url, message.to_string().trim().to_owned()));
    }
    // Where gix expects the name of a section it does not know this line for what it is.
    if let Some((_, line)) = error.to_string().split_once("header: \"ERR ") {
        return Some(refused(url, line.trim_end_matches(['"', '\n']).to_owned()));
    }
    let error = error.downcast_ref::<io::Error>()?;
    if let Some(error) = NetError::within(error) {
        return Some(GitError::Net(error.clone()));
    }
    if let Some(exceeded) = error.get_ref().and_then(|inner| inner.downcast_ref::<Exceeded>()) {
        return Some(GitError::TooManyRefs { url: url.to_owned(), exceeded: *exceeded });
    }
    if let Some(excess) = excess(error) {
        return Some(GitError::TooLarge { url: url.to_owned(), excess });
    }
    if let Some(inner) = error.get_ref()
        && let Some(RemoteError { message }) = inner.downcast_ref()
    {
        return Some(refused(url, message.to_string().trim().to_owned()));
    }
    // Only a stream of bytes knows that it ended: over HTTP that is found out before.
    if error.kind() == io::ErrorKind::UnexpectedEof {
        let (url, source) = (url.to_owned(), Cause::new("the server hung up before it was done"));
        return Some(GitError::Net(NetError::Broken { url, source }));
    }
    of_the_system(error).then(|| GitError::Disk { path: path.to_owned(), source: Cause::of(error) })
}

/// What was too much, if that is what an error is about.
pub(super) fn excess(error: &(dyn Error + 'static)) -> Option<Excess> {
    error.downcast_ref::<io::Error>()?.get_ref()?.downcast_ref().copied()
}

/// Says whether the system reported this about a file. The name of the file may have been added in
/// a way that leaves nothing but the kind.
pub(crate) fn of_the_system(error: &(dyn Error + 'static)) -> bool {
    use io::ErrorKind::{
        FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull,
    };
    error.downcast_ref::<io::Error>().is_some_and(|error| {
        error.raw_os_error().is_some()
            || matches!(
                error.kind(),
                FileTooLarge | PermissionDenied | QuotaExceeded | ReadOnlyFilesystem | StorageFull
            )
    })
}

/// Classifies what a server says before it hangs up. The words are those of `git upload-pack`,
/// `git daemon`, `gitolite` and the large hosting services.
pub(super) fn refused(url: &str, message: String) -> GitError {
    let text = message.to_ascii_lowercase();
    let any = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let class = if any(&["command not found", "upload-pack: not found", "cannot be run"]) {
        Class::Protocol
    } else if any(&["not our ref", "unadvertised object", "no such ref", "unknown ref"]) {
        Class::Ref
    } else if any(&[
        "not found",
        "could not be found",
        "no such repository",
        "does not exist",
        "not exported",
        "does not appear to be",
    ]) {
        Class::NotFound
    } else if any(&[
        "access denied",
        "denied by",
        "deploy key",
        "permission denied",
        "unauthorized",
        "not authorized",
        "authentication",
    ]) {
        Class::Auth
    } else {
        Class::Protocol
    };
    GitError::Refused { url: url.to_owned(), message, class }
}
