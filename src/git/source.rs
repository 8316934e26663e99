//! Where commits come from, whatever the way there.

use crate::git::GitError;
use crate::git::Order;
use crate::git::Resolved;
use crate::git::Store;
use crate::git::allowance::{Allowance, Allowed};
use crate::git::local::Local;
use crate::git::shell::Shell;
use crate::git::talk::Talk;
use crate::git::tips;
use crate::git::visit::Visit;
use crate::model::{Class, Location, ObjectFormat, Outfit, Redirects, Reference, RepoUrl};
use crate::net::Client;
use crate::net::Traffic;
use crate::net::{Incoming, Outgoing, Wire};
use crate::runtime::Stop;
use crate::ssh::Ssh;
use gix::objs::Exists;
use gix_transport::Protocol;
use gix_transport::client::git::ConnectMode;
use gix_transport::client::git::blocking_io::Connection;
use std::io::BufWriter;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use url::Url;

/// The port of `git daemon`, assigned by IANA.
const DAEMON_PORT: u16 = 9418;

type DaemonConnection = Connection<Allowed<Incoming>, BufWriter<Outgoing>>;

/// A repository to follow and the means to get there.
#[derive(Clone, Debug)]
pub struct Source {
    url: RepoUrl,
    client: Client,
    ssh: Ssh,
    traffic: Arc<Traffic>,
    redirects: Redirects,
    /// Whether our own certificate may be shown there.
    identified: bool,
    /// Whether it was told that the source speaks an old version of the protocol.
    told_old: Arc<AtomicBool>,
}

/// A source in the course of one attempt.
#[derive(Debug)]
pub enum Session {
    /// Over `http` or `https`.
    Http(Box<Visit>),
    /// Over a connection to `git daemon`.
    Daemon(Box<Talk<DaemonConnection>>),
    /// With a program at an SSH server.
    Ssh(Box<Shell>),
    /// In a directory of this machine.
    Local(Box<Local>),
}

impl Source {
    /// Remembers where to go.
    pub fn new(url: RepoUrl, client: Client, ssh: Ssh, traffic: Arc<Traffic>) -> Self {
        let redirects = Redirects::default();
        let identified = true;
        Self { url, client, ssh, traffic, redirects, identified, told_old: Arc::default() }
    }

    /// Follows these redirects.
    #[must_use]
    pub fn with_redirects(self, redirects: Redirects) -> Self {
        Self { redirects, ..self }
    }

    /// Shows our own certificate there, or does not.
    #[must_use]
    pub fn identified(self, identified: bool) -> Self {
        Self { identified, ..self }
    }

    /// Where it is.
    pub fn url(&self) -> &RepoUrl {
        &self.url
    }

    /// The way to SSH servers, with the connection that is kept.
    pub fn ssh(&self) -> &Ssh {
        &self.ssh
    }

    /// What went over the wire.
    pub fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Goes there and shakes hands.
    pub fn connect(&self, outfit: &Outfit, stop: &Stop) -> Result<Session, GitError> {
        let session = match self.url.location() {
            Location::Http(url) => self.visit(url, outfit, stop)?,
            Location::Daemon(url) => {
                let allowance = Allowance::for_refs();
                let connection = self.daemon(url, &allowance, stop)?;
                Talk::over(connection, allowance, url.to_string(), stop)
                    .map(|talk| Session::Daemon(Box::new(talk)))?
            }
            Location::Ssh(url) => {
                Shell::open(&self.ssh, url, stop).map(|shell| Session::Ssh(Box::new(shell)))?
            }
            Location::Local(path) => {
                Local::open(path, stop).map(|local| Session::Local(Box::new(local)))?
            }
        };
        let old = session.is_old();
        if old && !self.told_old.load(Ordering::Relaxed) {
            // So it lists all its refs at each attempt.
            tracing::info!(url = %self.url, "the server does not speak version 2 of Git's protocol");
        }
        self.told_old.store(old, Ordering::Relaxed);
        Ok(session)
    }

    fn visit(&self, url: &Url, outfit: &Outfit, stop: &Stop) -> Result<Session, GitError> {
        let client = self.client.identified(self.identified);
        let visit = Visit::begin(client, (url, outfit), self.redirects, stop)?;
        Ok(Session::Http(Box::new(visit)))
    }

    fn daemon(
        &self,
        url: &Url,
        allowance: &Allowance,
        stop: &Stop,
    ) -> Result<DaemonConnection, GitError> {
        let host = url.host_str().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let port = url.port().unwrap_or(DAEMON_PORT);
        let (read, write) =
            Wire::connect(self.client.dialer(), (bare, port), url.as_str(), stop, &self.traffic)?;
        let path = percent_encoding::percent_decode_str(url.path()).collect::<Vec<u8>>();
        let virtual_host = Some((host.to_owned(), url.port()));
        let mode = ConnectMode::Daemon;
        let read = Allowed::new(read, allowance.clone());
        // A question goes out as a whole: a server that refuses its first line hangs up, and what it
        // said would be lost to who still writes.
        let write = BufWriter::new(write);
        Ok(Connection::new(read, write, Protocol::V2, path, virtual_host, mode, false))
    }
}

