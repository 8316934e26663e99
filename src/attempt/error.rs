//! Why an attempt failed: the one place that sorts errors and says what to check.

use crate::credentials::CredentialsError;
use crate::disk::DiskError;
use crate::git::GitError;
use crate::hooks::Failure;
use crate::lfs::LfsError;
use crate::model::{Cause, Class, CommitId, Step, YEARS_AHEAD};
use crate::publish::{LockError, RootError};
use crate::runtime::Stopped;
use crate::trees::TreeError;
use jiff::Timestamp;
use std::path::PathBuf;
use std::time::Duration;

/// Any error of a step.
#[derive(Debug, thiserror::Error)]
pub enum AttemptError {
    /// Who we are could not be read.
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    /// The source or the repository failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The tree could not be written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A file that Git LFS keeps could not be had.
    #[error(transparent)]
    Lfs(Box<LfsError>),
    /// A file operation failed.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The root cannot be used.
    #[error(transparent)]
    Root(#[from] RootError),
    /// Somebody else uses the root.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The time is over, or the program stops.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Which commit to stay at cannot be read.
    #[error("could not read at which commit to stay from {}: {why}", path.display())]
    Pin {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The file that says which files are written cannot be read.
    #[error("could not read which files to write from {}", path.display())]
    Sparse {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Cause,
    },
    /// A submodule could not be had.
    #[error("could not get the submodule at {path:?} from '{url}'")]
    Submodule {
        /// Where it is to be.
        path: String,
        /// Where it was looked for.
        url: String,
        /// Why not.
        source: Box<Self>,
    },
    /// The program before a publication took away what was to be published.
    #[error(
        "the pre-publish hook removed the tree of commit {commit}, or put something else in its place"
    )]
    Gone {
        /// The commit.
        commit: CommitId,
    },
    /// The program before a publication could not be asked.
    #[error("the pre-publish hook could not be asked about commit {commit}: {why}")]
    Gate {
        /// The commit.
        commit: CommitId,
        /// Why not.
        why: Failure,
    },
    /// It is not the time for another commit, and there will not be another attempt.
    #[error(
        "commit {commit} is not published in place of another one, as no window is open {}",
        opening(*until)
    )]
    Window {
        /// The commit.
        commit: CommitId,
        /// When one opens.
        until: Option<Timestamp>,
    },
    /// What somebody asked for does not verify.
    #[error("{why}")]
    Unverified {
        /// Why not, in a sentence.
        why: String,
    },
    /// A thread ended in a way it must not.
    #[error("a mistake in gitsyncd: {0}")]
    Internal(Cause),
}

impl From<LfsError> for AttemptError {
    fn from(error: LfsError) -> Self {
        Self::Lfs(Box::new(error))
    }
}

impl AttemptError {
    /// The kind of failure. Every variant is named, so that a new one is a compile error here.
    pub fn class(&self) -> Class {
        match self {
            Self::Credentials(error) => error.class(),
            Self::Git(error) | Self::Root(RootError::Git(error)) => error.class(),
            Self::Tree(error) => error.class(),
            Self::Lfs(error) => error.class(),
            Self::Disk(_) | Self::Root(RootError::Disk(_)) | Self::Lock(LockError::Disk(_)) => {
                Class::Disk
            }
            Self::Root(
                RootError::Foreign { .. }
                | RootError::NotDirectory { .. }
                | RootError::LinkTaken { .. }
                | RootError::PlaceTaken { .. }
                | RootError::OtherFileSystem { .. }
                | RootError::MountPoint { .. }
                | RootError::CannotExchange { .. },
            )
            | Self::Pin { .. }
            | Self::Sparse { .. } => Class::Config,
            Self::Submodule { source, .. } => source.class(),
            Self::Lock(LockError::Held { .. }) => Class::Locked,
            Self::Stopped(_) => Class::Timeout,
            Self::Gate { .. } | Self::Gone { .. } | Self::Window { .. } => Class::Gate,
            Self::Unverified { .. } => Class::Verify,
            Self::Internal(_) => Class::Internal,
        }
    }

    /// How long the source, or a service that tells who to be there, wants to be left alone.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Credentials(error) => error.retry_after(),
            Self::Git(error) => error.retry_after(),
            Self::Submodule { source, .. } => source.retry_after(),
            Self::Lfs(error) => error.retry_after(),
            Self::Tree(_)
            | Self::Disk(_)
            | Self::Root(_)
            | Self::Lock(_)
            | Self::Stopped(_)
            | Self::Pin { .. }
            | Self::Sparse { .. }
            | Self::Gate { .. }
            | Self::Gone { .. }
            | Self::Window { .. }
            | Self::Unverified { .. }
            | Self::Internal(_) => None,
        }
    }

    /// Says that a submodule is what failed, unless nothing is wrong but that there is no time.
    pub(super) fn of_submodule(self, path: String, url: String) -> Self {
        if self.class() == Class::Timeout && matches!(self, Self::Stopped(_)) {
            return self;
        }
        Self::Submodule { path, url, source: Box::new(self) }
    }

    /// Whether the local repository may be to blame, so that it should be looked at.
    pub(super) fn may_be_ours(&self) -> bool {
        match self {
            Self::Git(error) | Self::Tree(TreeError::Git(error)) => error.may_be_ours(),
            Self::Tree(TreeError::File { class, .. }) => *class == Class::Protocol,
            Self::Tree(
                TreeError::Disk(_)
                | TreeError::Lfs(_)
                | TreeError::Unfit
                | TreeError::Stopped(_)
                | TreeError::TooLong { .. },
            )
            | Self::Lfs(_)
            | Self::Credentials(_)
            | Self::Disk(_)
            | Self::Root(_)
            | Self::Lock(_)
            | Self::Stopped(_)
            | Self::Pin { .. }
            | Self::Sparse { .. }
            | Self::Submodule { .. }
            | Self::Gate { .. }
            | Self::Gone { .. }
            | Self::Window { .. }
            | Self::Unverified { .. }
            | Self::Internal(_) => false,
        }
    }

    pub(super) fn before_any_step<E: Into<Self>>(error: E) -> Failed {
        Failed { step: None, error: error.into() }
    }
}

