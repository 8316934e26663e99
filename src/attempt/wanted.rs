//! What an attempt is to bring, and what it takes to ask for it.

use crate::config::Config;
use crate::git::{Resolved, Session};
use crate::model::Outfit;
use crate::net::{Dialer, Traffic};
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

/// The way to SSH servers, as the options have it.
pub(super) fn ssh(config: &Config, dialer: Dialer, traffic: &Arc<Traffic>) -> Ssh {
    let options = config.access.ssh.clone();
    let settings = ssh::Settings {
        keys: options.keys,
        strict: options.strict,
        known_hosts: options.known_hosts,
    };
    Ssh::new(settings, dialer, Arc::clone(traffic))
}