impl Session {
    /// Ends with the attempt, where it does not save anything to go on: each conversation with a
    /// program at the other side is a new one, over SSH on the same connection.
    pub fn rest(self) -> Option<Self> {
        match self {
            Self::Http(visit) => visit.rest().map(|visit| Self::Http(Box::new(visit))),
            Self::Daemon(_) | Self::Ssh(_) => None,
            Self::Local(local) => Some(Self::Local(local)),
        }
    }

    /// Goes on in a new attempt, where that saves anything and can be done: over HTTP, whose
    /// connections are kept apart from the conversation, and on this machine.
    pub fn renew(self, stop: &Stop) -> Option<Self> {
        match self {
            Self::Http(visit) => Some(Self::Http(Box::new(visit.renew(stop)))),
            Self::Daemon(_) | Self::Ssh(_) => None,
            Self::Local(local) => local.is_still_there().then_some(Self::Local(local)),
        }
    }

    /// Says whether the server speaks only an old version of the protocol.
    fn is_old(&self) -> bool {
        match self {
            Self::Http(visit) => visit.is_old(),
            Self::Daemon(talk) => talk.is_old(),
            Self::Ssh(shell) => shell.is_old(),
            Self::Local(_) => false,
        }
    }

    /// By which hash the source names its objects.
    pub fn format(&self) -> ObjectFormat {
        match self {
            Self::Http(visit) => visit.format(),
            Self::Daemon(talk) => talk.format(),
            Self::Ssh(shell) => shell.format(),
            Self::Local(local) => local.format(),
        }
    }

    /// Says whether the source leaves out objects if it is told to, and gives them when they are
    /// asked for.
    pub fn filters(&self) -> bool {
        match self {
            Self::Http(visit) => visit.filters(),
            Self::Daemon(talk) => talk.filters(),
            Self::Ssh(shell) => shell.filters(),
            Self::Local(_) => true,
        }
    }

    /// Asks what the ref names.
    pub fn resolve(&mut self, reference: &Reference) -> Result<Resolved, GitError> {
        match self {
            Self::Http(visit) => visit.resolve(reference),
            Self::Daemon(talk) => talk.resolve(reference),
            Self::Ssh(shell) => shell.resolve(reference),
            Self::Local(local) => local.resolve(reference),
        }
    }

    /// Says whether a server that failed to give a commit may have it all the same: not every one gives
    /// what it does not list. Version 2 of the protocol knows no such limit.
    pub fn may_hide(&self, error: &GitError) -> bool {
        error.class() == Class::Ref && (self.is_old() || error.is_unadvertised())
    }

    /// Orders all branches with their whole history in the place of one commit. What is here already
    /// is not asked for; none if that is all there is.
    pub fn order_branches(
        &mut self,
        order: &Order,
        store: &Store,
    ) -> Result<Option<Order>, GitError> {
        let tips = match self {
            Self::Http(visit) => visit.talk()?.branches()?,
            Self::Daemon(talk) => talk.branches()?,
            Self::Ssh(shell) => shell.branches()?,
            Self::Local(_) => Vec::new(),
        };
        let (here, missing): (Vec<_>, Vec<_>) =
            tips.into_iter().partition(|tip| store.repo.objects.exists(tip));
        // What is here of a history with ends may lack what is wanted.
        let wants = match missing.is_empty() {
            true if store.is_shallow() => here.clone(),
            true => Vec::new(),
            false => missing,
        };
        if wants.is_empty() {
            return Ok(None);
        }
        let mut haves = order.haves.clone();
        if !store.is_partial() {
            let before = tips::known(store);
            haves.extend(here.iter().chain(&before));
            haves.sort_unstable();
            haves.dedup();
        }
        tips::note(store, &[&*wants, &*haves].concat());
        Ok(Some(Order { wants, haves, depth: None, ..order.clone() }))
    }

    /// Brings what was ordered into the store. Nothing is promised about its wholeness yet.
    pub fn fetch(&mut self, order: &Order, store: &Store, stop: &Stop) -> Result<(), GitError> {
        match self {
            Self::Http(visit) => visit.talk()?.fetch(order, store, stop),
            Self::Daemon(talk) => talk.fetch(order, store, stop),
            Self::Ssh(shell) => shell.fetch(order, store, stop),
            Self::Local(local) => local.fetch(order, store, stop),
        }
    }
}