/// A step that failed.
#[derive(Debug)]
pub struct Failed {
    /// Which step; none if the attempt had not begun its first.
    pub step: Option<Step>,
    /// Why.
    pub error: AttemptError,
}

impl Failed {
    pub(super) fn at(step: Step, error: impl Into<AttemptError>) -> Self {
        Self { step: Some(step), error: error.into() }
    }

    /// The thread that worked is lost.
    pub fn lost(cause: Cause) -> Self {
        Self { step: None, error: AttemptError::Internal(cause) }
    }

    /// It was told to stop before it began.
    pub fn interrupted() -> Self {
        Self { step: None, error: AttemptError::Stopped(Stopped::Asked) }
    }

    /// Whether nothing is wrong but that the program is stopping.
    pub fn is_interruption(&self) -> bool {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(&self.error);
        while let Some(error) = next {
            if error.downcast_ref() == Some(&Stopped::Asked) {
                return true;
            }
            next = error.source();
        }
        false
    }

    /// The whole story in one line.
    pub fn chain(&self) -> Cause {
        Cause::of(&self.error)
    }

    /// What to check.
    pub fn hint(&self) -> &'static str {
        hint(&self.error)
    }
}

/// Says when a window opens.
fn opening(until: Option<Timestamp>) -> String {
    until.map_or_else(|| format!("within {YEARS_AHEAD} years"), |until| format!("before {until}"))
}

/// Says what an operator looks at first.
fn hint(error: &AttemptError) -> &'static str {
    if let AttemptError::Root(error) = error
        && let Some(hint) = error.hint()
    {
        return hint;
    }
    if let AttemptError::Pin { .. } = error {
        return "unpin or pin again over the API, or remove the file to follow the ref again";
    }
    if let AttemptError::Sparse { .. } = error {
        return "check sparse-checkout-file: whether it is there, can be read, and is UTF-8";
    }
    if let AttemptError::Submodule { source, .. } = error {
        return of_submodule(source);
    }
    if let AttemptError::Gate { .. } = error {
        return "check whether the program of pre-publish-exechook-command is there and can be run";
    }
    if let AttemptError::Window { .. } = error {
        return "check sync-window, or run it when one is open; what is published stays";
    }
    if let AttemptError::Credentials(error) = error {
        return error.hint();
    }
    if let AttemptError::Lfs(error) | AttemptError::Tree(TreeError::Lfs(error)) = error
        && let Some(hint) = error.hint()
    {
        return hint;
    }
    if let AttemptError::Tree(TreeError::TooLong { .. }) = error {
        return "a name may have 255 bytes and a path 4095 with that of the root: shorten it in the repository, leave it out by sparse-path, or choose a root with a shorter path";
    }
    if let AttemptError::Git(error) = error
        && let Some(hint) = error.hint()
    {
        return hint;
    }
    if let AttemptError::Git(GitError::Refused { url, class: Class::Auth, .. }) = error
        && is_over_ssh(url)
    {
        return "check ssh-key-file, and whether the server lets that key read this repository";
    }
    hint_for(error.class())
}

/// Says what to look at where a submodule could not be had: others may have it than the repository.
fn of_submodule(error: &AttemptError) -> &'static str {
    if let AttemptError::Lfs(error) = error
        && let Some(hint) = error.hint()
    {
        return hint;
    }
    match error.class() {
        Class::Auth | Class::NotFound => {
            "check whether --credential or an SSH key is for that server; username and password are only for the server of the repository"
        }
        Class::Ref => {
            "check whether the commit of the submodule was pushed to where it is fetched from"
        }
        Class::Config
        | Class::Network
        | Class::Tls
        | Class::Timeout
        | Class::Protocol
        | Class::Verify
        | Class::Gate
        | Class::Disk
        | Class::Locked
        | Class::Internal => hint(error),
    }
}

/// Says whether an address is for SSH, in one of its forms.
fn is_over_ssh(url: &str) -> bool {
    url.split_once("://").is_none_or(|(scheme, _)| scheme == "ssh")
}

/// Says what to look at first where nothing more is known.
pub fn hint_for(class: Class) -> &'static str {
    match class {
        Class::Config => "check the options: gitsyncd --print-config shows the values in effect",
        Class::Auth => {
            "check username and password or token, whether it has expired, and whether it may read this repository"
        }
        Class::NotFound => {
            "check the address; many servers also say so when the credentials may not see the repository"
        }
        Class::Network => {
            "check host name, port, proxy and network policy, and whether the server is up"
        }
        Class::Tls => {
            "check the server's certificate and whether ca-file holds the CA that signed it"
        }
        Class::Timeout => "check whether the server is slow, or raise sync-timeout",
        Class::Protocol => {
            "check whether the address is that of a Git repository and what the server logs"
        }
        Class::Ref => {
            "check the ref: branch, tag, full ref name or full commit id, as the source has it"
        }
        Class::Verify => {
            "check who signed it and which keys are in verify-key-dir; docs/verify.md says what is checked"
        }
        Class::Gate => "check what the pre-publish hook says about this commit",
        Class::Disk => {
            "check free space, permissions and owner of the root and of the files named in options"
        }
        Class::Locked => {
            "check whether another instance uses the same root; it is released when that one ends"
        }
        Class::Internal => "please report this with the log lines before it",
    }
}
