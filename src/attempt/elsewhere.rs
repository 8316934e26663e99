//! The way to repositories that a commit names and the options do not: its submodules.
//!
//! What the options say of the repository alone, or of all servers, is not told to others: no login,
//! no header line, no certificate of ours. What they say of an address counts there.

use crate::attempt::clients::Clients;
use crate::config::{Access, Config};
use crate::git::Source;
use crate::model::{Outfit, RepoUrl};
use crate::net::Traffic;
use crate::ssh::Ssh;
use std::sync::Arc;

/// What is needed to get there.
#[derive(Debug)]
pub(super) struct Elsewhere {
    pub(super) access: Access,
    /// The repositories that the options name.
    named: Vec<RepoUrl>,
    ssh: Ssh,
}

impl Elsewhere {
    pub(super) fn new(config: &Config, ssh: Ssh) -> Self {
        let named = std::iter::once(&config.repo).chain(&config.fallback_repos).cloned().collect();
        Self { access: config.access.clone(), named, ssh }
    }

    fn is_named(&self, url: &RepoUrl) -> bool {
        self.named.iter().any(|named| named.is_beside(url))
    }

    /// Takes away from what we would tell a server all that was not said of it.
    pub(super) fn fit(&self, url: &RepoUrl, outfit: Outfit) -> Outfit {
        if self.is_named(url) {
            return outfit;
        }
        let general = self.access.way_to_services().headers;
        let is_name = |line: &str| line.to_ascii_lowercase().starts_with("user-agent:");
        let mut outfit = outfit;
        outfit.headers.retain(|header| {
            header.url.is_some() || is_name(header.line.reveal()) || !general.contains(header)
        });
        outfit
    }

    /// Whether our own certificate is meant for that server.
    pub(super) fn identifies_us_to(&self, url: &RepoUrl) -> bool {
        let general = self.access.way_to_services().tls.identities;
        self.is_named(url) || self.access.way(url).tls.identities != general
    }

    /// The way to SSH servers.
    pub(super) fn ssh(&self) -> &Ssh {
        &self.ssh
    }

    /// The way there.
    pub(super) fn source(
        &self,
        url: &RepoUrl,
        clients: &mut Clients,
        traffic: &Arc<Traffic>,
    ) -> Source {
        let way = self.access.way(url);
        let redirects = way.redirects;
        let identified = self.identifies_us_to(url);
        let client = clients.by(way, &self.access);
        Source::new(url.clone(), client, self.ssh.clone(), Arc::clone(traffic))
            .with_redirects(redirects)
            .identified(identified)
    }
}
