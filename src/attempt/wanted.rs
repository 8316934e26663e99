//! What an attempt is to bring, and what it takes to ask for it.

use crate::config::Config;
use crate::git::{Resolved, Session};
use crate::model::{Location, Outfit};
use crate::net::{Roots, Traffic};
use crate::ssh;
use crate::ssh::Ssh;
use std::sync::Arc;

/// What the source says is wanted, and the way there.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) object: Resolved,
    /// Which source said so.
    pub(super) place: usize,
    pub(super) outfit: Outfit,
    /// Open if the source had to be asked.
    pub(super) session: Option<Session>,
}

/// Local sources, SSH and `git daemon` need no certificates.
pub(super) fn roots(config: &Config) -> Roots<'_> {
    match (config.access.tls.authorities.first(), config.repo.location()) {
        (Some(file), _) => Roots::File(&file.path),
        (None, Location::Http(_)) => Roots::System,
        (None, Location::Daemon(_) | Location::Ssh(_) | Location::Local(_)) => Roots::Nobody,
    }
}

/// The way to SSH servers, as the options have it.
pub(super) fn ssh(config: &Config, traffic: &Arc<Traffic>) -> Ssh {
    let options = config.access.ssh.clone();
    let settings = ssh::Settings {
        keys: options.keys,
        strict: options.strict,
        known_hosts: options.known_hosts,
    };
    Ssh::new(settings, Arc::clone(traffic))
}
