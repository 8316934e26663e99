//! What all repositories of one process share: the ways to servers with their open connections,
//! what services told of who we are, and objects.
//!
//! Only equal settings share a way. Nothing of who we are is in a connection: it is said in each
//! request, by each repository for itself. Two exceptions are parts of what must be equal: our own
//! certificate over TLS, and the keys over SSH.

use crate::attempt::kinship::Families;
use crate::config::{Access, Tls, Via};
use crate::credentials::Services;
use crate::model::Secret;
use crate::net::{Dialer, Doors, Line, Proxies, Trust};
use crate::runtime::registry::Registry;
use crate::ssh;
use std::sync::Arc;

/// What is shared. Copies are the same; what nobody uses any more is closed.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    doors: Doors,
    lines: Registry<Road, Line>,
    ssh: Registry<(ssh::Settings, Road), ssh::Way>,
    services: Services,
    families: Families,
}

/// All that makes one way differ from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Road {
    tls: Tls,
    via: Via,
    environment: Vec<(String, Secret)>,
}

impl Road {
    /// The one to servers of HTTP by these settings.
    pub(super) fn new(tls: Tls, via: Via, access: &Access) -> Self {
        Self { tls, via, environment: access.proxy.environment.clone() }
    }

    /// The one to SSH servers and `git://`: settings of Git are not about them.
    fn for_ssh(access: &Access) -> Self {
        let via = access.proxy.all.clone();
        let via = via.map_or(Via::Environment, |url| Via::Proxy("proxy", url));
        Self::new(access.tls.clone(), via, access)
    }

    fn dialer(&self, doors: &Doors) -> Dialer {
        let proxies = match &self.via {
            Via::Environment => Proxies::new(None, &self.environment),
            Via::Nothing => Proxies::default(),
            Via::Proxy(named_by, url) => Proxies::named(named_by, url, &self.environment),
        };
        let trust = Trust::new(self.tls.authorities.clone(), self.tls.identities.clone())
            .with_directories(self.tls.directories.clone())
            .blind(self.tls.blind);
        Dialer::through_doors(doors, proxies, trust)
    }
}

impl Shared {
    /// The connections on a way.
    pub(super) fn line(&self, road: Road) -> Arc<Line> {
        self.lines.get(road, |road| Line::new(road.dialer(&self.doors)))
    }

    /// The way to SSH servers, as the options have it.
    pub(super) fn ssh(&self, access: &Access) -> Arc<ssh::Way> {
        let options = access.ssh.clone();
        let settings = ssh::Settings {
            keys: options.keys,
            strict: options.strict,
            known_hosts: options.known_hosts,
        };
        self.ssh.get((settings, Road::for_ssh(access)), |(settings, road)| {
            ssh::Way::new(settings.clone(), road.dialer(&self.doors))
        })
    }

    /// The services that tell who we are.
    pub(super) fn services(&self) -> &Services {
        &self.services
    }

    /// Who follows the same repository.
    pub(super) fn families(&self) -> &Families {
        &self.families
    }
}
