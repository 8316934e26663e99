//! One HTTP client for each way in which servers are spoken to.

use crate::config::{Access, Tls, Via, Way};
use crate::model::Slow;
use crate::net::{Client, Dialer, Proxies, Traffic, Trust};
use std::sync::Arc;

/// All of them. Sources that are reached in the same way share one, and so its connections.
#[derive(Debug)]
pub(super) struct Clients {
    /// For services that help us. What goes over it is not counted as that of sources.
    pub(super) services: Client,
    made: Vec<(Key, Client)>,
    traffic: Arc<Traffic>,
}

/// What makes one client differ from another.
#[derive(Debug, PartialEq, Eq)]
struct Key {
    tls: Tls,
    via: Via,
    slow: Option<Slow>,
}

impl Clients {
    /// Prepares the one for services.
    pub(super) fn new(access: &Access, traffic: &Arc<Traffic>) -> Self {
        let way = access.way_to_services();
        let services = Client::new(dialer(&way.tls, &way.via, access), Arc::default());
        Self { services, made: Vec::new(), traffic: Arc::clone(traffic) }
    }

    /// The one for a way.
    pub(super) fn by(&mut self, way: Way, access: &Access) -> Client {
        let key = Key { tls: way.tls, via: way.via, slow: way.slow };
        if let Some((_, client)) = self.made.iter().find(|(made, _)| *made == key) {
            return client.clone();
        }
        let dialer = dialer(&key.tls, &key.via, access);
        let client = Client::new(dialer, Arc::clone(&self.traffic)).giving_up(key.slow);
        self.made.push((key, client.clone()));
        client
    }

    /// What connects to SSH servers and `git://`: settings of Git are not about them.
    pub(super) fn for_ssh(access: &Access) -> Dialer {
        let via = access.proxy.all.clone();
        let via = via.map_or(Via::Environment, |url| Via::Proxy("proxy", url));
        dialer(&access.tls, &via, access)
    }

    /// Looks whether files of certificates and keys have changed.
    pub(super) fn refresh(&self) {
        for client in self.made.iter().map(|(_, client)| client).chain([&self.services]) {
            client.refresh();
        }
    }
}

fn dialer(tls: &Tls, via: &Via, access: &Access) -> Dialer {
    let environment = &access.proxy.environment;
    let proxies = match via {
        Via::Environment => Proxies::new(None, environment),
        Via::Nothing => Proxies::default(),
        Via::Proxy(named_by, url) => Proxies::named(named_by, url, environment),
    };
    let trust = Trust::new(tls.authorities.clone(), tls.identities.clone())
        .with_directories(tls.directories.clone())
        .blind(tls.blind);
    Dialer::new(proxies, trust)
}
