//! A pod of a workload as podman can run it: what it does not know or cannot do here is taken out.
//!
//! - Probes: it would ask with `curl` in the container. The tests ask as the kubelet does.
//! - Sidecars among the init containers: it would wait for their end. They become containers.
//! - Ports: the pod has the network of the machine, so each gets a free port of loopback.
//! - Secrets that are optional and not there: the volume goes.

use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};

use crate::deploy::manifests::{containers, list, pods};
use crate::support::get::{Reply, get};
use crate::support::listener::Port;

/// The port of each name, in the place of the number that the manifests say.
pub(super) struct Ports {
    taken: Vec<(&'static str, &'static str, Port)>,
}

impl Ports {
    /// Takes a port for each.
    pub(super) fn take() -> Self {
        let named = [("gitsyncd", "9300"), ("gitsyncd-hooks", "9301"), ("http", "8080")];
        Self { taken: named.map(|(name, number)| (name, number, Port::take())).into() }
    }

    /// Where a port of this name is.
    pub(super) fn of(&self, name: &str) -> SocketAddr {
        let taken = self.taken.iter().find(|(known, ..)| *known == name).unwrap();
        SocketAddr::from((Ipv4Addr::LOCALHOST, taken.2.addr().port()))
    }

    /// Asks for a path at a port; nothing if nobody answers.
    pub(super) fn get(&self, name: &str, path: &str) -> Option<Reply> {
        get(self.of(name), path).ok()
    }

    /// Says whether a path is answered by this content.
    pub(super) fn shows(&self, path: &str, content: &str) -> bool {
        self.get("http", path).is_some_and(|reply| reply.status == 200 && reply.body == content)
    }

    /// Says whether every probe of a pod's gitsyncd would pass.
    pub(super) fn well(&self, pod: &Value) -> bool {
        let program = containers(pod).find(|one| one["name"] == "gitsyncd").unwrap();
        ["startupProbe", "readinessProbe", "livenessProbe"].iter().all(|probe| {
            let asked = &program[*probe]["httpGet"];
            let reply = self.get(asked["port"].as_str().unwrap(), asked["path"].as_str().unwrap());
            reply.is_some_and(|reply| reply.status == 200)
        })
    }

    /// Puts the ports, on loopback only, where the documents name a number.
    pub(super) fn put(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (_, number, port) in &self.taken {
            let address = port.addr();
            text = text.replace(&format!("\":{number}\""), &format!("\"{address}\""));
            text = text.replace(&format!("listen {number}"), &format!("listen {address}"));
        }
        text
    }
}

/// What to play of these documents: maps of settings and the pods of all workloads, whose other texts
/// are replaced as said. Of the Secrets, these are there.
pub(super) fn played(
    documents: &[Value],
    secrets: &[&str],
    ports: &Ports,
    texts: &[(&str, &str)],
) -> Vec<Value> {
    let maps = documents.iter().filter(|document| document["kind"] == "ConfigMap").cloned();
    let pods = pods(documents).into_iter().map(|(name, template)| pod(&name, template, secrets));
    let all: Vec<_> = maps.chain(pods).collect();
    let mut text = ports.put(&Value::from(all).to_string());
    for (from, to) in texts {
        assert!(text.contains(from), "nothing says {from}");
        text = text.replace(from, to);
    }
    let played: Value = serde_json::from_str(&text).unwrap();
    list(&played).to_vec()
}

/// The name of the pod of a workload, such as `Deployment app`.
fn name_of(workload: &str) -> String {
    workload.to_lowercase().replace(' ', "-")
}

/// The name that podman gives to a container of it.
pub(super) fn container(workload: &str, name: &str) -> String {
    format!("{}-{name}", name_of(workload))
}

fn pod(workload: &str, template: &Value, secrets: &[&str]) -> Value {
    let mut spec = template["spec"].clone();
    spec["hostNetwork"] = json!(true);
    let there = |name: &Value| secrets.iter().any(|secret| *secret == name);
    let (kept, gone): (Vec<_>, Vec<_>) = list(&spec["volumes"])
        .iter()
        .cloned()
        .partition(|volume| volume["secret"].is_null() || there(&volume["secret"]["secretName"]));
    spec["volumes"] = kept.into();
    for volume in spec["volumes"].as_array_mut().unwrap() {
        if volume["secret"].is_object() {
            volume["secret"]["optional"] = json!(false);
        }
    }
    let (mut first, mut all) = (Vec::new(), Vec::new());
    for kind in ["initContainers", "containers"] {
        for container in list(&spec[kind]) {
            let mut container = container.clone();
            let fields = container.as_object_mut().unwrap();
            for name in ["startupProbe", "readinessProbe", "livenessProbe", "ports"] {
                fields.remove(name);
            }
            let stays = fields.remove("restartPolicy").is_some();
            let is_gone = |mount: &Value| gone.iter().any(|volume| volume["name"] == mount["name"]);
            if let Some(Value::Array(mounts)) = fields.get_mut("volumeMounts") {
                mounts.retain(|mount| !is_gone(mount));
            }
            if kind == "initContainers" && !stays { &mut first } else { &mut all }.push(container);
        }
    }
    spec["initContainers"] = first.into();
    spec["containers"] = all.into();
    json!({
        "apiVersion": "v1", "kind": "Pod", "spec": spec,
        "metadata": {
            "name": name_of(workload), "labels": template["metadata"]["labels"],
            // Else it takes away those that have ended, and now and then finds them running still.
            "annotations": {"io.podman.annotations.init.container.type": "always"},
        },
    })
}
