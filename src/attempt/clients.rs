//! One HTTP client for each way in which servers are spoken to.

use crate::attempt::shared::{Road, Shared};
use crate::config::{Access, Way};
use crate::net::{Client, Line, Traffic};
use std::sync::Arc;

/// All of them for one repository, over connections that others share.
#[derive(Debug)]
pub(super) struct Clients {
    /// For services that help us. What goes over it is not counted as that of sources.
    pub(super) services: Client,
    shared: Shared,
    /// The ways that were gone, which stay open.
    used: Vec<(Road, Arc<Line>)>,
    traffic: Arc<Traffic>,
}

impl Clients {
    /// Prepares the one for services.
    pub(super) fn new(access: &Access, shared: &Shared, traffic: &Arc<Traffic>) -> Self {
        let way = access.way_to_services();
        let road = Road::new(way.tls, way.via, access);
        let line = shared.line(road.clone());
        // Nobody wants to know what goes over the wire to services. It is counted for each repository
        // apart all the same, as that tells those apart who share connections.
        let services = Client::over(Arc::clone(&line), Arc::default());
        let used = vec![(road, line)];
        Self { services, shared: shared.clone(), used, traffic: Arc::clone(traffic) }
    }

    /// The one for a way.
    pub(super) fn by(&mut self, way: Way, access: &Access) -> Client {
        let road = Road::new(way.tls, way.via, access);
        let known = self.used.iter().find(|(used, _)| *used == road);
        let line = if let Some((_, line)) = known {
            Arc::clone(line)
        } else {
            let line = self.shared.line(road.clone());
            self.used.push((road, Arc::clone(&line)));
            line
        };
        Client::over(line, Arc::clone(&self.traffic)).giving_up(way.slow)
    }

    /// Looks whether files of certificates and keys have changed.
    pub(super) fn refresh(&self) {
        for (_, line) in &self.used {
            line.refresh();
        }
    }
}
