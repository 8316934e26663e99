//! A repository, a server that shows it, and a wire to that server that can break.

use std::net::SocketAddr;

use crate::faults::course::patient;
use crate::support::authority::Authority;
use crate::support::daemon::{Root, Setup};
use crate::support::faults::{Fault, Proxy, in_front_of};
use crate::support::git_daemon::{self, GitDaemon};
use crate::support::http::{self, Http};
use crate::support::oracle;
use crate::support::upstream::Upstream;

/// How to get to the repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// `http://`
    Http,
    /// `https://`
    Https,
    /// `git://`
    Daemon,
}

impl Way {
    /// Every way that leads over a wire.
    pub(super) const ALL: [Self; 3] = [Self::Http, Self::Https, Self::Daemon];
    /// The ways on which the bytes of a pack can be seen, and so changed.
    pub(super) const PLAIN: [Self; 2] = [Self::Http, Self::Daemon];
}

#[derive(Debug)]
enum Server {
    Web(Http),
    Daemon(GitDaemon),
}

/// All of it.
#[derive(Debug)]
pub(super) struct Scene {
    /// The repository.
    pub(super) upstream: Upstream,
    /// Where the program publishes.
    pub(super) root: Root,
    wire: Proxy,
    server: Server,
    authority: Authority,
}

impl Scene {
    /// Sets it up, with a repository of a few files.
    pub(super) fn new(way: Way) -> Self {
        let upstream = Upstream::new();
        upstream.change().files(20, "f").executable("run", "#!/bin/sh\n").commit();
        let authority = Authority::new();
        let server = match way {
            Way::Http => Server::Web(http::serve(&upstream)),
            Way::Https => Server::Web(http::over(&upstream).tls(&authority).start()),
            Way::Daemon => Server::Daemon(git_daemon::serve(&upstream)),
        };
        let addr: SocketAddr = match &server {
            Server::Web(web) => web.addr(),
            Server::Daemon(daemon) => daemon.addr(),
        };
        let wire = in_front_of(addr);
        Self { upstream, root: Root::new(), wire, server, authority }
    }

    /// The URL of the repository, by way of the wire.
    pub(super) fn url(&self) -> String {
        match &self.server {
            Server::Web(web) => web.url_at(self.wire.addr()),
            Server::Daemon(_) => git_daemon::url_at(self.wire.addr()),
        }
    }

    /// A daemon that follows the repository and trusts the server.
    pub(super) fn patient(&self) -> Setup {
        patient(&self.url(), &self.root)
            .flag(format!("--ca-file={}", self.authority.certificate().display()))
    }

    /// Breaks the wire, for connections that there are as well.
    pub(super) fn break_with(&mut self, fault: Fault) {
        self.wire.break_with(fault);
        self.wire.cut();
    }

    /// Heals the wire. What is broken already stays so.
    pub(super) fn heal(&mut self) {
        self.wire.heal();
    }

    /// Fails unless the link shows what the repository has, as stock Git would have it.
    #[track_caller]
    pub(super) fn assert_published(&self) {
        let (root, link) = (self.root.path(), self.root.link());
        oracle::assert_published(&root, &link, &self.upstream.repo(), &self.upstream.head());
    }
}

/// Bytes that nothing makes smaller, different for each seed.
pub(crate) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(length).collect()
}
