//! A conversation with `git upload-pack` that runs at an SSH server.

use crate::git::GitError;
use crate::git::Order;
use crate::git::Resolved;
use crate::git::Store;
use crate::git::allowance::{Allowance, Allowed};
use crate::git::error::refused;
use crate::git::talk::Talk;
use crate::model::{ObjectFormat, Reference, SshUrl};
use crate::net::NetError;
use crate::runtime::Stop;
use crate::ssh::{Call, Reader, Remote, Ssh, Writer};
use gix_transport::Protocol;
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;

/// An open conversation. The program ends when this is dropped; the connection stays.
#[derive(Debug)]
pub struct Shell {
    talk: Talk<Connection<Allowed<Reader>, Writer>>,
    remote: Remote,
    url: String,
}

impl Shell {
    /// Runs the program and shakes hands. A connection that was kept and turns out to be dead is
    /// replaced.
    pub(super) fn open(ssh: &Ssh, url: &SshUrl, stop: &Stop) -> Result<Self, GitError> {
        let call = ssh.upload_pack(url, stop)?;
        let kept = call.kept;
        match Self::over(call, url, stop) {
            Err(GitError::Net(NetError::Broken { source, .. })) if kept => {
                tracing::debug!(%source, "the SSH connection was dead");
                ssh.hang_up(url);
                Self::over(ssh.upload_pack(url, stop)?, url, stop)
            }
            done => done,
        }
    }

    fn over(call: Call, url: &SshUrl, stop: &Stop) -> Result<Self, GitError> {
        let Call { reader, writer, remote, .. } = call;
        let (mode, host) = (ConnectMode::Process, None::<(String, Option<u16>)>);
        let allowance = Allowance::for_refs();
        let reader = Allowed::new(reader, allowance.clone());
        let connection =
            Connection::new(reader, writer, Protocol::V2, url.path(), host, mode, false);
        let url = url.to_string();
        let talk = Talk::over(connection, allowance, url.clone(), stop)
            .map_err(|error| explained(&url, &remote, error))?;
        Ok(Self { talk, remote, url })
    }

    /// Says whether the server speaks only an old version of the protocol.
    pub(super) fn is_old(&self) -> bool {
        self.talk.is_old()
    }

    /// By which hash the server names objects.
    pub(super) fn format(&self) -> ObjectFormat {
        self.talk.format()
    }

    /// Says whether the server can leave out objects.
    pub(super) fn filters(&self) -> bool {
        self.talk.filters()
    }

    /// Asks what the ref names.
    pub(super) fn resolve(&mut self, reference: &Reference) -> Result<Resolved, GitError> {
        let resolved = self.talk.resolve(reference);
        resolved.map_err(|error| explained(&self.url, &self.remote, error))
    }

    /// What the branches are at.
    pub(super) fn branches(&mut self) -> Result<Vec<gix::ObjectId>, GitError> {
        let branches = self.talk.branches();
        branches.map_err(|error| explained(&self.url, &self.remote, error))
    }

    /// Brings what was ordered into the store.
    pub(super) fn fetch(
        &mut self,
        order: &Order,
        store: &Store,
        stop: &Stop,
    ) -> Result<(), GitError> {
        let fetched = self.talk.fetch(order, store, stop);
        fetched.map_err(|error| explained(&self.url, &self.remote, error))
    }
}

/// Puts what the program complained of in the place of what its end looks like from here.
fn explained(url: &str, remote: &Remote, error: GitError) -> GitError {
    let may_be =
        matches!(error, GitError::Net(NetError::Broken { .. }) | GitError::Protocol { .. });
    match remote.complaint().filter(|_| may_be) {
        Some(complaint) => refused(url, complaint),
        None => error,
    }
}
